"""What moto does unlike AWS, put right in moto itself: a function each, and `make` calls them all.

moto forgets what it was told, keeps what it was told to delete, or leaves a part of the question unread. Without these
corrections a second plan finds differences, and a destroyed system leaves objects, that the real AWS would not.
`tests/corrections.py` holds each of them against what AWS does.
"""


def remember_service_arguments():
    """ECS: DescribeServices leaves out most of what CreateService was given."""
    from moto.core.utils import camelcase_to_underscores
    from moto.ecs.responses import EC2ContainerServiceResponse as Responses

    settings = {
        "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100},
        "healthCheckGracePeriodSeconds": None,
        "enableExecuteCommand": False,
        "enableECSManagedTags": False,
        "availabilityZoneRebalancing": "DISABLED",
        "capacityProviderStrategy": None,
        "placementConstraints": None,
        "placementStrategy": None,
    }
    create = Responses.create_service

    def create_service(self):
        answer = create(self)
        service = answer.result["service"]
        for name, default in settings.items():
            given = self._get_param(name)
            if isinstance(default, dict):
                given = {**default, **(given or {})}
            value = default if given is None else given
            if value is not None:
                setattr(service, camelcase_to_underscores(name), value)
        return answer

    Responses.create_service = create_service


def remember_rule_descriptions():
    """EC2: a security group rule loses its description if its source is another group."""
    from moto.ec2.models.security_groups import SecurityGroupRule

    def description(self):
        return self.ip_range.get("Description") or self.source_group.get("Description")

    SecurityGroupRule.description = property(description)


def create_only_what_is_not_there():
    """Route 53: CREATE of what was deleted fails, CREATE over something else and DELETE of nothing work."""
    from moto.route53.exceptions import ResourceRecordAlreadyExists, Route53ClientError
    from moto.route53.models import Route53Backend as Backend

    change = Backend.change_resource_record_sets

    def change_resource_record_sets(self, zoneid, change_list):
        there = {
            (record.name.rstrip("."), record.type, record.set_identifier)
            for record in self.get_hosted_zone(zoneid).rrsets
        }
        for item in change_list:
            record = item["ResourceRecordSet"]
            name, kind = record["Name"].rstrip("."), record["Type"]
            key = name, kind, record.get("SetIdentifier")
            if item["Action"] == "CREATE":
                if key in there:
                    raise ResourceRecordAlreadyExists(name=f"{name}.", _type=kind)
                item["Action"] = "UPSERT"
            if item["Action"] == "DELETE":
                if key not in there:
                    what = f"resource record set [name='{name}.', type='{kind}']"
                    raise Route53ClientError("InvalidChangeBatch", f"Tried to delete {what} but it was not found")
                there.remove(key)
            else:
                there.add(key)
        return change(self, zoneid, change_list)

    Backend.change_resource_record_sets = change_resource_record_sets


def delete_zones_of_namespaces():
    """Cloud Map: the hosted zone that was made for a namespace stays when the namespace goes."""
    from moto.route53 import route53_backends
    from moto.servicediscovery.models import ServiceDiscoveryBackend as Backend
    from moto.utilities.utils import get_partition

    delete = Backend.delete_namespace

    def delete_namespace(self, namespace_id):
        namespace = self.namespaces.get(namespace_id)
        answer = delete(self, namespace_id)
        zone = (namespace.dns_properties or {}).get("HostedZoneId")
        zones = route53_backends[self.account_id][get_partition(self.region_name)].zones
        zones.pop((zone or "").removeprefix("/hostedzone/"), None)
        return answer

    Backend.delete_namespace = delete_namespace


def speak_of_buckets_as_s3_does():
    """S3: the versioning answer has a wrong root, tags given at creation are lost, and a delete marker cannot be
    deleted."""
    import xmltodict
    from moto.s3.models import FakeDeleteMarker
    from moto.s3.responses import S3Response as Response

    versioning, create = Response.get_bucket_versioning, Response._bucket_response_put

    def get_bucket_versioning(self):
        status, headers, body = versioning(self)
        return status, headers, body.replace("GetBucketVersioningResponse", "VersioningConfiguration")

    def bucket_response_put(self, request, bucket_name, querystring):
        answer = create(self, request, bucket_name, querystring)
        body = self.body if isinstance(self.body, bytes) else (self.body or "").encode()
        if b"<CreateBucketConfiguration" in body:
            config = xmltodict.parse(body, force_list=("Tag",))["CreateBucketConfiguration"] or {}
            tags = (config.get("Tags") or {}).get("Tag") or []
            if tags:
                tags = {tag["Key"]: tag.get("Value") or "" for tag in tags}
                self.backend.put_bucket_tagging(bucket_name, tags)
        return answer

    Response.get_bucket_versioning = get_bucket_versioning
    Response._bucket_response_put = bucket_response_put
    FakeDeleteMarker.dispose = lambda self, garbage=False: None


