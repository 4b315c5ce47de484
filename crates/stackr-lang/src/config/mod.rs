//! One directory of sources as declared objects: what is written, before anything is known of what it means.

use std::collections::{BTreeMap, btree_map::Entry};

use stackr_core::{BlockKey, Diagnostics, Mode, Span};

mod call;
mod check;
mod fields;
mod overrides;
mod records;
mod resource;
mod settings;
mod types;
mod variable;

pub(crate) use call::Call;
pub(crate) use check::CheckBlock;
pub(crate) use fields::{Fields, error};
pub(crate) use overrides::merge;
pub(crate) use records::{Imported, Records};
pub(crate) use resource::{By, META_ARGUMENTS, META_BLOCKS, Repeat, Resource, triggering};
pub use settings::Backend;
pub(crate) use settings::{Provider, Settings};
pub(crate) use variable::{Check, Output, Reference, Variable};

use crate::syntax::{Block, Body, Located};

/// What the files of one directory declare.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) settings: Settings,
    pub(crate) providers: Vec<Provider>,
    pub(crate) variables: BTreeMap<String, Variable>,
    pub(crate) locals: BTreeMap<String, (Located, Span)>,
    pub(crate) outputs: BTreeMap<String, (Output, Span)>,
    pub(crate) calls: BTreeMap<String, Call>,
    pub(crate) checks: BTreeMap<String, CheckBlock>,
    /// In the order of the files and of the blocks in them.
    pub(crate) resources: Vec<Resource>,
    pub(crate) records: Records,
    /// Where each resource is declared.
    declared: BTreeMap<BlockKey, Span>,
}

/// The blocks that are refused, with the remedy.
const UNSUPPORTED: [(&str, &str); 2] = [
    (
        "ephemeral",
        "`ephemeral` blocks are not supported yet. Read the value with a data source, or give it as a variable with \
         `sensitive = true`: sensitive values are never recorded in the clear.",
    ),
    ("run", "`run` blocks belong to test files."),
];

/// The blocks of a file at its top level.
const TOP_LEVEL: [&str; 12] = [
    "terraform",
    "provider",
    "variable",
    "locals",
    "output",
    "module",
    "resource",
    "data",
    "check",
    "moved",
    "removed",
    "import",
];

impl Config {
    /// Adds what a file declares.
    pub(crate) fn add(&mut self, body: Body, diagnostics: &mut Diagnostics) {
        for attribute in &body.attributes {
            let detail = format!(
                "`{} = …` is not inside a block. Values with names belong in a `locals` block.",
                attribute.name
            );
            diagnostics.push(error(attribute.name_span(), "unsupported argument", detail));
        }
        for block in body.blocks {
            self.add_block(block, diagnostics);
        }
    }

    fn add_block(&mut self, block: Block, diagnostics: &mut Diagnostics) {
        let span = block.span();
        match &*block.kind {
            "terraform" => settings::decode_settings(&block, &mut self.settings, diagnostics),
            "provider" => self.providers.extend(settings::decode_provider(block, diagnostics)),
            "locals" => self.add_locals(&block, diagnostics),
            "variable" => {
                if let Some(variable) = variable::decode_variable(&block, diagnostics) {
                    let name = variable.name.clone();
                    let first = self.variables.get(&name).map(|v| v.span.clone());
                    unique("variable", &name, first, span, diagnostics);
                    self.variables.entry(name).or_insert(variable);
                }
            }
            "output" => {
                if let Some(output) = variable::decode_output(&block, diagnostics) {
                    let name = output.name.clone();
                    let first = self.outputs.get(&name).map(|(_, span)| span.clone());
                    unique("output", &name, first, span.clone(), diagnostics);
                    self.outputs.entry(name).or_insert((output, span));
                }
            }
            "module" => {
                if let Some(call) = call::decode_call(&block, diagnostics) {
                    let first = self.calls.get(&call.name).map(|c| c.span.clone());
                    unique("module", &call.name, first, span, diagnostics);
                    self.calls.entry(call.name.clone()).or_insert(call);
                }
            }
            "resource" | "data" => {
                let mode = if &*block.kind == "data" { Mode::Data } else { Mode::Managed };
                if let Some(resource) = resource::decode_resource(block, mode, diagnostics) {
                    self.add_resource(resource, diagnostics);
                }
            }
            "check" => {
                if let Some((check, data)) = check::decode_check_block(block, diagnostics) {
                    let first = self.checks.get(&check.name).map(|c| c.span.clone());
                    unique("check", &check.name, first, span, diagnostics);
                    self.checks.entry(check.name.clone()).or_insert(check);
                    if let Some(data) = data {
                        self.add_resource(data, diagnostics);
                    }
                }
            }
            kind => {
                if !self.records.add(&block, diagnostics) {
                    diagnostics.push(unsupported(kind, span));
                }
            }
        }
    }

    fn add_resource(&mut self, resource: Resource, diagnostics: &mut Diagnostics) {
        let span = resource.block.span();
        match self.declared.entry(resource.key.clone()) {
            Entry::Occupied(first) => {
                unique("", &resource.key.to_string(), Some(first.get().clone()), span, diagnostics);
            }
            Entry::Vacant(entry) => {
                entry.insert(span);
                self.resources.push(resource);
            }
        }
    }

    fn add_locals(&mut self, block: &Block, diagnostics: &mut Diagnostics) {
        for attribute in &block.body.attributes {
            let name = attribute.name.to_string();
            let span = attribute.name_span();
            let first = self.locals.get(&name).map(|(_, span)| span.clone());
            unique("local", &name, first, span.clone(), diagnostics);
            self.locals.entry(name).or_insert_with(|| (attribute.located(), span));
        }
        for inner in &block.body.blocks {
            let detail = format!("`locals` has arguments only: `{} = …`.", inner.kind);
            diagnostics.push(error(inner.span(), "unsupported block", detail));
        }
    }
}

fn unsupported(kind: &str, span: Span) -> stackr_core::Diagnostic {
    if let Some((_, detail)) = UNSUPPORTED.iter().find(|(k, _)| *k == kind) {
        return error(span, "unsupported block", *detail);
    }
    let near = crate::eval::nearest(kind, TOP_LEVEL.into_iter());
    let hint = near.map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
    error(span, "unsupported block", format!("There is no block `{kind}` at the top of a file.{hint}"))
}

/// Refuses a second object of one name.
fn unique(kind: &str, name: &str, first: Option<Span>, span: Span, diagnostics: &mut Diagnostics) {
    let Some(first) = first else { return };
    let what = if kind.is_empty() { format!("`{name}`") } else { format!("The {kind} `{name}`") };
    let detail = format!("{what} is already declared in {}. Give one of them another name.", first.file);
    diagnostics.push(error(span, "duplicate declaration", detail));
}
