//! stackr and Terraform, asked for a plan of the same edit, name the same objects with the same actions: the attributes
//! that change, that force a replacement, that stay unknown and that are secret are the same.
//!
//! `tests/parity/edits/` has a directory per base: `.tf` files that are applied once, and `edits.toml` with edits that
//! are only planned. `terraform.txt` there is what Terraform says of them, a fact per line. So each base has two tests:
//! what stackr says agrees with what is written down, and what is written down is what Terraform says. The second is
//! skipped where Terraform or its provider is not there (see `TF_PLUGIN_MIRROR` in `parity.rs`).
//!
//! Where stackr means to differ, the edit lists every fact that only one of the two has, and why.

#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use stackr_local::{Emulator, Options};

use crate::{edit::Base, facts::Facts, ours::Stackr, theirs::Terraform};

#[path = "plan_edits/edit.rs"]
mod edit;
#[path = "plan_edits/facts.rs"]
mod facts;
#[path = "plan_edits/ours.rs"]
mod ours;
#[path = "plan_edits/theirs.rs"]
mod theirs;

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

fn edits() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/edits")
}

fn emulator() -> Emulator {
    stackr_testkit::emulator(TMP, Options::default())
}

/// Changes what a base has made, behind the back of the tool that made it.
fn drift(emulator: &Emulator, name: &str) {
    let output = emulator.python().arg(edits().join("drift.py")).arg(name).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Holds stackr's plans of a base's edits against what is written down of Terraform's.
fn stackr_plans(name: &str) {
    let base = Base::load(&edits().join(name));
    let written = fs::read_to_string(base.directory.join("terraform.txt")).unwrap_or_default();
    let written = facts::parse(&written);
    let emulator = emulator();
    let stackr = Stackr::apply(&base, &emulator);
    let patterns: BTreeSet<String> = base.differs.iter().flat_map(edit::Differs::lines).collect();
    let mut used = BTreeSet::new();
    let mut wrong = String::new();
    for edit in &base.edits {
        if let Some(change) = &edit.drift {
            drift(&emulator, change);
        }
        let Some((facts, schemas)) = stackr.plan(&base, edit) else { continue };
        let terraform =
            written.get(&edit.name).unwrap_or_else(|| panic!("terraform.txt lacks {:?}", edit.name));
        let mut found = facts::differences(&facts, &schemas.known_of(terraform));
        found.retain(|line| {
            let pattern = patterns.iter().find(|pattern| edit::fits(pattern, line));
            used.extend(pattern);
            pattern.is_none()
        });
        let listed: BTreeSet<String> = edit.differs.iter().flat_map(edit::Differs::lines).collect();
        let unlisted = found.difference(&listed).map(|line| format!("  {line}\n"));
        let gone = listed.difference(&found).map(|line| format!("  no longer so: {line}\n"));
        let lines: String = unlisted.chain(gone).collect();
        if !lines.is_empty() {
            write!(wrong, "\n{}\n{lines}", edit.name).expect("a string takes it");
        }
    }
    for pattern in patterns.iter().filter(|pattern| !used.contains(pattern)) {
        writeln!(wrong, "\nin no edit: {pattern}").expect("a string takes it");
    }
    assert!(wrong.is_empty(), "stackr and Terraform plan {name} differently\n{wrong}");
}

/// Holds what is written down of Terraform's plans against Terraform.
fn terraform_plans(name: &str) {
    let base = Base::load(&edits().join(name));
    let work = tempfile::tempdir().expect("a directory");
    let emulator = emulator();
    let terraform = match Terraform::init(&base, work.path(), &emulator) {
        Ok(terraform) => terraform,
        Err(why) => return println!("skipped: {why}"),
    };
    terraform.apply();
    let plans: Vec<(String, Facts)> = base
        .edits
        .iter()
        .map(|edit| {
            if let Some(change) = &edit.drift {
                drift(&emulator, change);
            }
            (edit.name.clone(), terraform.plan(&base, edit))
        })
        .collect();
    let said = facts::render(&plans);
    let written = fs::read_to_string(base.directory.join("terraform.txt")).unwrap_or_default();
    if said != written {
        let new = Path::new(TMP).join(format!("{name}-terraform.txt"));
        fs::write(&new, &said).expect("a file");
        let diff = similar::TextDiff::from_lines(&written, &said);
        let diff = diff.unified_diff().header("terraform.txt", "Terraform").to_string();
        panic!(
            "Terraform plans {name} otherwise than is written down; {} is what it says\n{diff}",
            new.display()
        );
    }
}

macro_rules! bases {
    ($($base:ident)*) => {
        mod stackr_plans {
            $(#[test] fn $base() { super::stackr_plans(stringify!($base)); })*
        }

        mod terraform_plans {
            $(#[test] fn $base() { super::terraform_plans(stringify!($base)); })*
        }
    };
}

bases! { network language providers stores balancer containers dns }
