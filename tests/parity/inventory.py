#!/usr/bin/env python3
"""Prints what is in an AWS account, as JSON that two equal systems have in common to the byte.

    inventory.py --endpoint http://127.0.0.1:5000 --region us-west-2
    inventory.py --each --region us-west-2     # a line of JSON for every line with an endpoint

What is in further regions comes under their names; what has no region is looked at once.

What AWS makes up (ids, ARNs, addresses, times) is left out, or replaced by a name made from what
the author of the system chose: the Name tag, or the key that tells objects of one kind apart.
Lists that are sets to AWS are sorted, what is empty counts as absent, tags with the prefix
`stackr:` and everything of the default VPC are left out.

Needs boto3, which the Python of the local AWS has.
"""

import argparse
import datetime
import json
import re
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# Lists whose order means something; all others are sorted.
ORDERED = {"command", "entryPoint"}

# Attributes that an application load balancer has where nobody has set them. The emulator knows only what
# was written, and Terraform writes the defaults too.
DEFAULT_ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}

# The same for a network load balancer.
DEFAULT_NETWORK_ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "deletion_protection.enabled": "false",
    "dns_record.client_routing_policy": "any_availability_zone",
    "load_balancing.cross_zone.enabled": "false",
    "zonal_shift.config.enabled": "false",
}

# What the tools append to a prefix of the author's: a time and a number, or a number alone.
GENERATED = re.compile(r"(?<=[-_/.])[0-9a-f]{26,32}(?![0-9a-f])")

# Tags that are not of the author's making.
FOREIGN_TAGS = ("stackr:", "aws:")


class Names:
    """Names for what AWS has numbered."""

    def __init__(self):
        self.known = {}
        self.taken = {}

    def give(self, kind, key, *numbers):
        """Makes all these numbers known by the name `kind(key)`; the second of a name is `kind(key)#2`."""
        count = self.taken[kind, key] = self.taken.get((kind, key), 0) + 1
        name = f"{kind}({key})" if count == 1 else f"{kind}({key})#{count}"
        for number in filter(None, numbers):
            self.known[number] = name
        return name

    def apply(self, value):
        """Replaces numbers by names, in strings as parts of them too."""
        numbers = sorted(self.known, key=len, reverse=True)
        # Never a part of a longer number.
        pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, numbers))})(?![\w-])")

        def walk(value):
            if isinstance(value, dict):
                return {walk(key): walk(item) for key, item in value.items()}
            if isinstance(value, list):
                return [walk(item) for item in value]
            if isinstance(value, str):
                value = pattern.sub(lambda match: self.known[match[0]], value) if numbers else value
                return GENERATED.sub("GENERATED", value)
            return value

        return walk(value)

    def all(self, value):
        """Twice, because the name of one object may be made from the number of another."""
        return self.apply(self.apply(value))


class Account:
    def __init__(self, endpoint, region, session=None):
        self.region = region
        self.session = session or boto3.Session("local", "local", region_name=region)
        self.settings = {
            "endpoint_url": endpoint,
            "config": Config(s3={"addressing_style": "path"}, retries={"mode": "standard", "total_max_attempts": 5}),
        }
        self.clients = {}
        self.names = Names()

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = self.session.client(service, **self.settings)
        return self.clients[service]

    def all(self, service, operation, result, **arguments):
        """All pages of a list."""
        client = self.client(service)
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate(**arguments)
        else:
            pages = [getattr(client, operation)(**arguments)]
        return [item for page in pages for item in page.get(result, [])]

    def maybe(self, service, operation, **arguments):
        """An answer without its envelope, or nothing where AWS says that there is none."""
        try:
            answer = getattr(self.client(service), operation)(**arguments)
        except ClientError as error:
            if re.search("NotFound|NoSuch", error.response["Error"]["Code"]):
                return {}
            raise
        answer.pop("ResponseMetadata", None)
        return answer


