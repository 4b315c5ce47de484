//! Gives a whole expression one place: for text that is not in its file as it was parsed (behind an escape in JSON).

use super::ast::{At, Expr, Kind, Part};

/// Puts everything in an expression at one place.
pub(super) fn relocate(expr: &mut Expr, at: At) {
    expr.at = at;
    match &mut expr.kind {
        Kind::Literal(_) | Kind::Variable(_) | Kind::Item | Kind::Ref(_) => {}
        Kind::Template(parts) => in_parts(parts, at),
        Kind::Tuple(elements) => elements.iter_mut().for_each(|e| relocate(e, at)),
        Kind::Object(items) => {
            for (key, value) in items {
                relocate(key, at);
                relocate(value, at);
            }
        }
        Kind::For(each) => {
            relocate(&mut each.collection, at);
            relocate(&mut each.value, at);
            each.key.iter_mut().chain(&mut each.condition).for_each(|e| relocate(e, at));
        }
        Kind::Index(pair) | Kind::Binary(_, pair) => {
            relocate(&mut pair.0, at);
            relocate(&mut pair.1, at);
        }
        Kind::Splat(splat) => {
            relocate(&mut splat.source, at);
            relocate(&mut splat.each, at);
        }
        Kind::Call(call) => {
            call.name_at = at;
            call.args.iter_mut().for_each(|a| relocate(a, at));
        }
        Kind::Attr(inner, _) | Kind::Not(inner) | Kind::Negate(inner) | Kind::Paren(inner) => {
            relocate(inner, at)
        }
        Kind::Conditional(three) => {
            relocate(&mut three.0, at);
            relocate(&mut three.1, at);
            relocate(&mut three.2, at);
        }
    }
}

fn in_parts(parts: &mut [Part], at: At) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value(expr) => relocate(expr, at),
            Part::If(part) => {
                relocate(&mut part.condition, at);
                in_parts(&mut part.then, at);
                in_parts(&mut part.otherwise, at);
            }
            Part::For(part) => {
                relocate(&mut part.collection, at);
                in_parts(&mut part.body, at);
            }
        }
    }
}
