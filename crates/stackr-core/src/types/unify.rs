//! One type for several: what the elements of a list or the arms of a conditional become.
//!
//! Facts that shape this file:
//! - `any` is what a null or a value of unknown type has: it gives way to whatever stands beside it;
//! - string wins over number and bool, because each of them can be written as text; number and bool do not meet;
//! - objects with other attributes become a map, tuples of other lengths a list, if the parts agree.

use std::collections::BTreeMap;

use super::{ObjectField, Type};
use crate::Value;

impl Type {
    /// The type that values of all these types can become, if there is one. `any` where there are none.
    #[must_use]
    pub fn unify(types: &[Self]) -> Option<Self> {
        let mut distinct: Vec<&Self> = Vec::new();
        for ty in types.iter().filter(|ty| **ty != Self::Any) {
            if !distinct.contains(&ty) {
                distinct.push(ty);
            }
        }
        match distinct.as_slice() {
            [] => Some(Self::Any),
            [one] => Some((*one).clone()),
            [first, rest @ ..] => rest.iter().try_fold((*first).clone(), |so_far, ty| pair(&so_far, ty)),
        }
    }

    /// The type that all these values can become. Nulls have no say.
    pub(crate) fn unify_values<'v>(values: impl IntoIterator<Item = &'v Value>) -> Option<Self> {
        let mut distinct: Vec<Self> = Vec::new();
        for value in values.into_iter().filter(|v| !v.is_null()) {
            let ty = value.type_of();
            if distinct.last() != Some(&ty) && !distinct.contains(&ty) {
                distinct.push(ty);
            }
        }
        Self::unify(&distinct)
    }
}

fn pair(a: &Type, b: &Type) -> Option<Type> {
    use Type::{Any, Bool, List, Map, Number, Object, Set, String, Tuple};
    match (a, b) {
        (a, b) if a == b => Some(a.clone()),
        (Any, other) | (other, Any) => Some(other.clone()),
        (String, Number | Bool) | (Number | Bool, String) => Some(String),
        (List(a), List(b) | Set(b)) | (Set(a), List(b)) => Some(pair(a, b)?.list()),
        (Set(a), Set(b)) => Some(pair(a, b)?.set()),
        (Map(a), Map(b)) => Some(pair(a, b)?.map()),
        (Tuple(a), Tuple(b)) if a.len() == b.len() => {
            let each: Option<Vec<_>> = a.iter().zip(b).map(|(a, b)| pair(a, b)).collect();
            each.map(Tuple).or_else(|| elements(a.iter().chain(b)).map(Type::list))
        }
        (Tuple(a), Tuple(b)) => elements(a.iter().chain(b)).map(Type::list),
        (Tuple(e), List(ty)) | (List(ty), Tuple(e)) => {
            elements(e.iter().chain([ty.as_ref()])).map(Type::list)
        }
        (Tuple(e), Set(ty)) | (Set(ty), Tuple(e)) => elements(e.iter().chain([ty.as_ref()])).map(Type::set),
        (Object(a), Object(b)) => objects(a, b)
            .map(Object)
            .or_else(|| elements(a.values().chain(b.values()).map(|field| &field.ty)).map(Type::map)),
        (Object(fields), Map(ty)) | (Map(ty), Object(fields)) => {
            elements(fields.values().map(|f| &f.ty).chain([ty.as_ref()])).map(Type::map)
        }
        _ => None,
    }
}

fn elements<'t>(types: impl Iterator<Item = &'t Type>) -> Option<Type> {
    Type::unify(&types.cloned().collect::<Vec<_>>())
}

fn objects(
    a: &BTreeMap<String, ObjectField>,
    b: &BTreeMap<String, ObjectField>,
) -> Option<BTreeMap<String, ObjectField>> {
    if a.len() != b.len() {
        return None;
    }
    let field = |(name, a): (&String, &ObjectField)| {
        let b = b.get(name)?;
        let ty = pair(&a.ty, &b.ty)?;
        Some((name.clone(), ObjectField { ty, optional: a.optional || b.optional, default: None }))
    };
    a.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(fields: &[(&str, Type)]) -> Type {
        let fields = fields.iter().map(|(n, ty)| ((*n).to_owned(), ObjectField::required(ty.clone())));
        Type::Object(fields.collect())
    }

    #[test]
    fn types_meet_where_values_convert() {
        use Type::{Any, Bool, Number, String, Tuple};
        let check = |types: &[Type], expect: Option<Type>| {
            assert_eq!(Type::unify(types), expect, "{types:?}");
        };
        check(&[], Some(Any));
        check(&[Number, Number], Some(Number));
        check(&[Number, String, Bool], Some(String));
        check(&[Number, Bool], None);
        check(&[Any, Number, Any], Some(Number));
        check(&[Number.list(), String.list()], Some(String.list()));
        check(&[String.set(), String.list()], Some(String.list()));
        check(&[Tuple(vec![Number]), Tuple(vec![String])], Some(Tuple(vec![String])));
        check(&[Tuple(vec![Number]), Tuple(vec![String, Bool])], Some(String.list()));
        check(&[Tuple(vec![]), String.list()], Some(String.list()));
        check(&[String, String.list()], None);
        check(&[object(&[("a", Number)]), object(&[("a", String)])], Some(object(&[("a", String)])));
        check(&[object(&[("a", Number)]), object(&[("b", String)])], Some(String.map()));
        check(&[object(&[("a", Number)]), String.map()], Some(String.map()));
        check(&[object(&[]), Tuple(vec![])], None);
    }
}
