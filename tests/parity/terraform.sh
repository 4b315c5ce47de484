#!/bin/sh
# Runs a stack of this repository under the real Terraform against a local AWS, in a copy, so that
# what Terraform leaves behind never touches the checkout.
#
#   terraform.sh prepare WORK                          copy the stacks to WORK and write the CLI settings
#   terraform.sh init    WORK STACK...                 get the provider
#   terraform.sh apply   WORK STACK ENV ENDPOINT       make STACK (base, runtime) as env/ENV.tfvars says
#   terraform.sh check   WORK STACK ENV ENDPOINT       fail unless a plan of it has nothing to do
#   terraform.sh destroy WORK STACK ENV ENDPOINT       take it down
#   terraform.sh list    WORK STACK ENV ENDPOINT       addresses of its managed objects
#
# TF_PLUGIN_MIRROR names a filesystem mirror with hashicorp/aws; without it Terraform downloads it.

set -eu

usage() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 64
}

[ $# -ge 2 ] || usage
action=$1 work=$2
repository=$(cd "$(dirname "$0")/../.." && pwd)

if [ "$action" = prepare ]; then
    mkdir -p "$work"
    cp -R "$repository/stacks" "$repository/env" "$work"
    {
        echo 'disable_checkpoint = true'
        if [ -n "${TF_PLUGIN_MIRROR:-}" ]; then
            printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$TF_PLUGIN_MIRROR"
        fi
    } >"$work/terraform.rc"
    exit 0
fi

export TF_CLI_CONFIG_FILE="$work/terraform.rc"
export TF_IN_AUTOMATION=1 TF_INPUT=0

if [ "$action" = init ]; then
    shift 2
    for stack; do
        (cd "$work/stacks/$stack" && terraform init -no-color >&2)
    done
    exit 0
fi

[ $# -eq 5 ] || usage
stack=$3 environment=$4 endpoint=$5

# Everything that the emulator needs to be told, so that the stacks need not mention it.
export AWS_ENDPOINT_URL="$endpoint"
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION 2>/dev/null || true

cd "$work/stacks/$stack"
variables="-var-file=../../env/$environment.tfvars"
# Both stacks share the variable files, and Terraform warns of what the other one's variables are.
quiet="-compact-warnings"

if [ ! -d .terraform/providers ]; then
    terraform init -no-color >&2
fi
terraform workspace select -or-create "$environment" >&2

case $action in
    apply) terraform apply -no-color "$quiet" -auto-approve "$variables" ;;
    check) terraform plan -no-color "$quiet" -detailed-exitcode "$variables" ;;
    destroy) terraform destroy -no-color "$quiet" -auto-approve "$variables" ;;
    list) terraform state list | grep -v -E '(^|\.)data\.' ;;
    *) usage ;;
esac
