//! JSON with its type beside it, in Terraform's notation (`"string"`, `["list", "string"]`): what JSON alone does not
//! tell is whether something is a list, a set or a tuple, a map or an object.

use serde_json::Value as Json;

use crate::{Type, Value};

impl Value {
    /// The value's type in Terraform's notation.
    #[must_use]
    pub fn notation(&self) -> Json {
        let elements = |word: &str, mut of: Box<dyn Iterator<Item = Json> + '_>| {
            let first = of.next();
            let one = first.filter(|first| of.all(|other| other == *first));
            serde_json::json!([word, one.unwrap_or_else(|| "dynamic".into())])
        };
        match self.peel() {
            Self::String(_) | Self::Unknown(Type::Sealed(_)) => "string".into(),
            Self::Null | Self::Unknown(_) | Self::Sensitive(_) => "dynamic".into(),
            Self::Bool(_) => "bool".into(),
            Self::Number(_) => "number".into(),
            Self::List(e) => elements("list", Box::new(e.iter().map(Self::notation))),
            Self::Set(e) => elements("set", Box::new(e.iter().map(Self::notation))),
            Self::Map(m) => elements("map", Box::new(m.values().map(Self::notation))),
            Self::Tuple(e) => serde_json::json!(["tuple", e.iter().map(Self::notation).collect::<Vec<_>>()]),
            Self::Object(m) => {
                let fields = m.iter().map(|(k, v)| (k.clone(), v.notation()));
                serde_json::json!(["object", fields.collect::<serde_json::Map<_, _>>()])
            }
        }
    }

    /// A JSON value as this type in Terraform's notation. Where the two do not fit the value decides.
    #[must_use]
    pub fn from_typed_json(value: &Json, ty: &Json) -> Self {
        let (word, inner) = match ty {
            Json::Array(parts) => (parts.first().and_then(Json::as_str), parts.get(1)),
            _ => (None, None),
        };
        let inner = inner.unwrap_or(&Json::Null);
        let of = |index: usize| inner.as_array().and_then(|types| types.get(index)).unwrap_or(&Json::Null);
        let each = |e: &[Json]| e.iter().map(|v| Self::from_typed_json(v, inner)).collect::<Vec<_>>();
        match (word, value) {
            (Some("list"), Json::Array(e)) => Self::List(each(e)),
            (Some("set"), Json::Array(e)) => Self::set(each(e)),
            (Some("tuple"), Json::Array(e)) => {
                Self::Tuple(e.iter().enumerate().map(|(i, v)| Self::from_typed_json(v, of(i))).collect())
            }
            (Some("map"), Json::Object(m)) => {
                Self::map(m.iter().map(|(k, v)| (k.clone(), Self::from_typed_json(v, inner))))
            }
            (Some("object"), Json::Object(m)) => Self::object(
                m.iter()
                    .map(|(k, v)| (k.clone(), Self::from_typed_json(v, inner.get(k).unwrap_or(&Json::Null)))),
            ),
            // A value of `any` type carries its own: {"value": …, "type": …}.
            (None, Json::Object(m)) if ty.as_str() == Some("dynamic") && m.len() == 2 => {
                match (m.get("value"), m.get("type")) {
                    (Some(value), Some(ty)) => Self::from_typed_json(value, ty),
                    _ => Self::from_json(value),
                }
            }
            _ => Self::from_json(value),
        }
    }
}