def make_zones_of_vpcs_private():
    """Route 53: a zone that is made with a VPC is private, whether or not the request says so again."""
    from moto.route53.responses import Route53 as Responses

    boolean = Responses._get_bool_param

    def get_bool_param(self, name, if_none=None):
        if name == "HostedZoneConfig.PrivateZone" and self._get_param("VPC.VPCId"):
            return True
        return boolean(self, name, if_none)

    Responses._get_bool_param = get_bool_param


def let_services_be_without_security_groups():
    """ECS: the security groups of a service may be left out, and then are those of its VPC."""
    from moto.ecs.models import Service

    validate = Service._validate_network

    def validate_network(self, network):
        network["awsvpcConfiguration"].setdefault("securityGroups", [])
        return validate(self, network)

    Service._validate_network = validate_network


def remember_addresses_of_load_balancers():
    """ELB: the addresses that a load balancer was given for its subnets are forgotten."""
    from moto.elbv2.models import ELBv2Backend as Backend, FakeLoadBalancer

    create, set_subnets = Backend.create_load_balancer, Backend.set_subnets
    zones = FakeLoadBalancer.availability_zones.fget

    def note(balancer, mappings):
        balancer.mappings = {mapping["SubnetId"]: mapping for mapping in mappings or []}

    def create_load_balancer(self, *args, **kwargs):
        balancer = create(self, *args, **kwargs)
        note(balancer, kwargs.get("subnet_mappings"))
        return balancer

    def set_subnets_of(self, arn, subnets, mappings):
        answer = set_subnets(self, arn, subnets, mappings)
        note(self.load_balancers[arn], mappings)
        return answer

    def availability_zones(self):
        found = zones(self)
        for zone in found:
            given = getattr(self, "mappings", {}).get(zone.subnet_id, {})
            address = {
                "AllocationId": given.get("AllocationId"),
                "PrivateIPv4Address": given.get("PrivateIPv4Address"),
                "IPv6Address": given.get("IPv6Address"),
            }
            address = {key: value for key, value in address.items() if value}
            zone.load_balancer_addresses = [address] if address else []
        return found

    Backend.create_load_balancer = create_load_balancer
    Backend.set_subnets = set_subnets_of
    FakeLoadBalancer.availability_zones = property(availability_zones)


def remember_all_of_a_lifecycle():
    """S3: a lifecycle rule loses the sizes that it filters by, and how many old versions it keeps."""
    import xmltodict
    from moto.s3.models import FakeBucket
    from moto.s3.responses import S3Response as Response

    set_lifecycle, get_lifecycle = FakeBucket.set_lifecycle, Response.get_bucket_lifecycle
    sizes = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")

    def set_rules(self, rules):
        set_lifecycle(self, rules)
        for kept, given in zip(self.rules, rules):
            kept.given = given

    def parts(filter):
        """The sizes of a filter, and those within its `And`, in the order in which S3 gives them."""
        return {key: filter[key] for key in sizes if (filter or {}).get(key) is not None}

    def get_bucket_lifecycle(self):
        status, headers, body = get_lifecycle(self)
        root = xmltodict.parse(body, force_list=("Rule",))
        answered = next(iter(root.values())).get("Rule") or []
        for rule, kept in zip(answered, self.backend.get_bucket_lifecycle(self.bucket_name)):
            given = getattr(kept, "given", {})
            found = {**parts(given.get("Filter"))}
            inner = parts((given.get("Filter") or {}).get("And"))
            if found or inner:
                rule["Filter"] = {**(rule.get("Filter") or {}), **found}
            if inner:
                rule["Filter"]["And"] = {**(rule["Filter"].get("And") or {}), **inner}
            newer = (given.get("NoncurrentVersionExpiration") or {}).get("NewerNoncurrentVersions")
            if newer is not None:
                rule["NoncurrentVersionExpiration"]["NewerNoncurrentVersions"] = newer
        return status, headers, xmltodict.unparse(root)

    FakeBucket.set_lifecycle = set_rules
    Response.get_bucket_lifecycle = get_bucket_lifecycle


