//! The real Terraform, run in directories of a test's own.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use stackr_local::Emulator;

use crate::{Output, environment::pass_search_path};

/// Terraform with its AWS provider, and the environment it runs in. Directories are relative to [`Terraform::root`].
pub struct Terraform {
    root: PathBuf,
    variables: Vec<(String, String)>,
    /// Where the mirror has the provider, which then need not be installed into each directory.
    provider: Option<PathBuf>,
}

impl Terraform {
    /// Terraform in a directory that the caller owns; otherwise why it cannot be used.
    ///
    /// `TF_PLUGIN_MIRROR` names a filesystem mirror with hashicorp/aws. The provider in it is used in its place, so that
    /// it is neither copied nor checked for every run; without one, `terraform init` gets it from where it always does.
    ///
    /// # Panics
    /// If there is no room for its settings.
    pub fn find(root: impl Into<PathBuf>) -> Result<Self, String> {
        let version = Command::new("terraform").arg("version").output();
        if !version.is_ok_and(|version| version.status.success()) {
            return Err("terraform is not installed".to_owned());
        }
        let root = root.into();
        fs::create_dir_all(&root).expect("a directory");
        let provider = mirror().map(|mirror| {
            installed(&mirror).ok_or_else(|| format!("{} has no hashicorp/aws", mirror.display()))
        });
        let provider = provider.transpose()?;
        let mut settings = "disable_checkpoint = true\n".to_owned();
        if let Some(provider) = &provider {
            write!(settings, "provider_installation {{\n  dev_overrides {{\n    \"hashicorp/aws\" = {provider:?}\n  }}\n}}\n").expect("a string takes it");
        }
        fs::write(root.join("terraform.rc"), settings).expect("a file");
        Ok(Self { root, variables: Vec::new(), provider })
    }

    /// Directs AWS calls to an emulator.
    #[must_use]
    pub fn with_aws(self, emulator: &Emulator) -> Self {
        emulator.environment().into_iter().fold(self, |it, (name, value)| it.with(name, value))
    }

    /// Sets a variable of the environment: `TF_WORKSPACE`, say.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Where its directories are.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of the AWS provider, where a mirror has it.
    #[must_use]
    pub fn provider(&self) -> Option<&Path> {
        self.provider.as_deref()
    }

    /// Installs what a directory refers to: modules, and the provider where there is no mirror. Says why not otherwise.
    pub fn init(&self, directory: &str) -> Result<(), String> {
        let output = match self.provider {
            Some(_) => self.run(directory, &["get", "-no-color"]),
            None => self.run(directory, &["init", "-no-color"]),
        };
        match output.code {
            0 => Ok(()),
            _ => Err(format!("terraform cannot be made ready (see TF_PLUGIN_MIRROR)\n{}", output.stderr)),
        }
    }

    /// The command in one of its directories, to be run in another way.
    #[must_use]
    pub fn command(&self, directory: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .current_dir(self.root.join(directory))
            .env_clear()
            .env("HOME", &self.root)
            .env("TF_CLI_CONFIG_FILE", self.root.join("terraform.rc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .stdin(Stdio::null());
        pass_search_path(&mut command);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it in one of its directories.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn run(&self, directory: &str, arguments: &[&str]) -> Output {
        let output = self.command(directory, arguments).output().expect("terraform starts");
        Output {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Runs it in one of its directories, where it has to end with this exit code.
    ///
    /// # Panics
    /// If it ends with another, with all that it said.
    pub fn expect(&self, code: i32, directory: &str, arguments: &[&str]) -> Output {
        let output = self.run(directory, arguments);
        let Output { stdout, stderr, code: ended } = &output;
        assert_eq!(*ended, code, "terraform {} in {directory}\n{stdout}\n{stderr}", arguments.join(" "));
        output
    }

    /// The outputs of a directory: name → value.
    ///
    /// # Panics
    /// If it has no state.
    #[must_use]
    pub fn outputs(&self, directory: &str) -> Value {
        let output = self.expect(0, directory, &["output", "-json"]);
        values(&output.stdout)
    }

    /// A plan of a directory, as `terraform show -json` gives it. The arguments are those of `terraform plan`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn plan(&self, directory: &str, arguments: &[&str]) -> Value {
        let plan = [&["plan", "-no-color", "-out=parity.tfplan"], arguments].concat();
        let _planned = self.expect(0, directory, &plan);
        let shown = self.expect(0, directory, &["show", "-json", "parity.tfplan"]);
        serde_json::from_str(&shown.stdout).expect("a plan is JSON")
    }
}

/// `{"a": {"value": 1, …}}` as `{"a": 1}`: outputs as Terraform and stackr print them. Those that are null are left out:
/// Terraform does not record them.
///
/// # Panics
/// If it is something else.
#[must_use]
pub fn values(outputs: &str) -> Value {
    let outputs: Value = serde_json::from_str(outputs).expect("outputs are JSON");
    let outputs = outputs.as_object().expect("outputs are an object");
    let values = outputs.iter().map(|(name, output)| (name.clone(), output["value"].clone()));
    values.filter(|(_, value)| !value.is_null()).collect()
}

#[expect(clippy::disallowed_methods, reason = "where the provider is, only the environment can say")]
fn mirror() -> Option<PathBuf> {
    env::var_os("TF_PLUGIN_MIRROR").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The directory of the newest AWS provider of a mirror: `HOST/hashicorp/aws/VERSION/PLATFORM`.
fn installed(mirror: &Path) -> Option<PathBuf> {
    let directories = |path: PathBuf| {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir())
    };
    let providers = directories(mirror.to_owned()).flat_map(|host| directories(host.join("hashicorp/aws")));
    providers.flat_map(directories).max()
}
