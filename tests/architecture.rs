//! The invariants of ARCHITECTURE.md that the shape of the code can show: what each crate must not know.
//!
//! Dependencies are asked of cargo, what sources name is read from their tokens. Each test ends with the list of
//! everything that breaks its sentence.

#[path = "architecture/sources.rs"]
mod sources;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;
use sources::{Source, What};

/// Crates that run futures, or talk to a network.
const RUNTIMES: &str = "async-std futures-executor hyper mio reqwest rustls smol socket2 tokio ureq";

/// Crates that know a terminal or a command line.
const TERMINAL: &str = "anstream anstyle clap colored console crossterm dialoguer indicatif owo-colors termcolor \
                        terminal_size";

/// What the engine takes from the planner: the program, and the functions that do with real values what planning
/// did with partly unknown ones.
const PROGRAM: &str = "Adoption Rename Difference Edge Milestone Program Resolver Seal Shape Step StepId Target Unseal Values Verb \
                       Want conforms differences lacks only_sealed recorded sealed_among sealed_json secret_text \
                       text_remedy value";

/// What the engine's reader takes beside: the planner as one that asks, until it gives the plan.
const QUESTIONS: &str = "Answer Candidate Next Plan Planner Question Request";

fn lists(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|listed| listed == name)
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the package is a directory of the repository").to_owned()
}

/// What `cargo metadata` says of the workspace. A crate that reads it would give others of our crates features that
/// they do not have without it, and the AWS SDK would be built twice.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// Absent for one that is used outside tests and build scripts.
    kind: Option<String>,
}

fn metadata() -> Metadata {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version=1", "--no-deps"]).current_dir(root());
    let output = cargo.output().expect("cargo runs");
    serde_json::from_slice(&output.stdout).expect("cargo knows the workspace")
}

fn package<'a>(metadata: &'a Metadata, name: &str) -> &'a Package {
    metadata.packages.iter().find(|p| p.name == name).expect("the package is in the workspace")
}

/// The direct dependencies of a package outside its tests.
fn direct(package: &Package) -> BTreeSet<&str> {
    let normal = package.dependencies.iter().filter(|d| d.kind.is_none());
    normal.map(|d| d.name.as_str()).collect()
}

/// Every crate that a package is built with outside its tests, as its default features have it.
fn tree(package: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "tree",
        "--locked",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--package",
        package,
    ]);
    let output = cargo.current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn is_aws(name: &str) -> bool {
    name.starts_with("aws-")
}

/// The sources of a crate, without its tests.
fn sources(package: &str) -> Vec<Source> {
    Source::under(&root(), &format!("crates/{package}/src"))
}

/// The names of all crates, those for tests and chores left out.
fn crates() -> Vec<String> {
    let all = metadata();
    let names = all.packages.iter().map(|p| p.name.to_string());
    names
        .filter(|name| {
            let chores =
                ["stackr-bench", "stackr-examples", "stackr-fuzz", "stackr-testkit", "stackr-tests", "xtask"];
            !chores.contains(&name.as_str())
        })
        .collect()
}

/// Where the sources of a crate name what they must not.
fn offences(package: &str, forbidden: impl Fn(&What) -> bool + Copy) -> Vec<String> {
    let sources = sources(package);
    sources.iter().flat_map(|source| source.places(forbidden)).map(|place| place.to_string()).collect()
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}\n", found.join("\n  "));
}

#[test]
fn core_plan_and_lang_need_neither_a_runtime_nor_aws() {
    for package in ["stackr-derive", "stackr-core", "stackr-plan", "stackr-lang"] {
        let heavy = tree(package).into_iter().filter(|n| is_aws(n) || lists(RUNTIMES, n));
        assert_none(&format!("{package} is built with"), &heavy.collect::<Vec<_>>());
    }
}

#[test]
fn core_plan_and_lang_read_no_environment_and_no_network() {
    // Addresses are numbers; only what opens or resolves something is I/O.
    let address = |name: &What| {
        name.path()
            .and_then(|path| path.last())
            .is_some_and(|last| last.ends_with("Addr") || last.ends_with("ParseError"))
    };
    let forbidden = |name: &What| name.within("std::env") || name.within("std::net") && !address(name);
    for package in ["stackr-core", "stackr-plan", "stackr-lang"] {
        assert_none(&format!("{package} reaches outside"), &offences(package, forbidden));
    }
}

