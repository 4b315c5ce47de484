retention = { api = 0, worker = 60, batch = 14 }
