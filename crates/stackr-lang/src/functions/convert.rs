//! Functions that change a value's type or its marks.

use stackr_core::{Type, Value};

use super::{
    Function, Kind, Param, Sees,
    call::{Call, Result, bad},
};

const V: &[Param] = &[Param::any("v").or_null()];
const VALUE: &[Param] = &[Param::any("value").or_null()];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("ephemeralasnull", VALUE, Kind::Any, |call| Ok(call.arg(0)?.clone())).sees(Sees::All),
    Function::new("issensitive", VALUE, Kind::Bool, |call| {
        Ok(matches!(call.arg(0)?, Value::Sensitive(_)).into())
    })
    .sees(Sees::All),
    Function::new("nonsensitive", VALUE, Kind::Any, |call| Ok(call.arg(0)?.clone().unmark().0))
        .sees(Sees::All),
    Function::new("sensitive", VALUE, Kind::Any, |call| Ok(call.arg(0)?.clone().sensitive())).sees(Sees::All),
    Function::new("tobool", V, Kind::Bool, |call| to(call, &Type::Bool)).sees(Sees::All),
    Function::new("tolist", V, Kind::Any, |call| to(call, &Type::Any.list())).sees(Sees::All),
    Function::new("tomap", V, Kind::Any, |call| to(call, &Type::Any.map())).sees(Sees::All),
    Function::new("tonumber", V, Kind::Number, |call| to(call, &Type::Number)).sees(Sees::All),
    Function::new("toset", V, Kind::Any, |call| to(call, &Type::Any.set())).sees(Sees::All),
    Function::new("tostring", V, Kind::String, |call| to(call, &Type::String)).sees(Sees::All),
];

fn to(call: &Call<'_>, ty: &Type) -> Result {
    let value = call.arg(0)?;
    ty.convert(value).map_err(|e| {
        let shown = match value {
            Value::String(text) => format!("{text:?}"),
            _ => "the given value".to_owned(),
        };
        bad(
            0,
            match (ty, value) {
                (Type::Bool, Value::String(_)) => {
                    format!(
                        "cannot convert {shown} to bool; only the strings \"true\" or \
                         \"false\" are allowed"
                    )
                }
                (Type::Number, Value::String(_)) => format!(
                    "cannot convert {shown} to number; given string must be a decimal \
                         representation of a number"
                ),
                _ if matches!(
                    value.peel(),
                    Value::List(_) | Value::Tuple(_) | Value::Set(_) | Value::Map(_) | Value::Object(_)
                ) =>
                {
                    format!("cannot convert {} to {}: {}", value.type_of(), named(ty), e.message)
                }
                _ => format!("cannot convert {} to {}", value.type_of(), named(ty)),
            },
        )
    })
}

fn named(ty: &Type) -> String {
    match ty {
        Type::List(_) => "list of any single type".to_owned(),
        Type::Set(_) => "set of any single type".to_owned(),
        Type::Map(_) => "map of any single type".to_owned(),
        other => other.to_string(),
    }
}
