//! What the process's exit code means.

/// The exit codes of `stackr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Sources, credentials, or AWS before anything was changed.
    Error = 1,
    /// The plan has changes (only with `plan --detailed-exitcode`).
    Changes = 2,
    /// Some steps failed; the others are done and recorded.
    Failed = 3,
    /// Interrupted; everything known is recorded.
    Interrupted = 4,
    /// Someone else is at work on this stack.
    Held = 5,
    /// Refused to protect something.
    Refused = 6,
    /// The command line is wrong.
    Usage = 64,
    /// A mistake in stackr.
    Bug = 101,
}
