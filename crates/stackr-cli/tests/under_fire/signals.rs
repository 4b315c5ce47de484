//! Signals: a run that is told to stop leaves everything durable and its lease free, also while AWS does not answer.

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use stackr_testkit::TestEnvironment;

use crate::{
    server::Server,
    support::{done, project},
};

const STACK: &str = r#"
resource "aws_cloudwatch_log_group" "a" {
  name = "signals-a"
}

resource "aws_ecs_cluster" "c" {
  name       = "signals"
  depends_on = [aws_cloudwatch_log_group.a]
}
"#;

/// A CI system kills some seconds after its first signal. Two are promised; the machine of a test may be busy.
const SOON: Duration = Duration::from_millis(3500);

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what} did not happen");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The code of a process that has to end soon.
fn ends(mut child: Child) -> (i32, String) {
    let began = Instant::now();
    while child.try_wait().expect("a process").is_none() {
        if began.elapsed() > SOON {
            drop(child.kill());
            panic!("it still runs after {SOON:?}");
        }
        thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().expect("it has ended");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn start(env: &TestEnvironment, hanging: &Server) -> Child {
    let mut command = env.command(["apply", "s", "-y"]);
    command.env("AWS_ENDPOINT_URL_ECS", &hanging.endpoint).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("stackr starts")
}

/// Nobody holds the stack, what was made is known, and the next run makes the rest.
fn goes_on(env: &TestEnvironment) {
    assert!(!env.path("state/default/s/lease.json").exists(), "the lease was not given back");
    let recorded = env.expect(0, ["state", "list", "s"]).stdout;
    assert!(recorded.contains("aws_cloudwatch_log_group.a"), "{recorded}");
    done(env, ["apply", "s", "-y"]);
    done(env, ["plan", "s", "--detailed-exitcode"]);
}

fn prepared(region: &str) -> TestEnvironment {
    let env = project(region);
    env.write("stacks/s/main.tf", STACK);
    env
}

#[test]
fn sigterm_ends_a_run_whose_call_is_never_answered_with_everything_recorded() {
    let (env, hanging) = (prepared("ap-south-1"), Server::hanging());
    let child = start(&env, &hanging);
    until("a call of ECS", || hanging.count() > 0);
    send(&child, "-TERM");
    let (code, said) = ends(child);
    assert_eq!(code, 4, "{said}");
    goes_on(&env);
}

#[test]
fn the_first_interrupt_waits_and_the_second_does_not() {
    let (env, hanging) = (prepared("ap-southeast-1"), Server::hanging());
    let mut child = start(&env, &hanging);
    until("a call of ECS", || hanging.count() > 0);
    send(&child, "-INT");
    thread::sleep(Duration::from_millis(1500));
    assert!(child.try_wait().expect("a process").is_none(), "a call in flight is waited for");
    send(&child, "-INT");
    let (code, said) = ends(child);
    assert_eq!(code, 4, "{said}");
    goes_on(&env);
}

#[test]
fn a_run_that_hangs_while_it_plans_is_ended_too() {
    let (env, hanging) = (prepared("ap-southeast-2"), Server::hanging());
    done(&env, ["apply", "s", "-y"]);
    let child = start(&env, &hanging);
    until("a call of ECS", || hanging.count() > 0);
    send(&child, "-TERM");
    let (code, said) = ends(child);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("nothing was changed"), "{said}");
    goes_on(&env);
}
