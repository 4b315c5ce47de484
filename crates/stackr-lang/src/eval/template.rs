//! Templates: text with values, conditions and loops in it.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use stackr_core::{Type, Value};

use super::{Evaluated, Names, Scope, article};
use crate::syntax::{Expr, Part, parse_template_file};

/// How deep template files may call for other template files.
const MAX_DEPTH: u8 = 8;

/// A text that is being put together.
#[derive(Default)]
struct Text {
    text: String,
    unknown: bool,
    marked: bool,
}

impl<'s> Scope<'s> {
    pub(super) fn template(&self, parts: &'s [Part]) -> Evaluated<Value> {
        if let [Part::Value(expr)] = parts {
            return Ok(self.eval(expr)?.into_owned());
        }
        let mut text = Text::default();
        self.parts(parts, &mut text)?;
        let value = if text.unknown { Value::Unknown(Type::String) } else { Value::String(text.text) };
        Ok(value.marked(text.marked))
    }

    fn parts(&self, parts: &'s [Part], out: &mut Text) -> Evaluated<()> {
        for part in parts {
            match part {
                Part::Text(text) => out.text.push_str(text),
                Part::Value(expr) => self.insert(expr, out)?,
                Part::If(part) => {
                    let (truth, marked) = self.condition(&part.condition, "The condition of `if`")?;
                    out.marked |= marked;
                    match truth {
                        Some(true) => self.parts(&part.then, out)?,
                        Some(false) => self.parts(&part.otherwise, out)?,
                        None => out.unknown = true,
                    }
                }
                Part::For(part) => {
                    let collection = self.eval(&part.collection)?;
                    out.marked |= matches!(*collection, Value::Sensitive(_));
                    let known = self.iterate(&collection, part.collection.at, &mut |key, value| {
                        let value_name = Names { name: &part.value_name, value, outer: self.names };
                        match &part.key_name {
                            Some(name) => {
                                let key_name = Names { name, value: key, outer: Some(&value_name) };
                                self.bind(&key_name).parts(&part.body, out)
                            }
                            None => self.bind(&value_name).parts(&part.body, out),
                        }
                    })?;
                    out.unknown |= !known;
                }
            }
        }
        Ok(())
    }

    fn insert(&self, expr: &'s Expr, out: &mut Text) -> Evaluated<()> {
        let value = self.eval(expr)?;
        out.marked |= value.has_sensitive();
        match value.peel() {
            Value::String(text) => out.text.push_str(text),
            Value::Unknown(Type::Any | Type::Bool | Type::Number | Type::String | Type::Sealed(_)) => {
                out.unknown = true;
            }
            Value::Null => {
                let detail = "This value is null, and null has no text. Use `coalesce` or a conditional.";
                return Err(self.fail(expr.at, "null in a template", detail));
            }
            scalar @ (Value::Bool(_) | Value::Number(_)) => {
                out.text.push_str(&scalar.to_text().unwrap_or_default());
            }
            other => {
                let detail = format!(
                    "{} has no text. Use `jsonencode`, `join` or one of its elements.",
                    super::access::capital(&article(other))
                );
                return Err(self.fail(expr.at, "wrong type in a template", detail));
            }
        }
        Ok(())
    }

    /// Renders the text of a template file for a function; the message says where in the file it fails.
    pub(super) fn render(
        &self,
        text: &str,
        name: &str,
        given: &BTreeMap<String, Value>,
    ) -> Result<Value, String> {
        if self.depth >= MAX_DEPTH {
            return Err(format!("template files call each other more than {MAX_DEPTH} deep"));
        }
        let file: Arc<str> = name.into();
        let expr = parse_template_file(text, &file).map_err(|e| placed(text, name, &e))?;
        let scope = Scope {
            resolver: self.resolver,
            file: &file,
            names: None,
            given: Some(given),
            iterators: None,
            item: None,
            depth: self.depth + 1,
        };
        scope.eval(&expr).map(Cow::into_owned).map_err(|e| placed(text, name, &e))
    }
}

/// The message of an error in a template file, with its line.
fn placed(text: &str, name: &str, error: &stackr_core::Diagnostic) -> String {
    let start = error.span.as_ref().map_or(0, |s| s.range.start);
    let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
    format!("{name}, line {line}: {}", error.detail)
}