#[test]
fn plan_and_lang_touch_no_file_and_start_no_process() {
    let forbidden = |name: &What| {
        ["std::fs", "std::process", "std::thread", "std::io::stdin", "std::io::stdout", "std::io::stderr"]
            .iter()
            .any(|path| name.within(path))
    };
    for package in ["stackr-plan", "stackr-lang"] {
        assert_none(&format!("{package} does I/O"), &offences(package, forbidden));
    }
}

#[test]
fn sources_plans_state_and_types_do_not_read_the_clock() {
    // Counting how long something takes is another matter.
    let forbidden = |name: &What| {
        let clock =
            ["SystemTime", "Timestamp", "Zoned"].iter().any(|clock| name.within(&format!("{clock}::now")));
        clock || name.within("std::time::SystemTime")
    };
    for package in
        ["stackr-core", "stackr-plan", "stackr-lang", "stackr-state", "stackr-aws", "stackr-utility"]
    {
        assert_none(&format!("{package} reads the clock"), &offences(package, forbidden));
    }
}

#[test]
fn no_plan_and_no_state_depends_on_the_order_of_a_hash_table() {
    let forbidden = |name: &What| {
        ["HashMap", "HashSet"].iter().any(|table| name.within(&format!("std::collections::{table}")))
    };
    for package in ["stackr-core", "stackr-plan", "stackr-state"] {
        assert_none(&format!("{package} has"), &offences(package, forbidden));
    }
}

#[test]
fn engine_and_state_name_no_aws_type() {
    let forbidden = |name: &What| name.text().is_some_and(|text| text.starts_with("aws_"));
    for package in ["stackr-engine", "stackr-state"] {
        assert_none(&format!("{package} knows"), &offences(package, forbidden));
    }
}

#[test]
fn engine_and_state_are_built_without_aws() {
    for package in ["stackr-engine", "stackr-state"] {
        let heavy: Vec<_> = tree(package).into_iter().filter(|n| is_aws(n)).collect();
        assert_none(&format!("{package} is built with"), &heavy);
    }
}

#[test]
fn the_types_of_aws_depend_on_core_only() {
    let all = metadata();
    let ours: Vec<_> =
        direct(package(&all, "stackr-aws")).into_iter().filter(|n| n.starts_with("stackr")).collect();
    assert_eq!(ours, ["stackr-core"]);
}

#[test]
fn the_types_without_a_cloud_depend_on_core_only_and_need_no_runtime() {
    let all = metadata();
    let ours: Vec<_> =
        direct(package(&all, "stackr-utility")).into_iter().filter(|n| n.starts_with("stackr")).collect();
    assert_eq!(ours, ["stackr-core"]);
    let heavy: Vec<_> =
        tree("stackr-utility").into_iter().filter(|n| is_aws(n) || lists(RUNTIMES, n)).collect();
    assert_none("stackr-utility is built with", &heavy);
}

#[test]
fn the_types_without_a_cloud_draw_from_their_moment_alone() {
    let system = |name: &What| {
        name.within("getrandom")
            || name.path().and_then(|p| p.last()).is_some_and(|n| {
                ["SysRng", "ThreadRng", "new_v4", "now_v7", "from_os_rng"].contains(&n.as_str())
            })
    };
    assert_none("stackr-utility draws from the system", &offences("stackr-utility", system));
}

#[test]
fn types_do_not_wait() {
    let forbidden = |name: &What| {
        let waits = ["std::thread::sleep", "tokio::time", "futures_timer"];
        waits.iter().any(|path| name.within(path))
            || name.path().and_then(|p| p.last()).is_some_and(|n| n == "sleep")
    };
    for package in ["stackr-aws", "stackr-utility"] {
        assert_none("waiting is the engine's", &offences(package, forbidden));
    }
}

