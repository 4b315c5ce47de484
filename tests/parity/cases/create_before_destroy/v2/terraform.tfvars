generation = "two"
port       = 9090
