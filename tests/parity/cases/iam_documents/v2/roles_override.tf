resource "aws_iam_role" "main" {
  description          = "Something else"
  max_session_duration = 3600
}

resource "aws_iam_policy" "merged" {
  policy = data.aws_iam_policy_document.base.json
}

resource "aws_iam_role_policy" "inline" {
  for_each = { base = data.aws_iam_policy_document.override.json }
}
