//! The proxy between boto3 and an emulator.

use std::process::Output;

use stackr_local::{Emulator, Options};
use stackr_testkit::{Faults, Moment, Proxy, ProxyOptions, Verdict, emulator};

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
