//! `terraform` and `provider` blocks.

use std::collections::BTreeMap;

use stackr_core::{Diagnostics, Span, Value};

use super::{
    fields::{Fields, constant, error, labels},
    resource::provider_ref,
};
use crate::{
    eval::Scope,
    place::NoReferences,
    syntax::{Block, Body, Expr, Kind, Target},
};

/// A `backend` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Backend {
    /// Its label: `s3`, `local`.
    pub kind: String,
    /// Its arguments with their places; a nested block is an object.
    pub attributes: BTreeMap<String, (Value, Span)>,
    /// Where it is written.
    pub span: Span,
}

/// The `terraform` blocks of a module, together.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) required_version: Vec<(String, Span)>,
    pub(crate) backend: Option<Backend>,
    /// The provider that each local name stands for: `hashicorp/aws`.
    pub(crate) required_providers: BTreeMap<String, Required>,
}

/// What `required_providers` says of one name.
#[derive(Debug)]
pub(crate) struct Required {
    pub(crate) source: String,
    pub(crate) version: Option<String>,
    /// The configurations that whoever calls the module must give: name and alias.
    pub(crate) aliases: Vec<(String, String)>,
    pub(crate) span: Span,
}

/// A `provider` block.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) alias: String,
    pub(crate) block: Block,
}

impl Provider {
    /// Whether it configures nothing: in a called module it then only says that the caller gives it.
    pub(crate) fn is_empty(&self) -> bool {
        let body = &self.block.body;
        body.blocks.is_empty() && body.attributes.iter().all(|a| matches!(&*a.name, "alias" | "version"))
    }
}

pub(crate) fn decode_settings(block: &Block, settings: &mut Settings, diagnostics: &mut Diagnostics) {
    if labels(block, [], diagnostics).is_none() {
        return;
    }
    let mut fields = Fields::new(&block.body, "a `terraform` block");
    if let Some(version) = fields.text("required_version", diagnostics)
        && let Some(attribute) = block.body.attribute("required_version")
    {
        settings.required_version.push((version, attribute.span()));
    }
    if let Some(attribute) = fields.argument("experiments") {
        let detail = "Experiments of Terraform are not supported. Remove this argument.";
        diagnostics.push(error(attribute.name_span(), "unsupported argument", detail));
    }
    for found in fields.blocks("cloud") {
        let detail = "HCP Terraform is not supported. State is kept by a `backend \"s3\"` or `\"local\"` block, or by \
                      what stackr.toml says.";
        diagnostics.push(error(found.span(), "unsupported block", detail));
    }
    for found in fields.blocks("provider_meta") {
        diagnostics.push(error(
            found.span(),
            "unsupported block",
            "`provider_meta` is not supported. Remove it.",
        ));
    }
    let providers: Vec<_> = fields.blocks("required_providers").collect();
    for found in providers {
        decode_required_providers(&found.body, settings, diagnostics);
    }
    if let Some(found) = fields.block("backend", diagnostics) {
        if let Some(first) = &settings.backend {
            let detail = format!("This stack already has a `backend \"{}\"` block.", first.kind);
            diagnostics.push(error(found.span(), "duplicate block", detail));
        } else {
            settings.backend = decode_backend(found, diagnostics);
        }
    }
    fields.finish(diagnostics);
}

fn decode_required_providers(body: &Body, settings: &mut Settings, diagnostics: &mut Diagnostics) {
    for attribute in &body.attributes {
        let name = attribute.name.to_string();
        let mut required = Required {
            source: format!("hashicorp/{name}"),
            version: None,
            aliases: Vec::new(),
            span: attribute.name_span(),
        };
        let items = match &attribute.expr.kind {
            Kind::Object(items) => items.as_slice(),
            // The old form: only a version.
            Kind::Literal(Value::String(version)) => {
                required.version = Some(version.clone());
                &[]
            }
            _ => {
                let detail =
                    "A provider is written `aws = { source = \"hashicorp/aws\", version = \">= 5.0\" }`.";
                diagnostics.push(error(attribute.span(), "wrong type", detail));
                &[]
            }
        };
        for (key, value) in items {
            let text = match &value.kind {
                Kind::Literal(Value::String(text)) => Some(text.clone()),
                _ => None,
            };
            match (name_of(key), text, &value.kind) {
                (Some("source"), Some(source), _) => required.source = source,
                (Some("version"), Some(version), _) => required.version = Some(version),
                (Some("configuration_aliases"), _, Kind::Tuple(aliases)) => {
                    let found = aliases.iter().filter_map(|a| provider_ref(a, attribute, diagnostics));
                    required.aliases = found.map(|found| (found.name, found.alias)).collect();
                }
                _ => {
                    let detail = "A provider has a `source` and a `version`, both plain texts, and \
                                  `configuration_aliases`, a list such as `[aws.west]`.";
                    diagnostics.push(error(key.at.span(&attribute.file), "unsupported argument", detail));
                }
            }
        }
        settings.required_providers.insert(name, required);
    }
    for block in &body.blocks {
        let detail = "`required_providers` has arguments only: `aws = { source = \"hashicorp/aws\" }`.";
        diagnostics.push(error(block.span(), "unsupported block", detail));
    }
}

/// The key of an object, where it is a plain name.
fn name_of(key: &Expr) -> Option<&str> {
    match &key.kind {
        Kind::Literal(Value::String(name)) => Some(name),
        Kind::Ref(target) => match &**target {
            Target::Bare(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

fn decode_backend(block: &Block, diagnostics: &mut Diagnostics) -> Option<Backend> {
    let [kind] = labels(block, ["type"], diagnostics)?;
    if kind != "s3" && kind != "local" {
        let detail = format!("State is kept by `s3` or `local`; `{kind}` is not supported.");
        diagnostics.push(error(block.span(), "unsupported backend", detail));
    }
    let mut attributes = BTreeMap::new();
    for attribute in &block.body.attributes {
        match Scope::new(&NoReferences, &attribute.file).eval(&attribute.expr) {
            Ok(value) => {
                attributes.insert(attribute.name.to_string(), (value.into_owned(), attribute.span()));
            }
            Err(why) => diagnostics.push(*why),
        }
    }
    for inner in &block.body.blocks {
        let mut object = BTreeMap::new();
        for attribute in &inner.body.attributes {
            match Scope::new(&NoReferences, &attribute.file).eval(&attribute.expr) {
                Ok(value) => {
                    object.insert(attribute.name.to_string(), value.into_owned());
                }
                Err(why) => diagnostics.push(*why),
            }
        }
        attributes.insert(inner.kind.to_string(), (Value::Object(object), inner.span()));
    }
    Some(Backend { kind, attributes, span: block.span() })
}

pub(crate) fn decode_provider(block: Block, diagnostics: &mut Diagnostics) -> Option<Provider> {
    let [name] = labels(&block, ["name"], diagnostics)?;
    let alias = match block.body.attribute("alias") {
        None => String::new(),
        Some(attribute) => match constant(attribute) {
            Some(Value::String(alias)) if crate::syntax::is_name(alias) => alias.clone(),
            _ => {
                let detail = "An alias is a plain name in quotes: `alias = \"west\"`.";
                diagnostics.push(error(attribute.span(), "constant expected", detail));
                return None;
            }
        },
    };
    Some(Provider { name, alias, block })
}
