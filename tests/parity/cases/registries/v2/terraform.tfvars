keep = 20
