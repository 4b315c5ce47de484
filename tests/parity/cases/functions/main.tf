# Names, networks and documents made by functions.

variable "project" { default = "Shop Front" }
variable "environments" { default = ["dev", "prod"] }
variable "tiers" { default = ["web", "db"] }

locals {
  slug     = trim(replace(lower(var.project), "/[^a-z0-9]+/", "-"), "-")
  settings = yamldecode(file("${path.module}/settings.yaml"))
  pairs    = { for pair in setproduct(var.environments, var.tiers) : join("-", pair) => { env = pair[0], tier = pair[1] } }
  vpcs     = { for index, env in sort(var.environments) : env => cidrsubnet(local.settings.network.cidr, 4, index) }
  subnets = merge([
    for env, cidr in local.vpcs : {
      for index, tier in var.tiers : "${env}/${tier}" => {
        env  = env
        cidr = cidrsubnets(cidr, 4, 4, 8)[index]
        host = cidrhost(cidrsubnets(cidr, 4, 4, 8)[index], 10)
      }
    }
  ]...)
  short   = substr(sha256(local.slug), 0, 8)
  by_size = { for size in local.settings.sizes : format("%02d", size.cpu / 256) => size.name... }
  tags = merge(
    { Project = title(local.slug), Hash = md5(local.slug) },
    { for key, value in local.settings.tags : title(key) => tostring(value) if value != null },
  )
}

resource "aws_vpc" "this" {
  for_each   = local.vpcs
  cidr_block = each.value
  tags       = merge(local.tags, { Name = "${local.slug}-${each.key}" })
}

resource "aws_subnet" "this" {
  for_each          = local.subnets
  vpc_id            = aws_vpc.this[each.value.env].id
  cidr_block        = each.value.cidr
  availability_zone = "us-west-2a"
  tags              = { Name = replace(each.key, "/", "-"), Gateway = each.value.host }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = local.pairs
  name              = format("/%s/%s/%02d", local.slug, each.value.env, index(var.tiers, each.value.tier))
  retention_in_days = lookup(local.settings.retention, each.value.env, local.settings.retention["default"])
  tags              = { Index = index(keys(local.pairs), each.key), Short = local.short }
}

resource "aws_iam_role" "this" {
  name               = join("-", compact([local.slug, "", local.short]))
  assume_role_policy = templatefile("${path.module}/trust.json.tftpl", { services = local.settings.services, comment = true })
  description = chomp(<<-EOT
    Made for ${var.project}:
    %{for size in local.settings.sizes~}
    - ${size.name}${size.cpu > 256 ? " (large)" : ""}
    %{endfor~}
  EOT
  )
}

resource "aws_s3_bucket" "this" {
  bucket = "${local.slug}-${local.short}"
}

output "values" {
  value = {
    slug      = local.slug
    by_size   = local.by_size
    subnets   = local.subnets
    numbers   = [ceil(4.2), floor(-4.2), max(1, 5, 3), min([3, 1, 2]...), pow(2, 10), signum(-3), parseint("ff", 16), 7 % 3, 10 / 4]
    text      = [upper("é"), strrev("abc"), trimsuffix("a.tf", ".tf"), indent(2, "a\nb"), regex("[0-9]+", "ab12c"), formatlist("%s!", ["a", "b"])]
    coll      = [chunklist([1, 2, 3], 2), distinct([1, 1, 2]), flatten([[1], [2, [3]]]), zipmap(["a", "b"], [1, 2]), transpose({ a = ["x", "y"] }), reverse([1, 2])]
    sets      = [setunion(["a"], ["b"]), setintersection(["a", "b"], ["b"]), setsubtract(["a", "b"], ["b"])]
    encodings = [base64encode("x"), urlencode("a b&c"), jsonencode({ b = 1, a = "<>&" }), yamlencode({ a = [1, true, null], b = "x: y" }), csvdecode("a,b\n1,2")]
    time      = [timeadd("2024-01-01T00:00:00Z", "36h"), formatdate("DD MMM YYYY hh:mm", "2024-02-03T04:05:06Z"), timecmp("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z")]
    other     = [can(tonumber("x")), try(tonumber("x"), "no"), alltrue([true, "true"]), anytrue([]), coalesce("", "b"), coalescelist([], ["c"]), matchkeys(["a", "b"], [1, 2], [2]), sum([1, 2.5]), nonsensitive(sensitive("s")), fileexists("${path.module}/none"), sort(fileset(path.module, "*.tftpl"))]
    rendered  = aws_iam_role.this.description
  }
}
