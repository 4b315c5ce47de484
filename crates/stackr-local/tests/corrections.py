"""Holds the local AWS against what the real one does, where moto by itself does not."""

import boto3
from botocore.exceptions import ClientError


def client(service):
    return boto3.client(service, region_name="us-west-2")


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
