//! stackr's schemas against the AWS provider's own: every field exists there with the same type and nesting, and what
//! `stackr explain` says the provider has beyond is the truth.
//!
//! Where Terraform or its provider is not there, the test says so and passes (see `TF_PLUGIN_MIRROR` in `parity.rs`).
//! `INSTA_UPDATE=always`, as `just gen` sets it, writes what is generated from the schemas: the lists of what is lacking and of
//! timeouts, and `docs/attributes.md`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What the provider is asked for its schema with.
const MAIN: &str = r#"
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}
"#;

fn terraform(dir: &Path, arguments: &[&str]) -> Option<Output> {
    let settings = dir.join("terraform.rc");
    let mut command = Command::new("terraform");
    command.args(arguments).current_dir(dir).env("TF_CLI_CONFIG_FILE", settings);
    command.output().ok().filter(|output| output.status.success())
}

/// The provider's schema as a file, if it can be had.
#[expect(clippy::disallowed_methods, reason = "where the provider is, only the environment can say")]
fn provider_schema(dir: &Path) -> Option<PathBuf> {
    fs::create_dir_all(dir).ok()?;
    fs::write(dir.join("main.tf"), MAIN).ok()?;
    let mirror = std::env::var("TF_PLUGIN_MIRROR").map(|root| {
        format!("provider_installation {{\n  filesystem_mirror {{\n    path = {root:?}\n  }}\n}}\n")
    });
    fs::write(dir.join("terraform.rc"), mirror.unwrap_or_default()).ok()?;
    terraform(dir, &["init", "-no-color"])?;
    let schema = dir.join("schema.json");
    fs::write(&schema, terraform(dir, &["providers", "schema", "-json"])?.stdout).ok()?;
    Some(schema)
}

#[test]
fn every_field_is_the_providers_own_and_what_is_lacking_is_listed() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schema");
    let Some(schema) = provider_schema(&dir) else {
        eprintln!("skipped: terraform or its AWS provider is not installed");
        return;
    };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let generated =
        ["crates/stackr-cli/src/lacking.txt", "crates/stackr-aws/src/timeouts.txt", "docs/attributes.md"]
            .map(|path| repository.join(path));
    let fresh = ["lacking.txt", "timeouts.txt", "attributes.md"].map(|name| dir.join(name));
    let output = Command::new("python3")
        .arg(repository.join("tests/parity/schema.py"))
        .args([Path::new(env!("CARGO_BIN_EXE_stackr")), &schema])
        .args([Path::new("--lacking"), &fresh[0], Path::new("--timeouts"), &fresh[1]])
        .args([Path::new("--page"), &fresh[2]])
        .output()
        .expect("python3 runs");
    let told = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&told));
    for (known, fresh) in generated.iter().zip(&fresh) {
        let found = fs::read_to_string(fresh).expect("it was written");
        if is_update() {
            fs::write(known, found).expect("it can be written");
        } else {
            let known_text = fs::read_to_string(known).unwrap_or_default();
            assert_eq!(found, known_text, "{} is out of date: `just gen` writes it", known.display());
        }
    }
}

/// Whether what is generated is to be accepted as it is now.
#[expect(clippy::disallowed_methods, reason = "the switch is that of the snapshots")]
fn is_update() -> bool {
    std::env::var("INSTA_UPDATE").is_ok_and(|mode| mode == "always")
}
