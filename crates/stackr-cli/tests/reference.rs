//! The reference system, `stacks/` and `env/`, from nothing to nothing, as a user would have it: through the command.

use std::{path::Path, process::Stdio};

use serde_json::{Value, json};
use stackr_local::{Emulator, Options};
use stackr_testkit::{Output, TestEnvironment};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");
const REGION: &str = "us-west-2";

/// The reference system in an AWS of its own.
struct System {
    emulator: Emulator,
    env: TestEnvironment,
    /// What `--env` and `--state` are in every run.
    environment: &'static str,
    state: &'static str,
}

impl System {
    fn new(environment: &'static str, state: &'static str, ecs_running: u32) -> Self {
        let emulator = stackr_testkit::emulator(TMP, Options { ecs_running, ..Options::default() });
        let env = stackr_testkit::environment!().with_aws(&emulator);
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for part in ["stacks", "env", "stackr.toml"] {
            env.copy(repository.join(part));
        }
        Self { emulator, env, environment, state }
    }

    fn expect<const N: usize>(&self, code: i32, arguments: [&str; N]) -> Output {
        let flags = ["--env", self.environment, "--state", self.state];
        let mut command = self.env.command(flags);
        let output = command.args(arguments).output().expect("stackr starts");
        let output = Output {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        };
        assert_eq!(output.code, code, "stackr {}\n{}", arguments.join(" "), self.env.redacted(&output));
        output
    }

    fn apply(&self, stack: &str) {
        self.expect(0, ["apply", stack, "-y"]);
    }

    fn destroy(&self, stack: &str) {
        self.expect(0, ["destroy", stack, "-y"]);
    }

    /// A plan of the stack finds nothing to do, and says so.
    fn assert_settled(&self, stack: &str) {
        let output = self.expect(0, ["plan", stack, "--detailed-exitcode"]);
        assert!(output.stdout.contains("No changes"), "{}", output.stdout);
    }

    fn inventory(&self) -> Value {
        stackr_testkit::inventory(&self.emulator, REGION)
    }

    /// Everything that has to hold of a system that may be taken down, from `before` and back to it.
    fn up_and_down(&self) {
        let before = self.inventory();
        self.apply("base");
        let base = self.inventory();
        assert_ne!(base, before);
        self.assert_settled("base");

        self.apply("runtime");
        let whole = self.inventory();
        self.assert_settled("base");
        self.assert_settled("runtime");

        let refused = self.expect(6, ["destroy", "base", "-y"]);
        assert!(refused.stderr.contains("runtime"), "{}", refused.stderr);
        assert_eq!(self.inventory(), whole, "a destroy that is refused touches nothing");

        let moved = ["apply", "base", "-y", "--var", "domain_name=moved.durable-code.example"];
        let refused = self.expect(6, moved);
        assert!(refused.stderr.contains("runtime reads"), "{}", refused.stderr);
        assert_eq!(self.inventory(), whole, "what runtime reads is not replaced under its feet");

        self.destroy("runtime");
        assert_eq!(self.inventory(), base, "without runtime, base is as it was");
        self.assert_settled("base");

        self.apply("runtime");
        assert_eq!(self.inventory(), whole, "the second runtime is like the first");
        self.assert_settled("runtime");

        self.destroy("runtime");
        self.destroy("base");
        assert_eq!(self.inventory(), before);
    }
}

#[test]
fn dev_comes_up_and_goes() {
    let system = System::new("dev", "state", 2);
    assert_eq!(system.inventory(), json!({}));
    system.up_and_down();
}

#[test]
fn prod_comes_up_protected_and_with_a_gateway_per_zone() {
    let system = System::new("prod", "state", 3);
    system.apply("all");
    system.assert_settled("base");
    system.assert_settled("runtime");
    let found = system.inventory();
    assert_eq!(found["ec2"]["nat_gateways"].as_array().map(Vec::len), Some(2));
    // The emulator does not refuse to delete what is protected: that it is protected is all that can be seen here.
    let balancer = &found["elbv2"]["load_balancers"][0];
    assert_eq!(balancer["Attributes"]["deletion_protection.enabled"], "true", "{balancer:#}");
    system.destroy("runtime");
}

#[test]
fn staging_comes_and_goes_beside_dev() {
    let system = System::new("dev", "state", 2);
    system.apply("base");
    let dev = system.inventory();
    let staging = System { environment: "staging", ..system };
    staging.apply("all");
    staging.assert_settled("base");
    staging.assert_settled("runtime");
    staging.destroy("all");
    assert_eq!(staging.inventory(), dev);
}

#[test]
fn state_may_be_in_a_bucket() {
    let system = System::new("dev", "s3://reference-state/some/prefix", 2);
    let made = system.expect(0, ["bootstrap", "--region", REGION]);
    assert!(made.stdout.contains("reference-state"), "{}", made.stdout);
    let again = system.expect(0, ["bootstrap", "reference-state", "--region", REGION]);
    assert_ne!(made.stdout, again.stdout);

    system.up_and_down();
    assert!(!system.env.path("state").exists(), "nothing is kept here");
}

#[test]
fn of_two_applies_one_wins_and_the_other_says_who_holds_the_lease() {
    for state in ["state", "s3://reference-state/prefix"] {
        let system = System::new("dev", state, 2);
        system.expect(0, ["bootstrap", "reference-state", "--region", REGION]);
        let flags = ["--env", "dev", "--state", state, "apply", "base", "-y"];
        let started: Vec<_> = (0..2)
            .map(|_| {
                let mut command = system.env.command(flags);
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                command.spawn().expect("stackr starts")
            })
            .collect();
        let mut runs: Vec<_> = started
            .into_iter()
            .map(|child| {
                let process = child.id();
                let output = child.wait_with_output().expect("stackr runs");
                let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
                (output.status.code().unwrap_or(-1), process, stderr)
            })
            .collect();
        runs.sort();
        let [(0, winner, _), (5, _, said)] = &runs[..] else { panic!("{state}: {runs:#?}") };
        assert!(said.contains(&format!("(process {winner})")), "{state}: {said}");
        system.assert_settled("base");
    }
}
