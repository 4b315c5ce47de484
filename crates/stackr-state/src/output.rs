//! Outputs as state keeps them: JSON with the type beside it, as Terraform does, so that a set stays a set.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use stackr_core::Value;

/// One output of a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The value; sealed where it is sensitive.
    pub value: Json,
    /// Its type, in Terraform's notation: `"string"`, `["list", "string"]`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub ty: Option<Json>,
    /// Whether it must not be shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

impl Output {
    /// Records a value. A sensitive one has to be sealed before; the mark is taken from the value and from
    /// `sensitive`.
    #[must_use]
    pub fn new(value: &Value, sensitive: bool) -> Self {
        Self {
            value: value.to_json(),
            ty: Some(value.notation()),
            sensitive: sensitive || value.has_sensitive(),
        }
    }

    /// The value, typed and marked.
    #[must_use]
    pub fn value(&self) -> Value {
        self.ty
            .as_ref()
            .map_or_else(|| Value::from_json(&self.value), |ty| Value::from_typed_json(&self.value, ty))
            .marked(self.sensitive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_as_it_was_recorded() {
        for value in [
            Value::from("a"),
            Value::Null,
            Value::List(vec!["a".into(), "b".into()]),
            Value::List(vec![]),
            Value::set(["b".into(), "a".into()]),
            Value::map([("k", Value::from(1))]),
            Value::object([("k", Value::from(1)), ("l", Value::Tuple(vec![true.into(), "x".into()]))]),
            Value::from("s").sensitive(),
        ] {
            assert_eq!(Output::new(&value, false).value(), value);
        }
    }
}
