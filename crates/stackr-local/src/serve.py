"""Serves moto on 127.0.0.1 for stackr: takes a free port, prints it, and answers until killed.

It also ends when its standard input does, that is, when whoever started it is gone, however it
went. With --until-stopped, a line "stay" there ends that bond: it is sent once the emulator is
noted where others find it, so that none is ever lost.

moto is imported as it is and then corrected where it forgets what it was told, or keeps what it
was told to delete. Without these corrections a second plan finds differences, and a destroyed
system leaves objects, that the real AWS would not.
"""

import os
import signal
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


def live_with_standard_input(may_stay):
    def wait():
        for line in sys.stdin.buffer:
            if may_stay and line == b"stay\n":
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

    server = make_server(
        "127.0.0.1",
        0,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    os.environ["MOTO_PORT"] = str(server.server_port)
    print(server.server_port, flush=True)
    os.dup2(2, 1)  # Nobody reads standard output from here on.
    server.serve_forever()


if __name__ == "__main__":
    main()
