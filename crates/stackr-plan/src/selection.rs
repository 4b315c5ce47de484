//! Which blocks a plan is about: what `--target` and `--exclude` select.

use std::collections::BTreeSet;

use stackr_core::{Declaration, Diagnostic, Diagnostics};

use crate::{Request, graph::Blocks};

/// Which blocks a plan is about.
#[derive(Default)]
pub(crate) struct Selection {
    /// Blocks that targets need; `None`: no targets.
    needed: Option<BTreeSet<usize>>,
    /// Blocks that depend on something excluded.
    left_out: BTreeSet<usize>,
}

impl Selection {
    pub(crate) fn includes(&self, block: usize) -> bool {
        self.needed.as_ref().is_none_or(|n| n.contains(&block)) && !self.left_out.contains(&block)
    }
}

/// Finds the blocks that targets and excludes select.
pub(crate) fn select(
    request: &Request<'_>,
    declaration: &dyn Declaration,
    graph: &Blocks,
) -> Result<Selection, Diagnostics> {
    let hits = |pattern: &String| -> BTreeSet<usize> {
        let found = declaration.blocks().iter().enumerate().filter(|(_, block)| {
            let module: String = block.module.iter().map(|m| format!("module.{m}.")).collect();
            let name = format!("{module}{}", block.key);
            let bare = strip_keys(pattern);
            let inside =
                |rest: &str| rest.is_empty() || (rest.starts_with('.') && bare.starts_with("module."));
            name.strip_prefix(bare.as_str()).is_some_and(inside)
        });
        found.map(|(i, _)| i).collect()
    };
    let mut selection = Selection::default();
    let options = &request.options;
    if !options.targets.is_empty() {
        let mut wanted = BTreeSet::new();
        for target in &options.targets {
            let found = hits(target);
            if found.is_empty() && !request.last.keys().any(|a| a.is_within(target)) {
                let detail = format!("`{target}` selects nothing that is declared or recorded.");
                return Err(Diagnostic::error("unknown target", detail).into());
            }
            wanted.extend(found);
        }
        selection.needed = Some(graph.closure(wanted, false));
    }
    for exclude in &options.excludes {
        let dependents: BTreeSet<_> = hits(exclude).iter().flat_map(|b| graph.dependents(*b)).collect();
        selection.left_out.extend(graph.closure(dependents, true));
        if !exclude.ends_with(']') {
            selection.left_out.extend(hits(exclude));
        }
    }
    Ok(selection)
}

/// An address without instance keys.
fn strip_keys(address: &str) -> String {
    let mut bare = String::new();
    let mut depth = 0usize;
    for c in address.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    bare
}
