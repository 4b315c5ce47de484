//! What runs beside what, and what is waited for, when AWS is as slow as it is. The order is asserted, never the time.

use std::path::Path;

use serde_json::Value;
use stackr_local::{Emulator, Options};
use stackr_testkit::{Proxy, ProxyOptions, TestEnvironment, slow::Slow};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// A project before an AWS that is slow at this scale.
struct System {
    emulator: Emulator,
    env: TestEnvironment,
    proxy: Proxy,
}

impl System {
    fn new(scale: f64) -> Self {
        let emulator = stackr_testkit::emulator(TMP, Options { acm_wait: 0, ..Options::default() });
        let options = ProxyOptions { slow: Slow::new(scale), ..ProxyOptions::default() };
        let proxy = Proxy::start(&emulator.endpoint(), options).expect("it listens");
        let env = stackr_testkit::environment!().with_aws(&emulator);
        Self { emulator, env: env.with("AWS_ENDPOINT_URL", proxy.endpoint()), proxy }
    }

    fn reference(scale: f64) -> Self {
        let system = Self::new(scale);
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for part in ["stacks", "env", "stackr.toml"] {
            system.env.copy(repository.join(part));
        }
        system
    }

    /// The events of a run that works.
    fn run<const N: usize>(&self, arguments: [&str; N]) -> Vec<Value> {
        let output = self.env.expect(0, arguments);
        output.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// What boto3 says through the proxy.
    fn says(&self, service: &str, expression: &str) -> String {
        let script = format!("import boto3\nc = boto3.client('{service}', 'us-west-2')\nprint({expression})");
        let mut python = self.emulator.python();
        let output = python.env("AWS_ENDPOINT_URL", self.proxy.endpoint()).args(["-c", &script]);
        let output = output.output().expect("Python runs");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned()
    }
}

/// Where in the run something happened to an address.
fn at(events: &[Value], what: &str, address: &str) -> usize {
    let is = |event: &Value| event["event"][what]["step"]["address"] == address;
    events.iter().position(is).unwrap_or_else(|| panic!("{address} has not {what}: {events:#?}"))
}

const BALANCER: &str = r#"
provider "aws" { region = "us-west-2" }

data "aws_vpc" "main" { default = true }

data "aws_subnets" "main" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.main.id]
  }
}

resource "aws_lb" "main" {
  name    = "main"
  subnets = data.aws_subnets.main.ids
}

resource "aws_lb_listener" "main" {
  load_balancer_arn = aws_lb.main.arn
  port              = 80

  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      status_code  = "200"
    }
  }
}
"#;

#[test]
fn a_run_until_created_leaves_what_is_coming_up() {
    // A load balancer takes four hours.
    let system = System::new(0.01);
    system.env.write("main.tf", BALANCER);
    let events = system.run(["apply", ".", "-y", "--json", "--until", "created"]);
    assert!(at(&events, "step_finished", "aws_lb_listener.main") > 0);
    let state = system.says("elbv2", "c.describe_load_balancers()['LoadBalancers'][0]['State']['Code']");
    assert_eq!(state, "provisioning");
}

#[test]
fn a_listener_does_not_wait_until_its_load_balancer_is_active() {
    let system = System::new(60.0);
    system.env.write("main.tf", BALANCER);
    let events = system.run(["apply", ".", "-y", "--json"]);
    let (listener, balancer) =
        (at(&events, "step_finished", "aws_lb_listener.main"), at(&events, "step_finished", "aws_lb.main"));
    assert!(listener < balancer, "{events:#?}");
    let state = system.says("elbv2", "c.describe_load_balancers()['LoadBalancers'][0]['State']['Code']");
    assert_eq!(state, "active");
}

#[test]
fn the_slow_run_beside_each_other_and_steady_is_waited_for() {
    let system = System::reference(60.0);
    let events = system.run(["apply", "base", "-y", "--json"]);
    let issued = at(&events, "step_finished", "aws_acm_certificate_validation.main");
    for slow in ["aws_nat_gateway.main[0]", "aws_lb.main"] {
        assert!(at(&events, "step_started", slow) < issued, "{slow}: {events:#?}");
    }
    let available = at(&events, "step_finished", "aws_nat_gateway.main[0]");
    assert!(available < at(&events, "step_started", "aws_route.private_internet[0]"));

    system.run(["apply", "runtime", "-y", "--json", "--until", "steady"]);
    let rollouts = "[c.describe_services(cluster=s.split('/')[1], services=[s])['services'][0]['deployments'][0]\
         ['rolloutState'] for s in c.list_services(cluster=c.list_clusters()['clusterArns'][0])['serviceArns']]";
    assert_eq!(system.says("ecs", rollouts), "['COMPLETED', 'COMPLETED']");

    let events = system.run(["destroy", "runtime", "-y", "--json"]);
    let drained = at(&events, "step_finished", "aws_ecs_service.service[\"backend\"]");
    let cluster = at(&events, "step_started", "aws_ecs_cluster.main");
    assert!(drained < cluster, "{events:#?}");
}
