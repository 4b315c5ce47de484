resource "aws_acm_certificate" "main" {
  subject_alternative_names = ["*.${var.domain}", "www.${var.domain}"]
}
