//! How few calls are made, and that nothing is missed for it: changes behind our back are seen, and what is refused for
//! many is done for each.

use stackr_local::{Emulator, Options};
use stackr_testkit::{Output, Proxy, ProxyOptions, TestEnvironment};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// A project before an AWS that counts.
struct System {
    emulator: Emulator,
    env: TestEnvironment,
    proxy: Proxy,
}

impl System {
    fn new(sources: &str) -> Self {
        let emulator = stackr_testkit::emulator(TMP, Options::default());
        let proxy = Proxy::start(&emulator.endpoint(), ProxyOptions::default()).expect("it listens");
        let env = stackr_testkit::environment!().with_aws(&emulator);
        let env = env.with("AWS_ENDPOINT_URL", proxy.endpoint());
        env.write("main.tf", sources);
        Self { emulator, env, proxy }
    }

    /// Runs a command that ends with this code, and says how often it called each of these operations.
    fn run<const N: usize, const M: usize>(
        &self,
        code: i32,
        arguments: [&str; N],
        operations: [(&str, &str); M],
    ) -> (Output, [u64; M]) {
        let before = self.proxy.counts();
        let output = self.env.expect(code, arguments);
        let after = self.proxy.counts();
        let called = operations
            .map(|(service, operation)| after.of(service, operation) - before.of(service, operation));
        (output, called)
    }

    fn apply(&self) {
        drop(self.env.expect(0, ["apply", ".", "-y"]));
    }

