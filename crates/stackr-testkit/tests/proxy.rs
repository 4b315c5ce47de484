//! The proxy between boto3 and an emulator.

use std::process::Output;

use stackr_local::{Emulator, Options};
use stackr_testkit::{Faults, Moment, Proxy, ProxyOptions, Verdict, emulator, slow};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// Runs a script whose calls go through the proxy, each of them once.
fn script(emulator: &Emulator, proxy: &Proxy, script: &str) -> Output {
    let preamble = "import boto3\nfrom botocore.config import Config\n\
        client = lambda s: boto3.client(s, 'us-west-2', config=Config(retries={'total_max_attempts': 1}))\n";
    let mut python = emulator.python();
    python.env("AWS_ENDPOINT_URL", proxy.endpoint()).args(["-c", &format!("{preamble}{script}")]);
    python.output().expect("Python runs")
}

fn proxy(emulator: &Emulator, options: ProxyOptions) -> Proxy {
    Proxy::start(&emulator.endpoint(), options).expect("it listens")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

const EVERY_PROTOCOL: &str = "\
client('ec2').create_vpc(CidrBlock='10.0.0.0/16')
client('iam').list_roles()
client('ecs').create_cluster(clusterName='c')
client('route53').create_hosted_zone(Name='a.example', CallerReference='1')
s3 = client('s3')
s3.create_bucket(Bucket='bucket', CreateBucketConfiguration={'LocationConstraint': 'us-west-2'})
s3.put_object(Bucket='bucket', Key='a key', Body=b'x' * 100000)
s3.head_object(Bucket='bucket', Key='a key')
print(len(s3.get_object(Bucket='bucket', Key='a key')['Body'].read()))
";

#[test]
fn without_faults_nothing_changes_and_every_call_is_counted() {
    let emulator = emulator(TMP, Options::default());
    let proxy = proxy(&emulator, ProxyOptions::default());
    let output = script(&emulator, &proxy, EVERY_PROTOCOL);
    assert_eq!(said(&output), "100000\n");
    let counts = proxy.counts();
    assert_eq!((counts.total(), counts.mutating(), proxy.mutations()), (8, 5, 5), "{}", counts.to_json());
    assert_eq!(counts.of("s3", "PutObject"), 1);
    assert_eq!(counts.of("route53", "CreateHostedZone"), 1);
}

#[test]
fn a_call_is_cut_before_it_works_and_its_answer_after() {
    let emulator = emulator(TMP, Options::default());
    for (moment, made) in [(Moment::Before, 0), (Moment::After, 1)] {
        emulator.reset().expect("it forgets");
        let cut = move |mutation: &stackr_testkit::Mutation<'_>| {
            if mutation.number == 2 && mutation.moment == moment { Verdict::Cut } else { Verdict::Go }
        };
        let proxy = proxy(&emulator, ProxyOptions { hook: Some(Box::new(cut)), ..ProxyOptions::default() });
        let twice = "client('ec2').create_vpc(CidrBlock='10.0.0.0/16')\n\
            client('ec2').create_internet_gateway()";
        let output = script(&emulator, &proxy, twice);
        assert!(said(&output).contains("ConnectionClosedError"), "{}", said(&output));
        let count = "print(len(client('ec2').describe_internet_gateways()['InternetGateways']))";
        assert_eq!(said(&script(&emulator, &proxy, count)), format!("{made}\n"));
    }
}

#[test]
fn clients_understand_the_refusals_of_every_service() {
    let emulator = emulator(TMP, Options::default());
    let all = |faults: &str| {
        let faults: Faults = faults.parse().expect("faults");
        let proxy = proxy(&emulator, ProxyOptions { faults, ..ProxyOptions::default() });
        let output = script(
            &emulator,
            &proxy,
            "from botocore.exceptions import ClientError\n\
             for call in [client('ec2').describe_vpcs, client('iam').list_roles, client('ecs').list_clusters,\n\
             \x20            client('route53').list_hosted_zones, client('s3').list_buckets]:\n\
             \x20   try: call()\n\
             \x20   except ClientError as error: print(error.response['Error']['Code'])\n",
        );
        said(&output)
    };
    assert_eq!(
        all("throttle=1"),
        "RequestLimitExceeded\nThrottling\nThrottlingException\nThrottling\nSlowDown\n"
    );
    assert!(all("errors=1").contains("InternalFailure"));
}