def remember_classes_of_log_groups():
    """CloudWatch Logs: the class of a log group is forgotten."""
    from moto.logs.models import LogGroup
    from moto.logs.responses import LogsResponse as Responses

    create, describe = Responses.create_log_group, LogGroup.to_describe_dict

    def create_log_group(self):
        answer = create(self)
        group = self.logs_backend.groups[self._get_param("logGroupName")]
        group.log_group_class = self._get_param("logGroupClass")
        return answer

    def to_describe_dict(self):
        return {**describe(self), "logGroupClass": getattr(self, "log_group_class", None) or "STANDARD"}

    Responses.create_log_group = create_log_group
    LogGroup.to_describe_dict = to_describe_dict


def update_only_what_is_said_of_services():
    """ECS: a service says its task definition as its update named it, and its deployments the one before; an update of
    a part of the deployment configuration takes the rest of it away."""
    from moto.ecs.models import EC2ContainerServiceBackend as Backend

    update = Backend.update_service

    def update_service(self, service_properties):
        cluster, name = service_properties.get("cluster", "default"), service_properties["service"]
        before = getattr(self._get_service(cluster, name.split("/")[-1]), "deployment_configuration", None)
        given = service_properties.get("deployment_configuration")
        if given is not None:
            service_properties["deployment_configuration"] = {**(before or {}), **given}
        service = update(self, service_properties)
        if service.task_definition:
            service.task_definition = self.describe_task_definition(service.task_definition).arn
            for deployment in service.deployments:
                deployment["taskDefinition"] = service.task_definition
        return service

    Backend.update_service = update_service


def keep_descriptions_of_roles():
    """IAM: an update of a role that says nothing of its description takes it away."""
    from moto.iam.models import IAMBackend as Backend

    update = Backend.update_role

    def update_role(self, role_name, role_description, max_session_duration):
        if role_description is None:
            role_description = self.get_role(role_name).description
        return update(self, role_name, role_description, max_session_duration)

    Backend.update_role = update_role


def describe_the_log_groups_that_are_named():
    """CloudWatch Logs: who asks for some groups, by name or ARN, is told of the first of all groups."""
    import json

    from moto.logs.exceptions import InvalidParameterException
    from moto.logs.responses import LogsResponse as Responses

    describe = Responses.describe_log_groups
    name = "logGroupIdentifiers"
    others = ("logGroupNamePrefix", "logGroupNamePattern", "logGroupClass")

    def describe_log_groups(self):
        given = self._get_param(name)
        if given is None:
            return describe(self)
        if not 1 <= len(given) <= 50:
            most = "Member must have length less than or equal to 50, and not less than 1"
            raise InvalidParameterException(constraint=most, parameter=name, value=given)
        if any("*" in one for one in given) or any(self._get_param(other) for other in others):
            raise InvalidParameterException(f"{name} takes no patterns, and no other filter beside it")
        groups = self.logs_backend.groups.values()
        named = [group for group in groups if group.name in given or group.arn in given]
        named.sort(key=lambda group: group.name)
        return json.dumps({"logGroups": [group.to_describe_dict() for group in named]})

    Responses.describe_log_groups = describe_log_groups


