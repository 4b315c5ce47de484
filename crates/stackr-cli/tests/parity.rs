//! stackr and Terraform, applied to the same directories on two fresh emulators, leave the same objects.
//!
//! A test per directory of `tests/parity/cases`, and one per environment of the reference system. Where Terraform or its
//! provider is not there, a test says so and passes (see [`Terraform::find`]).

#![expect(clippy::print_stdout, reason = "what is skipped is said")]

#[path = "support/comparison.rs"]
mod comparison;
#[path = "support/copy.rs"]
mod copy;

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
};

use comparison::{lines, without_known};
use serde_json::{Value, json};
use stackr_local::{Emulator, Options};
use stackr_testkit::{Case, Settings, Terraform, TestEnvironment, emulator, inventory_with, values};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// A test per directory of `tests/parity/cases`.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            case(stringify!($name));
        })*

        #[test]
        fn every_directory_is_a_test() {
            assert_eq!(Case::names(), [$(stringify!($name)),*]);
        }
    };
}

cases! {
    buckets,
    certificates,
    cloud_map,
    conditionals,
    count_to_for_each,
    create_before_destroy,
    data_sources,
    default_tags,
    dynamic_blocks,
    endpoints,
    functions,
    iam_documents,
    json_and_overrides,
    json_single_block,
    listener_rules,
    log_groups,
    modules_for_each,
    nat_gateways,
    object_variables,
    outputs,
    records,
    regions_by_alias,
    registries,
    routes_inline,
    routes_separate,
    security_groups_inline,
    security_groups_separate,
    services,
    task_definitions,
    timeouts,
    vendored_module,
    vpc_module_external,
    vpc_module_simple,
    vpc_module_zones,
    weighted_forward,
}

#[test]
fn reference_system_dev() {
    reference("dev");
}

#[test]
fn reference_system_staging() {
    reference("staging");
}

#[test]
fn reference_system_prod() {
    reference("prod");
}

fn case(name: &str) {
    let case = Case::load(name);
    if let Some(why) = &case.settings.pending {
        return println!("skipped: {why}");
    }
    let settings = case.settings.clone();
    let Some(pair) = Pair::new(name, settings, None) else { return };
    let directory = case.directory();
    for version in case.versions() {
        for place in [pair.env.project(), pair.terraform.root().to_owned()] {
            case.put(&version, &place);
        }
        pair.terraform.init(&directory).unwrap_or_else(|why| panic!("{why}"));
        pair.apply(&directory, &version);
    }
    pair.destroy(&directory);
    pair.end();
}

fn reference(environment: &'static str) {
    let Some(pair) = Pair::new("reference", Settings::default(), Some(environment)) else { return };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for part in ["stacks", "env", "stackr.toml"] {
        pair.env.copy(repository.join(part));
        copy::copy(&repository.join(part), &pair.terraform.root().join(part));
    }
    for stack in ["base", "runtime"] {
        pair.terraform.init(&format!("stacks/{stack}")).unwrap_or_else(|why| panic!("{why}"));
        pair.apply(&format!("stacks/{stack}"), "");
    }
    pair.destroy("stacks/runtime");
    if environment == "prod" {
        pair.unprotect();
    }
    pair.destroy("stacks/base");
    pair.end();
}

/// Emulators that are empty again, for the next test.
static EMULATORS: Mutex<Vec<Emulator>> = Mutex::new(Vec::new());

/// An empty emulator. They start one after the other: ten at once would be too slow for each other's patience.
fn fresh() -> Emulator {
    static STARTS: Mutex<()> = Mutex::new(());
    let used = EMULATORS.lock().expect("nobody panics with it").pop();
    used.unwrap_or_else(|| {
        let _alone = STARTS.lock().unwrap_or_else(PoisonError::into_inner);
        emulator(TMP, Options::default())
    })
}

/// stackr and Terraform, each with an AWS of its own.
struct Pair {
    env: TestEnvironment,
    terraform: Terraform,
    ours: Emulator,
    theirs: Emulator,
    settings: Settings,
    /// The environment, in the words of the reference system: its file of values and its workspace.
    environment: Option<&'static str>,
    /// What is there before anything is made.
    empty: Value,
    differences: Mutex<Vec<String>>,
}

