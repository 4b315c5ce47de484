//! The arguments of one instance of a block: attributes evaluated, nested blocks as lists of objects.

use std::collections::BTreeMap;

use stackr_core::{Arguments, Diagnostics, Terms, Value, Written};

use crate::{
    config::{Fields, META_ARGUMENTS, META_BLOCKS, error},
    eval::{Names, Scope},
    syntax::{Block, Body},
    timeouts,
    visit::iterator_name,
};

/// Evaluates the body of a resource, without its meta-arguments.
pub(crate) fn evaluate_body(body: &Body, scope: &Scope<'_>) -> Result<Arguments, Diagnostics> {
    let mut lowering = Lowering { spans: BTreeMap::new(), diagnostics: Diagnostics::default() };
    let value = lowering.body(body, *scope, "", true);
    let mut arguments = Arguments { value, spans: lowering.spans, terms: Terms::default() };
    timeouts::take(&mut arguments, &mut lowering.diagnostics);
    lowering.diagnostics.or(arguments)
}

struct Lowering {
    spans: BTreeMap<String, Written>,
    diagnostics: Diagnostics,
}

/// The blocks of one kind, so far.
#[derive(Default)]
struct Group {
    elements: Vec<Value>,
    /// The number of blocks is not known.
    unknown: bool,
}

impl Lowering {
    fn body<'s>(&mut self, body: &'s Body, scope: Scope<'s>, path: &str, top: bool) -> Value {
        let mut object = BTreeMap::new();
        for attribute in &body.attributes {
            if top && META_ARGUMENTS.contains(&&*attribute.name) {
                continue;
            }
            let written = Written { name: attribute.name_span(), value: attribute.span() };
            self.spans.insert(join(path, &attribute.name), written);
            match scope.within(&attribute.file).eval(&attribute.expr) {
                Ok(value) => {
                    object.insert(attribute.name.to_string(), value.into_owned());
                }
                Err(why) => self.diagnostics.push(*why),
            }
        }
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for block in &body.blocks {
            if top && META_BLOCKS.contains(&&*block.kind) {
                continue;
            }
            self.block(block, scope.within(&block.file), path, &mut groups);
        }
        for (name, group) in groups.into_iter().filter(|(_, g)| g.unknown || !g.elements.is_empty()) {
            if let Some(attribute) = body.attribute(&name) {
                let detail = format!("`{name}` is written both as an argument and as a block here.");
                self.diagnostics.push(error(attribute.name_span(), "duplicate argument", detail));
            }
            let value = if group.unknown { Value::UNKNOWN } else { Value::Tuple(group.elements) };
            object.insert(name, value);
        }
        Value::Object(object)
    }

    fn block<'s>(
        &mut self,
        block: &'s Block,
        scope: Scope<'s>,
        path: &str,
        groups: &mut BTreeMap<String, Group>,
    ) {
        if &*block.kind == "dynamic" {
            return self.dynamic(block, scope, path, groups);
        }
        if !block.labels.is_empty() {
            let detail = format!("Nested blocks have no labels: `{} {{ … }}`.", block.kind);
            self.diagnostics.push(error(block.span(), "wrong number of labels", detail));
        }
        let group = groups.entry(block.kind.to_string()).or_default();
        let kind = join(path, &block.kind);
        let path = format!("{kind}[{}]", group.elements.len());
        let written = Written { name: block.span(), value: block.span() };
        self.spans.entry(kind).or_insert_with(|| written.clone());
        self.spans.insert(path.clone(), written);
        let value = self.body(&block.body, scope, &path, false);
        group.elements.push(value);
    }

    fn dynamic<'s>(
        &mut self,
        block: &'s Block,
        scope: Scope<'s>,
        path: &str,
        groups: &mut BTreeMap<String, Group>,
    ) {
        let [label] = &*block.labels else {
            let detail =
                "A `dynamic` block is written `dynamic \"kind\" {`, with the kind of block that it makes.";
            return self.diagnostics.push(error(block.span(), "wrong number of labels", detail));
        };
        let mut fields = Fields::new(&block.body, "a `dynamic` block");
        let each = fields.argument("for_each");
        fields.argument("iterator");
        if let Some(labels) = fields.argument("labels") {
            let detail = "Nested blocks have no labels. Remove this argument.";
            self.diagnostics.push(error(labels.name_span(), "unsupported argument", detail));
        }
        let content = fields.block("content", &mut self.diagnostics);
        fields.finish(&mut self.diagnostics);
        let (Some(each), Some(content)) = (each, content) else {
            let detail = "A `dynamic` block has a `for_each` and a `content` block.";
            return self.diagnostics.push(error(block.span(), "missing argument", detail));
        };
        let kind = join(path, &label.text);
        let group = groups.entry(label.text.clone()).or_default();
        let name = iterator_name(&label.text, &block.body);
        let result = scope.eval(&each.expr).and_then(|collection| {
            let marked = matches!(*collection, Value::Sensitive(_));
            let known = scope.iterate(&collection, each.expr.at, &mut |key, value| {
                let element = Value::object([("key", key.clone()), ("value", value.clone())]);
                let iterator = Names::new(&name, &element, scope.iterators());
                let path = format!("{kind}[{}]", group.elements.len());
                let written = Written { name: label.at.span(&block.file), value: block.span() };
                self.spans.entry(kind.clone()).or_insert_with(|| written.clone());
                self.spans.insert(path.clone(), written);
                let value = self.body(&content.body, scope.with_iterator(&iterator), &path, false);
                group.elements.push(value.marked(marked));
                Ok(())
            })?;
            group.unknown |= !known;
            Ok(())
        });
        if let Err(why) = result {
            self.diagnostics.push(*why);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
