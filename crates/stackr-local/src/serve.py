"""Serves moto on 127.0.0.1 for stackr: takes a free port, prints it, and answers until killed.

It also ends when its standard input does, that is, when whoever started it is gone, however it
went. With --until-stopped, a line "stay" there ends that bond: it is sent once the emulator is
noted where others find it, so that none is ever lost.

With --forkable, POST /stackr-api/fork copies it with all that is in it, in milliseconds: the copy is a
child process that answers on a port of its own; the answer is that port and the process. A copy can be copied, and ends
by POST /stackr-api/end or when whoever started the first one is gone.

moto is imported as it is and then corrected where it forgets what it was told, or keeps what it
was told to delete. Without these corrections a second plan finds differences, and a destroyed
system leaves objects, that the real AWS would not.
"""

import contextlib
import gc
import os
import signal
import socket
import sys
import threading


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


class Forkable:
    """An application that can be copied, between two requests, together with the process it runs in."""

    def __init__(self, app, serve):
        self.app, self.serve = app, serve
        self.gate = threading.Condition()
        self.busy = 0
        self.copy = False
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody asks how a copy ended.

    def __call__(self, environ, start_response):
        if not environ["PATH_INFO"].startswith("/stackr-api/"):
            with self.passing():
                return list(self.app(environ, start_response))
        what = environ["PATH_INFO"].removeprefix("/stackr-api/")
        if what == "fork":
            answer = "%d %d" % self.fork()
        elif what == "end" and self.copy:
            threading.Timer(0.05, os._exit, [0]).start()  # By then this is answered.
            answer = ""
        else:
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
        return [answer.encode()]

    @contextlib.contextmanager
    def passing(self):
        with self.gate:
            self.busy += 1
        try:
            yield
        finally:
            with self.gate:
                self.busy -= 1
                self.gate.notify_all()

    def fork(self):
        """Copies this process while no request is under way, and returns the copy's port and process."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        port = listener.getsockname()[1]
        with self.gate:
            self.gate.wait_for(lambda: self.busy == 0)
            child = os.fork()
        if child:
            listener.close()
            return port, child
        try:
            # Only this thread was copied, but the connections of all.
            for other in [thing for thing in gc.get_objects() if isinstance(thing, socket.socket)]:
                if other is not listener and other.fileno() >= 0:
                    os.close(other.detach())
            self.copy = True
            self.gate = threading.Condition()
            live_with_standard_input(may_stay=False)
            os.environ["MOTO_PORT"] = str(port)
            self.serve(self, listener)
        finally:
            os._exit(1)


def live_with_standard_input(may_stay):
    def wait():
        # Not by way of sys.stdin, whose lock a copy inherits from a thread that it does not have.
        said = b""
        while more := os.read(0, 64):
            said += more
            if may_stay and said.endswith(b"stay\n"):
                return
        os._exit(0)

    if may_stay:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # The terminal it was started from is closed.
    threading.Thread(target=wait, daemon=True).start()


def main():
    live_with_standard_input(may_stay="--until-stopped" in sys.argv[1:])

    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

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

    def server(app, fd=None):
        return make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler, fd=fd)

    def serve(app, listener):
        with listener:
            copy = server(app, listener.fileno())
        copy.serve_forever()

    app = DomainDispatcherApplication(create_backend_app)
    if "--forkable" in sys.argv[1:]:
        app = Forkable(app, serve)
    first = server(app)
    os.environ["MOTO_PORT"] = str(first.server_port)
    print(first.server_port, flush=True)
    os.dup2(2, 1)  # Nobody reads standard output from here on.
    first.serve_forever()


if __name__ == "__main__":
    main()
