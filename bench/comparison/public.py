"""Published times of other tools for systems whose slow parts are those of the reference system: constants, with sources.

They were measured on AWS itself, by who publishes them. Only what ends where ours does, when everything can be used, is
here, or says for what it waits longer; what has no slow part in common with the reference system is left out.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Published:
    system: str
    verb: str
    seconds: dict[str, float]
    """By tool."""
    phases: tuple[str, ...]
    """Of ours, those whose sum it is shown beside."""
    differs: str
    """In which way the system, or the end of the wait, is not the same."""
    source: str


CDKD = "go-to-k/cdkd-bench-terraform, RESULTS.md: median of 7 first deploys, us-east-1"
CARINA = "carina-rs/carina, notes/benchmark-aws-vs-awscc.md: mean of 3, ap-northeast-1"
NETWORK = "network with a NAT gateway, 16 objects"

ALL = [
    Published(
        "network in two zones, load balancer, a Fargate service, 22 to 24 objects", "deploy",
        {"cdkd": 162.8, "Terraform": 209.5, "CloudFormation (CDK)": 276.7},
        ("apply base", "apply runtime"),
        "it has no NAT gateway, certificate, zone, registry or namespace, one service, and is one run; CloudFormation waits"
        " until the service is steady, the others and ours do not",
        CDKD,
    ),
    Published(
        "network with a NAT gateway, two functions, HTTP API, table, queue, bucket", "deploy",
        {"cdkd": 109.7, "Terraform": 127.3, "CloudFormation (CDK)": 166.1},
        ("apply base",),
        "it has no load balancer, certificate, zone or registry, but functions and what they use",
        CDKD,
    ),
    Published(
        NETWORK, "apply",
        {"Carina": 130.2, "Carina by Cloud Control": 152.5},
        ("apply base",),
        "it has no load balancer, certificate, zone or registry",
        CARINA,
    ),
    Published(
        NETWORK, "destroy",
        {"Carina": 57.9, "Carina by Cloud Control": 69.3},
        ("destroy base",),
        "it has no load balancer, whose network interfaces keep our subnets for minutes",
        CARINA,
    ),
]

ABSENT = """\
For Pulumi, Alchemy, formae and SST no published time of such a system is known, and for certificates none of any tool."""
