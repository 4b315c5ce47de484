//! `stackr explain`: what a type takes and gives, from its schema.

use std::fmt::Write as _;

use stackr_core::{Field, Kind, Nesting, Presence, Schema, Shape};

use crate::{
    error::Failure,
    exit::Exit,
    output::Output,
    render::style::{BOLD, DIM, FORCES, paint},
};

pub(crate) fn explain(ty: Option<&str>, data: bool, out: &Output) -> Result<Exit, Failure> {
    let registry = stackr::registry();
    let Some(ty) = ty else {
        let list = |title: &str, schemas: Vec<&'static Schema>| {
            let width = schemas.iter().map(|s| s.ty.len()).max().unwrap_or_default();
            let lines: String =
                schemas.iter().map(|s| format!("  {:<width$}  {}\n", s.ty, first(s.args.doc))).collect();
            format!("{}\n{lines}", paint(BOLD, title))
        };
        let resources: Vec<_> = registry.resources().map(|r| r.schema()).collect();
        let lookups: Vec<_> = registry.lookups().map(|l| l.schema()).collect();
        if out.json {
            let names = |s: &[&Schema]| s.iter().map(|s| s.ty).collect::<Vec<_>>();
            out.json(&serde_json::json!({ "resources": names(&resources), "data": names(&lookups) }));
        } else {
            out.result(&format!("{}\n{}", list("Resources", resources), list("Data", lookups)));
        }
        return Ok(Exit::Done);
    };
    let resource = registry.resource(ty).filter(|_| !data).map(|r| (r.schema(), "resource"));
    let found = resource.or_else(|| registry.lookup(ty).map(|l| (l.schema(), "data")));
    let Some((schema, keyword)) = found else {
        let failure = Failure::new(Exit::Error, format!("stackr has no type `{ty}`"));
        let types: Vec<_> = registry.resources().map(|r| r.schema().ty).collect();
        let failure = match similar::get_close_matches(ty, &types, 1, 0.8).first() {
            Some(close) => failure.hint(format!("did you mean `{close}`?")),
            None => failure,
        };
        return Err(failure.hint("`stackr explain` lists the types it has"));
    };
    if out.json {
        out.json(&json(schema));
        return Ok(Exit::Done);
    }
    let mut text = format!(
        "{} {}\n{}\n\n{}\n",
        keyword,
        paint(BOLD, schema.ty),
        schema.args.doc,
        paint(BOLD, "Arguments")
    );
    fields(&mut text, schema.args, 1);
    let _ = writeln!(text, "\n{}", paint(BOLD, "Outputs"));
    fields(&mut text, schema.outputs, 1);
    let beyond = lacking(schema.ty, keyword == "data");
    if !beyond.is_empty() {
        let _ =
            writeln!(text, "\n{}\n  {}", paint(BOLD, "The AWS provider has beyond this"), beyond.join(", "));
    }
    out.result(&text);
    Ok(Exit::Done)
}

/// The provider's arguments and outputs that a type lacks, from the list that is held against its own schema.
fn lacking(ty: &str, data: bool) -> Vec<&'static str> {
    let section = if data { "data" } else { "resource" };
    let wanted = format!("{section} {ty}:");
    let line = include_str!("../lacking.txt").lines().find_map(|l| l.strip_prefix(&wanted));
    line.map(|l| l.split_whitespace().collect()).unwrap_or_default()
}

fn fields(text: &mut String, shape: &Shape, depth: usize) {
    let indent = "  ".repeat(depth);
    for field in shape.fields {
        let facts = facts(field);
        let facts = if facts.is_empty() { String::new() } else { format!(", {}", facts.join(", ")) };
        let _ = writeln!(
            text,
            "{indent}{} {}",
            paint(BOLD, field.name),
            paint(DIM, &format!("({}{facts})", kind(field)))
        );
        let _ = writeln!(text, "{indent}    {}", field.doc);
        if let Some(nested) = shape_of(&field.kind) {
            fields(text, nested, depth + 2);
        }
    }
}

fn kind(field: &Field) -> String {
    match field.nesting {
        Nesting::Attribute => field.kind.name(),
        Nesting::Blocks => "blocks".to_owned(),
        Nesting::Single => "block".to_owned(),
    }
}

/// The type in the language's own words: `string`, `list(number)`, `set(object)`.
fn machine(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::Int | Kind::Float => "number".to_owned(),
        Kind::Any => "any".to_owned(),
        Kind::List(e) => format!("list({})", machine(e)),
        Kind::Set(e) => format!("set({})", machine(e)),
        Kind::Map(e) => format!("map({})", machine(e)),
        Kind::Object(_) => "object".to_owned(),
        _ => "string".to_owned(),
    }
}

fn shape_of(kind: &Kind) -> Option<&'static Shape> {
    match kind {
        Kind::List(e) | Kind::Set(e) | Kind::Map(e) => shape_of(e),
        Kind::Object(shape) => Some(shape),
        _ => None,
    }
}

fn facts(field: &Field) -> Vec<String> {
    let mut facts = Vec::new();
    match field.presence {
        Presence::Required => facts.push("required".to_owned()),
        Presence::Computed => facts.push("decided if absent".to_owned()),
        Presence::Optional | Presence::Output => {}
    }
    if let Some(default) = field.default {
        facts.push(format!("default {}", default.value().to_json()));
    }
    if field.replace {
        facts.push(paint(FORCES, "forces replacement"));
    }
    if field.lasting {
        facts.push(paint(FORCES, "adding or removing it forces replacement"));
    }
    if field.secret {
        facts.push("secret".to_owned());
    }
    facts
}

/// A doc comment's first sentence.
fn first(doc: &str) -> &str {
    doc.split_inclusive(". ").next().unwrap_or(doc).trim_end().trim_end_matches('.')
}

fn json(schema: &Schema) -> serde_json::Value {
    fn shape(of: &Shape) -> serde_json::Value {
        let fields = of.fields.iter().map(|f| {
            let value = serde_json::json!({
                "doc": f.doc,
                "type": machine(&f.kind),
                "nesting": match f.nesting {
                    Nesting::Attribute => "attribute",
                    Nesting::Blocks => "blocks",
                    Nesting::Single => "block",
                },
                "presence": format!("{:?}", f.presence).to_lowercase(),
                "default": f.default.map(|d| d.value().to_json()),
                "forces_replacement": f.replace,
                "secret": f.secret,
                "fields": shape_of(&f.kind).map(shape),
            });
            (f.name.to_owned(), value)
        });
        serde_json::Value::Object(fields.collect())
    }
    serde_json::json!({
        "type": schema.ty, "doc": schema.args.doc, "args": shape(schema.args), "outputs": shape(schema.outputs),
    })
}
