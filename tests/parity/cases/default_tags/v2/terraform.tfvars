owner = "product"
