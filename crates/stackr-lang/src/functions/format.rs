//! `format` and `formatlist`: the format string and the arguments it takes.

use stackr_core::{Type, Value};

use super::{
    Function, FunctionError, Kind, LIMIT, Param, Sees,
    call::{Call, Result, bad, error},
    verb::Verb,
};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("format", &[Param::string("format")], Kind::String, |call| {
        Ok(format(call.text(0)?, call.rest(1))?.into())
    })
    .rest(Param::any("args").or_null()),
    Function::new("formatlist", &[Param::string("format")], Kind::List(&Kind::String), format_list)
        .rest(Param::any("args").or_null())
        .sees(Sees::All),
];

fn format(text: &str, args: &[Value]) -> std::result::Result<String, FunctionError> {
    let mut out = String::new();
    let mut next = 0;
    let mut highest = 0;
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('%') {
        out.push_str(plain);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let at = text.len() - after.len() - 1;
        let (mut verb, after) = Verb::parse(after, text.len() - after.len()).map_err(error)?;
        let written = text.get(at..text.len() - after.len()).unwrap_or_default();
        let index = verb.arg.take().unwrap_or(next);
        let Some(value) = args.get(index) else {
            let (need, have) = (index.saturating_add(1), args.len());
            return Err(error(format!(
                "not enough arguments for {written:?} at {at}: need index {need} but have {have} total"
            )));
        };
        verb.write(&mut out, value)
            .map_err(|e| error(format!("unsupported value for {written:?} at {at}: {e}")))?;
        if out.len() > LIMIT {
            return Err(error("the result is longer than can be held"));
        }
        next = index + 1;
        highest = highest.max(next);
        rest = after;
    }
    out.push_str(rest);
    match highest {
        used if used >= args.len() => Ok(out),
        0 => Err(bad(1, "too many arguments; no verbs in format string")),
        used => Err(bad(1 + used, format!("too many arguments; only {used} used by format string"))),
    }
}

/// One text for each element of the lists among the arguments; what is not a list is the same for all.
fn format_list(call: &Call<'_>) -> Result {
    let text = call.arg(0)?.peel().clone();
    let hidden = call.arg(0)?.has_sensitive() || call.rest(1).iter().any(Value::has_sensitive);
    let args: Vec<_> = call.rest(1).iter().map(|value| value.clone().unmark_deep()).collect();
    let unknown = |ty| Ok(Value::Unknown(ty).marked(hidden));
    let scalar = |ty: &Type| matches!(ty, Type::String | Type::Number | Type::Bool);
    // How many texts there are is known unless something may be a list.
    if args.iter().any(|value| matches!(value, Value::Unknown(ty) if !scalar(ty))) {
        return unknown(Type::List(Box::new(Type::String)));
    }
    let text = text.as_str();
    let mut length: Option<(usize, usize)> = None;
    for (i, value) in args.iter().enumerate() {
        let Some(elements) = value.elements() else { continue };
        match length {
            Some((first, wanted)) if wanted != elements.len() => {
                let got = elements.len();
                let message = format!(
                    "argument {} has length {got}, which is inconsistent with argument {first} \
                         of length {wanted}",
                    i + 1
                );
                return Err(bad(i + 1, message));
            }
            Some(_) => {}
            None => length = Some((i + 1, elements.len())),
        }
    }
    let row = |n: usize| {
        let column = |value: &Value| match value.elements() {
            Some(elements) => elements.get(n).cloned().unwrap_or(Value::Null),
            None => value.clone(),
        };
        let row: Vec<_> = args.iter().map(column).collect();
        let Some(text) = text.filter(|_| row.iter().all(Value::is_wholly_known)) else {
            return Ok(Value::Unknown(Type::String));
        };
        format(text, &row).map(Value::from).map_err(|e| match e.arg {
            Some(_) => e,
            None => error(format!("error on format iteration {n}: {}", e.message)),
        })
    };
    let rows = length.map_or(1, |(_, rows)| rows);
    Ok(Value::List((0..rows).map(row).collect::<Result<_>>()?).marked(hidden))
}
