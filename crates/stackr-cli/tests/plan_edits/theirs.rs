//! Terraform's plans.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::Value;
use stackr_local::Emulator;

use crate::{
    edit::{Base, Edit},
    facts::{Facts, is_empty, paths},
};

/// Variables of the caller's that are not about the emulator.
const ALIEN: [&str; 5] =
    ["AWS_CA_BUNDLE", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN"];

/// Terraform in a directory with the sources of a base, on an emulator.
pub(crate) struct Terraform {
    directory: PathBuf,
    environment: Vec<(&'static str, String)>,
    _provider: Option<Provider>,
}

/// A provider that stays for many runs of Terraform: starting it is most of what a plan costs.
struct Provider {
    process: Child,
    /// Held open: the provider ends when it cannot write.
    _output: BufReader<ChildStdout>,
}

impl Provider {
    /// Starts the provider that `terraform init` has found, and says what Terraform finds it by.
    fn start(directory: &Path, environment: &[(&'static str, String)]) -> Option<(Self, String)> {
        let program = find(&directory.join(".terraform/providers"), "terraform-provider-aws")?;
        let mut command = Command::new(program);
        command.arg("-debug").envs(environment.iter().map(|(name, value)| (name, value)));
        ALIEN.iter().fold(&mut command, |command, name| command.env_remove(name));
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
    #[expect(clippy::disallowed_methods, reason = "where the provider is, only the environment can say")]
    pub(crate) fn init(base: &Base, directory: &Path, emulator: &Emulator) -> Result<Self, String> {
        let mirror = std::env::var("TF_PLUGIN_MIRROR").map(|root| {
            format!("provider_installation {{\n  filesystem_mirror {{\n    path = {root:?}\n  }}\n}}\n")
        });
        let settings = format!("disable_checkpoint = true\n{}", mirror.unwrap_or_default());
        let file = directory.join("terraform.rc");
        fs::write(&file, settings).expect("a file");
        base.write(directory, None);

        let mut environment = emulator.environment().to_vec();
        environment.push(("TF_CLI_CONFIG_FILE", file.to_string_lossy().into_owned()));
        environment.push(("TF_IN_AUTOMATION", "1".to_owned()));
        environment.push(("AWS_EC2_METADATA_DISABLED", "true".to_owned()));
        let mut terraform = Self { directory: directory.to_owned(), environment, _provider: None };
        let version = terraform.command().arg("version").output();
        if !version.is_ok_and(|version| version.status.success()) {
            return Err("terraform is not installed".to_owned());
        }
        let init = terraform.run(&["init", "-input=false", "-no-color"]);
        if !init.status.success() {
            let said = String::from_utf8_lossy(&init.stderr).into_owned();
            return Err(format!("terraform has no provider (see TF_PLUGIN_MIRROR)\n{said}"));
        }
        // One process has one configuration.
        if !base.several_providers {
            let (provider, found) =
                Provider::start(directory, &terraform.environment).expect("the provider starts");
            terraform._provider = Some(provider);
            terraform.environment.push(("TF_REATTACH_PROVIDERS", found));
        }
        Ok(terraform)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("terraform");
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        command.current_dir(&self.directory).envs(environment).stdin(Stdio::null());
        ALIEN.iter().fold(&mut command, |command, name| command.env_remove(name));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("terraform runs")
    }

    /// Makes the base.
    pub(crate) fn apply(&self) {
        let output = self.run(&["apply", "-auto-approve", "-input=false", "-no-color"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The facts of the plan of an edit.
    pub(crate) fn plan(&self, base: &Base, edit: &Edit) -> Facts {
        base.write(&self.directory, Some(edit));
        let mut command = self.command();
        command.args(["plan", "-input=false", "-no-color", "-out=plan"]);
        for (name, value) in &edit.vars {
            command.arg(format!("-var={name}={value}"));
        }
        command.args(edit.flags.iter().map(|flag| format!("-{flag}")));
        if base.has_modules() {
            // A module that is renamed or new is not installed yet.
            let get = self.run(&["get", "-no-color"]);
            assert!(get.status.success(), "{}: {}", edit.name, String::from_utf8_lossy(&get.stderr));
        }
        let output = command.output().expect("terraform runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if let Some(word) = &edit.refused {
            assert!(!output.status.success() && said.contains(word), "{}: not refused\n{said}", edit.name);
            return Facts::from(["refused".to_owned()]);
        }
        assert!(output.status.success(), "{}\n{said}", edit.name);
        let shown = self.run(&["show", "-json", "plan"]);
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
        facts(&serde_json::from_slice(&shown.stdout).expect("the plan is JSON"))
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
