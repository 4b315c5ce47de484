//! `variable` and `output` blocks.

use stackr_core::{Diagnostics, Span, Type, Value};

use super::{
    fields::{Fields, check_names, error, labels},
    types::parse_type,
};
use crate::{
    eval::Scope,
    place::NoReferences,
    syntax::{Attribute, Block, Expr, Kind, Located, Target, parse_expression},
};

/// A `variable` block.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// Whether a type was written.
    pub(crate) typed: bool,
    pub(crate) default: Option<Value>,
    pub(crate) nullable: bool,
    pub(crate) sensitive: bool,
    pub(crate) validations: Vec<Check>,
    pub(crate) span: Span,
}

/// An `output` block.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) value: Located,
    pub(crate) description: Option<String>,
    pub(crate) sensitive: bool,
    /// Where it says that its value is not to be kept.
    pub(crate) ephemeral: Option<Span>,
    pub(crate) depends_on: Vec<Reference>,
    pub(crate) preconditions: Vec<Check>,
}

/// A condition with the message of its failure.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) condition: Located,
    pub(crate) message: Located,
}

pub(crate) fn decode_variable(block: &Block, diagnostics: &mut Diagnostics) -> Option<Variable> {
    let [name] = labels(block, ["name"], diagnostics)?;
    check_names(block, diagnostics);
    const RESERVED: [&str; 8] =
        ["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"];
    if RESERVED.contains(&&*name) {
        let detail =
            format!("`{name}` has a meaning in `module` blocks, so a variable cannot have this name.");
        diagnostics.push(error(block.span(), "reserved name", detail));
    }
    let mut fields = Fields::new(&block.body, "a variable");
    let mut ty = Type::Any;
    let declared = fields.argument("type");
    if let Some(attribute) = declared {
        match parse_type(&attribute.expr, &attribute.file) {
            Ok(parsed) => ty = parsed,
            Err(why) => diagnostics.push(*why),
        }
    }
    fields.text("description", diagnostics);
    let nullable = fields.flag("nullable", diagnostics).unwrap_or(true);
    // What is ephemeral is not to be kept; like every sensitive value it is sealed wherever it is recorded.
    let ephemeral = fields.flag("ephemeral", diagnostics).unwrap_or(false);
    let sensitive = fields.flag("sensitive", diagnostics).unwrap_or(false) || ephemeral;
    let default = fields.argument("default").and_then(|a| default_of(a, &ty, &name, diagnostics));
    let validations = decode_checks(&mut fields, "validation", diagnostics);
    fields.finish(diagnostics);
    let typed = declared.is_some();
    Some(Variable { name, ty, typed, default, nullable, sensitive, validations, span: block.span() })
}

/// The default value, converted to the type.
fn default_of(attribute: &Attribute, ty: &Type, name: &str, diagnostics: &mut Diagnostics) -> Option<Value> {
    let value = match Scope::new(&NoReferences, &attribute.file).eval(&attribute.expr) {
        Ok(value) => value.into_owned(),
        Err(why) => {
            diagnostics.push(*why);
            return None;
        }
    };
    match ty.convert(&value) {
        Ok(value) => Some(value),
        Err(why) => {
            let detail = format!("The default of `var.{name}` does not have its type {ty}: {why}.");
            diagnostics.push(error(attribute.span(), "wrong type", detail));
            None
        }
    }
}

pub(crate) fn decode_output(block: &Block, diagnostics: &mut Diagnostics) -> Option<Output> {
    let [name] = labels(block, ["name"], diagnostics)?;
    check_names(block, diagnostics);
    let mut fields = Fields::new(&block.body, "an output");
    let value = fields.argument("value").map(Attribute::located);
    let description = fields.text("description", diagnostics);
    let ephemeral = fields.flag("ephemeral", diagnostics).unwrap_or(false);
    let sensitive = fields.flag("sensitive", diagnostics).unwrap_or(false) || ephemeral;
    let ephemeral = block.body.attribute("ephemeral").filter(|_| ephemeral).map(Attribute::name_span);
    let depends_on = decode_depends_on(&mut fields, diagnostics);
    let preconditions = decode_checks(&mut fields, "precondition", diagnostics);
    fields.finish(diagnostics);
    let Some(value) = value else {
        let detail = format!("The output `{name}` has no `value`.");
        diagnostics.push(error(block.span(), "missing argument", detail));
        return None;
    };
    Some(Output { name, value, description, sensitive, ephemeral, depends_on, preconditions })
}

/// The blocks of a kind that have a `condition` and an `error_message`.
pub(crate) fn decode_checks(
    fields: &mut Fields<'_>,
    kind: &'static str,
    diagnostics: &mut Diagnostics,
) -> Vec<Check> {
    fields.blocks(kind).filter_map(|block| decode_check(block, diagnostics)).collect()
}

fn decode_check(block: &Block, diagnostics: &mut Diagnostics) -> Option<Check> {
    labels(block, [], diagnostics)?;
    let mut fields = Fields::new(&block.body, "a condition");
    let condition = fields.argument("condition").map(Attribute::located);
    let message = fields.argument("error_message").map(Attribute::located);
    fields.finish(diagnostics);
    let (Some(condition), Some(message)) = (condition, message) else {
        let detail = format!("A `{}` block has a `condition` and an `error_message`.", block.kind);
        diagnostics.push(error(block.span(), "missing argument", detail));
        return None;
    };
    Some(Check { condition, message })
}

/// The references that `depends_on` lists.
pub(crate) fn decode_depends_on(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Reference> {
    fields.argument("depends_on").map_or_else(Vec::new, |a| reference_list(a, diagnostics))
}

/// A reference that stands for the whole of what it names.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) target: Target,
    pub(crate) span: Span,
}

/// A list of references.
fn reference_list(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Vec<Reference> {
    let Kind::Tuple(elements) = &attribute.expr.kind else {
        let detail = format!("`{}` is a list of references, `[aws_vpc.main]`.", attribute.name);
        diagnostics.push(error(attribute.span(), "wrong type", detail));
        return Vec::new();
    };
    let mut list = Vec::new();
    for element in elements {
        let span = element.at.span(&attribute.file);
        let found = match &element.kind {
            // The JSON syntax writes references as texts.
            Kind::Literal(Value::String(text)) => {
                parse_expression(text, &attribute.file).ok().as_ref().and_then(target_of).cloned()
            }
            _ => target_of(element).cloned(),
        };
        match found {
            Some(target) => list.push(Reference { target, span }),
            None => {
                let detail =
                    format!("`{}` lists resources, data and modules, `aws_vpc.main`.", attribute.name);
                diagnostics.push(error(span, "reference expected", detail));
            }
        }
    }
    list
}

/// What an expression refers to, whatever part of it is meant.
fn target_of(expr: &Expr) -> Option<&Target> {
    match &expr.kind {
        Kind::Ref(target) => Some(target),
        Kind::Attr(source, _) => target_of(source),
        Kind::Index(pair) => target_of(&pair.0),
        _ => None,
    }
}
