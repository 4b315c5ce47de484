//! What Terraform has made is taken over from its state, and then there is nothing to do.
//!
//! Where Terraform or its provider is not there, the test says so and passes; see `parity.rs`.

#[path = "support/copy.rs"]
mod copy;

use std::{
    fs,
    path::{Path, PathBuf},
};

use copy::copy;
use stackr_local::{Emulator, Options};
use stackr_testkit::{Terraform, TestEnvironment, emulator, inventory};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");
const REGION: &str = "us-west-2";
const STACKS: [&str; 2] = ["base", "runtime"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Puts a file into a bucket of the emulator.
fn upload(emulator: &Emulator, file: &Path) {
    let script = format!(
        "import boto3; s3 = boto3.client('s3', region_name='us-east-1'); s3.create_bucket(Bucket='their-state'); \
         s3.upload_file('{}', 'their-state', 'runtime/terraform.tfstate')",
        file.display()
    );
    let output = emulator.python().args(["-c", &script]).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn there(env: &TestEnvironment, stack: &str) -> bool {
    env.path(&format!("state/dev/{stack}/state.json")).exists()
}

#[test]
fn what_terraform_has_made_is_taken_over_and_left_as_it_is() {
    let env = stackr_testkit::environment!();
    let terraform = match Terraform::find(env.path("terraform")) {
        Ok(terraform) => terraform,
        Err(why) => return println!("skipped: {why}"),
    };
    let aws = emulator(TMP, Options::default());
    let env = env.with_aws(&aws);
    let terraform = terraform.with_aws(&aws).with("TF_WORKSPACE", "dev");
    for part in ["stacks", "env", "stackr.toml"] {
        env.copy(repository().join(part));
        copy(&repository().join(part), &terraform.root().join(part));
    }
    for stack in STACKS {
        let directory = format!("stacks/{stack}");
        if let Err(why) = terraform.init(&directory) {
            return println!("skipped: {why}");
        }
        let apply = ["apply", "-no-color", "-auto-approve", "-var-file=../../env/dev.tfvars"];
        terraform.expect(0, &directory, &apply);
    }
    let state = |stack: &str| {
        terraform.root().join(format!("stacks/{stack}/terraform.tfstate.d/dev/terraform.tfstate"))
    };
    upload(&aws, &state("runtime"));
    let before = inventory(&aws, REGION);

    for stack in STACKS {
        let theirs = state(stack);
        let bytes = fs::read(&theirs).expect("Terraform has written its state");
        let from = if stack == "runtime" {
            "s3://their-state/runtime/terraform.tfstate".to_owned()
        } else {
            theirs.to_string_lossy().into_owned()
        };
        let dry = env.expect(0, ["migrate", stack, "--from", &from, "--dry-run"]);
        assert!(dry.stdout.contains("would be taken over") && !there(&env, stack), "{}", dry.stdout);
        let done = env.expect(0, ["migrate", stack, "--from", &from]);
        assert!(done.stdout.contains(", 0 left."), "{}", done.stdout);
        assert_eq!(fs::read(&theirs).expect("it is there"), bytes, "the source is only read");

        // Nothing to do, whatever the recorded state says of itself.
        let _empty = env.expect(0, ["plan", stack, "--detailed-exitcode"]);
        let again = env.expect(0, ["migrate", stack, "--from", &from]);
        assert!(again.stdout.contains("\n0 objects and 0 outputs taken over"), "{}", again.stdout);
        assert!(again.stdout.contains(", 0 left."), "{}", again.stdout);
        // What is brought up to date in the record is no change either.
        let _applied = env.expect(0, ["apply", stack, "-y"]);
        let _empty = env.expect(0, ["plan", stack, "--detailed-exitcode"]);
    }
    assert_eq!(inventory(&aws, REGION), before, "nothing was changed in AWS");

    // What was taken over is ours: it can be removed.
    for stack in STACKS.iter().rev() {
        let _gone = env.expect(0, ["destroy", stack, "-y"]);
    }
}
