//! Type constraints: `map(object({ port = number, path = optional(string, "/") }))`.

use std::{collections::BTreeMap, sync::Arc};

use stackr_core::{Diagnostic, ObjectField, Type};

use crate::{
    eval::{Scope, nearest},
    place::NoReferences,
    syntax::{Call, Expr, Fail, Kind, Target},
};

const KEYWORDS: [&str; 11] =
    ["string", "number", "bool", "any", "list", "set", "map", "object", "tuple", "optional", "dynamic"];

/// The type that an expression stands for.
pub(crate) fn parse_type(expr: &Expr, file: &Arc<str>) -> Result<Type, Fail> {
    let fail = |detail: String| Box::new(Diagnostic::error("bad type", detail).at(Some(expr.at.span(file))));
    match &expr.kind {
        Kind::Paren(inner) => parse_type(inner, file),
        Kind::Ref(target) => match &**target {
            Target::Bare(name) => match &**name {
                "string" => Ok(Type::String),
                "number" => Ok(Type::Number),
                "bool" => Ok(Type::Bool),
                "any" => Ok(Type::Any),
                "list" => Ok(Type::List(Box::new(Type::Any))),
                "set" => Ok(Type::Set(Box::new(Type::Any))),
                "map" => Ok(Type::Map(Box::new(Type::Any))),
                "object" | "tuple" => {
                    Err(fail(format!("`{name}` says what is in it: `object({{ name = string }})`.")))
                }
                name => {
                    let near = nearest(name, KEYWORDS.into_iter());
                    let hint = near.map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
                    Err(fail(format!("There is no type `{name}`.{hint}")))
                }
            },
            _ => Err(fail("A type is written with the type keywords only.".to_owned())),
        },
        Kind::Call(call) => compound(call, expr, file),
        Kind::Literal(stackr_core::Value::String(text)) => {
            Err(fail(format!("A type is written without quotes: `{text}`.")))
        }
        _ => Err(fail(
            "A type is `string`, `number`, `bool`, `any`, `list(…)`, `set(…)`, `map(…)`, `object({…})` or \
                       `tuple([…])`."
                .to_owned(),
        )),
    }
}

fn compound(call: &Call, expr: &Expr, file: &Arc<str>) -> Result<Type, Fail> {
    let fail = |detail: &str| Box::new(Diagnostic::error("bad type", detail).at(Some(expr.at.span(file))));
    let [arg] = &*call.args else {
        let detail = match &*call.name {
            "optional" => "`optional` marks an attribute of `object({…})`.".to_owned(),
            name => format!("`{name}(…)` takes exactly one argument."),
        };
        return Err(fail(&detail));
    };
    match &*call.name {
        "list" => Ok(Type::List(Box::new(parse_type(arg, file)?))),
        "set" => Ok(Type::Set(Box::new(parse_type(arg, file)?))),
        "map" => Ok(Type::Map(Box::new(parse_type(arg, file)?))),
        "tuple" => match &arg.kind {
            Kind::Tuple(elements) => {
                Ok(Type::Tuple(elements.iter().map(|e| parse_type(e, file)).collect::<Result<_, _>>()?))
            }
            _ => Err(fail("`tuple` takes a list of types: `tuple([string, number])`.")),
        },
        "object" => match &arg.kind {
            Kind::Object(items) => object(items, file),
            _ => Err(fail("`object` takes attributes and their types: `object({ name = string })`.")),
        },
        "optional" => Err(fail("`optional` marks an attribute of `object({…})`.")),
        name => {
            let near = nearest(name, KEYWORDS.into_iter());
            let hint = near.map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
            Err(fail(&format!("There is no type `{name}(…)`.{hint}")))
        }
    }
}

fn object(items: &[(Expr, Expr)], file: &Arc<str>) -> Result<Type, Fail> {
    let mut fields = BTreeMap::new();
    for (key, ty) in items {
        let fail = |detail: &str| Box::new(Diagnostic::error("bad type", detail).at(Some(key.at.span(file))));
        let Kind::Literal(name) = &key.kind else { return Err(fail("An attribute's name is a plain name.")) };
        let name = name.to_text().ok_or_else(|| fail("An attribute's name is a plain name."))?;
        let field = match &ty.kind {
            Kind::Call(call) if &*call.name == "optional" => optional(call, ty, file)?,
            _ => ObjectField { ty: parse_type(ty, file)?, optional: false, default: None },
        };
        if fields.insert(name, field).is_some() {
            return Err(fail("This attribute is declared twice."));
        }
    }
    Ok(Type::Object(fields))
}

/// `optional(type)` or `optional(type, default)`.
fn optional(call: &Call, expr: &Expr, file: &Arc<str>) -> Result<ObjectField, Fail> {
    let fail = |detail: String, at: crate::syntax::At| {
        Box::new(Diagnostic::error("bad type", detail).at(Some(at.span(file))))
    };
    let (ty, default) = match &*call.args {
        [ty] => (ty, None),
        [ty, default] => (ty, Some(default)),
        _ => return Err(fail("`optional` takes a type and perhaps a default.".to_owned(), expr.at)),
    };
    let ty = parse_type(ty, file)?;
    let default = match default {
        None => None,
        Some(expr) => {
            let value = Scope::new(&NoReferences, file).eval(expr)?;
            let converted = ty.convert(&value);
            Some(
                converted
                    .map_err(|e| fail(format!("The default does not have the type {ty}: {e}."), expr.at))?,
            )
        }
    };
    Ok(ObjectField { ty, optional: true, default })
}
