//! Many at once: eight applies of one stack, paused past their leases and killed, against one emulator.

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::support::{done, emulator, project};

const STACK: &str = r#"
resource "aws_vpc" "main" {
  cidr_block = "10.9.0.0/16"
}

resource "aws_subnet" "all" {
  count      = 4
  vpc_id     = aws_vpc.main.id
  cidr_block = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
}

resource "aws_cloudwatch_log_group" "all" {
  count = 4
  name  = "two-${count.index}"
}
"#;

/// The processes of a round. None is left behind.
struct All(Vec<Child>);

impl Drop for All {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

#[test]
fn eight_applies_at_once_make_everything_once() {
    let region = "sa-east-1";
    let env = project(region);
    env.write("stacks/s/main.tf", STACK).write("stackr.toml", "[state]\nlease_seconds = 1\n");
    for round in 0..3_u64 {
        let start = |_| {
            let mut command = env.command(["apply", "s", "-y"]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("stackr starts")
        };
        let mut all = All((0..8).map(start).collect());
        for step in 0..12_u64 {
            let n = usize::try_from((step * 5 + round * 3) % 8).expect("small");
            let signal = |word: &str| {
                drop(
                    Command::new("kill")
                        .args([word, &all.0[n].id().to_string()])
                        .stderr(Stdio::null())
                        .status(),
                );
            };
            match (step + round) % 4 {
                // Past the lease, so that another takes over.
                0 => {
                    signal("-STOP");
                    thread::sleep(Duration::from_millis(1300));
                    signal("-CONT");
                }
                1 if step > 4 => signal("-KILL"),
                _ => thread::sleep(Duration::from_millis(120)),
            }
        }
        for child in all.0.drain(..) {
            let output = child.wait_with_output().expect("it ends");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let told = [
                "is held by",
                "took over",
                "changed while it was being opened",
                "Apply complete",
                "No changes",
            ]
            .iter()
            .any(|words| said.contains(words));
            assert!(output.status.code().is_none() || output.status.success() || told, "{said}");
        }
        // The leases of those that were killed are known to be dead; then there is one of everything.
        done(&env, ["apply", "s", "-y"]);
        done(&env, ["plan", "s", "--detailed-exitcode"]);
        let there = stackr_testkit::inventory(emulator(), region).to_string();
        assert_eq!(there.matches("10.9.0.0/16").count().min(1), 1);
        for n in 0..4 {
            let name = format!("10.9.{n}.0/24");
            assert!(there.matches(&name).count() >= 1, "{name} is missing: {there}");
        }
        let script = "import boto3,sys;e=boto3.client('ec2',endpoint_url=sys.argv[1],region_name=sys.argv[2],\
                      aws_access_key_id='x',aws_secret_access_key='x');\
                      f=[{'Name':'cidr','Values':['10.9.0.0/16']}];\
                      print(len(e.describe_vpcs(Filters=f)['Vpcs']),\
                      len([s for s in e.describe_subnets()['Subnets'] if s['CidrBlock'].startswith('10.9.')]))";
        let mut python = emulator().python();
        let counted =
            python.args(["-c", script, &emulator().endpoint(), region]).output().expect("Python runs");
        assert_eq!(String::from_utf8_lossy(&counted.stdout).trim(), "1 4", "round {round}");
        done(&env, ["destroy", "s", "-y"]);
    }
}
