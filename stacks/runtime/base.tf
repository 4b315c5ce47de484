# What this stack stands on: the outputs of base in the same environment.
#
# stackr answers this from the store of the stack `base`, which stackr.toml names, whatever is
# written under `config`. Terraform reads the state file of the same workspace next door; with
# base's state in a bucket, write
#
#   backend   = "s3"
#   workspace = terraform.workspace
#   config = {
#     bucket = "my-terraform-state"
#     key    = "base.tfstate"
#     region = "us-west-2"
#   }

data "terraform_remote_state" "base" {
  backend   = "local"
  workspace = terraform.workspace

  config = {
    path          = "${path.module}/../base/terraform.tfstate"
    workspace_dir = "${path.module}/../base/terraform.tfstate.d"
  }
}

locals {
  base = data.terraform_remote_state.base.outputs
}