#[test]
fn only_the_command_prints_exits_and_reads_the_environment() {
    let printing = ["dbg", "eprint", "eprintln", "print", "println"];
    let reaching = ["std::env", "std::process::abort", "std::process::exit"];
    let terminal = ["std::io::IsTerminal", "std::io::stderr", "std::io::stdin", "std::io::stdout"];
    let forbidden = |name: &What| match name {
        What::Macro(path) => path.last().is_some_and(|last| printing.contains(&last.as_str())),
        name => reaching.iter().chain(&terminal).any(|path| name.within(path)),
    };
    let found: Vec<_> =
        crates().iter().filter(|n| *n != "stackr-cli").flat_map(|n| offences(n, forbidden)).collect();
    assert_none("only stackr-cli may", &found);
}

#[test]
fn only_the_command_depends_on_terminal_crates() {
    let all = metadata();
    // The testkit has a command of its own, which does not ship.
    let others = all.packages.iter().filter(|p| p.name != "stackr-cli" && p.name != "stackr-testkit");
    let found = others.flat_map(|p| {
        let names = direct(p).into_iter().filter(|n| lists(TERMINAL, n));
        names.map(|n| format!("{} depends on {n}", p.name)).collect::<Vec<_>>()
    });
    assert_none("only stackr-cli may", &found.collect::<Vec<_>>());
}

#[test]
fn nothing_that_ships_depends_on_the_testkit() {
    let all = metadata();
    let found =
        all.packages.iter().filter(|p| direct(p).contains("stackr-testkit")).map(|p| p.name.to_string());
    assert_none("these depend on stackr-testkit", &found.collect::<Vec<_>>());
}

#[test]
fn the_engine_takes_the_program_and_decides_nothing() {
    let mut found = Vec::new();
    for source in sources("stackr-engine") {
        let allowed =
            |item: &str| lists(PROGRAM, item) || source.module() == "reader" && lists(QUESTIONS, item);
        let deciding = |name: &What| {
            let item = name.path().filter(|path| path[0] == "stackr_plan").and_then(|path| path.get(1));
            item.is_some_and(|item| !allowed(item))
        };
        found.extend(source.places(deciding).map(|place| place.to_string()));
    }
    assert_none("the engine decides with", &found);
}

/// A service's folder in stackr-aws, by module.
type Folder = BTreeMap<String, Source>;

/// The folders of stackr-aws, by service. `mod` is the service's own file.
fn services() -> BTreeMap<String, Folder> {
    let mut services = BTreeMap::<String, Folder>::new();
    for source in sources("stackr-aws") {
        let folder =
            source.file.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
        if folder != "src" {
            services.entry(folder.to_owned()).or_default().insert(source.module().to_owned(), source);
        }
    }
    services
}

/// A resource or data type that a file supplies.
struct Supplied<'a> {
    /// `Resource` or `Lookup`.
    kind: &'static str,
    /// Its name in Rust.
    name: &'a str,
    /// The provider's name.
    ty: &'a str,
}

/// The resource and data types that a file supplies.
fn supplied(source: &Source) -> Vec<Supplied<'_>> {
    let of = |kind| {
        let found = source.after(&["impl", kind, "for"]).into_iter();
        found.map(move |(at, name)| Supplied {
            kind,
            name,
            ty: source.text_after(at, "TYPE").unwrap_or_default(),
        })
    };
    of("Resource").chain(of("Lookup")).collect()
}

/// The modules of a folder that each file of it uses, by their own name or through what they export.
fn uses(folder: &Folder, service: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut home = BTreeMap::new();
    for (module, source) in folder.iter().filter(|(module, _)| *module != "mod") {
        home.insert(module.clone(), module.clone());
        for kind in ["struct", "enum", "fn", "const", "type", "trait"] {
            let items = source.after(&["pub", kind]).into_iter();
            home.extend(items.map(|(_, item)| (item.to_owned(), module.clone())));
        }
    }
    let near = |path: &[String]| match path {
        [first, item, ..] if first == "super" => home.get(item).cloned(),
        [first, own, item, ..] if first == "crate" && own == service => home.get(item).cloned(),
        _ => None,
    };
    let files = folder.iter().filter(|(module, _)| *module != "mod");
    files
        .map(|(module, source)| {
            let used = source.paths().filter_map(near).filter(|other| other != module).collect();
            (module.clone(), used)
        })
        .collect()
}

