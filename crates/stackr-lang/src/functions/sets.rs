//! Functions on sets.

use stackr_core::{Type, Value};

use super::{
    Function, Kind, LIMIT, Param, Sees,
    call::{Call, Result, bad, error, fail},
    shape,
};

const SET: Kind = Kind::Set(&Kind::Any);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("setintersection", &[Param::new("first_set", SET)], SET, intersection)
        .rest(Param::new("other_sets", SET))
        .shape(shape::shared),
    Function::new("setproduct", &[], Kind::Any, product).rest(Param::any("sets")).sees(Sees::Parts),
    Function::new("setsubtract", &[Param::new("a", SET), Param::new("b", SET)], SET, subtract)
        .shape(shape::first),
    Function::new("setunion", &[Param::new("first_set", SET)], SET, union)
        .rest(Param::new("other_sets", SET))
        .shape(shape::shared),
];

/// The sets with elements of one type, so that they compare.
fn alike(call: &Call<'_>) -> Result<Vec<Vec<Value>>> {
    let all = Value::Tuple(call.args.clone());
    let all = SET
        .ty()
        .list()
        .convert(&all)
        .map_err(|_| error("given sets must all have compatible element types"))?;
    Ok(all.elements().unwrap_or(&[]).iter().map(|set| set.elements().unwrap_or(&[]).to_vec()).collect())
}

fn union(call: &Call<'_>) -> Result {
    Ok(Value::set(alike(call)?.into_iter().flatten()))
}

fn intersection(call: &Call<'_>) -> Result {
    let sets = alike(call)?;
    let Some((first, others)) = sets.split_first() else { return Ok(Value::Set(Vec::new())) };
    Ok(Value::set(first.iter().filter(|v| others.iter().all(|set| set.contains(v))).cloned()))
}

fn subtract(call: &Call<'_>) -> Result {
    let sets = alike(call)?;
    let [a, b] = sets.as_slice() else { return Ok(Value::Set(Vec::new())) };
    Ok(Value::set(a.iter().filter(|v| !b.contains(v)).cloned()))
}

/// Every combination of one element of each, as tuples; a set of them if one of the arguments is a set.
fn product(call: &Call<'_>) -> Result {
    if call.args.len() < 2 {
        return fail("at least two arguments are required");
    }
    let mut any_set = false;
    let mut marked = false;
    let mut size: usize = 1;
    let mut factors = Vec::new();
    for (i, value) in call.args.iter().enumerate() {
        let unmarked = value.peel();
        marked |= matches!(value, Value::Sensitive(_));
        any_set |= matches!(unmarked, Value::Set(_));
        let Some(elements) = unmarked.elements() else { return Err(bad(i, "a set or a list is required")) };
        let one_type = if matches!(unmarked, Value::Set(_)) { SET.ty() } else { Type::Any.list() };
        let same = one_type.convert(unmarked).map_err(|e| bad(i, e.message))?;
        size = size.saturating_mul(elements.len());
        factors.push(same.elements().unwrap_or(&[]).to_vec());
    }
    if size.saturating_mul(factors.len()) > LIMIT {
        return fail(format!("the product has {size} elements, which is more than can be held"));
    }
    let mut rows = vec![Vec::new()];
    for factor in &factors {
        let extend = |row: &Vec<Value>| {
            let row = row.clone();
            factor.iter().map(move |v| row.iter().cloned().chain([v.clone()]).collect::<Vec<_>>())
        };
        rows = if factor.is_empty() { Vec::new() } else { rows.iter().flat_map(extend).collect() };
    }
    let tuples: Vec<_> = rows.into_iter().map(Value::Tuple).collect();
    let result = if any_set {
        let known = tuples.iter().all(Value::is_wholly_known);
        if !known {
            return Ok(Value::Unknown(Type::Any.set()).marked(marked));
        }
        Type::Any.set().convert(&Value::Tuple(tuples)).map_err(|e| error(e.message))?
    } else {
        Value::List(tuples)
    };
    Ok(result.marked(marked))
}
