//! `module` blocks.

use stackr_core::{Diagnostics, Span};

use super::{
    fields::{Fields, check_names, error, labels},
    resource::{ProviderRef, Repeat, decode_repeat, provider_ref},
    variable::{Reference, decode_depends_on},
};
use crate::syntax::{Attribute, Block, Kind, Located};

/// A `module` block.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) source_span: Span,
    pub(crate) repeat: Option<Repeat>,
    pub(crate) depends_on: Vec<Reference>,
    /// The caller's provider for each name within the module: `aws`, `aws.west`.
    pub(crate) providers: Option<Vec<((String, String), ProviderRef)>>,
    /// The values of its variables, with the place of the name.
    pub(crate) arguments: Vec<(String, Located, Span)>,
    pub(crate) span: Span,
}

pub(crate) fn decode_call(block: &Block, diagnostics: &mut Diagnostics) -> Option<Call> {
    let [name] = labels(block, ["name"], diagnostics)?;
    check_names(block, diagnostics);
    let mut fields = Fields::new(&block.body, "a module");
    let source = fields.text("source", diagnostics);
    fields.text("version", diagnostics);
    let repeat = decode_repeat(&mut fields, diagnostics);
    let depends_on = decode_depends_on(&mut fields, diagnostics);
    let providers = fields.argument("providers").map(|a| decode_providers(a, diagnostics));
    for inner in &block.body.blocks {
        let detail = format!(
            "A module has no block `{}`. Its variables are arguments: `{} = …`.",
            inner.kind, inner.kind
        );
        diagnostics.push(error(inner.span(), "unsupported block", detail));
    }
    const META: [&str; 6] = ["source", "version", "count", "for_each", "depends_on", "providers"];
    let own = block.body.attributes.iter().filter(|a| !META.contains(&&*a.name));
    let arguments = own.map(|a| (a.name.to_string(), a.located(), a.name_span())).collect();
    let Some(source) = source else {
        if block.body.attribute("source").is_none() {
            let detail = format!(
                "The module `{name}` has no `source`: the directory that it is in, such as `\"./{name}\"`."
            );
            diagnostics.push(error(block.span(), "missing argument", detail));
        }
        return None;
    };
    let source_span = block.body.attribute("source").map_or_else(|| block.span(), Attribute::span);
    Some(Call { name, source, source_span, repeat, depends_on, providers, arguments, span: block.span() })
}

fn decode_providers(
    attribute: &Attribute,
    diagnostics: &mut Diagnostics,
) -> Vec<((String, String), ProviderRef)> {
    let Kind::Object(items) = &attribute.expr.kind else {
        let detail = "`providers` maps the module's providers to this module's: `{ aws = aws.west }`.";
        diagnostics.push(error(attribute.span(), "wrong type", detail));
        return Vec::new();
    };
    let mut providers = Vec::new();
    for (key, value) in items {
        let inner = provider_ref(key, attribute, diagnostics);
        let outer = provider_ref(value, attribute, diagnostics);
        if let (Some(inner), Some(outer)) = (inner, outer) {
            providers.push(((inner.name, inner.alias), outer));
        }
    }
    providers
}
