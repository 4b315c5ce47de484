//! Which objects a plan is about: what `--target` and `--exclude` select.
//!
//! What a target needs is found before anything is planned: its expressions are evaluated once with what is recorded,
//! and what they ask for is needed too. An instance that is asked for by its key brings that instance only.

use std::collections::{BTreeMap, BTreeSet};

use stackr_core::{Address, Declaration, Diagnostic, Diagnostics, Expansion, Object};

use crate::{Request, Values, graph::Blocks, last::last_values_of, values::Recording};

/// Which blocks a plan is about.
#[derive(Default)]
pub(crate) struct Selection {
    /// What targets need; `None`: no targets.
    needed: Option<BTreeMap<usize, Needed>>,
    /// Blocks that depend on something excluded.
    left_out: BTreeSet<usize>,
}

/// Which instances of a block are needed.
#[derive(Debug)]
enum Needed {
    All,
    Some {
        /// Those within a target.
        targets: BTreeSet<String>,
        /// Those that another needed one refers to.
        instances: BTreeSet<Address>,
    },
}

impl Needed {
    fn includes(&self, address: &Address) -> bool {
        match self {
            Self::All => true,
            Self::Some { targets, instances } => {
                instances.contains(address) || targets.iter().any(|t| address.is_within(t))
            }
        }
    }
}

impl Selection {
    pub(crate) fn includes(&self, block: usize) -> bool {
        self.needed.as_ref().is_none_or(|n| n.contains_key(&block)) && !self.left_out.contains(&block)
    }

    /// Whether the plan is about an instance of a block that it is about.
    pub(crate) fn includes_instance(&self, block: usize, address: &Address) -> bool {
        self.needed.as_ref().is_none_or(|n| n.get(&block).is_some_and(|n| n.includes(address)))
    }
}

/// Finds what targets and excludes select.
pub(crate) fn select(
    request: &Request<'_>,
    last: &BTreeMap<Address, Object>,
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
        let values = last_values_of(graph, declaration, request.registry, last);
        let needs = Needs { declaration, graph, values: &values };
        let mut wanted = BTreeMap::new();
        for target in &options.targets {
            let mut found = hits(target);
            found.retain(|block| {
                needs.instances(*block).is_none_or(|all| all.iter().any(|a| a.is_within(target)))
                    || strip_keys(target) == *target
            });
            // What is imported there is refused with a reason of its own.
            let imported = options.imports.iter().any(|import| import.to.to_string() == *target);
            if imported && found.is_empty() {
                found = hits(target);
            }
            if found.is_empty() && !imported && !last.keys().any(|a| a.is_within(target)) {
                let detail = format!("`{target}` selects nothing that is declared or recorded.");
                return Err(Diagnostic::error("unknown target", detail).into());
            }
            for block in found {
                let none = || Needed::Some { targets: BTreeSet::new(), instances: BTreeSet::new() };
                if let Needed::Some { targets, .. } = wanted.entry(block).or_insert_with(none) {
                    targets.insert(target.clone());
                }
            }
        }
        needs.close(&mut wanted);
        selection.needed = Some(wanted);
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

/// Finds what needed objects need themselves.
struct Needs<'a> {
    declaration: &'a dyn Declaration,
    graph: &'a Blocks,
    values: &'a Values,
}

impl Needs<'_> {
    /// The instances of a block, if what is recorded says which there are.
    fn instances(&self, block: usize) -> Option<Vec<Address>> {
        match self.declaration.expand(block, self.values) {
            Ok(Expansion::Known(addresses)) => Some(addresses),
            Ok(Expansion::Unknown) | Err(_) => None,
        }
    }

    /// Adds everything that is needed by what is there.
    fn close(&self, needed: &mut BTreeMap<usize, Needed>) {
        for &index in self.graph.order.iter().rev() {
            let Some(these) = needed.get(&index) else { continue };
            let asked = self.asked(index, these);
            let block = &self.declaration.blocks()[index];
            for below in self.graph.waits_for(index).into_keys() {
                // As a whole, or for the order alone: all of it.
                let explicit = block.refs.iter().any(|r| r.to == below && r.arg.is_none());
                let asked = asked.as_ref().filter(|_| !explicit);
                let few = asked.and_then(|a| a.one_by_one(&self.declaration.blocks()[below]));
                let few: Option<BTreeSet<Address>> = few.map(|few| few.cloned().collect());
                match (needed.get_mut(&below), few) {
                    (Some(Needed::All), _) => {}
                    (Some(Needed::Some { instances, .. }), Some(few)) => instances.extend(few),
                    (None, Some(instances)) => {
                        needed.insert(below, Needed::Some { targets: BTreeSet::new(), instances });
                    }
                    (_, None) => drop(needed.insert(below, Needed::All)),
                }
            }
        }
    }

    /// What the expressions of the needed instances ask for; `None` if that cannot be told.
    fn asked(&self, index: usize, needed: &Needed) -> Option<crate::values::Asked> {
        let recording = Recording::new(self.values);
        for address in self.instances(index)?.iter().filter(|a| needed.includes(a)) {
            self.declaration.evaluate(index, address, &recording).ok()?;
        }
        Some(recording.asked.into_inner())
    }
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
