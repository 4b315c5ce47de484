//! Errors and warnings with the line they are about.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use stackr_core::{Diagnostic, Severity};
use stackr_lang::Sources;

use crate::{
    error::Failure,
    render::style::{BOLD, CHANGE, DIM, FORCES, paint},
};

/// One diagnostic with its source line, if it has a place.
pub(crate) fn diagnostic(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let about = diagnostic.address.as_ref().map(|a| format!(" ({a})")).unwrap_or_default();
    let title = format!("{}{about}", diagnostic.summary);
    let mut group = Group::with_title(level.primary_title(title));
    let place = diagnostic.span.as_ref().and_then(|s| Some((s, sources.get(&s.file)?)));
    if let Some((span, text)) = place.filter(|(span, _)| sources.is_concealed(&span.file)) {
        let (line, column) = position(text, span.range.start);
        let path = sources.path(&span.file);
        group = group.element(Origin::path(path).line(line).char_column(column));
    } else if let Some((span, text)) = place {
        let end = span.range.end.min(text.len());
        let start = span.range.start.min(end);
        // A block is marked by its first line only.
        let first = text[start..end].find('\n').map_or(end, |n| start + n);
        let snippet = Snippet::source(text)
            .path(sources.path(&span.file))
            .annotation(AnnotationKind::Primary.span(start..first));
        group = group.element(snippet);
    }
    let detail = capitalised(&diagnostic.detail);
    let group = group.element(Level::HELP.no_name().message(detail));
    format!("{}\n", Renderer::styled().render(&[group]))
}

/// One diagnostic for programs, with its line and column.
pub(crate) fn json(diagnostic: &Diagnostic, sources: &Sources) -> serde_json::Value {
    let place = diagnostic.span.as_ref().map(|span| {
        let (line, column) = position(sources.get(&span.file).unwrap_or_default(), span.range.start);
        serde_json::json!({"file": sources.path(&span.file), "line": line, "column": column})
    });
    serde_json::json!({
        "severity": if diagnostic.severity == Severity::Error { "error" } else { "warning" },
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "address": diagnostic.address,
        "place": place,
    })
}

/// The line and column of a byte, both counted from one.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// A sentence's first letter in upper case, unless it begins with a name.
fn capitalised(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if first == "stackr" || !first.chars().all(char::is_alphabetic) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A failed command: what, why, where, and what to do.
pub(crate) fn failure(failure: &Failure) -> String {
    let mut out: String =
        failure.diagnostics.0.iter().map(|d| diagnostic(d, &failure.sources) + "\n").collect();
    if !failure.message.is_empty() {
        let _ = writeln!(out, "{} {}", paint(FORCES.bold(), "error:"), paint(BOLD, &failure.message));
    }
    for cause in &failure.causes {
        let _ = writeln!(out, "  caused by: {}", cause.replace('\n', "\n    "));
    }
    for (name, fact) in &failure.facts {
        let _ = writeln!(out, "  {name}: {fact}");
    }
    for hint in &failure.hints {
        let _ = writeln!(out, "  {} {hint}", paint(DIM, "hint:"));
    }
    if out.is_empty() {
        // No failure is silent, whatever made it.
        let _ = writeln!(
            out,
            "{} the command failed and does not say why: report this",
            paint(FORCES.bold(), "error:")
        );
    }
    out
}

/// A warning without a place.
pub(crate) fn warning(text: &str) -> String {
    format!("{} {text}\n", paint(CHANGE.bold(), "warning:"))
}
