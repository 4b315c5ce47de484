# Buckets with every setting there is a type for, and without any.

data "aws_caller_identity" "me" {}

resource "aws_s3_bucket" "plain" {
  bucket = "parity-plain"
}

resource "aws_s3_bucket" "prefixed" {
  bucket_prefix = "parity-prefixed-"
  force_destroy = true
}

resource "aws_s3_bucket" "all" {
  bucket = "parity-all"
  tags   = { Name = "all", Purpose = "everything" }
}

resource "aws_s3_bucket_versioning" "all" {
  bucket = aws_s3_bucket.all.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "all" {
  bucket = aws_s3_bucket.all.bucket

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = "arn:aws:kms:us-west-2:123456789012:key/11112222-3333-4444-5555-666677778888"
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "prefixed" {
  bucket = aws_s3_bucket.prefixed.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "all" {
  bucket                  = aws_s3_bucket.all.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_public_access_block" "prefixed" {
  bucket            = aws_s3_bucket.prefixed.id
  block_public_acls = true
}

data "aws_iam_policy_document" "all" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.all.arn, "${aws_s3_bucket.all.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.all.arn}/logs/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
  }
}

resource "aws_s3_bucket_policy" "all" {
  bucket     = aws_s3_bucket.all.id
  policy     = data.aws_iam_policy_document.all.json
  depends_on = [aws_s3_bucket_public_access_block.all]
}

resource "aws_s3_bucket_lifecycle_configuration" "all" {
  bucket     = aws_s3_bucket.all.id
  depends_on = [aws_s3_bucket_versioning.all]

  rule {
    id     = "logs"
    status = "Enabled"

    filter {
      and {
        prefix                   = "logs/"
        object_size_greater_than = 1024
        object_size_less_than    = 1048576
        tags                     = { Class = "log", Keep = "no" }
      }
    }

    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }

    transition {
      days          = 60
      storage_class = "GLACIER"
    }

    expiration {
      days = 365
    }
  }

  rule {
    id     = "versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days           = 90
      newer_noncurrent_versions = 3
    }

    noncurrent_version_transition {
      noncurrent_days = 30
      storage_class   = "STANDARD_IA"
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "tagged"
    status = "Disabled"

    filter {
      tag {
        key   = "Temporary"
        value = "yes"
      }
    }

    expiration {
      date = "2030-01-01T00:00:00Z"
    }
  }

  rule {
    id     = "markers"
    status = "Enabled"

    filter {
      prefix = "tmp/"
    }

    expiration {
      expired_object_delete_marker = true
    }
  }
}

output "buckets" {
  value = {
    plain   = [aws_s3_bucket.plain.arn, aws_s3_bucket.plain.bucket_domain_name, aws_s3_bucket.plain.bucket_regional_domain_name]
    zone    = aws_s3_bucket.plain.hosted_zone_id
    prefix  = startswith(aws_s3_bucket.prefixed.bucket, "parity-prefixed-")
    id      = aws_s3_bucket.all.id
    encrypt = aws_s3_bucket_server_side_encryption_configuration.all.id
  }
}
