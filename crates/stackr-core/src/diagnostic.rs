//! What is wrong with a declaration, and where.

use std::{fmt, ops::Range, sync::Arc};

use crate::Address;

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The file, as the loader names it (relative to the stack's directory where it is inside).
    pub file: Arc<str>,
    /// The bytes of it.
    pub range: Range<usize>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing can be planned.
    Error,
    /// Worth knowing.
    Warning,
}

/// One thing to tell the author of a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a few words: `unknown attribute`.
    pub summary: String,
    /// The whole story: a sentence or two, with the remedy.
    pub detail: String,
    /// Where.
    pub span: Option<Span>,
    /// The object it is about.
    pub address: Option<Address>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            span: None,
            address: None,
        }
    }

    /// A warning without a place.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary, detail) }
    }

    /// With a place, unless it has one already.
    #[must_use]
    pub fn at(mut self, span: Option<Span>) -> Self {
        self.span = self.span.or(span);
        self
    }

    /// With the object it is about, unless it has one already.
    #[must_use]
    pub fn about(mut self, address: &Address) -> Self {
        self.address.get_or_insert_with(|| address.clone());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = &self.address {
            write!(f, "{address}: ")?;
        }
        write!(f, "{}: {}", self.summary, self.detail)
    }
}

/// Everything that is wrong; never empty when it is an error value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Whether any of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// `value`, or these as an error if any of them is one.
    ///
    /// # Errors
    /// These diagnostics.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
