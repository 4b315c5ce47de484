//! `resource` and `data` blocks: their meta-arguments. What is left is the resource's own.

use stackr_core::{BlockKey, Diagnostics, Ignore, Lifecycle, Mode, Path, PathStep, Span, Value};

use super::{
    fields::{Fields, check_names, error, labels},
    variable::{Check, Reference, decode_checks, decode_depends_on},
};
use crate::syntax::{Attribute, Block, Expr, Kind, Located, Target, parse_expression};

/// The arguments and blocks that are the language's and not the resource's.
pub(crate) const META_ARGUMENTS: [&str; 4] = ["count", "for_each", "depends_on", "provider"];
/// The blocks that are the language's and not the resource's.
pub(crate) const META_BLOCKS: [&str; 3] = ["lifecycle", "connection", "provisioner"];

/// A `resource` or `data` block.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) key: BlockKey,
    pub(crate) block: Block,
    pub(crate) repeat: Option<Repeat>,
    pub(crate) depends_on: Vec<Reference>,
    pub(crate) provider: Option<ProviderRef>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) preconditions: Vec<Check>,
    pub(crate) postconditions: Vec<Check>,
    /// What replaces the object when it changes.
    pub(crate) triggers: Vec<Located>,
    /// The check that the data is in.
    pub(crate) check: Option<String>,
}

/// `count` or `for_each`.
#[derive(Clone, Debug)]
pub(crate) struct Repeat {
    pub(crate) by: By,
    pub(crate) value: Located,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Count,
    ForEach,
}

impl By {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::ForEach => "for_each",
        }
    }
}

/// `aws` or `aws.alias`.
#[derive(Clone, Debug)]
pub(crate) struct ProviderRef {
    pub(crate) name: String,
    pub(crate) alias: String,
    pub(crate) span: Span,
}

pub(crate) fn decode_resource(block: Block, mode: Mode, diagnostics: &mut Diagnostics) -> Option<Resource> {
    let [ty, name] = labels(&block, ["type", "name"], diagnostics)?;
    check_names(&block, diagnostics);
    if let Some(label) = block.labels.first().filter(|label| ["data", "module"].contains(&&*label.text)) {
        let detail = format!("`{ty}` cannot be a type: an address would not say what it is of.");
        diagnostics.push(error(label.at.span(&block.file), "bad name", detail));
    }
    // The resource's own arguments are not known here, so nothing is left to refuse.
    let mut fields = Fields::new(&block.body, "a resource");
    let repeat = decode_repeat(&mut fields, diagnostics);
    let depends_on = decode_depends_on(&mut fields, diagnostics);
    let provider = fields.argument("provider").and_then(|a| provider_ref(&a.expr, a, diagnostics));
    for kind in ["provisioner", "connection"] {
        for found in fields.blocks(kind) {
            let detail = format!(
                "`{kind}` blocks are not supported: stackr runs nothing on machines. Use user data, an image or a \
                 task definition."
            );
            diagnostics.push(error(found.span(), "unsupported block", detail));
        }
    }
    let mut lifecycle = Lifecycle::default();
    let (mut preconditions, mut postconditions, mut triggers) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(inner) = fields.block("lifecycle", diagnostics) {
        let mut fields = Fields::new(&inner.body, "a `lifecycle` block");
        lifecycle = decode_lifecycle(&mut fields, mode, diagnostics);
        if let (Mode::Managed, Some(attribute)) = (mode, fields.argument("replace_triggered_by")) {
            triggers = decode_triggers(attribute, diagnostics);
        }
        preconditions = decode_checks(&mut fields, "precondition", diagnostics);
        postconditions = decode_checks(&mut fields, "postcondition", diagnostics);
        fields.finish(diagnostics);
    }
    let key = BlockKey { mode, ty, name };
    Some(Resource {
        key,
        repeat,
        depends_on,
        provider,
        lifecycle,
        preconditions,
        postconditions,
        triggers,
        check: None,
        block,
    })
}

