//! What is left of an apply that was interrupted or killed.

#[path = "support/count.rs"]
mod count;
mod support;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

use stackr_testkit::TestEnvironment;

use count::count;
use support::{done, project};

const MAIN: &str = "stacks/net/main.tf";

/// A stack whose apply takes a while: each network waits for the one before.
fn chain(length: usize) -> String {
    let vpcs = (1..length).map(|n| {
        format!(
            "resource \"aws_vpc\" \"v{n}\" {{\n  cidr_block = \"10.{n}.0.0/16\"\n  depends_on = [aws_vpc.v{}]\n}}\n",
            n - 1
        )
    });
    format!(
        "resource \"aws_vpc\" \"v0\" {{\n  cidr_block = \"10.0.0.0/16\"\n}}\n{}",
        vpcs.collect::<String>()
    )
}

/// Starts an apply, and gives it back when it says that the first object is made.
fn under_way(env: &TestEnvironment) -> Child {
    let mut command = env.command(["apply", "net", "-y"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("stackr starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains(": created after") {
        line.clear();
        assert!(stderr.read_line(&mut line).expect("it is text") > 0, "the apply ended");
    }
    child.stderr = Some(stderr.into_inner());
    child
}

#[test]
fn an_interrupted_apply_is_recorded_and_goes_on() {
    let env = project("ap-south-1");
    env.write(MAIN, &chain(8));
    let mut child = under_way(&env);
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(kill.success());
    let mut said = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
    assert_eq!(child.wait().expect("it ends").code(), Some(4), "{said}");
    assert!(said.contains("Apply interrupted:") && said.contains("stackr apply net"), "{said}");
    done(&env, ["apply", "net", "-y"]);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
    assert_eq!(count("ap-south-1", "vpcs"), 8);
}

#[test]
fn after_a_kill_the_next_apply_completes_without_duplicates() {
    let env = project("ap-southeast-1");
    env.write(MAIN, &chain(8));
    let mut child = under_way(&env);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let output = env.expect(0, ["apply", "net", "-y"]);
    assert!(output.stderr.contains("Recovered the interrupted run"), "{}", output.stderr);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
    assert_eq!(count("ap-southeast-1", "vpcs"), 8);
}
