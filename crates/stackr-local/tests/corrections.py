"""Holds the local AWS against what the real one does, where moto by itself does not."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import boto3
from botocore import handlers
from botocore.config import Config
from botocore.exceptions import ClientError


def client(service, region="us-west-2", **settings):
    return boto3.client(service, region_name=region, **settings)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"not refused with {code}: {arguments}")


def a_service_says_what_it_was_given():
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    container = {"name": "web", "image": "web", "memory": 128}
    ecs.register_task_definition(family="f", containerDefinitions=[container])
    ecs.create_service(
        cluster="c",
        serviceName="s",
        taskDefinition="f",
        desiredCount=1,
        healthCheckGracePeriodSeconds=60,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    service = ecs.describe_services(cluster="c", services=["s"])["services"][0]
    assert service["healthCheckGracePeriodSeconds"] == 60, service
    assert service["availabilityZoneRebalancing"] == "DISABLED", service
    assert service["deploymentConfiguration"] == {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
    }, service


def a_rule_from_a_group_keeps_its_description():
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="g", Description="g")["GroupId"]
    source = {"GroupId": group, "Description": "from ourselves"}
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": [source]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    descriptions = [rule.get("Description") for rule in rules["SecurityGroupRules"] if not rule["IsEgress"]]
    assert descriptions == ["from ourselves"], rules


def a_service_may_be_without_security_groups():
    ec2, ecs = client("ec2"), client("ecs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    network = {"awsvpcConfiguration": {"subnets": [subnet]}}
    made = ecs.create_service(cluster="c", serviceName="n", taskDefinition="f", networkConfiguration=network)
    assert made["service"]["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == [subnet], made


def a_zone_with_a_vpc_is_private():
    vpc = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    route53, within = client("route53"), {"VPCId": vpc, "VPCRegion": "us-west-2"}
    zone = route53.create_hosted_zone(Name="within.example", CallerReference="2", VPC=within)["HostedZone"]
    answer = route53.get_hosted_zone(Id=zone["Id"])
    assert answer["HostedZone"]["Config"]["PrivateZone"], answer
    assert answer["VPCs"] == [within], answer


def a_load_balancer_keeps_its_addresses():
    ec2, elbv2 = client("ec2"), client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    mapping = {"SubnetId": subnet, "AllocationId": address}
    elbv2.create_load_balancer(Name="n", Type="network", SubnetMappings=[mapping])
    balancer = elbv2.describe_load_balancers(Names=["n"])["LoadBalancers"][0]
    [zone] = balancer["AvailabilityZones"]
    assert zone["LoadBalancerAddresses"] == [{"AllocationId": address}], balancer


def a_lifecycle_keeps_its_sizes_and_versions():
    s3 = client("s3")
    s3.create_bucket(Bucket="lived", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    rules = [
        {
            "ID": "both",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "a/", "ObjectSizeGreaterThan": 1, "ObjectSizeLessThan": 9}},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7, "NewerNoncurrentVersions": 3},
        },
        {
            "ID": "one",
            "Status": "Enabled",
            "Filter": {"ObjectSizeGreaterThan": 5},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
    ]
    s3.put_bucket_lifecycle_configuration(Bucket="lived", LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket="lived")["Rules"] == rules


def a_log_group_keeps_its_class():
    logs = client("logs")
    logs.create_log_group(logGroupName="rare", logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_group(logGroupName="usual")
    groups = logs.describe_log_groups()["logGroups"]
    assert [group["logGroupClass"] for group in groups] == ["INFREQUENT_ACCESS", "STANDARD"], groups


def a_record_can_be_made_deleted_and_made_again_but_not_twice():
    route53 = client("route53")
    zone = route53.create_hosted_zone(Name="a.example", CallerReference="1")["HostedZone"]["Id"]

    def change(*changes):
        record = {"Name": "a.example", "Type": "A", "TTL": 60}
        batch = [
            {"Action": action, "ResourceRecordSet": {**record, "ResourceRecords": [{"Value": value}]}}
            for action, value in changes
        ]
        return {"HostedZoneId": zone, "ChangeBatch": {"Changes": batch}}

    for _ in range(2):
        route53.change_resource_record_sets(**change(("CREATE", "10.0.0.1")))
        for value in ("10.0.0.1", "10.0.0.2"):
            refused("InvalidChangeBatch", route53.change_resource_record_sets, **change(("CREATE", value)))
        route53.change_resource_record_sets(**change(("DELETE", "10.0.0.1")))
        refused("InvalidChangeBatch", route53.change_resource_record_sets, **change(("DELETE", "10.0.0.1")))
    route53.change_resource_record_sets(**change(("CREATE", "10.0.0.1")))
    route53.change_resource_record_sets(**change(("DELETE", "10.0.0.1"), ("CREATE", "10.0.0.2")))


def a_namespace_takes_its_zone_with_it():
    discovery, route53 = client("servicediscovery"), client("route53")
    zones = len(route53.list_hosted_zones()["HostedZones"])
    discovery.create_private_dns_namespace(Name="n.internal", Vpc="vpc-1")
    assert len(route53.list_hosted_zones()["HostedZones"]) == zones + 1
    discovery.delete_namespace(Id=discovery.list_namespaces()["Namespaces"][0]["Id"])
    assert len(route53.list_hosted_zones()["HostedZones"]) == zones


def a_service_names_its_task_definition_by_arn():
    ecs = client("ecs")
    made = ecs.create_service(cluster="c", serviceName="t", taskDefinition="f:1", desiredCount=1)
    arn = made["service"]["taskDefinition"]
    container = {"name": "web", "image": "web", "memory": 256}
    ecs.register_task_definition(family="f", containerDefinitions=[container])
    for name in ("f:2", "f"):
        updated = ecs.update_service(cluster="c", service="t", taskDefinition=name)["service"]
        assert updated["taskDefinition"] == arn.replace("f:1", "f:2"), updated
        [deployment] = updated["deployments"]
        assert deployment["taskDefinition"] == updated["taskDefinition"], updated


def a_service_keeps_the_parts_of_its_deployments_that_an_update_does_not_name():
    ecs = client("ecs")
    percent = {"maximumPercent": 150, "minimumHealthyPercent": 50}
    ecs.update_service(cluster="c", service="s", deploymentConfiguration=percent)
    service = ecs.describe_services(cluster="c", services=["s"])["services"][0]
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    assert service["deploymentConfiguration"] == {**breaker, **percent}, service


def a_role_keeps_its_description():
    iam = client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}", Description="first")
    iam.update_role(RoleName="r", MaxSessionDuration=7200)
    role = iam.get_role(RoleName="r")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("first", 7200), role
    iam.update_role(RoleName="r", Description="")
    assert not iam.get_role(RoleName="r")["Role"].get("Description"), role


def log_groups_are_described_by_name_and_arn():
    logs = client("logs", "eu-west-1")
    for name in ("b/2", "a/1", "c/3"):
        logs.create_log_group(logGroupName=name)
    arn = logs.describe_log_groups(logGroupNamePrefix="a/1")["logGroups"][0]["logGroupArn"]

    def named(*identifiers):
        answer = logs.describe_log_groups(logGroupIdentifiers=identifiers)
        assert "nextToken" not in answer, answer
        return [group["logGroupName"] for group in answer["logGroups"]]

    assert named("c/3", arn, "d/4", arn.replace("a/1", "e/5")) == ["a/1", "c/3"]
    assert named("d/4") == []
    assert named(*(f"n/{n}" for n in range(49)), "b/2") == ["b/2"]
    unchecked = client("logs", "eu-west-1", config=Config(parameter_validation=False)).describe_log_groups
    refused("InvalidParameterException", unchecked, logGroupIdentifiers=[f"n/{n}" for n in range(51)])
    refused("InvalidParameterException", unchecked, logGroupIdentifiers=[f"{arn}:*"])
    refused("InvalidParameterException", unchecked, logGroupIdentifiers=["a/1"], logGroupNamePrefix="a")


def tags_are_found_by_arn_and_by_filter():
    region = "eu-west-2"
    tagging, here = client("resourcegroupstaggingapi", region), [{"Key": "here", "Value": "yes"}]
    acm, ecr, logs = client("acm", region), client("ecr", region), client("logs", region)
    discovery, elbv2, ec2 = client("servicediscovery", region), client("elbv2", region), client("ec2", region)

    def log_group(name, **given):
        logs.create_log_group(logGroupName=name, **given)
        return logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["logGroupArn"]

    def repository(name, **given):
        return ecr.create_repository(repositoryName=name, **given)["repository"]["repositoryArn"]

    discovery.create_private_dns_namespace(Name="t.internal", Vpc="vpc-1", Tags=here)
    discovery.create_private_dns_namespace(Name="u.internal", Vpc="vpc-2")
    space, bare_space = discovery.list_namespaces()["Namespaces"]
    service = discovery.create_service(Name="t", NamespaceId=space["Id"], Tags=here)["Service"]["Arn"]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": here}])["Vpc"]
    found = [
        acm.request_certificate(DomainName="t.example", Tags=here)["CertificateArn"],
        repository("team/t", tags=here),
        log_group("t", tags={"here": "yes"}),
        space["Arn"],
        service,
        f"arn:aws:ec2:{region}:{vpc['OwnerId']}:vpc/{vpc['VpcId']}",
    ]
    subnet = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    untagged = [
        acm.request_certificate(DomainName="u.example")["CertificateArn"],
        repository("team/u"),
        log_group("u"),
        bare_space["Arn"],
        elbv2.create_load_balancer(Name="u", Type="network", Subnets=[subnet])["LoadBalancers"][0]["LoadBalancerArn"],
        f"{found[2]}:*",
        found[1].replace("/t", "/missing"),
    ]

    def tags(of=tagging, **asked):
        answer = of.get_resources(**asked)
        assert not answer.get("PaginationToken"), answer
        return {found["ResourceARN"]: found["Tags"] for found in answer["ResourceTagMappingList"]}

    assert tags(ResourceARNList=found + untagged) == {arn: here for arn in found}
    assert tags(TagFilters=[{"Key": "here", "Values": ["yes"]}]) == {arn: here for arn in found}
    assert tags(ResourceTypeFilters=["logs:log-group", "ecr"]) == {arn: here for arn in found[1:3]}
    assert tags(client("resourcegroupstaggingapi", "eu-west-3"), ResourceARNList=found) == {}

    ecr.untag_resource(resourceArn=found[1], tagKeys=["here"])
    assert tags(ResourceARNList=found[1:2]) == {found[1]: []}
    logs.delete_log_group(logGroupName="t")
    log_group("t")
    assert tags(ResourceARNList=found[2:3]) == {}

    many = [repository(f"many/{n}", tags=[{"Key": f"k{k}", "Value": "v"} for k in range(3)]) for n in range(100)]
    assert sorted(tags(ResourceARNList=many)) == sorted(many)
    unchecked = client("resourcegroupstaggingapi", region, config=Config(parameter_validation=False)).get_resources
    refused("InvalidParameterException", unchecked, ResourceARNList=[*many, found[0]])
    refused("InvalidParameterException", unchecked, ResourceARNList=[])
    for beside in (
        {"TagFilters": [{"Key": "here"}]},
        {"ResourceTypeFilters": ["ecr"]},
        {"ResourcesPerPage": 50},
        {"TagsPerPage": 100},
        {"PaginationToken": "next"},
    ):
        refused("InvalidParameterException", unchecked, ResourceARNList=found, **beside)


def a_bucket_is_found_in_its_own_region():
    s3, here = client("s3"), {"LocationConstraint": "us-west-2", "Tags": [{"Key": "k", "Value": "v"}]}
    s3.create_bucket(Bucket="placed", CreateBucketConfiguration=here)
    for region, count in (("us-west-2", 1), ("us-east-1", 0)):
        answer = client("resourcegroupstaggingapi", region).get_resources(ResourceARNList=["arn:aws:s3:::placed"])
        assert len(answer["ResourceTagMappingList"]) == count, answer


def many_roles_are_told_with_their_policies():
    iam = client("iam")
    iam.meta.events.unregister("after-call.iam", handlers.json_decode_policies)
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    whom, what = {"Principal": {"Service": "ecs.amazonaws.com"}}, {"Resource": "arn:aws:iam::*:role/a%20b"}
    trust, policy = (json.dumps({"Version": "2012-10-17", "Statement": [{**allow, **of}]}) for of in (whom, what))
    managed = iam.create_policy(PolicyName="told", PolicyDocument=policy)["Policy"]["Arn"]
    tag, names = {"Key": "k", "Value": "v"}, [f"told-{n:03}" for n in range(101)]
    for name in names:
        given = {"Path": "/told/", "Description": name, "MaxSessionDuration": 7200, "PermissionsBoundary": managed}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=[tag], **given)
    iam.put_role_policy(RoleName=names[0], PolicyName="inline", PolicyDocument=policy)
    iam.attach_role_policy(RoleName=names[0], PolicyArn=managed)

    def percent_decoded(text):
        assert text.startswith("%7B%22Version%22%3A"), text
        return unquote(text)

    first = iam.get_account_authorization_details(Filter=["Role"])
    assert (first["IsTruncated"], len(first["RoleDetailList"])) == (True, 100), first
    pages = iam.get_paginator("get_account_authorization_details")
    pages = list(pages.paginate(Filter=["Role"], PaginationConfig={"PageSize": 40}))
    assert [page["IsTruncated"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert not any(page[other] for page in pages for other in ("UserDetailList", "GroupDetailList", "Policies"))
    roles = [role for page in pages for role in page["RoleDetailList"] if role["Path"] == "/told/"]
    assert [role["RoleName"] for role in roles] == names
    role = roles[0]
    assert percent_decoded(role["AssumeRolePolicyDocument"]) == trust, role
    [inline] = role["RolePolicyList"]
    assert (inline["PolicyName"], percent_decoded(inline["PolicyDocument"])) == ("inline", policy), role
    assert role["AttachedManagedPolicies"] == [{"PolicyName": "told", "PolicyArn": managed}], role
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == managed, role
    assert (role["Tags"], roles[1]["RolePolicyList"], roles[1]["AttachedManagedPolicies"]) == ([tag], [], []), role
    one = iam.get_role(RoleName=names[0])["Role"]
    for field in ("RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"):
        assert role[field] == one[field], (role, one)

    listed = iam.get_paginator("list_roles").paginate(PathPrefix="/told/", PaginationConfig={"PageSize": 40})
    listed = {role["RoleName"]: role for page in listed for role in page["Roles"]}
    assert sorted(listed) == names
    role = listed[names[7]]
    assert (role["Description"], role["MaxSessionDuration"]) == (names[7], 7200), role
    assert percent_decoded(role["AssumeRolePolicyDocument"]) == trust, role
    assert not {"Tags", "PermissionsBoundary", "RoleLastUsed"} & set(role), role


def what_is_asked_for_at_the_same_time_is_done():
    ec2 = client("ec2", config=Config(retries={"total_max_attempts": 1}, max_pool_connections=8))

    def create(number):
        return ec2.create_security_group(GroupName=f"at-once-{number}", Description="g")["GroupId"]

    with ThreadPoolExecutor(8) as pool:
        groups = list(pool.map(create, range(1000)))
    assert len(set(groups)) == 1000, groups


a_service_says_what_it_was_given()
a_service_names_its_task_definition_by_arn()
a_service_keeps_the_parts_of_its_deployments_that_an_update_does_not_name()
a_role_keeps_its_description()
a_service_may_be_without_security_groups()
a_rule_from_a_group_keeps_its_description()
a_zone_with_a_vpc_is_private()
a_load_balancer_keeps_its_addresses()
a_lifecycle_keeps_its_sizes_and_versions()
a_log_group_keeps_its_class()
a_record_can_be_made_deleted_and_made_again_but_not_twice()
a_namespace_takes_its_zone_with_it()
log_groups_are_described_by_name_and_arn()
tags_are_found_by_arn_and_by_filter()
a_bucket_is_found_in_its_own_region()
many_roles_are_told_with_their_policies()
what_is_asked_for_at_the_same_time_is_done()
