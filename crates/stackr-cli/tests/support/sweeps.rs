//! What the sampled sweeps share: `stackr-testkit sweep` tries every point, and says how in its help.

use std::path::Path;

use stackr_testkit::sweep::{Report, Sweep};

/// A sweep of these phases that tries every `every`-th call, from `from`.
pub(crate) fn sample(phases: &[&str], from: usize, every: usize) -> Sweep {
    Sweep {
        stackr: env!("CARGO_BIN_EXE_stackr").into(),
        repository: Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
        tmp: env!("CARGO_TARGET_TMPDIR").into(),
        phases: phases.iter().map(|&phase| phase.to_owned()).collect(),
        every,
        from,
        workers: 2,
        bucket: false,
    }
}

/// Fails with all that went wrong.
pub(crate) fn assert_kept(reports: &[Report]) {
    let failures = reports.iter().flat_map(|report| &report.failures);
    let told: Vec<String> = failures.map(|failure| format!("=== {}\n{}", failure.at, failure.what)).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(reports.iter().all(|report| report.points > 0));
}
