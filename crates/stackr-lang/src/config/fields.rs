//! Reading the arguments and blocks of a block that has a fixed form.

use stackr_core::{Diagnostic, Diagnostics, Span, Value};

use crate::{
    eval::nearest,
    syntax::{Attribute, Block, Body, Kind},
};

/// The body of a block with a fixed form: what is asked for is taken, what is left is refused.
pub(crate) struct Fields<'a> {
    body: &'a Body,
    /// What the block is, for messages: `a variable`.
    what: &'static str,
    arguments: Vec<&'static str>,
    blocks: Vec<&'static str>,
}

/// An error at a place.
pub(crate) fn error(span: Span, summary: &str, detail: impl Into<String>) -> Diagnostic {
    Diagnostic::error(summary, detail).at(Some(span))
}

impl<'a> Fields<'a> {
    pub(crate) fn new(body: &'a Body, what: &'static str) -> Self {
        Self { body, what, arguments: Vec::new(), blocks: Vec::new() }
    }

    /// The argument of this name.
    pub(crate) fn argument(&mut self, name: &'static str) -> Option<&'a Attribute> {
        self.arguments.push(name);
        self.body.attribute(name)
    }

    /// The blocks of this kind.
    pub(crate) fn blocks(&mut self, kind: &'static str) -> impl Iterator<Item = &'a Block> + use<'a> {
        self.blocks.push(kind);
        self.body.blocks.iter().filter(move |b| &*b.kind == kind)
    }

    /// The only block of this kind, if there is one.
    pub(crate) fn block(&mut self, kind: &'static str, diagnostics: &mut Diagnostics) -> Option<&'a Block> {
        let mut found = self.blocks(kind);
        let first = found.next();
        if let Some(second) = found.next() {
            let detail = format!("{} has one `{kind}` block at most.", capital(self.what));
            diagnostics.push(error(second.span(), "duplicate block", detail));
        }
        first
    }

    /// A text without references.
    pub(crate) fn text(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<String> {
        let attribute = self.argument(name)?;
        match constant(attribute) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) => None,
            _ => {
                let detail = format!("`{name}` of {} is a plain text, without references.", self.what);
                diagnostics.push(error(attribute.span(), "constant expected", detail));
                None
            }
        }
    }

    /// A truth value without references.
    pub(crate) fn flag(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<bool> {
        let attribute = self.argument(name)?;
        match constant(attribute) {
            Some(Value::Bool(flag)) => Some(*flag),
            Some(Value::String(text)) if text == "true" || text == "false" => Some(text == "true"),
            Some(Value::Null) => None,
            _ => {
                let detail = format!("`{name}` of {} is `true` or `false`, without references.", self.what);
                diagnostics.push(error(attribute.span(), "constant expected", detail));
                None
            }
        }
    }

    /// Refuses whatever was not asked for.
    pub(crate) fn finish(self, diagnostics: &mut Diagnostics) {
        let hint = |name: &str, names: &[&'static str]| {
            let near = nearest(name, names.iter().copied());
            near.map_or_else(String::new, |n| format!(" Did you mean `{n}`?"))
        };
        for attribute in &self.body.attributes {
            let name = &*attribute.name;
            if self.arguments.contains(&name) {
                continue;
            }
            let detail = if self.blocks.contains(&name) {
                format!("`{name}` of {} is a block: write `{name} {{ … }}` without `=`.", self.what)
            } else {
                format!("{} has no argument `{name}`.{}", capital(self.what), hint(name, &self.arguments))
            };
            diagnostics.push(error(attribute.name_span(), "unsupported argument", detail));
        }
        for block in &self.body.blocks {
            let kind = &*block.kind;
            if self.blocks.contains(&kind) {
                continue;
            }
            let detail = if self.arguments.contains(&kind) {
                format!("`{kind}` of {} is an argument: write `{kind} = …`.", self.what)
            } else {
                format!("{} has no block `{kind}`.{}", capital(self.what), hint(kind, &self.blocks))
            };
            diagnostics.push(error(block.span(), "unsupported block", detail));
        }
    }
}

/// The value of an argument that is written as a literal.
pub(crate) fn constant(attribute: &Attribute) -> Option<&Value> {
    match &attribute.expr.kind {
        Kind::Literal(value) => Some(value),
        _ => None,
    }
}

/// The labels of a block, if it has as many as it must.
pub(crate) fn labels<const N: usize>(
    block: &Block,
    names: [&str; N],
    diagnostics: &mut Diagnostics,
) -> Option<[String; N]> {
    let found: Vec<_> = block.labels.iter().map(|l| l.text.clone()).collect();
    match <[String; N]>::try_from(found) {
        Ok(labels) => Some(labels),
        Err(found) => {
            let form: Vec<_> = names.iter().map(|n| format!("\"{n}\"")).collect();
            let kind = &block.kind;
            let form =
                if N == 0 { format!("`{kind} {{`") } else { format!("`{kind} {} {{`", form.join(" ")) };
            let count = found.len();
            let detail = format!("A `{kind}` block is written {form}, but this one has {count} labels.");
            diagnostics.push(error(block.span(), "wrong number of labels", detail));
            None
        }
    }
}

/// Whether the labels of a block are names, so that its objects have addresses; refused otherwise.
pub(crate) fn check_names(block: &Block, diagnostics: &mut Diagnostics) {
    for label in block.labels.iter().filter(|label| !crate::syntax::is_name(&label.text)) {
        let detail =
            "A name begins with a letter or underscore and has only letters, digits, underscores and dashes.";
        diagnostics.push(error(label.at.span(&block.file), "bad name", detail));
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