/// `count` or `for_each`, not both.
pub(crate) fn decode_repeat(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Repeat> {
    let count = fields.argument("count");
    let each = fields.argument("for_each");
    if let (Some(_), Some(each)) = (count, each) {
        let detail = "A block has `count` or `for_each`, not both.";
        diagnostics.push(error(each.name_span(), "count and for_each", detail));
    }
    let (by, attribute) = count.map(|a| (By::Count, a)).or(each.map(|a| (By::ForEach, a)))?;
    Some(Repeat { by, value: attribute.located() })
}

/// The provider that an expression names: `aws.west`, also as a text.
pub(crate) fn provider_ref(
    expr: &Expr,
    attribute: &Attribute,
    diagnostics: &mut Diagnostics,
) -> Option<ProviderRef> {
    let span = expr.at.span(&attribute.file);
    let parsed = match &expr.kind {
        Kind::Literal(Value::String(text)) => parse_expression(text, &attribute.file).ok(),
        _ => None,
    };
    if let Kind::Ref(target) = &parsed.as_ref().unwrap_or(expr).kind {
        match &**target {
            Target::Bare(name) => {
                return Some(ProviderRef { name: name.to_string(), alias: String::new(), span });
            }
            Target::Block(key) if key.mode == Mode::Managed => {
                return Some(ProviderRef { name: key.ty.clone(), alias: key.name.clone(), span });
            }
            _ => {}
        }
    }
    let detail = "A provider is named by its name and alias, without quotes: `aws` or `aws.west`.";
    diagnostics.push(error(span, "provider expected", detail));
    None
}

fn decode_lifecycle(fields: &mut Fields<'_>, mode: Mode, diagnostics: &mut Diagnostics) -> Lifecycle {
    let mut lifecycle = Lifecycle::default();
    if mode == Mode::Managed {
        lifecycle.create_before_destroy = fields.flag("create_before_destroy", diagnostics).unwrap_or(false);
        lifecycle.prevent_destroy = fields.flag("prevent_destroy", diagnostics).unwrap_or(false);
        if let Some(attribute) = fields.argument("ignore_changes") {
            lifecycle.ignore_changes = ignore_changes(attribute, diagnostics);
        }
    }
    lifecycle
}

/// The objects and attributes that `replace_triggered_by` lists.
fn decode_triggers(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Vec<Located> {
    let Kind::Tuple(elements) = &attribute.expr.kind else {
        let detail =
            "`replace_triggered_by` is a list of resources and their attributes: `[aws_vpc.main.id]`.";
        diagnostics.push(error(attribute.span(), "wrong type", detail));
        return Vec::new();
    };
    let mut triggers = Vec::new();
    for element in elements {
        let parsed = match &element.kind {
            Kind::Literal(Value::String(text)) => parse_expression(text, &attribute.file).ok(),
            _ => None,
        };
        let located =
            Located { expr: parsed.unwrap_or_else(|| element.clone()).into(), file: attribute.file.clone() };
        if triggering(&located.expr).is_some() {
            triggers.push(located);
        } else {
            let detail = "Only a change of a resource or of an attribute of one replaces another: `aws_vpc.main`, \
                          `aws_subnet.a[count.index].id`.";
            diagnostics.push(error(element.at.span(&attribute.file), "resource expected", detail));
        }
    }
    triggers
}

/// The resource that a trigger is about.
pub(crate) fn triggering(expr: &Expr) -> Option<&BlockKey> {
    match &expr.kind {
        Kind::Ref(target) => match &**target {
            Target::Block(key) if key.mode == Mode::Managed => Some(key),
            _ => None,
        },
        Kind::Attr(source, _) => triggering(source),
        Kind::Index(pair) => triggering(&pair.0),
        _ => None,
    }
}

fn ignore_changes(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Ignore {
    let is_all = |expr: &Expr| match &expr.kind {
        Kind::Ref(target) => **target == Target::Bare("all".into()),
        Kind::Literal(value) => value.as_str() == Some("all"),
        _ => false,
    };
    if is_all(&attribute.expr) {
        return Ignore::All;
    }
    let Kind::Tuple(elements) = &attribute.expr.kind else {
        let detail = "`ignore_changes` is `all` or a list of arguments: `[tags, desired_count]`.";
        diagnostics.push(error(attribute.span(), "wrong type", detail));
        return Ignore::Nothing;
    };
    let mut paths = Vec::new();
    for element in elements {
        let parsed = match &element.kind {
            Kind::Literal(Value::String(text)) => parse_expression(text, &attribute.file).ok(),
            _ => None,
        };
        let mut steps = Vec::new();
        if path_of(parsed.as_ref().unwrap_or(element), &mut steps).is_some() {
            paths.push(Path(steps));
        } else {
            let detail = "`ignore_changes` lists arguments of this resource: `tags`, `tags[\"Name\"]`.";
            diagnostics.push(error(element.at.span(&attribute.file), "argument expected", detail));
        }
    }
    Ignore::These(paths)
}

/// The path that an expression writes: `default_action[0].order`.
fn path_of(expr: &Expr, steps: &mut Vec<PathStep>) -> Option<()> {
    match &expr.kind {
        Kind::Ref(target) => match &**target {
            Target::Bare(name) => steps.push(PathStep::Name(name.to_string())),
            Target::Block(key) if key.mode == Mode::Managed => {
                steps.push(PathStep::Name(key.ty.clone()));
                steps.push(PathStep::Name(key.name.clone()));
            }
            _ => return None,
        },
        Kind::Attr(source, name) => {
            path_of(source, steps)?;
            steps.push(PathStep::Name(name.to_string()));
        }
        Kind::Index(pair) => {
            path_of(&pair.0, steps)?;
            let Kind::Literal(key) = &pair.1.kind else { return None };
            steps.push(match key {
                Value::String(name) => PathStep::Name(name.clone()),
                Value::Number(n) => PathStep::Index(usize::try_from(n.as_i64()?).ok()?),
                _ => return None,
            });
        }
        _ => return None,
    }
    Some(())
}
