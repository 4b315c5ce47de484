//! The testkit's own emulators.

use stackr_local::Options;
use stackr_testkit::{TestEnvironment, emulator, inventory};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// Makes something in the emulator, as a script of a test would.
const CREATE_VPC: &str = "import boto3; boto3.client('ec2', 'us-west-2').create_vpc(CidrBlock='10.0.0.0/16')";

#[test]
fn two_emulators_with_the_same_in_them_have_one_inventory() {
    let emulators = [emulator(TMP, Options::default()), emulator(TMP, Options::default())];
    let empty = inventory(&emulators[0], "us-west-2");
    for emulator in &emulators {
        assert!(emulator.python().args(["-c", CREATE_VPC]).status().expect("Python runs").success());
    }
    let [first, second] = emulators.map(|emulator| inventory(&emulator, "us-west-2"));
    assert_eq!(first, second);
    assert_ne!(first, empty);
}

#[test]
fn the_environment_has_the_installation_that_all_tests_share() {
    let env = TestEnvironment::new("sh", TMP).with_local_aws();
    let output = env.expect(0, ["-c", "ls $XDG_CACHE_HOME/stackr/local/*/complete.json"]);
    assert_eq!(output.stdout.lines().count(), 1, "{}", output.stdout);
}
