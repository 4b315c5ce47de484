//! What is refused though the sources are right: without AWS, without an answer, or to protect something.

#[path = "support/state.rs"]
mod state;
mod support;
#[path = "support/vpc.rs"]
mod vpc;

use insta::assert_snapshot;
use stackr_testkit::Output;

use support::done;
use vpc::{MAIN, NET, REGION, applied, applied_in, harmless};

#[test]
fn without_credentials_nothing_is_done() {
    let env = stackr_testkit::environment!().with("AWS_REGION", REGION);
    env.write(MAIN, NET).copy(applied().path("state"));
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: AWS could not be asked
      caused by: sts:GetCallerIdentity: no credentials found in chain. Attempted:
          Environment: the credential provider was not enabled: environment variable not set
          Profile: the credential provider was not enabled
          WebIdentityToken: the credential provider was not enabled: $AWS_WEB_IDENTITY_TOKEN_FILE was not set
          EcsContainer: the credential provider was not enabled: ECS provider not configured
          Ec2InstanceMetadata: the credential provider was not enabled: IMDS disabled by AWS_EC2_METADATA_DISABLED env var set to `true`
      hint: give credentials by AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `aws sso login`; `--local` needs none
    ");
}

#[test]
fn without_a_region_nothing_is_done() {
    let env = stackr_testkit::environment!().with_aws(support::emulator());
    env.write(MAIN, NET).copy(applied().path("state"));
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: AWS could not be asked
      caused by: no region: set `region` in the provider block, AWS_REGION, or `region` in the profile
    ");
}

#[test]
fn without_a_network_nothing_is_done() {
    // Nobody listens on port 1.
    let env = applied().with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: AWS could not be asked
      caused by: sts:GetCallerIdentity: dispatch failure: io error: client error (Connect): tcp connect error: Connection refused (os error 111)
      hint: is the endpoint reachable? `stackr local status` tells about the local emulator
    ");
}

#[test]
fn what_prevent_destroy_protects_is_not_destroyed() {
    let env = applied_in("eu-west-1");
    let protected = NET.replace("/16\"", "/16\"\n  lifecycle {\n    prevent_destroy = true\n  }");
    env.write(MAIN, &protected);
    done(&env, ["apply", "net", "-y"]);
    assert_snapshot!(env.redacted(&harmless(&env, ["destroy", "net", "-y"])), @r"
    exit 6
    --- stdout
    --- stderr
    error: protected object (aws_vpc.main)
     |
     = `aws_vpc.main` has `prevent_destroy`, and the plan removes it. Leave it out with `--exclude 'aws_vpc.main'`, or set `prevent_destroy = false`, apply, and then remove it.
    ");
    env.write(MAIN, &protected.replace("10.0.0.0/16", "10.9.0.0/16"));
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 6
    --- stdout
    --- stderr
    error: protected object (aws_vpc.main)
     |
     = `aws_vpc.main` has `prevent_destroy`, and a change of cidr_block needs another object in its place. Leave it out with `--exclude 'aws_vpc.main'`, or set `prevent_destroy = false`, apply, and then remove it.
    ");
    // Nor when its block is gone: the state remembers.
    env.write(MAIN, "");
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 6
    --- stdout
    --- stderr
    error: protected object (aws_vpc.main)
     |
     = `aws_vpc.main` has `prevent_destroy`, and the plan removes it. Leave it out with `--exclude 'aws_vpc.main'`, or set `prevent_destroy = false`, apply, and then remove it.
    ");
    env.write(MAIN, &protected);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
}

#[test]
fn a_stack_that_another_reads_is_not_destroyed() {
    let env = applied_in("eu-west-2");
    env.write("stackr.toml", "[stacks.net]\npath = \"stacks/net\"\n\n[stacks.app]\npath = \"stacks/app\"\ndepends_on = [\"net\"]\n");
    let app = r#"
data "terraform_remote_state" "net" {
  backend = "local"

  config = {
    path = "../net/terraform.tfstate"
  }
}

resource "aws_subnet" "a" {
  vpc_id     = data.terraform_remote_state.net.outputs.vpc_id
  cidr_block = "10.0.0.0/24"
}
"#;
    env.write("stacks/app/main.tf", app);
    done(&env, ["apply", "app", "-y"]);
    assert_snapshot!(env.redacted(&harmless(&env, ["destroy", "net", "-y"])), @r"
    exit 6
    --- stdout
    --- stderr
    error: `net` is in use: app reads its outputs
      hint: first: stackr destroy app
      hint: or give --force, if you know that nothing of it is needed
    ");
    done(&env, ["plan", "all", "--detailed-exitcode"]);
    done(&env, ["destroy", "all", "-y"]);
}

#[test]
fn without_a_terminal_nothing_is_done_unasked() {
    let env = applied();
    env.write(MAIN, &NET.replace("/16\"", "/16\"\n  enable_dns_hostnames = true"));
    let output = harmless(&env, ["apply", "net"]);
    assert_eq!(output.code, 1);
    assert!(output.stdout.contains("Plan: 0 to add, 1 to change, 0 to destroy."), "{}", output.stdout);
    assert_snapshot!(env.redacted(&Output { stdout: String::new(), ..output }), @r"
    exit 1
    --- stdout
    --- stderr
    account 123456789012, region us-west-2, endpoint http://127.0.0.1:[PORT]
    error: nothing was done: there is no terminal to ask at
      hint: give -y to go ahead without being asked
    ");
    let output = harmless(&env, ["destroy", "net"]);
    assert_snapshot!(env.redacted(&Output { stdout: String::new(), ..output }), @r"
    exit 1
    --- stdout
    --- stderr
    account 123456789012, region us-west-2, endpoint http://127.0.0.1:[PORT]
    error: nothing was done: there is no terminal to ask at
      hint: give -y to go ahead without being asked
    ");
    env.write(MAIN, NET);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
}
