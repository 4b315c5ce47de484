interfaces = ["ecr.api", "ecr.dkr"]
