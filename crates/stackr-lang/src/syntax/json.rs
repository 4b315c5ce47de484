//! The JSON form of the language: the same tree from a `.tf.json` file.
//!
//! Facts that shape this file:
//! - a text is a template; where the language takes a reference or a type, it is that, in quotes;
//! - JSON does not tell arguments from blocks. The language's own blocks are known by name; within a resource,
//!   everything else is an argument, whose objects the schema takes as blocks where it has blocks;
//! - where there may be several blocks, an array of objects stands for them; one alone may be an object.

use std::sync::Arc;

use stackr_core::Value;

use super::{
    ast::{At, Attribute, Block, Body, Expr, Kind, Label},
    parse_expression,
    parser::{Parsed, Parser},
    relocate::relocate,
};

/// A JSON value with its place.
struct Node {
    at: At,
    value: Json,
}

enum Json {
    Literal(Value),
    Text(String),
    Array(Vec<Node>),
    Object(Vec<(String, At, Node)>),
}

/// Parses a whole file.
pub(crate) fn parse_json(text: &str, file: &Arc<str>) -> Parsed<Body> {
    let mut parser = Parser::new(text, file);
    parser.eat("\u{feff}");
    let node = parser.json()?;
    parser.json_space();
    if !parser.at_end() {
        return Err(parser.expected("the end of the file"));
    }
    let mut body = Body::default();
    let lower = Lower { text, file };
    for (kind, at, value) in lower.object(node)? {
        let labels = match &*kind {
            "resource" | "data" => 2,
            "variable" | "output" | "module" | "provider" => 1,
            _ => 0,
        };
        lower.blocks(&kind, at, labels, Vec::new(), value, &mut body.blocks)?;
    }
    Ok(body)
}

impl Parser<'_> {
    fn json_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.pos += 1;
        }
    }

    fn json(&mut self) -> Parsed<Node> {
        self.deeper(|p| {
            p.json_space();
            let start = p.pos;
            let value = match p.peek() {
                Some('{') => p.json_object()?,
                Some('[') => p.json_array()?,
                Some('"') => Json::Text(p.json_text()?),
                Some('-' | '0'..='9') => p.json_number()?,
                _ if p.eat("true") => Json::Literal(Value::Bool(true)),
                _ if p.eat("false") => Json::Literal(Value::Bool(false)),
                _ if p.eat("null") => Json::Literal(Value::Null),
                _ => return Err(p.expected("a JSON value")),
            };
            Ok(Node { at: At::new(start, p.pos), value })
        })
    }

    fn json_number(&mut self) -> Parsed<Json> {
        let negative = self.eat("-");
        if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Err(self.expected("a digit"));
        }
        match self.number()?.kind {
            Kind::Literal(Value::Number(n)) if negative => {
                Ok(Json::Literal(Value::Number(stackr_core::Number::new(-n.decimal()))))
            }
            Kind::Literal(value) => Ok(Json::Literal(value)),
            _ => Ok(Json::Literal(Value::Null)),
        }
    }

    fn json_text(&mut self) -> Parsed<String> {
        let start = self.pos;
        let mut escaped = false;
        let length = self.rest().char_indices().skip(1).find_map(|(at, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends.then_some(at + 1)
        });
        let Some(length) = length else {
            return Err(self.fail(
                At::new(start, start + 1),
                "unclosed string",
                "This text has no closing quotation mark.",
            ));
        };
        self.pos += length;
        serde_json::from_str(&self.text[start..self.pos]).map_err(|why| {
            self.fail(At::new(start, self.pos), "bad text", format!("This is not a JSON text: {why}."))
        })
    }

    fn json_array(&mut self) -> Parsed<Json> {
        self.pos += 1;
        let mut elements = Vec::new();
        self.json_space();
        if self.eat("]") {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.json()?);
            self.json_space();
            if self.eat("]") {
                return Ok(Json::Array(elements));
            }
            self.need(",", "`,` or `]`")?;
        }
    }

    fn json_object(&mut self) -> Parsed<Json> {
        self.pos += 1;
        let mut members = Vec::new();
        self.json_space();
        if self.eat("}") {
            return Ok(Json::Object(members));
        }
        loop {
            self.json_space();
            let start = self.pos;
            if !self.looking_at("\"") {
                return Err(self.expected("a name in quotes"));
            }
            let name = self.json_text()?;
            let at = At::new(start, self.pos);
            self.json_space();
            self.need(":", "`:` and a value")?;
            let value = self.json()?;
            if name != "//" {
                members.push((name, at, value));
            }
            self.json_space();
            if self.eat("}") {
                return Ok(Json::Object(members));
            }
            self.need(",", "`,` or `}`")?;
        }
    }
}

/// Makes the tree of JSON values.
struct Lower<'a> {
    text: &'a str,
    file: &'a Arc<str>,
}