#[test]
fn a_resource_file_uses_no_other_resource_file() {
    let mut found = Vec::new();
    for (service, folder) in services() {
        let uses = uses(&folder, &service);
        let is_resource =
            |module: &str| folder.get(module).is_some_and(|source| !supplied(source).is_empty());
        // A file that uses a resource's file is a part of that resource, and of no other.
        let owner = |module: &str| -> Option<String> {
            if is_resource(module) {
                return Some(module.to_owned());
            }
            uses[module].iter().find(|used| is_resource(used)).cloned()
        };
        for (module, used) in &uses {
            let own = owner(module);
            for other in
                used.iter().filter_map(|used| owner(used)).filter(|other| Some(other) != own.as_ref())
            {
                found.push(format!("{service}/{module}.rs uses {service}/{other}.rs"));
            }
        }
    }
    found.sort();
    found.dedup();
    assert_none("what two resources share belongs in the service's mod.rs or in a file of its own", &found);
}

#[test]
fn a_service_uses_no_other_service() {
    let services = services();
    let mut found = Vec::new();
    for (service, folder) in &services {
        let foreign = |name: &What| {
            let path = name.path().filter(|path| path[0] == "crate").and_then(|path| path.get(1));
            path.is_some_and(|first| first != service && services.contains_key(first))
        };
        found
            .extend(folder.values().flat_map(|source| source.places(foreign)).map(|place| place.to_string()));
    }
    assert_none("what two services share belongs in the crate's root", &found);
}

#[test]
fn every_type_is_registered_by_its_service_and_every_service_by_the_crate() {
    let root = Source::under(&root(), "crates/stackr-aws/src").into_iter().find(|s| s.module() == "lib");
    let root = root.expect("the crate has a root");
    let mut missing = Vec::new();
    for (service, folder) in services() {
        if !root.paths().any(|path| path == [service.as_str(), "register"]) {
            missing.push(format!("`{service}::register` in src/lib.rs"));
        }
        let of_service = &folder["mod"];
        let registered = ["with", "with_lookup"].iter().flat_map(|with| of_service.after(&[with]));
        let registered: BTreeSet<_> = registered.map(|(_, name)| name).collect();
        for (module, source) in folder.iter().filter(|(module, _)| *module != "mod") {
            let names =
                supplied(source).into_iter().map(|s| s.name).filter(|name| !registered.contains(name));
            missing
                .extend(names.map(|name| format!("`{name}` of {service}/{module}.rs in {service}/mod.rs")));
        }
    }
    assert_none("not registered", &missing);
}

#[test]
fn type_strings_are_unique_and_known_to_their_own_crate_only() {
    let mut types = BTreeMap::<(&str, String), Vec<String>>::new();
    for (service, folder) in services() {
        for (module, source) in folder.iter().filter(|(module, _)| *module != "mod") {
            for Supplied { kind, ty, .. } in supplied(source) {
                types.entry((kind, ty.to_owned())).or_default().push(format!("{service}/{module}.rs"));
            }
        }
    }
    let twice = types.iter().filter(|(_, files)| files.len() > 1);
    assert_none(
        "more than one",
        &twice.map(|((_, ty), files)| format!("{ty}: {files:?}")).collect::<Vec<_>>(),
    );

    let names: BTreeSet<_> = types.keys().map(|(_, ty)| ty.as_str()).collect();
    let known = |name: &What| name.text().is_some_and(|text| names.contains(text));
    let others: Vec<_> =
        crates().iter().filter(|n| *n != "stackr-aws").flat_map(|n| offences(n, known)).collect();
    assert_none("adding a type must touch no other crate, and these know one", &others);
}

#[test]
fn the_architecture_page_names_every_crate_and_every_dependency() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("it is there");
    let all = metadata();
    let ours: BTreeSet<_> = all.packages.iter().map(|p| p.name.as_str()).collect();
    let dependencies = all.packages.iter().flat_map(|p| &p.dependencies).map(|d| d.name.as_str());
    let names: BTreeSet<_> = ours.iter().copied().chain(dependencies).collect();
    let missing = names.into_iter().filter(|name| !page.contains(&format!("`{name}`"))).map(str::to_owned);
    assert_none("without a line in ARCHITECTURE.md", &missing.collect::<Vec<_>>());
}
