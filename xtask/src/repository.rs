//! Where things are: the checkout, and what cargo builds from it.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Result;

/// The checkout that this program was built from.
pub(crate) struct Repository {
    /// Its directory.
    pub(crate) root: PathBuf,
    /// Where cargo puts programs of the profile that this one was built with.
    programs: PathBuf,
}

impl Repository {
    pub(crate) fn find() -> Result<Self> {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("this package has no directory above it")?;
        let program = env::current_exe().map_err(|e| format!("this program cannot find itself: {e}"))?;
        let programs = program.parent().ok_or("this program is in no directory")?;
        Ok(Self { root: root.to_owned(), programs: programs.to_owned() })
    }

    /// Builds the command `stackr`, and gives its path.
    pub(crate) fn build(&self) -> Result<PathBuf> {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--locked", "--package", "stackr-cli"]).current_dir(&self.root);
        let status = cargo.status().map_err(|e| format!("cannot start cargo: {e}"))?;
        if !status.success() {
            return Err("stackr does not build; cargo says why above".to_owned());
        }
        let stackr = self.programs.join(format!("stackr{}", env::consts::EXE_SUFFIX));
        match stackr.is_file() {
            true => Ok(stackr),
            false => Err(format!("cargo built stackr, but not as {}", stackr.display())),
        }
    }

    /// A directory for what a chore leaves behind, beside what cargo builds.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.programs.parent().unwrap_or(&self.programs).join(name)
    }
}
