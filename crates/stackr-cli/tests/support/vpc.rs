//! The smallest stack of AWS, as it was applied once for all tests of a file, and a command that must change nothing.

use stackr_testkit::{Output, TestEnvironment};

use crate::{
    state::state,
    support::{done, project},
};

/// The region that most tests share. None of them changes what is there.
pub(crate) const REGION: &str = "us-west-2";

/// Where its sources are.
pub(crate) const MAIN: &str = "stacks/net/main.tf";

/// The stack as it was applied.
pub(crate) const NET: &str = r#"
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

output "vpc_id" {
  value = aws_vpc.main.id
}
"#;

/// A project in which `net` is applied.
pub(crate) fn applied() -> TestEnvironment {
    static APPLIED: std::sync::OnceLock<TestEnvironment> = std::sync::OnceLock::new();
    let first = APPLIED.get_or_init(|| applied_in(REGION));
    let env = project(REGION);
    env.write(MAIN, NET).copy(first.path("state"));
    env
}

/// A project in which `net` is applied in a region of the test's own.
pub(crate) fn applied_in(region: &str) -> TestEnvironment {
    let env = project(region);
    env.write(MAIN, NET);
    done(&env, ["apply", "net", "-y"]);
    env
}

/// What came of a command that must leave state and AWS as they were.
pub(crate) fn harmless<const N: usize>(env: &TestEnvironment, arguments: [&str; N]) -> Output {
    let before = state(env, "net");
    let output = env.stackr(arguments);
    assert_eq!(state(env, "net"), before, "the state has changed\n{}", env.redacted(&output));
    output
}