    /// Does something in the emulator, not through the proxy.
    fn behind_our_back(&self, service: &str, statement: &str) {
        let script = format!("import boto3\nc = boto3.client('{service}', 'us-west-2')\n{statement}");
        let mut python = self.emulator.python();
        let output = python.args(["-c", &script]).output().expect("Python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

const TAGGED: &str = r#"
provider "aws" {
  region = "us-west-2"
  # ENDPOINTS
  default_tags { tags = { System = "lean" } }
}

resource "aws_cloudwatch_log_group" "main" {
  count = 3
  name  = "/lean/${count.index}"
}

resource "aws_ecr_repository" "main" {
  count = 2
  name  = "lean/${count.index}"
  tags  = { Index = count.index }
}
"#;

const OF_TAGS: [(&str, &str); 3] =
    [("tagging", "GetResources"), ("logs", "ListTagsForResource"), ("ecr", "ListTagsForResource")];

#[test]
fn tags_of_all_services_are_one_call_and_a_change_behind_our_back_is_seen() {
    let system = System::new(TAGGED);
    let (_, called) = system.run(0, ["apply", ".", "-y"], OF_TAGS);
    assert_eq!(called, [0, 0, 0], "what was sent with a create is not asked for");
    let (_, called) = system.run(0, ["plan", ".", "--detailed-exitcode"], OF_TAGS);
    assert_eq!(called, [1, 0, 0]);

    system.behind_our_back("logs", "c.tag_log_group(logGroupName='/lean/1', tags={'Stray': 'yes'})");
    let (plan, called) = system.run(2, ["plan", ".", "--detailed-exitcode"], OF_TAGS);
    assert_eq!(called, [1, 1, 0], "what differs is asked for by itself");
    assert!(plan.stdout.contains("Stray"), "{}", plan.stdout);
}

#[test]
fn without_the_tagging_api_each_service_is_asked() {
    // Nobody listens there.
    let endpoints = r#"endpoints { resourcegroupstaggingapi = "http://127.0.0.1:9" }"#;
    let system = System::new(&TAGGED.replace("# ENDPOINTS", endpoints));
    system.apply();
    let (_, called) = system.run(0, ["plan", ".", "--detailed-exitcode"], OF_TAGS);
    assert_eq!(called, [0, 3, 2]);
}

const ROLES: &str = r#"
provider "aws" { region = "us-west-2" }

resource "aws_iam_role" "main" {
  count                = 8
  name                 = "lean-${count.index}"
  description          = "Role ${count.index}"
  max_session_duration = 7200
  tags                 = { Index = count.index }

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "main" {
  count = 8
  name  = "logs"
  role  = aws_iam_role.main[count.index].id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "logs:PutLogEvents", Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "main" {
  count      = 8
  role       = aws_iam_role.main[count.index].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}
"#;

const OF_ROLES: [(&str, &str); 5] = [
    ("iam", "GetAccountAuthorizationDetails"),
    ("iam", "ListRoles"),
    ("iam", "GetRole"),
    ("iam", "GetRolePolicy"),
    ("iam", "ListAttachedRolePolicies"),
];

#[test]
fn many_roles_are_read_by_two_lists_and_a_change_behind_our_back_is_seen() {
    let system = System::new(ROLES);
    let (_, called) = system.run(0, ["apply", ".", "-y"], OF_ROLES);
    assert_eq!((called[0], called[1], called[2], called[4]), (0, 0, 0, 0), "the answers of creates say all");
    let (_, called) = system.run(0, ["plan", ".", "--detailed-exitcode"], OF_ROLES);
    assert_eq!(called, [1, 1, 0, 0, 0]);

    system.behind_our_back(
        "iam",
        "c.update_role(RoleName='lean-1', Description='other', MaxSessionDuration=3600)\n\
         c.detach_role_policy(RoleName='lean-2', \
         PolicyArn='arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy')\n\
         c.delete_role_policy(RoleName='lean-3', PolicyName='logs')",
    );
    let (plan, called) = system.run(2, ["plan", ".", "--detailed-exitcode"], OF_ROLES);
    assert!(plan.stdout.contains("Plan: 2 to add, 1 to change, 0 to destroy."), "{}", plan.stdout);
    // What is not as recorded is asked for by itself; what is missing, a second time.
    assert!(called[2] == 1 && called[3] <= 2 && called[4] <= 2, "{called:?}");
}

const RECORDS: &str = r#"
provider "aws" { region = "us-west-2" }

resource "aws_route53_zone" "main" {
  name = "lean.test"
}

resource "aws_route53_record" "main" {
  count   = 20
  zone_id = aws_route53_zone.main.zone_id
  name    = "s${count.index}"
  type    = "A"
  ttl     = 60
  records = ["10.0.0.${count.index}"]
}
"#;

const OF_RECORDS: [(&str, &str); 3] = [
    ("route53", "ChangeResourceRecordSets"),
    ("route53", "GetHostedZone"),
    ("route53", "ListResourceRecordSets"),
];

#[test]
fn records_that_are_changed_together_are_one_change() {
    let system = System::new(RECORDS);
    let (_, called) = system.run(0, ["apply", ".", "-y"], OF_RECORDS);
    // Steps that begin a moment later miss the first call.
    assert!(called[0] <= 10 && called[1] <= 10, "{called:?}");
    system.run(0, ["plan", ".", "--detailed-exitcode"], OF_RECORDS);
    let (_, called) = system.run(0, ["destroy", ".", "-y"], OF_RECORDS);
    assert!(called[0] <= 10 && called[2] <= 3, "{called:?}");
}

#[test]
fn a_record_that_is_refused_is_refused_alone() {
    let system = System::new(RECORDS);
    drop(system.env.expect(0, ["apply", ".", "-y", "--target", "aws_route53_zone.main"]));
    let foreign = "z = c.list_hosted_zones()['HostedZones'][0]['Id']\n\
        r = {'Name': 's7.lean.test', 'Type': 'A', 'TTL': 5, 'ResourceRecords': [{'Value': '10.9.9.9'}]}\n\
        c.change_resource_record_sets(HostedZoneId=z, ChangeBatch={'Changes': [{'Action': 'CREATE', 'ResourceRecordSet': r}]})";
    system.behind_our_back("route53", foreign);
    let output = system.env.expect(3, ["apply", ".", "-y"]);
    assert!(output.stderr.contains("aws_route53_record.main[7]"), "{}", output.stderr);
    let listed = system.env.expect(0, ["state", "list", "."]);
    let made = listed.stdout.lines().filter(|line| line.contains("aws_route53_record.main")).count();
    assert_eq!(made, 19, "{}", listed.stdout);
}

#[test]
fn what_is_not_as_recorded_is_deleted_all_the_same() {
    let system = System::new(RECORDS);
    system.apply();
    let changed = "z = c.list_hosted_zones()['HostedZones'][0]['Id']\n\
        r = {'Name': 's7.lean.test', 'Type': 'A', 'TTL': 5, 'ResourceRecords': [{'Value': '10.9.9.9'}]}\n\
        c.change_resource_record_sets(HostedZoneId=z, ChangeBatch={'Changes': [{'Action': 'UPSERT', 'ResourceRecordSet': r}]})";
    system.behind_our_back("route53", changed);
    drop(system.env.expect(0, ["destroy", ".", "-y", "--refresh=false"]));
    let left = "assert not c.list_hosted_zones()['HostedZones'], c.list_hosted_zones()";
    system.behind_our_back("route53", left);
}

const GROUPS: &str = r#"
provider "aws" { region = "us-west-2" }

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_security_group" "main" {
  count  = 5
  name   = "lean-${count.index}"
  vpc_id = aws_vpc.main.id
}
"#;

#[test]
fn a_group_is_not_read_after_it_was_made_and_lets_nothing_out() {
    let system = System::new(GROUPS);
    let operations = [("ec2", "RevokeSecurityGroupEgress"), ("ec2", "DescribeSecurityGroups")];
    let (_, called) = system.run(0, ["apply", ".", "-y"], operations);
    // The second rule would be there in a VPC with IPv6. The one read is of the VPC's own group.
    assert_eq!(called, [10, 1]);
    system.run(0, ["plan", ".", "--detailed-exitcode"], operations);
    let closed = "for g in c.describe_security_groups(Filters=[{'Name': 'group-name', 'Values': ['lean-*']}])['SecurityGroups']:\n    \
        assert not g['IpPermissionsEgress'], g";
    system.behind_our_back("ec2", closed);
}
