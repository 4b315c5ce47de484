//! Override files: what a file named `override.tf` or `…_override.tf` says replaces what the other files say.

use stackr_core::Diagnostics;

use super::fields::error;
use crate::syntax::{Attribute, Block, Body, Kind};

/// Merges an override file into the files before it.
pub(crate) fn merge(base: &mut Body, overriding: Body, diagnostics: &mut Diagnostics) {
    for block in overriding.blocks {
        if &*block.kind == "locals" {
            merge_locals(base, block, diagnostics);
            continue;
        }
        if matches!(&*block.kind, "moved" | "removed" | "import") {
            let detail = format!("A `{}` block cannot be in an override file: it has no name.", block.kind);
            diagnostics.push(error(block.span(), "nothing to override", detail));
            continue;
        }
        let same = |b: &&mut Block| {
            b.kind == block.kind
                && b.labels.iter().map(|l| &l.text).eq(block.labels.iter().map(|l| &l.text))
                && (&*b.kind != "provider" || alias(b) == alias(&block))
        };
        match base.blocks.iter_mut().find(same) {
            Some(found) => merge_body(&mut found.body, block.body),
            None => {
                let detail = "No other file declares what this block of an override file would change.";
                diagnostics.push(error(block.span(), "nothing to override", detail));
            }
        }
    }
}

fn merge_locals(base: &mut Body, block: Block, diagnostics: &mut Diagnostics) {
    for attribute in block.body.attributes {
        let mut locals = base.blocks.iter_mut().filter(|b| &*b.kind == "locals");
        match locals.find(|b| b.body.attribute(&attribute.name).is_some()) {
            Some(found) => put(&mut found.body, attribute),
            None => {
                let detail = format!("No other file declares the local value `{}`.", attribute.name);
                diagnostics.push(error(attribute.name_span(), "nothing to override", detail));
            }
        }
    }
}

/// Arguments replace arguments, blocks of a kind replace all blocks of that kind; `lifecycle` and
/// `required_providers` are merged. In JSON, blocks are written as arguments: each replaces the other.
fn merge_body(base: &mut Body, over: Body) {
    for attribute in over.attributes {
        base.blocks.retain(|b| name(b) != &*attribute.name);
        put(base, attribute);
    }
    let merged = |kind: &str| matches!(kind, "lifecycle" | "required_providers");
    let replaced = over.blocks.iter().filter(|b| !merged(&b.kind)).map(|b| name(b).to_owned());
    let replaced: Vec<_> = replaced.collect();
    base.blocks.retain(|b| !replaced.iter().any(|kind| kind == name(b)));
    base.attributes.retain(|a| !replaced.iter().any(|kind| **kind == *a.name));
    for block in over.blocks {
        match base.blocks.iter_mut().find(|b| merged(&block.kind) && b.kind == block.kind) {
            Some(found) => merge_body(&mut found.body, block.body),
            None => base.blocks.push(block),
        }
    }
}

/// The kind of block that a block makes.
fn name(block: &Block) -> &str {
    match (&*block.kind, block.labels.first()) {
        ("dynamic", Some(label)) => &label.text,
        (kind, _) => kind,
    }
}

fn put(body: &mut Body, attribute: Attribute) {
    match body.attributes.iter_mut().find(|a| a.name == attribute.name) {
        Some(found) => *found = attribute,
        None => body.attributes.push(attribute),
    }
}

fn alias(block: &Block) -> Option<&str> {
    match &block.body.attribute("alias")?.expr.kind {
        Kind::Literal(value) => value.as_str(),
        _ => None,
    }
}
