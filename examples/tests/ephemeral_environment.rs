//! The tool makes an environment, makes nothing twice, and leaves nothing behind.

use std::{
    path::Path,
    process::{Command, Output},
};

use stackr_local::Emulator;

fn tool(aws: &Emulator, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ephemeral_environment"));
    command.env_clear().envs(aws.environment()).args(arguments).output().expect("the tool starts")
}

/// What the tool says when all goes well.
fn expect(aws: &Emulator, arguments: &[&str]) -> String {
    let output = tool(aws, arguments);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    stdout
}

#[test]
fn environments_come_and_go_beside_each_other() {
    let aws = stackr_testkit::emulator(env!("CARGO_TARGET_TMPDIR"), stackr_local::Options::default());
    let inventory = || stackr_testkit::inventory(&aws, "us-west-2");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("ephemeral");
    let directory = directory.to_str().expect("the path is text");
    let state = tempfile::tempdir().expect("a directory");
    let state = state.path().to_str().expect("the path is text");

    let empty = inventory();
    let made = expect(&aws, &["make", "pr-41", directory, "--state", state]);
    assert!(made.contains("6 steps in ") && made.contains("aws_subnet.main[1] "), "{made}");
    assert!(made.contains("repository_url = \"") && made.contains("/pr-41-app\""), "{made}");
    let one = inventory();
    assert_ne!(one, empty);

    let again = expect(&aws, &["make", "pr-41", directory, "--state", state]);
    assert!(again.starts_with("0 steps in "), "{again}");
    assert_eq!(inventory(), one);

    expect(&aws, &["make", "pr-42", directory, "--state", state]);
    assert_ne!(inventory(), one);
    // Without the sources: what there is to remove is in the state.
    let removed = expect(&aws, &["remove", "pr-42", "--state", state]);
    assert!(removed.contains("6 steps in "), "{removed}");
    assert_eq!(inventory(), one);
    expect(&aws, &["remove", "pr-41", "--state", state]);
    assert_eq!(inventory(), empty);
}

#[test]
fn a_name_that_the_stack_refuses_makes_nothing() {
    let aws = stackr_testkit::emulator(env!("CARGO_TARGET_TMPDIR"), stackr_local::Options::default());
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("ephemeral");
    let directory = directory.to_str().expect("the path is text");
    let state = tempfile::tempdir().expect("a directory");
    let output = tool(&aws, &["make", "PR 43", directory, "--state", state.path().to_str().expect("text")]);
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("lowercase letters, digits and hyphens"), "{stderr}");
    assert_eq!(std::fs::read_dir(state.path()).expect("a directory").count(), 0);
}
