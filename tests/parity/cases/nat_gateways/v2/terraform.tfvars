nat = "single"
