ports = { http = 8080, admin = 9000 }
