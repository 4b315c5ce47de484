resource "aws_s3_bucket_versioning" "all" {
  versioning_configuration {
    status = "Suspended"
  }
}

resource "aws_s3_bucket_public_access_block" "prefixed" {
  block_public_policy = true
}

resource "aws_s3_bucket_lifecycle_configuration" "all" {
  rule {
    id     = "all"
    status = "Enabled"

    filter {}

    expiration {
      days = 10
    }
  }
}

resource "aws_s3_bucket" "all" {
  tags = { Name = "all" }
}
