//! A short run of every target, always the same, and everything that was ever found.

use std::{fs, path::Path, sync::Arc};

use stackr_fuzz::{Found, Progress, Target, execute, input, targets};

/// How often each target is executed.
const EXECUTIONS: u64 = 500;

fn all() -> &'static [Target] {
    targets().leak()
}

fn fail(target: &Target, found: Option<Found>) {
    if let Some(Found { input, what }) = found {
        panic!("{}: {what}\n{}", target.name, String::from_utf8_lossy(&input));
    }
}

#[test]
fn every_target_survives_a_short_run_and_accepts_some_inputs() {
    for target in all() {
        let progress = Arc::new(Progress::default());
        fail(target, execute(target, (0..EXECUTIONS).map(move |n| input(target, 0, n)), &progress));
        let accepted = progress.accepted.load(std::sync::atomic::Ordering::Relaxed);
        assert!(accepted > EXECUTIONS / 50 && accepted < EXECUTIONS, "{}: {accepted} accepted", target.name);
    }
}

#[test]
fn what_was_found_once_stays_fixed() {
    for target in all() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("crashes").join(target.name);
        let mut files: Vec<_> =
            fs::read_dir(directory).into_iter().flatten().map(|f| f.unwrap().path()).collect();
        files.sort();
        for file in files {
            let input = fs::read(&file).unwrap();
            let found = execute(target, std::iter::once(input), &Arc::default());
            fail(
                target,
                found.map(|found| Found { what: format!("{} ({})", found.what, file.display()), ..found }),
            );
        }
    }
}