impl Pair {
    /// The pair; nothing, and a word about it, where there is no Terraform.
    fn new(name: &str, settings: Settings, environment: Option<&'static str>) -> Option<Self> {
        let work = Path::new(TMP).join("parity").join(format!("{name}-{}", environment.unwrap_or("default")));
        if work.exists() {
            std::fs::remove_dir_all(&work).expect("what an earlier run left can be removed");
        }
        let terraform = match Terraform::find(work) {
            Ok(terraform) => terraform,
            Err(why) => {
                println!("skipped: {why}");
                return None;
            }
        };
        let (ours, theirs) = (fresh(), fresh());
        let region = settings.regions[0].clone();
        let env = stackr_testkit::environment!().with_aws(&ours).with("AWS_REGION", &region);
        let terraform = terraform.with_aws(&theirs).with("AWS_REGION", &region);
        let terraform = match environment {
            Some(environment) => terraform.with("TF_WORKSPACE", environment),
            None => terraform,
        };
        let differences = Mutex::default();
        let mut pair =
            Self { env, terraform, ours, theirs, settings, environment, empty: Value::Null, differences };
        pair.empty = pair.found(&pair.ours, None);
        Some(pair)
    }

    fn found(&self, emulator: &Emulator, beside: Option<&Value>) -> Value {
        let regions: Vec<_> = self.settings.regions.iter().map(String::as_str).collect();
        inventory_with(emulator, &regions, beside)
    }

    /// Makes what a directory declares with both tools, and compares what is there and what their outputs are.
    fn apply(&self, directory: &str, version: &str) {
        let at = format!("{directory} {version}");
        let (ours, theirs) = thread::scope(|scope| {
            let ours = scope.spawn(|| {
                self.stackr(0, &["apply", directory, "-y"]);
                self.stackr(0, &["plan", directory, "--detailed-exitcode"]);
                let outputs = json!({ "outputs": values(&self.stackr(0, &["output", directory, "--json"])) });
                self.found(&self.ours, Some(&outputs))
            });
            self.terraform(0, directory, &["apply", "-auto-approve"]);
            let changes = if self.settings.terraform_replans.is_some() { 2 } else { 0 };
            self.terraform(changes, directory, &["plan", "-detailed-exitcode"]);
            let outputs = json!({ "outputs": self.terraform.outputs(directory) });
            (ours.join(), self.found(&self.theirs, Some(&outputs)))
        });
        let ours = ours.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        assert_ne!(ours, self.empty, "{at}: there is nothing to compare");
        let different = without_known(version, lines(&ours, &theirs), &self.settings.known);
        if !different.is_empty() {
            let text = format!("{at}:\n{}", different.join("\n"));
            self.differences.lock().expect("nobody panics with it").push(text);
        }
    }

    /// Lets go of what is protected in production. AWS would refuse to delete it, and the emulator would not: stackr says so
    /// before anything is deleted.
    fn unprotect(&self) {
        self.stackr(6, &["destroy", "stacks/base", "-y"]);
        for place in [self.env.project(), self.terraform.root().to_owned()] {
            let path = place.join("env/prod.tfvars");
            let text = fs::read_to_string(&path).expect("variables");
            let (old, new) = ("deletion_protection = true", "deletion_protection = false");
            assert!(text.contains(old), "{text}");
            fs::write(&path, text.replace(old, new)).expect("variables");
        }
        self.apply("stacks/base", "unprotected");
    }

    /// Takes it down with both.
    fn destroy(&self, directory: &str) {
        self.stackr(0, &["destroy", directory, "-y"]);
        self.terraform(0, directory, &["destroy", "-auto-approve"]);
    }

    /// Nothing is left, and nothing was different.
    fn end(self) {
        for (tool, emulator) in [("stackr", &self.ours), ("Terraform", &self.theirs)] {
            let left = lines(&self.empty, &self.found(emulator, None));
            assert!(left.is_empty(), "{tool} left what it made\n{}", left.join("\n"));
        }
        let differences = self.differences.into_inner().expect("nobody panics with it");
        assert!(
            differences.is_empty(),
            "stackr (-) and Terraform (+) are not the same\n{}",
            differences.join("\n")
        );
        for emulator in [self.ours, self.theirs] {
            emulator.reset().expect("the emulator forgets");
            EMULATORS.lock().expect("nobody panics with it").push(emulator);
        }
    }

    fn stackr(&self, code: i32, arguments: &[&str]) -> String {
        let environment = self.environment.map(|name| ["--env", name]);
        let mut command = self.env.command::<0>([]);
        command.args(environment.into_iter().flatten()).args(arguments);
        let output = command.output().expect("stackr starts");
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "stackr {}\n{stdout}\n{stderr}", arguments.join(" "));
        stdout.into_owned()
    }

    fn terraform(&self, code: i32, directory: &str, arguments: &[&str]) {
        let values = self.environment.map(|name| format!("-var-file=../../env/{name}.tfvars"));
        let arguments: Vec<_> = arguments.iter().copied().chain(values.as_deref()).collect();
        let arguments = [&arguments[..1], &["-no-color", "-compact-warnings"], &arguments[1..]].concat();
        self.terraform.expect(code, directory, &arguments);
    }
}
