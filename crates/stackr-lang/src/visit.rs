//! What an expression mentions: references and calls.

use crate::syntax::{At, Body, Call, Expr, Kind, Part, Target};

/// Something that an expression mentions.
pub(crate) enum Mention<'e> {
    /// A reference, as a whole.
    Target(&'e Target),
    /// An output of a module.
    Output { module: &'e str, output: &'e str },
    /// A function.
    Call(&'e Call),
}

/// Visits everything that an expression mentions.
pub(crate) fn mentions<'e>(expr: &'e Expr, visit: &mut dyn FnMut(Mention<'e>, At)) {
    match &expr.kind {
        Kind::Literal(_) | Kind::Variable(_) | Kind::Item => {}
        Kind::Ref(target) => visit(Mention::Target(target), expr.at),
        Kind::Attr(source, name) => {
            let (reference, key) = match &source.kind {
                Kind::Index(pair) => (&pair.0, Some(&pair.1)),
                _ => (&**source, None),
            };
            if let Kind::Ref(target) = &reference.kind
                && let Target::Module(module) = &**target
            {
                visit(Mention::Output { module, output: name }, expr.at);
                if let Some(key) = key {
                    mentions(key, visit);
                }
            } else {
                mentions(source, visit);
            }
        }
        Kind::Template(parts) => in_parts(parts, visit),
        Kind::Tuple(elements) => elements.iter().for_each(|e| mentions(e, visit)),
        Kind::Object(items) => {
            for (key, value) in items {
                mentions(key, visit);
                mentions(value, visit);
            }
        }
        Kind::For(each) => {
            mentions(&each.collection, visit);
            each.key.iter().chain([&each.value]).chain(&each.condition).for_each(|e| mentions(e, visit));
        }
        Kind::Index(pair) | Kind::Binary(_, pair) => {
            mentions(&pair.0, visit);
            mentions(&pair.1, visit);
        }
        Kind::Splat(splat) => {
            mentions(&splat.source, visit);
            mentions(&splat.each, visit);
        }
        Kind::Call(call) => {
            visit(Mention::Call(call), call.name_at);
            call.args.iter().for_each(|a| mentions(a, visit));
        }
        Kind::Not(inner) | Kind::Negate(inner) | Kind::Paren(inner) => mentions(inner, visit),
        Kind::Conditional(three) => {
            mentions(&three.0, visit);
            mentions(&three.1, visit);
            mentions(&three.2, visit);
        }
    }
}

fn in_parts<'e>(parts: &'e [Part], visit: &mut dyn FnMut(Mention<'e>, At)) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value(expr) => mentions(expr, visit),
            Part::If(part) => {
                mentions(&part.condition, visit);
                in_parts(&part.then, visit);
                in_parts(&part.otherwise, visit);
            }
            Part::For(part) => {
                mentions(&part.collection, visit);
                in_parts(&part.body, visit);
            }
        }
    }
}

/// The name that the content of a `dynamic` block calls its element by.
pub(crate) fn iterator_name(label: &str, body: &Body) -> String {
    match body.attribute("iterator").map(|a| &a.expr.kind) {
        Some(Kind::Ref(target)) => match &**target {
            Target::Bare(name) => name.to_string(),
            _ => label.to_owned(),
        },
        Some(Kind::Literal(value)) => value.as_str().unwrap_or(label).to_owned(),
        _ => label.to_owned(),
    }
}
