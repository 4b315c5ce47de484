//! stackr and Terraform, applied to the same directories on two fresh emulators, leave the same objects.
//!
//! Where Terraform or its provider is not there, the test says so and passes: `TF_PLUGIN_MIRROR` names a filesystem
//! mirror with hashicorp/aws, without which Terraform looks where it always does.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use similar::TextDiff;
use stackr_local::{Emulator, Options};
use stackr_testkit::{emulator, inventory};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");
const REGION: &str = "us-west-2";
const ENVIRONMENT: &str = "dev";
const STACKS: [&str; 2] = ["base", "runtime"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The real Terraform in a copy of the stacks.
struct Terraform {
    work: PathBuf,
}

impl Terraform {
    /// Terraform, with its provider; otherwise why it cannot be used.
    fn prepare(work: PathBuf) -> Result<Self, String> {
        let version = Command::new("terraform").arg("version").output();
        if !version.is_ok_and(|version| version.status.success()) {
            return Err("terraform is not installed".to_owned());
        }
        let terraform = Self { work };
        let prepared = terraform.script("prepare", &[]);
        assert!(prepared.0, "{}", prepared.1);
        match terraform.script("init", &STACKS) {
            (true, _) => Ok(terraform),
            (false, said) => Err(format!("terraform has no provider (see TF_PLUGIN_MIRROR)\n{said}")),
        }
    }

    fn run(&self, action: &str, stack: &str, emulator: &Emulator) {
        let (done, said) = self.script(action, &[stack, ENVIRONMENT, &emulator.endpoint()]);
        assert!(done, "terraform.sh {action} {stack}\n{said}");
    }

    fn script(&self, action: &str, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(repository().join("tests/parity/terraform.sh"));
        command.arg(action).arg(&self.work).args(arguments).stdin(Stdio::null());
        let output = command.output().expect("the script runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }
}

/// What differs in two inventories, with where it is.
fn difference(stackr: &Value, terraform: &Value) -> String {
    let (mut left, mut right) = (String::new(), String::new());
    flatten(stackr, "", &mut left);
    flatten(terraform, "", &mut right);
    let diff = TextDiff::from_lines(&left, &right);
    diff.unified_diff().context_radius(1).header("stackr", "Terraform").to_string()
}

/// One line per value, with the way to it.
fn flatten(value: &Value, at: &str, into: &mut String) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                flatten(field, &format!("{at}.{name}"), into);
            }
        }
        // A list is a set: what it has is told apart by what is in it, not by its place.
        Value::Array(items) => {
            for item in items {
                let name =
                    ["Name", "GroupName", "LoadBalancerName", "TargetGroupName", "name", "serviceName"];
                let name = name.iter().find_map(|key| item.get(key).or_else(|| item["Tags"].get(key)));
                let name = name.and_then(Value::as_str).unwrap_or_default();
                flatten(item, &format!("{at}[{name}]"), into);
            }
        }
        other => writeln!(into, "{at} = {other}").expect("a string takes it"),
    }
}

#[test]
fn stackr_and_terraform_leave_the_same_objects() {
    let (ours, theirs) = (emulator(TMP, Options::default()), emulator(TMP, Options::default()));
    let env = stackr_testkit::environment!().with_aws(&ours);
    let terraform = match Terraform::prepare(env.path("terraform")) {
        Ok(terraform) => terraform,
        Err(why) => return println!("skipped: {why}"),
    };
    for part in ["stacks", "env", "stackr.toml"] {
        env.copy(repository().join(part));
    }

    let mut differences = Vec::new();
    let mut compare = |when: &str| {
        let (ours, theirs) = (inventory(&ours, REGION), inventory(&theirs, REGION));
        if ours != theirs {
            differences.push(format!("after {when}:\n{}", difference(&ours, &theirs)));
        }
    };
    for stack in STACKS {
        let _done = env.expect(0, ["--env", ENVIRONMENT, "apply", stack, "-y"]);
        terraform.run("apply", stack, &theirs);
        compare(&format!("apply {stack}"));
    }
    for stack in STACKS.iter().rev() {
        let _done = env.expect(0, ["--env", ENVIRONMENT, "destroy", stack, "-y"]);
        terraform.run("destroy", stack, &theirs);
        compare(&format!("destroy {stack}"));
    }
    assert!(
        differences.is_empty(),
        "stackr and Terraform left different objects\n{}",
        differences.join("\n")
    );
}