def tags(pairs):
    """Tags in any of the shapes that AWS gives them, without those that no author wrote."""
    if not isinstance(pairs, dict):
        pairs = {pair.get("Key", pair.get("key")): pair.get("Value", pair.get("value")) for pair in pairs or []}
    return {key: value for key, value in pairs.items() if not key.startswith(FOREIGN_TAGS)}


def without(value, *keys):
    return {key: item for key, item in value.items() if key not in keys}


def policy(document):
    """A policy, in which a list of one is the same as the one."""
    if isinstance(document, str):
        document = json.loads(document)

    def walk(value):
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return walk(value[0]) if len(value) == 1 else [walk(item) for item in value]
        return value

    return walk(document)


def canonical(value):
    """Sorts what is a set, and leaves out times and what is empty."""
    if isinstance(value, dict):
        tidy = {}
        for key, item in value.items():
            if isinstance(item, list) and key in ORDERED:
                item = [canonical(part) for part in item]
            elif not isinstance(item, datetime.datetime):
                item = canonical(item)
            else:
                continue
            if item not in (None, "", [], {}):
                tidy[key] = item
        return tidy
    if isinstance(value, list):
        return sorted((canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def ec2(account):
    def described(operation, result):
        return account.all("ec2", operation, result)

    give = account.names.give
    default = {vpc["VpcId"] for vpc in described("describe_vpcs", "Vpcs") if vpc["IsDefault"]}

    def ours(found):
        return [item for item in found if item.get("VpcId") not in default]

    def named(item, otherwise):
        return tags(item.get("Tags")).get("Name", otherwise)

    def finished(item, *unwanted):
        return {**without(item, "Tags", "OwnerId", *unwanted), "Tags": tags(item.get("Tags"))}

    def attribute(vpc, name):
        answer = account.client("ec2").describe_vpc_attribute(VpcId=vpc, Attribute=name[0].lower() + name[1:])
        return answer[name]["Value"]

    vpcs = []
    for vpc in ours(described("describe_vpcs", "Vpcs")):
        give("vpc", named(vpc, vpc["CidrBlock"]), vpc["VpcId"])
        vpcs.append({
            **finished(vpc, "DhcpOptionsId", "CidrBlockAssociationSet"),
            **{name: attribute(vpc["VpcId"], name) for name in ("EnableDnsSupport", "EnableDnsHostnames")},
        })

    subnets = []
    for subnet in ours(described("describe_subnets", "Subnets")):
        give("subnet", named(subnet, subnet["CidrBlock"]), subnet["SubnetId"])
        subnets.append(finished(subnet, "SubnetArn", "AvailabilityZoneId", "AvailableIpAddressCount"))

    gateways = []
    for gateway in described("describe_internet_gateways", "InternetGateways"):
        attached = [attachment["VpcId"] for attachment in gateway["Attachments"]]
        if default.isdisjoint(attached):
            give("igw", named(gateway, ",".join(attached)), gateway["InternetGatewayId"])
            gateways.append({**finished(gateway, "Attachments"), "VpcId": attached})

    addresses = []
    for address in described("describe_addresses", "Addresses"):
        give("eip", named(address, "?"), address["AllocationId"], address["PublicIp"])
        unwanted = ("AssociationId", "NetworkInterfaceId", "NetworkInterfaceOwnerId", "PrivateIpAddress", "InstanceId")
        addresses.append(finished(address, *unwanted))

    nats = []
    for nat in described("describe_nat_gateways", "NatGateways"):
        if nat["State"] != "deleted":
            give("nat", named(nat, nat["SubnetId"]), nat["NatGatewayId"])
            unwanted = ("NetworkInterfaceId", "PrivateIp", "AssociationId", "Status", "IsPrimary")
            used = [without(used, *unwanted) for used in nat["NatGatewayAddresses"]]
            nats.append({**finished(nat), "NatGatewayAddresses": used})

    groups = []
    for group in ours(described("describe_security_groups", "SecurityGroups")):
        give("sg", f"{group['GroupName']} in {group['VpcId']}", group["GroupId"])
        groups.append(finished(group, "SecurityGroupArn", "IpPermissions", "IpPermissionsEgress"))
    known = {group["GroupId"] for group in groups}
    rules = [
        finished(rule, "SecurityGroupRuleId", "SecurityGroupRuleArn", "GroupOwnerId")
        for rule in described("describe_security_group_rules", "SecurityGroupRules")
        if rule["GroupId"] in known
    ]
    for rule in rules:
        rule["ReferencedGroupInfo"] = without(rule.get("ReferencedGroupInfo", {}), "UserId", "Description")

    endpoints = []
    for endpoint in ours(described("describe_vpc_endpoints", "VpcEndpoints")):
        if endpoint["State"].lower() in ("deleting", "deleted"):
            continue
        give("vpce", f"{endpoint['ServiceName']} in {endpoint['VpcId']}", endpoint["VpcEndpointId"])
        document = policy(endpoint.get("PolicyDocument") or "{}")
        unwanted = ("NetworkInterfaceIds", "DnsEntries")
        endpoints.append({**finished(endpoint, *unwanted), "PolicyDocument": document})

    tables = []
    for table in ours(described("describe_route_tables", "RouteTables")):
        main = any(association.get("Main") for association in table["Associations"])
        give("rtb", f"main of {table['VpcId']}" if main else named(table, table["VpcId"]), table["RouteTableId"])
        associated = [without(a, "RouteTableAssociationId", "RouteTableId") for a in table["Associations"]]
        tables.append({**finished(table), "Associations": associated})

    return {
        "addresses": addresses,
        "endpoints": endpoints,
        "internet_gateways": gateways,
        "nat_gateways": nats,
        "route_tables": tables,
        "security_group_rules": rules,
        "security_groups": groups,
        "subnets": subnets,
        "vpcs": vpcs,
    }


def elbv2(account):
    def tagged(arn):
        answer = account.client("elbv2").describe_tags(ResourceArns=[arn])
        return tags(answer["TagDescriptions"][0]["Tags"])

    def attributes(operation, **of):
        found = getattr(account.client("elbv2"), operation)(**of)["Attributes"]
        return {attribute["Key"]: attribute["Value"] for attribute in found}

    give = account.names.give
    groups = []
    for group in account.all("elbv2", "describe_target_groups", "TargetGroups"):
        arn = group["TargetGroupArn"]
        give("target-group", group["TargetGroupName"], arn)
        settings = attributes("describe_target_group_attributes", TargetGroupArn=arn)
        groups.append({**group, "Attributes": settings, "Tags": tagged(arn)})

    balancers, listeners, rules = [], [], []
    for balancer in account.all("elbv2", "describe_load_balancers", "LoadBalancers"):
        arn, name = balancer["LoadBalancerArn"], balancer["LoadBalancerName"]
        give("load-balancer", name, arn)
        give("load-balancer-dns", name, balancer["DNSName"])
        settings = attributes("describe_load_balancer_attributes", LoadBalancerArn=arn)
        defaults = {"application": DEFAULT_ATTRIBUTES, "network": DEFAULT_NETWORK_ATTRIBUTES}
        settings = {**defaults.get(balancer["Type"], {}), **settings}
        # Terraform does not send the default; the emulator forgets to fill it in.
        scheme = balancer.get("Scheme") or "internet-facing"
        balancers.append({**balancer, "Scheme": scheme, "Attributes": settings, "Tags": tagged(arn)})
        for listener in account.all("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=arn):
            give("listener", f"{name}:{listener['Port']}", listener["ListenerArn"])
            listeners.append({**listener, "Tags": tagged(listener["ListenerArn"])})
            of = {"ListenerArn": listener["ListenerArn"]}
            for rule in account.all("elbv2", "describe_rules", "Rules", **of):
                give("rule", f"{name}:{listener['Port']}/{rule['Priority']}", rule["RuleArn"])
                # The default rule repeats the listener.
                if not rule["IsDefault"]:
                    rules.append({**rule, **of, "Tags": tagged(rule["RuleArn"])})
    return {"listeners": listeners, "load_balancers": balancers, "rules": rules, "target_groups": groups}


def ecs(account):
    client = account.client("ecs")
    clusters, services = [], []
    for arn in account.all("ecs", "list_clusters", "clusterArns"):
        include = ["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "TAGS"]
        cluster = client.describe_clusters(clusters=[arn], include=include)["clusters"][0]
        if cluster["status"] != "ACTIVE":
            continue
        counts = [key for key in cluster if key.endswith("Count")]
        clusters.append({**without(cluster, "statistics", *counts), "tags": tags(cluster.get("tags"))})
        for name in account.all("ecs", "list_services", "serviceArns", cluster=arn):
            found = client.describe_services(cluster=arn, services=[name], include=["TAGS"])["services"][0]
            if found["status"] == "ACTIVE":
                unwanted = ("deployments", "events", "taskSets", "runningCount", "pendingCount")
                # AWS gives the base whether or not it was written; the emulator only if it was.
                for strategy in found.get("capacityProviderStrategy", []):
                    strategy.setdefault("base", 0)
                services.append({**without(found, *unwanted), "tags": tags(found.get("tags"))})

    # How often a family was registered is history: only what is in force is compared, and that it is alone.
    latest, active = {}, {}
    for arn in account.all("ecs", "list_task_definitions", "taskDefinitionArns", status="ACTIVE"):
        family, revision = arn.rsplit("/", 1)[-1].rsplit(":", 1)
        active[family] = active.get(family, 0) + 1
        latest[family] = max(latest.get(family, (0, "")), (int(revision), arn))
    definitions = []
    for family, (_, arn) in latest.items():
        answer = client.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        definition = answer["taskDefinition"]
        # Terraform writes what AWS takes for granted.
        for volume in definition.get("volumes", []):
            if volume.get("configuredAtLaunch") is False:
                del volume["configuredAtLaunch"]
        account.names.give("task-definition", family, arn)
        alone = {"activeRevisions": active[family]}
        definitions.append({**without(definition, "revision"), **alone, "tags": tags(answer.get("tags"))})
    return {"clusters": clusters, "services": services, "task_definitions": definitions}


def ecr(account):
    repositories = []
    for repository in account.all("ecr", "describe_repositories", "repositories"):
        of = {"repositoryName": repository["repositoryName"]}
        lifecycle = account.maybe("ecr", "get_lifecycle_policy", **of).get("lifecyclePolicyText")
        access = account.maybe("ecr", "get_repository_policy", **of).get("policyText")
        tagged = account.client("ecr").list_tags_for_resource(resourceArn=repository["repositoryArn"])
        repositories.append({
            **repository,
            "lifecyclePolicy": json.loads(lifecycle or "{}"),
            "policy": policy(access or "{}"),
            "tags": tags(tagged.get("tags")),
        })
    return {"repositories": repositories}


def route53(account):
    zones = []
    found = account.all("route53", "list_hosted_zones", "HostedZones")
    for zone in sorted(found, key=lambda zone: (zone["Name"], zone["Config"]["PrivateZone"])):
        answer = account.client("route53").get_hosted_zone(Id=zone["Id"])
        number = zone["Id"].rsplit("/", 1)[-1]
        kind = "private-zone" if zone["Config"]["PrivateZone"] else "zone"
        name = account.names.give(kind, zone["Name"], zone["Id"], number)
        for position, server in enumerate(answer.get("DelegationSet", {}).get("NameServers", []), 1):
            account.names.give(f"name-server-{position}", name, server)
        records = account.all("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"])
        tagged = account.client("route53").list_tags_for_resource(ResourceType="hostedzone", ResourceId=number)
        zones.append({
            **without(zone, "CallerReference", "LinkedService"),
            "VPCs": answer.get("VPCs"),
            # The serial number and the servers in it are AWS's own.
            # AWS writes the star of a wildcard as \\052, and the emulator keeps what it is given.
            "Records": [
                {**record, "Name": record["Name"].replace("\\052", "*")}
                for record in records
                if record["Type"] != "SOA"
            ],
            "Tags": tags(tagged["ResourceTagSet"]["Tags"]),
        })
    return {"zones": zones}


def acm(account):
    certificates = []
    # By name, because several may have a number in common, which then has the name of the first.
    found = account.all("acm", "list_certificates", "CertificateSummaryList")
    for summary in sorted(found, key=lambda summary: summary["DomainName"]):
        arn = summary["CertificateArn"]
        certificate = account.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
        account.names.give("certificate", certificate["DomainName"], arn)
        for option in sorted(certificate.get("DomainValidationOptions", []), key=lambda option: option["DomainName"]):
            record = option.get("ResourceRecord", {})
            # A wildcard and its domain have the same record: it has the name of the domain.
            key = option["DomainName"].removeprefix("*.")
            for part in ("Name", "Value"):
                number = record.get(part, "").rstrip(".")
                if number and number not in account.names.known:
                    account.names.give(f"validation-{part.lower()}", key, number)
        tagged = account.client("acm").list_tags_for_certificate(CertificateArn=arn)
        certificates.append({**without(certificate, "Serial", "InUseBy"), "Tags": tags(tagged["Tags"])})
    return {"certificates": certificates}


def iam(account):
    client = account.client("iam")
    roles = []
    for role in account.all("iam", "list_roles", "Roles"):
        if role["Path"].startswith("/aws-service-role/"):
            continue
        name = role["RoleName"]
        inline = account.all("iam", "list_role_policies", "PolicyNames", RoleName=name)
        attached = account.all("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)

        def document(policy_name):
            return policy(client.get_role_policy(RoleName=name, PolicyName=policy_name)["PolicyDocument"])

        roles.append({
            **without(client.get_role(RoleName=name)["Role"], "RoleId", "RoleLastUsed"),
            "AssumeRolePolicyDocument": policy(role["AssumeRolePolicyDocument"]),
            "InlinePolicies": {inline_name: document(inline_name) for inline_name in inline},
            "AttachedPolicies": [item["PolicyArn"] for item in attached],
            "Tags": tags(account.all("iam", "list_role_tags", "Tags", RoleName=name)),
        })

    policies = []
    for found in account.all("iam", "list_policies", "Policies", Scope="Local"):
        arn, version = found["Arn"], found["DefaultVersionId"]
        current = client.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        policies.append({
            **without(found, "PolicyId", "DefaultVersionId"),
            "Document": policy(current["Document"]),
            "Tags": tags(account.all("iam", "list_policy_tags", "Tags", PolicyArn=arn)),
        })

    providers = []
    for found in account.all("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList"):
        arn = found["Arn"]
        provider = account.maybe("iam", "get_open_id_connect_provider", OpenIDConnectProviderArn=arn)
        providers.append({**provider, "Arn": arn, "Tags": tags(provider.get("Tags"))})
    return {"oidc_providers": providers, "policies": policies, "roles": roles}


def logs(account):
    groups = []
    for group in account.all("logs", "describe_log_groups", "logGroups"):
        # One of the ARNs ends in `:*`, which the tagging API does not take.
        arn = group.get("logGroupArn") or group["arn"].removesuffix(":*")
        tagged = account.client("logs").list_tags_for_resource(resourceArn=arn)
        groups.append({**without(group, "creationTime", "storedBytes"), "tags": tags(tagged["tags"])})
    return {"groups": groups}


def servicediscovery(account):
    client = account.client("servicediscovery")

    def tagged(arn):
        return tags(client.list_tags_for_resource(ResourceARN=arn)["Tags"])

    namespaces, names = [], {}
    for summary in account.all("servicediscovery", "list_namespaces", "Namespaces"):
        namespace = client.get_namespace(Id=summary["Id"])["Namespace"]
        names[namespace["Id"]] = namespace["Name"]
        account.names.give("namespace", namespace["Name"], namespace["Id"])
        namespaces.append({
            **without(namespace, "CreatorRequestId", "ServiceCount"),
            "Tags": tagged(namespace["Arn"]),
        })
    services = []
    for summary in account.all("servicediscovery", "list_services", "Services"):
        service = client.get_service(Id=summary["Id"])["Service"]
        inside = service.get("NamespaceId") or service.get("DnsConfig", {}).get("NamespaceId")
        account.names.give("discovery", f"{service['Name']}.{names.get(inside, '?')}", service["Id"])
        services.append({
            **without(service, "CreatorRequestId", "InstanceCount"),
            "NamespaceId": inside,
            "DnsConfig": without(service.get("DnsConfig", {}), "NamespaceId"),
            "Tags": tagged(service["Arn"]),
        })
    return {"namespaces": namespaces, "services": services}


def s3(account):
    settings = {
        "acl": "get_bucket_acl",
        "cors": "get_bucket_cors",
        "encryption": "get_bucket_encryption",
        "lifecycle": "get_bucket_lifecycle_configuration",
        "location": "get_bucket_location",
        "logging": "get_bucket_logging",
        "ownership": "get_bucket_ownership_controls",
        "policy": "get_bucket_policy",
        "public_access_block": "get_public_access_block",
        "tags": "get_bucket_tagging",
        "versioning": "get_bucket_versioning",
        "website": "get_bucket_website",
    }
    buckets = []
    for bucket in account.all("s3", "list_buckets", "Buckets"):
        name = bucket["Name"]
        found = {key: account.maybe("s3", operation, Bucket=name) for key, operation in settings.items()}
        found["policy"] = policy(found["policy"].get("Policy", "{}"))
        found["tags"] = tags(found["tags"].get("TagSet"))
        buckets.append({"Name": name, **found})
    return {"buckets": buckets}


REGIONAL = [ec2, elbv2, ecs, ecr, acm, logs, servicediscovery]
GLOBAL = [route53, iam, s3]


def inventory(endpoint, sessions, beside=None):
    """What is in an AWS, in the region of each session; and a value beside it in which numbers become names too."""
    first, *others = (Account(endpoint, session.region_name, session) for session in sessions)
    found = {service.__name__: service(first) for service in REGIONAL + GLOBAL}
    for account in others:
        account.names = first.names
        found[account.region] = {service.__name__: service(account) for service in REGIONAL}
    found = canonical(first.names.all(found))
    return found if beside is None else {**found, "beside": first.names.all(beside)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--endpoint", help="URL of the AWS to look at")
    where.add_argument("--each", action="store_true", help="look at each URL that standard input has a line of")
    parser.add_argument("--region", required=True, action="append", help="region to look at; may be repeated")
    parser.add_argument("--with", dest="beside", metavar="FILE", help="JSON in which numbers become names too")
    arguments = parser.parse_args()

    sessions = [boto3.Session("local", "local", region_name=region) for region in arguments.region]
    if arguments.endpoint:
        beside = None
        if arguments.beside:
            with open(arguments.beside, encoding="utf-8") as file:
                beside = json.load(file)
        json.dump(inventory(arguments.endpoint, sessions, beside), sys.stdout, indent=2, sort_keys=True)
        print()
    for line in sys.stdin if arguments.each else []:
        print(json.dumps(inventory(line.strip(), sessions)), flush=True)


if __name__ == "__main__":
    main()