#[test]
fn what_is_new_can_be_hidden_pending_and_in_use() {
    let emulator = emulator(TMP, Options::default());
    let faults = "unseen=1h,in-use=1h".parse().expect("faults");
    let hiding = proxy(&emulator, ProxyOptions { faults, ..ProxyOptions::default() });
    let output = script(
        &emulator,
        &hiding,
        "ec2 = client('ec2')\n\
         vpc = ec2.create_vpc(CidrBlock='10.0.0.0/16')['Vpc']['VpcId']\n\
         print([v for v in ec2.describe_vpcs()['Vpcs'] if v['VpcId'] == vpc])\n\
         for call in [ec2.describe_vpcs, lambda VpcIds: ec2.delete_vpc(VpcId=VpcIds[0])]:\n\
         \x20   try: call(VpcIds=[vpc])\n\
         \x20   except Exception as error: print(error.response['Error']['Code'])\n",
    );
    assert_eq!(said(&output), "[]\nInvalidVpcID.NotFound\nDependencyViolation\n");

    let faults = "pending=1h".parse().expect("faults");
    let slow = proxy(&emulator, ProxyOptions { faults, ..ProxyOptions::default() });
    let output = script(
        &emulator,
        &slow,
        "ec2, acm = client('ec2'), client('acm')\n\
         vpc = ec2.create_vpc(CidrBlock='10.1.0.0/16')['Vpc']['VpcId']\n\
         subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.1.0.0/24')['Subnet']['SubnetId']\n\
         print(ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType='private')['NatGateway']['State'])\n\
         print([n['State'] for n in ec2.describe_nat_gateways()['NatGateways']])\n\
         arn = acm.request_certificate(DomainName='a.example')['CertificateArn']\n\
         print(acm.describe_certificate(CertificateArn=arn)['Certificate']['Status'])\n",
    );
    assert_eq!(said(&output), "pending\n['pending']\nPENDING_VALIDATION\n");
}

#[test]
fn what_takes_long_in_aws_comes_up_holds_and_goes_in_its_time() {
    let emulator = emulator(TMP, Options { acm_wait: 0, ..Options::default() });
    // 109 s are a day, 60 s half of one: what is on its way stays so.
    let slow = slow::Slow::new(0.001);
    let model = proxy(&emulator, ProxyOptions { slow, ..ProxyOptions::default() });
    let output = script(
        &emulator,
        &model,
        "ec2, acm, elb, ecs, map = [client(s) for s in ['ec2', 'acm', 'elbv2', 'ecs', 'servicediscovery']]\n\
         def refused(call):\n\
         \x20   try: call()\n\
         \x20   except Exception as error: print(error.response['Error']['Code'])\n\
         made = ec2.create_vpc(CidrBlock='10.1.0.0/16')['Vpc']\n\
         vpc = made['VpcId']\n\
         subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.1.0.0/24')['Subnet']['SubnetId']\n\
         address = ec2.allocate_address(Domain='vpc')['AllocationId']\n\
         nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)['NatGateway']\n\
         print(made['State'], nat['State'])\n\
         ec2.delete_nat_gateway(NatGatewayId=nat['NatGatewayId'])\n\
         print([n['State'] for n in ec2.describe_nat_gateways()['NatGateways']])\n\
         refused(lambda: ec2.delete_subnet(SubnetId=subnet))\n\
         refused(lambda: ec2.release_address(AllocationId=address))\n\
         arn = acm.request_certificate(DomainName='a.example', ValidationMethod='DNS')['CertificateArn']\n\
         found = acm.describe_certificate(CertificateArn=arn)['Certificate']\n\
         print(found['Status'], 'ResourceRecord' in found['DomainValidationOptions'][0])\n\
         other = ec2.create_subnet(VpcId=vpc, CidrBlock='10.1.1.0/24')['Subnet']['SubnetId']\n\
         lb = elb.create_load_balancer(Name='a', Subnets=[subnet, other])['LoadBalancers'][0]\n\
         print(lb['State']['Code'])\n\
         refused(lambda: elb.create_listener(LoadBalancerArn=lb['LoadBalancerArn'], Protocol='HTTPS', Port=443,\n\
         \x20   Certificates=[{'CertificateArn': arn}], DefaultActions=[{'Type': 'redirect', 'RedirectConfig':\n\
         \x20   {'StatusCode': 'HTTP_301', 'Port': '443'}}]))\n\
         ecs.create_cluster(clusterName='c')\n\
         ecs.register_task_definition(family='f', containerDefinitions=[{'name': 'x', 'image': 'y', 'memory': 64}])\n\
         ecs.create_service(cluster='c', serviceName='s', taskDefinition='f', desiredCount=2)\n\
         found = lambda: ecs.describe_services(cluster='c', services=['s'])['services'][0]\n\
         print(found()['runningCount'], found()['deployments'][0]['rolloutState'])\n\
         ecs.delete_service(cluster='c', service='s', force=True)\n\
         print(found()['status'])\n\
         refused(lambda: ecs.delete_cluster(cluster='c'))\n\
         refused(lambda: ecs.create_service(cluster='c', serviceName='s', taskDefinition='f', desiredCount=2))\n\
         operation = map.create_private_dns_namespace(Name='n.internal', Vpc=vpc)['OperationId']\n\
         found = map.get_operation(OperationId=operation)['Operation']\n\
         print(found['Status'])\n\
         refused(lambda: map.get_namespace(Id=found['Targets']['NAMESPACE']))\n",
    );
    assert_eq!(
        said(&output),
        "pending pending\n['deleting']\nDependencyViolation\nInvalidIPAddress.InUse\nPENDING_VALIDATION False\n\
         provisioning\nUnsupportedCertificate\n0 IN_PROGRESS\nDRAINING\nClusterContainsTasksException\n\
         InvalidParameterException\nPENDING\nNamespaceNotFound\n"
    );
}
