//! Terraform's plans.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;
use stackr_local::Emulator;

use crate::{
    edit::{Base, Edit},
    facts::{Facts, is_empty, paths},
};

/// Where the sources are: the root of Terraform's directories.
const HERE: &str = ".";

/// Terraform in a directory with the sources of a base, on an emulator.
pub(crate) struct Terraform {
    terraform: stackr_testkit::Terraform,
    _provider: Option<Provider>,
}

/// A provider that stays for many runs of Terraform: starting it is most of what a plan costs.
struct Provider {
    process: Child,
    /// Held open: the provider ends when it cannot write.
    _output: BufReader<ChildStdout>,
}

impl Provider {
    /// Starts the provider that Terraform would, and says what Terraform finds it by.
    fn start(terraform: &stackr_testkit::Terraform, emulator: &Emulator) -> Option<(Self, String)> {
        let installed = terraform.root().join(".terraform/providers");
        let program = find(terraform.provider().unwrap_or(&installed), "terraform-provider-aws")?;
        let mut command = Command::new(program);
        command.arg("-debug").env_clear().env("HOME", terraform.root()).envs(emulator.environment());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().ok()?;
        let mut output = BufReader::new(process.stdout.take()?);
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) {
            let found = line.trim().strip_prefix("TF_REATTACH_PROVIDERS='");
            if let Some(found) = found.map(|found| found.trim_end_matches('\'').to_owned()) {
                return Some((Self { process, _output: output }, found));
            }
            line.clear();
        }
        None
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

/// A file under a directory, links followed, whose name begins so.
fn find(directory: &Path, prefix: &str) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = fs::read_dir(directory).ok()?.filter_map(|e| Some(e.ok()?.path())).collect();
    let named = |path: &&PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(prefix));
    let file = entries.iter().find(|path| path.is_file() && named(path)).cloned();
    file.or_else(|| entries.iter().filter(|path| path.is_dir()).find_map(|path| find(path, prefix)))
}

impl Terraform {
    /// Terraform, with its provider; otherwise why it cannot be used.
    pub(crate) fn init(base: &Base, directory: &Path, emulator: &Emulator) -> Result<Self, String> {
        let mut terraform = stackr_testkit::Terraform::find(directory)?.with_aws(emulator);
        base.write(directory, None);
        terraform.init(HERE)?;
        let mut kept = None;
        // One process has one configuration.
        if !base.several_providers {
            let (provider, found) = Provider::start(&terraform, emulator).expect("the provider starts");
            terraform = terraform.with("TF_REATTACH_PROVIDERS", found);
            kept = Some(provider);
        }
        Ok(Self { terraform, _provider: kept })
    }

    /// Makes the base.
    pub(crate) fn apply(&self) {
        self.terraform.expect(0, HERE, &["apply", "-auto-approve", "-no-color"]);
    }

    /// The facts of the plan of an edit.
    pub(crate) fn plan(&self, base: &Base, edit: &Edit) -> Facts {
        base.write(self.terraform.root(), Some(edit));
        if base.has_modules() {
            // A module that is renamed or new is not installed yet.
            self.terraform.init(HERE).unwrap_or_else(|why| panic!("{}: {why}", edit.name));
        }
        let vars = edit.vars.iter().map(|(name, value)| format!("-var={name}={value}"));
        let arguments: Vec<_> = vars.chain(edit.flags.iter().map(|flag| format!("-{flag}"))).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let Some(word) = &edit.refused else { return facts(&self.terraform.plan(HERE, &arguments)) };
        let output = self.terraform.run(HERE, &[&["plan", "-no-color"], &arguments[..]].concat());
        let said = output.stderr;
        assert!(output.code != 0 && said.contains(word), "{}: not refused\n{said}", edit.name);
        Facts::from(["refused".to_owned()])
    }
}

/// The facts of a plan as `terraform show -json` gives it.
fn facts(plan: &Value) -> Facts {
    let mut facts = Facts::new();
    for entry in array(&plan["resource_changes"]) {
        let address = entry["address"].as_str().expect("it has an address");
        if let Some(action) = action(&entry["change"]["actions"]) {
            facts.insert(format!("{address} {action}"));
            if action != "delete" {
                change(address, &action, &entry["change"], &mut facts);
            }
        }
        if let Some(previous) = entry["previous_address"].as_str() {
            facts.insert(format!("{address} was {previous}"));
        }
    }
    for (name, entry) in plan["output_changes"].as_object().into_iter().flatten() {
        if let Some(action) = action(&entry["actions"]) {
            facts.insert(format!("output.{name} {action}"));
            for path in paths(&entry["after_unknown"], &|v| v == true) {
                facts.insert(format!("output.{name} unknown {path}").trim_end().to_owned());
            }
            if entry["after_sensitive"] == true {
                facts.insert(format!("output.{name} secret"));
            }
        }
    }
    facts
}

fn change(address: &str, action: &str, change: &Value, facts: &mut Facts) {
    let unknown = paths(&change["after_unknown"], &|v| v == true);
    if action != "create" && action != "read" {
        let parts = |side: &str| change[side].as_object().cloned().unwrap_or_default();
        let (before, after) = (parts("before"), parts("after"));
        for name in before.keys().chain(after.keys()) {
            let opened = unknown
                .iter()
                .any(|path| path.starts_with(&format!("{name}.")) || path.starts_with(&format!("{name}[")));
            let (old, new) =
                (before.get(name).unwrap_or(&Value::Null), after.get(name).unwrap_or(&Value::Null));
            let same = old == new || (is_empty(old) && is_empty(new));
            if opened || (!same && !unknown.contains(name)) {
                facts.insert(format!("{address} changes {name}"));
            }
        }
    }
    for path in array(&change["replace_paths"]) {
        facts.insert(format!("{address} forces {}", path[0].as_str().unwrap_or_default()));
    }
    facts.extend(unknown.iter().map(|path| format!("{address} unknown {path}")));
    let secret = paths(&change["after_sensitive"], &|v| v == true);
    facts.extend(secret.iter().map(|path| format!("{address} secret {path}")));
}

/// The actions in a word; none for what stays.
fn action(actions: &Value) -> Option<String> {
    let words: Vec<_> = array(actions).iter().filter_map(Value::as_str).collect();
    match words.as_slice() {
        ["no-op"] => None,
        ["delete", "create"] => Some("replace".to_owned()),
        ["create", "delete"] => Some("replace (create first)".to_owned()),
        words => Some(words.join(", ")),
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
