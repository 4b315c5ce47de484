//! `check` blocks.

use stackr_core::{BlockKey, Diagnostics, Mode, Span};

use super::{
    fields::{Fields, check_names, error, labels},
    resource::{Resource, decode_resource},
    variable::{Check, decode_checks},
};
use crate::syntax::Block;

/// A `check` block: what is asserted of a stack without being a condition of it.
#[derive(Debug)]
pub(crate) struct CheckBlock {
    pub(crate) name: String,
    pub(crate) asserts: Vec<Check>,
    /// The data that only this check reads.
    pub(crate) data: Option<BlockKey>,
    pub(crate) span: Span,
}

/// The check, and the data in it as a block of its module.
pub(crate) fn decode_check_block(
    mut block: Block,
    diagnostics: &mut Diagnostics,
) -> Option<(CheckBlock, Option<Resource>)> {
    let [name] = labels(&block, ["name"], diagnostics)?;
    check_names(&block, diagnostics);
    let mut fields = Fields::new(&block.body, "a check");
    let asserts = decode_checks(&mut fields, "assert", diagnostics);
    fields.block("data", diagnostics);
    fields.finish(diagnostics);
    if block.body.blocks.iter().all(|b| &*b.kind != "assert") {
        let detail = format!("The check `{name}` asserts nothing: give it an `assert` block.");
        diagnostics.push(error(block.span(), "missing block", detail));
    }
    let span = block.span();
    let found = block.body.blocks.iter().position(|b| &*b.kind == "data");
    let found = found.map(|at| block.body.blocks.swap_remove(at));
    let data = found.and_then(|data| nested(data, &name, diagnostics));
    let key = data.as_ref().map(|d| d.key.clone());
    Some((CheckBlock { name, asserts, data: key, span }, data))
}

fn nested(data: Block, check: &str, diagnostics: &mut Diagnostics) -> Option<Resource> {
    for attribute in data.body.attributes.iter().filter(|a| matches!(&*a.name, "count" | "for_each")) {
        let detail = format!("Data of a check has no `{}`. Declare it outside of the check.", attribute.name);
        diagnostics.push(error(attribute.name_span(), "unsupported argument", detail));
    }
    for inner in data.body.blocks.iter().filter(|b| &*b.kind == "lifecycle") {
        let detail =
            "Data of a check has no `lifecycle`. What is expected of it belongs in an `assert` block.";
        diagnostics.push(error(inner.span(), "unsupported block", detail));
    }
    let data = decode_resource(data, Mode::Data, diagnostics)?;
    Some(Resource { check: Some(check.to_owned()), ..data })
}
