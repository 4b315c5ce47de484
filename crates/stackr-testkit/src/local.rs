//! The local AWS of a test.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::Value;
use stackr_local::{Config, Emulator, LocalCloud, MOTO_VERSION, Options};

/// A local AWS of the caller's own, ended when it is dropped.
///
/// `tmp` is `env!("CARGO_TARGET_TMPDIR")`: the emulator is installed there, once for all tests of the workspace.
///
/// # Panics
/// If it does not start.
#[must_use]
pub fn emulator(tmp: impl AsRef<Path>, options: Options) -> Emulator {
    Emulator::ephemeral(&config(tmp.as_ref()), options).expect("the emulator starts")
}

/// The same, and it can be [copied](Emulator::fork).
///
/// # Panics
/// If it does not start.
#[must_use]
pub fn forkable(tmp: impl AsRef<Path>, options: Options) -> Emulator {
    Emulator::forkable(&config(tmp.as_ref()), options).expect("the emulator starts")
}

/// What is in the emulator in one region, without what differs between two equal systems: ids, addresses, times.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn inventory(emulator: &Emulator, region: &str) -> Value {
    inventory_with(emulator, &[region], None)
}

/// The same in several regions, and a value of the caller's, as `beside`, in which ids have the names that they have in
/// the inventory.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn inventory_with(emulator: &Emulator, regions: &[&str], beside: Option<&Value>) -> Value {
    let mut python = emulator.python();
    python.arg(inventory_script()).args(["--endpoint", &emulator.endpoint()]);
    for region in regions {
        python.args(["--region", region]);
    }
    let file = beside.map(|value| {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        write!(file, "{value}").expect("a file");
        file
    });
    if let Some(file) = &file {
        python.arg("--with").arg(file.path());
    }
    let output = python.output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the inventory is JSON")
}

/// The program that looks at an emulator.
pub(crate) fn inventory_script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/inventory.py")
}

/// Links the installation that all tests share into another cache directory, and installs it first if need be.
pub(crate) fn share_installation(tmp: &Path, cache: &Path) {
    let shared = config(tmp);
    LocalCloud::new(shared.clone()).install(&mut |_| ()).expect("the emulator is installed");
    let installed = format!("moto-{MOTO_VERSION}");
    std::fs::create_dir_all(cache).expect("a directory");
    let shared = shared.cache_dir.canonicalize().expect("it was installed").join(&installed);
    std::os::unix::fs::symlink(shared, cache.join(installed)).expect("a link");
}

fn config(tmp: &Path) -> Config {
    Config { cache_dir: PathBuf::from(tmp).join("local-aws"), python: None }
}