def find_all_that_is_tagged():
    """Tagging API: repositories and what is in Cloud Map are not found, but what never had a tag is, and buckets of
    other regions; 100 ARNs do not fit on a page, and may be asked for with filters that they exclude. A log group has
    the tags of one of its name that was deleted."""
    from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
    from moto.ecr.models import ECRBackend
    from moto.logs.models import LogsBackend
    from moto.resourcegroupstaggingapi.exceptions import ResourceGroupsTaggingAPIError
    from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend as Backend
    from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse as Responses
    from moto.s3.models import s3_backends
    from moto.servicediscovery.models import ServiceDiscoveryBackend
    from moto.utilities.tagging_service import TaggingService

    tag, delete_log_group = TaggingService.tag_resource, LogsBackend.delete_log_group
    generate, get = Backend._get_resources_generator, Backend.get_resources
    answer, name = Responses.get_resources, "ResourceARNList"
    excluded = ("TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken")

    def tag_resource(self, arn, tags):
        """No tags are no reason to note an ARN: what is noted had a tag once."""
        return tag(self, arn, tags or None)

    def tagged(kind, tagger, objects):
        for arn in [each.arn for each in objects]:
            once = {"include_untagged": arn in tagger.tags, "once": arn in tagger.tags}
            yield TaggedResource(arn, tagger.get_tag_dict_for_resource(arn), kind, once)

    def repositories(self):
        return tagged("ecr:repository", self.tagger, self.repositories.values())

    def log_groups(self):
        return tagged("logs:log-group", self.tagger, self.groups.values())

    def discovered(self):
        yield from tagged("servicediscovery:namespace", self.tagger, self.namespaces.values())
        yield from tagged("servicediscovery:service", self.tagger, self.services.values())

    def forget_log_group(self, log_group_name):
        group = self.groups.get(log_group_name)
        delete_log_group(self, log_group_name)
        self.tagger.delete_all_tags_for_resource(group.arn)

    def region(self, found):
        """Where an object is. What is nowhere, AWS finds in us-east-1."""
        if found.resource_type == "s3:bucket":
            return s3_backends[self.account_id][self.partition].buckets[found.arn.split(":")[-1]].region_name
        return found.arn.split(":")[3] or "us-east-1"

    def resources(self, *args, **kwargs):
        for found in generate(self, *args, **kwargs):
            if region(self, found) == self.region_name and (found.tags or found.extra.get("once")):
                yield found

    def get_resources(self, **asked):
        if asked.get("resource_arn_list"):
            asked = {**asked, "resources_per_page": 100 + 1, "tags_per_page": 100 * 50 + 1}
        return get(self, **asked)

    def refuse_or_get_resources(self):
        arns = self._get_param(name)
        if arns is not None:
            if not 1 <= len(arns) <= 100:
                raise ResourceGroupsTaggingAPIError("InvalidParameterException", f"{name}: from 1 to 100 ARNs")
            for other in excluded:
                if self._get_param(other):
                    raise ResourceGroupsTaggingAPIError("InvalidParameterException", f"{name} excludes {other}")
        return answer(self)

    TaggingService.tag_resource = tag_resource
    LogsBackend.iter_tagged_resources = log_groups
    LogsBackend.delete_log_group = forget_log_group
    for backend, objects in ((ECRBackend, repositories), (ServiceDiscoveryBackend, discovered)):
        backend.__bases__ += (TaggableResourcesMixin,)
        backend.iter_tagged_resources = objects
        backend.owns_arn = lambda self, arn: False  # Their verbs take tags in another form than TagResources gives.
    Backend._get_resources_generator = resources
    Backend.get_resources = get_resources
    Responses.get_resources = refuse_or_get_resources


def give_details_of_roles_as_iam_does():
    """IAM: trust policies are not percent-encoded where many roles are answered, and details of an account have no
    pages."""
    from moto.core.serialize import url_encode
    from moto.iam.responses import IamResponse as Responses

    details = Responses.get_account_authorization_details
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")

    def get_account_authorization_details(self):
        answer = details(self)
        first = int(self._get_param("Marker") or 0)
        end, before = first + int(self._get_param("MaxItems") or 100), 0
        for name in lists:
            every = list(answer.result[name])
            answer.result[name] = every[max(first - before, 0) : max(end - before, 0)]
            before += len(every)
        if end < before:
            answer.result.update(IsTruncated=True, Marker=str(end))
        return answer

    Responses.get_account_authorization_details = get_account_authorization_details
    # Of the ends of paths the first that fits counts.
    Responses.RESPONSE_KEY_PATH_TO_TRANSFORMER[".AssumeRolePolicyDocument"] = url_encode


def make():
    remember_service_arguments()
    remember_rule_descriptions()
    create_only_what_is_not_there()
    delete_zones_of_namespaces()
    speak_of_buckets_as_s3_does()
    make_zones_of_vpcs_private()
    let_services_be_without_security_groups()
    remember_addresses_of_load_balancers()
    remember_all_of_a_lifecycle()
    remember_classes_of_log_groups()
    update_only_what_is_said_of_services()
    keep_descriptions_of_roles()
    describe_the_log_groups_that_are_named()
    find_all_that_is_tagged()
    give_details_of_roles_as_iam_does()