impl Lower<'_> {
    fn parser(&self) -> Parser<'_> {
        Parser::new(self.text, self.file)
    }

    fn object(&self, node: Node) -> Parsed<Vec<(String, At, Node)>> {
        match node.value {
            Json::Object(members) => Ok(members),
            _ => Err(self.parser().fail(node.at, "wrong type", "An object, `{ … }`, was expected here.")),
        }
    }

    /// One or several blocks, below as many levels of labels as they have.
    fn blocks(
        &self,
        kind: &str,
        at: At,
        levels: usize,
        labels: Vec<(String, At)>,
        node: Node,
        blocks: &mut Vec<Block>,
    ) -> Parsed<()> {
        if let Json::Array(elements) = node.value {
            return elements
                .into_iter()
                .try_for_each(|e| self.blocks(kind, at, levels, labels.clone(), e, blocks));
        }
        if levels > 0 {
            for (name, name_at, value) in self.object(node)? {
                let mut labels = labels.clone();
                labels.push((name, name_at));
                self.blocks(kind, at, levels - 1, labels, value, blocks)?;
            }
            return Ok(());
        }
        let body = self.body(kind, node)?;
        let header = labels.last().map_or(at, |(_, at)| *at);
        let labels = labels.into_iter().map(|(text, at)| Label { text, at }).collect();
        blocks.push(Block { kind: kind.into(), labels, body, header, file: Arc::clone(self.file) });
        Ok(())
    }

    fn body(&self, kind: &str, node: Node) -> Parsed<Body> {
        let mut body = Body::default();
        for (name, at, value) in self.object(node)? {
            let inner: Option<usize> = match (kind, &*name) {
                ("resource" | "data", "lifecycle" | "connection")
                | ("removed", "lifecycle")
                | ("lifecycle", "precondition" | "postcondition")
                | ("output", "precondition")
                | ("variable", "validation")
                | ("dynamic", "content")
                | ("terraform", "required_providers" | "cloud")
                | (
                    "provider",
                    "default_tags"
                    | "ignore_tags"
                    | "assume_role"
                    | "assume_role_with_web_identity"
                    | "endpoints",
                ) => Some(0),
                ("resource" | "data" | "content", "dynamic")
                | ("resource", "provisioner")
                | ("terraform", "backend" | "provider_meta") => Some(1),
                _ => None,
            };
            if let Some(levels) = inner {
                self.blocks(&name, at, levels, Vec::new(), value, &mut body.blocks)?;
                continue;
            }
            if body.attribute(&name).is_some() {
                let detail = format!("`{name}` is already given in this object.");
                return Err(self.parser().fail(at, "duplicate argument", detail));
            }
            let expr = match (&value.value, kind, &*name) {
                (Json::Text(text), "variable", "type") => {
                    let parsed = parse_expression(text, self.file).map_err(|_| {
                        self.parser().fail(value.at, "bad type", format!("`{text}` is not a type."))
                    });
                    self.at_once(parsed, value.at)?
                }
                _ => self.expr(value)?,
            };
            let file = Arc::clone(self.file);
            body.attributes.push(Attribute { name: name.into(), name_at: at, expr: Arc::new(expr), file });
        }
        Ok(body)
    }

    fn expr(&self, node: Node) -> Parsed<Expr> {
        let parser = self.parser();
        match node.value {
            Json::Literal(value) => parser.expr(Kind::Literal(value), node.at, &[]),
            Json::Text(text) => self.template(&text, node.at),
            Json::Array(elements) => {
                let elements = elements.into_iter().map(|e| self.expr(e)).collect::<Parsed<Vec<_>>>()?;
                let heights: Vec<_> = elements.iter().map(|e| e.height).collect();
                parser.expr(Kind::Tuple(elements), node.at, &heights)
            }
            Json::Object(members) => {
                let mut items = Vec::new();
                for (name, at, value) in members {
                    items.push((self.template(&name, at)?, self.expr(value)?));
                }
                let heights: Vec<_> = items.iter().flat_map(|(k, v)| [k.height, v.height]).collect();
                parser.expr(Kind::Object(items), node.at, &heights)
            }
        }
    }

    /// A text as a template. Its places are those of the text in the file; where an escape stands in between, the whole
    /// text is the place of everything in it.
    fn template(&self, text: &str, at: At) -> Parsed<Expr> {
        if !text.contains("${") && !text.contains("%{") {
            return self.parser().expr(Kind::Literal(Value::string(text)), at, &[]);
        }
        let start = at.start as usize + 1;
        let padded = " ".repeat(start) + text;
        let mut parser = Parser::new(&padded, self.file);
        parser.pos = start;
        let parsed = parser.template_file();
        let escaped = self.text.get(start..start + text.len()) != Some(text);
        if escaped { self.at_once(parsed, at) } else { parsed }
    }

    /// What was parsed from a text, with the whole text as the place of everything in it.
    fn at_once(&self, parsed: Parsed<Expr>, at: At) -> Parsed<Expr> {
        match parsed {
            Ok(mut expr) => {
                relocate(&mut expr, at);
                Ok(expr)
            }
            Err(mut why) => {
                why.span = Some(at.span(self.file));
                Err(why)
            }
        }
    }
}
