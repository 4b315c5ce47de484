//! The types of results that are not known yet.
//!
//! A plan can check more, and show more, the more it knows of a value: the element of an unknown list of
//! texts is a
//! text.

use stackr_core::Type;

/// The type of the first argument.
pub(super) fn first(types: &[Type]) -> Option<Type> {
    types.first().cloned()
}

/// The type of the elements of the first argument.
pub(super) fn element(types: &[Type]) -> Option<Type> {
    match types.first()? {
        Type::List(e) | Type::Set(e) | Type::Map(e) => Some((**e).clone()),
        _ => None,
    }
}

/// A list of the elements of the first argument.
pub(super) fn list(types: &[Type]) -> Option<Type> {
    element(types).map(Type::list)
}

/// The type that all arguments share, if all are collections.
pub(super) fn shared(types: &[Type]) -> Option<Type> {
    let collection = |ty: &Type| matches!(ty, Type::List(_) | Type::Set(_) | Type::Map(_));
    types.iter().all(collection).then(|| Type::unify(types)).flatten()
}
