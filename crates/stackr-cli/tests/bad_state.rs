//! What a bad state gets: it is told, and left as it is.

#[path = "support/state.rs"]
mod state;
mod support;
#[path = "support/vpc.rs"]
mod vpc;

use std::fs;

use insta::assert_snapshot;

use state::state;
use vpc::{NET, applied, harmless};

const STATE: &str = "state/default/net/state.json";

/// What `plan` and `apply` say about a state file, which stays as it is.
fn unreadable(damage: impl FnOnce(String) -> Vec<u8>) -> String {
    let env = applied();
    let bytes = damage(env.read(STATE));
    fs::write(env.path(STATE), &bytes).expect("a file");
    // What is kept from earlier runs must not hide the damage.
    let planned = harmless(&env, ["plan", "net"]);
    let output = harmless(&env, ["apply", "net", "-y"]);
    assert_eq!((planned.code, planned.stderr), (output.code, output.stderr.clone()));
    env.redacted(&output)
}

#[test]
fn a_truncated_state_is_not_taken_for_a_smaller_one() {
    assert_snapshot!(unreadable(|text| text.split("\"objects\"").next().unwrap_or_default().into()), @r#"
    exit 1
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/net/state.json is damaged: EOF while parsing a value at line 23 column 2
      hint: nothing was touched; `stackr state repair net` goes back to the last good state (if the file was edited by hand on purpose, remove its `checksum` line)
    "#);
}

#[test]
fn an_empty_state_file_is_not_taken_for_an_empty_state() {
    assert_snapshot!(unreadable(|_| Vec::new()), @r#"
    exit 1
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/net/state.json is damaged: it is empty
      hint: nothing was touched; `stackr state repair net` goes back to the last good state (if the file was edited by hand on purpose, remove its `checksum` line)
    "#);
}

#[test]
fn a_flipped_bit_is_noticed() {
    // One that leaves good JSON: the address of a VPC.
    assert_snapshot!(unreadable(|text| text.replace("10.0.0.0/16", "10.0.0.0/17").into_bytes()), @r#"
    exit 1
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/net/state.json is damaged: its content does not have the checksum that it states
      hint: nothing was touched; `stackr state repair net` goes back to the last good state (if the file was edited by hand on purpose, remove its `checksum` line)
    "#);
}

#[test]
fn a_state_of_a_newer_version_is_left_alone() {
    assert_snapshot!(unreadable(|text| text.replace("\"version\": 1", "\"version\": 99").into_bytes()), @r"
    exit 1
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/net/state.json has format version 99; this stackr reads versions up to 1
      hint: nothing was touched; upgrade stackr
    ");
}

#[test]
fn a_state_of_terraform_is_refused_and_left_alone() {
    let terraform =
        r#"{"version":4,"terraform_version":"1.9.0","serial":3,"lineage":"x","outputs":{},"resources":[]}"#;
    assert_snapshot!(unreadable(|_| terraform.into()), @r"
    exit 6
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/net/state.json holds a Terraform state (version 4, serial 3, written by terraform 1.9.0)
      hint: nothing was touched; give stackr another key, or another path
    ");
}

#[test]
fn the_state_of_another_stack_is_refused() {
    let env = applied();
    env.write("stacks/other/main.tf", NET);
    fs::create_dir_all(env.path("state/default/other")).expect("a directory");
    fs::copy(env.path(STATE), env.path("state/default/other/state.json")).expect("a file");
    let before = state(&env, "other");
    let output = env.stackr(["apply", "other", "-y"]);
    assert_eq!(state(&env, "other"), before);
    assert_snapshot!(env.redacted(&output), @r"
    exit 6
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/other/state.json belongs to stack net (default), not to other (default)
      hint: nothing was touched; two stacks must not share one key
    ");
}

#[test]
fn a_state_of_another_region_is_refused() {
    let env = applied().with("AWS_REGION", "eu-central-1");
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 6
    --- stdout
    --- stderr
    error: the state of net (default) was recorded for account 123456789012, us-west-2, and this is account 123456789012, eu-central-1
      hint: use the credentials and region of this environment, or another environment
    ");
    assert_eq!(env.expect(6, ["destroy", "net", "-y"]).stdout, "");
}
