account_id = "123456789012"
rules = [
  { port = 443, from = ["10.0.0.0/8", "192.168.0.0/16"] },
  { port = 8443, from = ["10.0.0.0/8"], note = "admin" },
]
expiries = { logs = { IA = 45 }, tmp = {}, raw = { GLACIER = 10 } }
