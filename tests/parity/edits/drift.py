"""Changes what a base of `edits/` has made, behind the back of the tool that made it: `drift.py NAME`.

Each change stays, so it is seen by every later edit of its base.
"""

import sys

import boto3

REGION = "us-west-2"


def change():
    """A tag is taken off, a tag is put on, a setting is changed."""
    logs, ecr = boto3.client("logs", REGION), boto3.client("ecr", REGION)
    logs.put_retention_policy(logGroupName="/edits/alpha", retentionInDays=90)
    logs.tag_log_group(logGroupName="/edits/beta", tags={"Stray": "yes"})
    logs.untag_log_group(logGroupName="/edits/secret", tags=["Name"])
    ecr.put_image_scanning_configuration(
        repositoryName="edits-loose-test", imageScanningConfiguration={"scanOnPush": True}
    )


def delete():
    """Two log groups, one with dependents, and a policy's attachment are removed."""
    logs, iam = boto3.client("logs", REGION), boto3.client("iam", REGION)
    logs.delete_log_group(logGroupName="/edits/secret")
    logs.delete_log_group(logGroupName="/edits/each/beta")
    for policy in iam.list_attached_role_policies(RoleName="edits-job")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="edits-job", PolicyArn=policy["PolicyArn"])


if __name__ == "__main__":
    {"change": change, "delete": delete}[sys.argv[1]]()
