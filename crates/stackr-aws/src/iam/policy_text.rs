//! The text of an IAM policy document, letter by letter as the field's provider writes it.
//!
//! Facts that shape this file:
//! - a document that others have written down (as a value in a plan, in a test, in another tool's state)
//!   should not change its text, so key order, indentation, escapes and the order of lists are the
//!   provider's: lists are sorted from z to a, one element is written alone, `<`, `>` and `&` are escaped;
//! - what comes from a merged document keeps its actions and resources as they are.

use std::collections::BTreeMap;

use stackr_core::{CloudError, ErrorKind, Result, Value};

/// A policy document.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) version: String,
    pub(super) id: String,
    pub(super) statements: Vec<Statement>,
}

/// One statement. Actions and resources are a text or a list of texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Statement {
    pub(super) sid: String,
    pub(super) effect: String,
    pub(super) actions: Texts,
    pub(super) not_actions: Texts,
    pub(super) resources: Texts,
    pub(super) not_resources: Texts,
    pub(super) principals: Vec<Principal>,
    pub(super) not_principals: Vec<Principal>,
    pub(super) conditions: Vec<Condition>,
}

/// A text or a list of texts, or neither.
pub(super) type Texts = Option<Value>;

/// Principals of one type: a text or a list of texts.
#[derive(Clone, Debug)]
pub(super) struct Principal {
    pub(super) ty: String,
    pub(super) who: Value,
}

/// One test of a condition.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) test: String,
    pub(super) variable: String,
    pub(super) values: Vec<String>,
}

pub(super) fn invalid(what: impl Into<String>) -> CloudError {
    CloudError::new(ErrorKind::Invalid, "", what)
}

/// One text alone, several from z to a; none if there are none.
pub(super) fn texts(mut texts: Vec<String>) -> Texts {
    texts.sort_by(|a, b| b.cmp(a));
    match texts.len() {
        0 => None,
        1 => texts.pop().map(Value::String),
        _ => Some(Value::List(texts.into_iter().map(Value::String).collect())),
    }
}

impl Document {
    /// Reads a document that is to be merged.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let json = serde_json::from_str(text).map_err(|error| invalid(format!("not valid JSON: {error}")))?;
        let json = Value::from_json(&json);
        let part = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if json.attributes().is_none() {
            return Err(invalid("not a policy document"));
        }
        let statements = match json.get("Statement") {
            None | Some(Value::Null) => Vec::new(),
            Some(several) => match several.elements() {
                Some(several) => several.iter().map(Statement::read).collect::<Result<_>>()?,
                None => vec![Statement::read(several)?],
            },
        };
        Ok(Self { version: part("Version"), id: part("Id"), statements })
    }

    /// Puts another document over this one: its id, a newer version, and its statements; one with the `Sid`
    /// of one that is here takes that one's place.
    pub(super) fn merge(&mut self, other: Self) {
        if !other.id.is_empty() {
            self.id = other.id;
        }
        self.version = std::mem::take(&mut self.version).max(other.version);
        for statement in other.statements {
            let same = |s: &&mut Statement| !statement.sid.is_empty() && s.sid == statement.sid;
            match self.statements.iter_mut().find(same) {
                Some(there) => *there = statement,
                None => self.statements.push(statement),
            }
        }
    }

    /// The text: indented by two spaces, or without any spacing.
    pub(super) fn print(&self, indented: bool) -> String {
        let mut parts = vec![("Version", text(&self.version)), ("Id", text(&self.id))];
        let statements: Vec<_> = self.statements.iter().map(Statement::node).collect();
        parts.push(("Statement", (!statements.is_empty()).then_some(Node::List(statements))));
        let mut out = String::new();
        object(parts).print(&mut out, indented.then_some(0));
        out
    }
}

impl Statement {
    fn read(json: &Value) -> Result<Self> {
        if json.attributes().is_none() {
            return Err(invalid("a statement is not an object"));
        }
        let part = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let value = |name: &str| json.get(name).filter(|v| !v.is_null()).cloned();
        Ok(Self {
            sid: part("Sid"),
            effect: part("Effect"),
            actions: value("Action"),
            not_actions: value("NotAction"),
            resources: value("Resource"),
            not_resources: value("NotResource"),
            principals: principals(json.get("Principal"))?,
            not_principals: principals(json.get("NotPrincipal"))?,
            conditions: conditions(json.get("Condition"))?,
        })
    }

    fn node(&self) -> Node {
        let value = |value: &Texts| value.as_ref().map(Node::from);
        object(vec![
            ("Sid", text(&self.sid)),
            ("Effect", text(&self.effect)),
            ("Action", value(&self.actions)),
            ("NotAction", value(&self.not_actions)),
            ("Resource", value(&self.resources)),
            ("NotResource", value(&self.not_resources)),
            ("Principal", principal_node(&self.principals)),
            ("NotPrincipal", principal_node(&self.not_principals)),
            ("Condition", condition_node(&self.conditions)),
        ])
    }
}

fn principals(json: Option<&Value>) -> Result<Vec<Principal>> {
    let Some(json) = json.filter(|json| !json.is_null()) else { return Ok(Vec::new()) };
    if json.as_str().is_some() {
        return Ok(vec![Principal { ty: "*".to_owned(), who: "*".into() }]);
    }
    let types = json.attributes().ok_or_else(|| invalid("a principal is neither text nor object"))?;
    let read = |(ty, who): (&String, &Value)| {
        let texts =
            who.elements().map_or_else(|| who.as_str().is_some(), |e| e.iter().all(|w| w.as_str().is_some()));
        let what = || invalid(format!("the principals of type {ty} are not text"));
        texts.then(|| Principal { ty: ty.clone(), who: who.clone() }).ok_or_else(what)
    };
    types.iter().map(read).collect()
}

fn conditions(json: Option<&Value>) -> Result<Vec<Condition>> {
    let mut conditions = Vec::new();
    let unfit = || invalid("a condition is not an object of objects");
    let Some(json) = json.filter(|json| !json.is_null()) else { return Ok(conditions) };
    for (test, variables) in json.attributes().ok_or_else(unfit)? {
        for (variable, values) in variables.attributes().ok_or_else(unfit)? {
            let one = std::slice::from_ref(values);
            let values = values.elements().unwrap_or(one).iter().map(|v| v.to_text().ok_or_else(unfit));
            let values = values.collect::<Result<_>>()?;
            conditions.push(Condition { test: test.clone(), variable: variable.clone(), values });
        }
    }
    Ok(conditions)
}

/// Principals by type. Everybody (`"*"` of type `"*"`) is written as `"*"`; `{"AWS": "*"}` is not the same
/// to a role's trust policy and stays.
fn principal_node(principals: &[Principal]) -> Option<Node> {
    let everybody = |who: &Value| match who.elements() {
        Some([one]) => one.as_str() == Some("*"),
        _ => who.as_str() == Some("*"),
    };
    match principals {
        [] => return None,
        [one] if one.ty == "*" && everybody(&one.who) => return Some(Node::Text("*".to_owned())),
        _ => {}
    }
    let mut types: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for principal in principals {
        types.entry(&principal.ty).or_default().push(&principal.who);
    }
    let node = |who: Vec<&Value>| match who[..] {
        [one] if one.elements().is_none() => Node::from(one),
        _ => Node::List(who.into_iter().flat_map(listed).map(Node::Text).collect()),
    };
    Some(Node::Object(types.into_iter().map(|(ty, who)| (ty.to_owned(), node(who))).collect()))
}

/// A text or a list of texts as a list, from z to a.
fn listed(value: &Value) -> Vec<String> {
    let one = std::slice::from_ref(value);
    let mut all: Vec<_> = value.elements().unwrap_or(one).iter().filter_map(Value::to_text).collect();
    all.sort_by(|a, b| b.cmp(a));
    all
}

/// Conditions by test and variable, their values in the order given.
fn condition_node(conditions: &[Condition]) -> Option<Node> {
    let mut tests: BTreeMap<&str, BTreeMap<&str, Vec<&String>>> = BTreeMap::new();
    for Condition { test, variable, values } in conditions {
        tests.entry(test).or_default().entry(variable).or_default().extend(values);
    }
    let values = |values: Vec<&String>| match values[..] {
        [one] => Node::Text(one.clone()),
        _ => Node::List(values.into_iter().cloned().map(Node::Text).collect()),
    };
    let variables = |variables: BTreeMap<&str, Vec<&String>>| {
        Node::Object(variables.into_iter().map(|(name, v)| (name.to_owned(), values(v))).collect())
    };
    let tests: Vec<_> = tests.into_iter().map(|(test, v)| (test.to_owned(), variables(v))).collect();
    (!tests.is_empty()).then_some(Node::Object(tests))
}

/// JSON whose keys have an order.
enum Node {
    Text(String),
    /// A number or truth value, as written.
    Word(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// A text, unless it is empty.
fn text(text: &str) -> Option<Node> {
    (!text.is_empty()).then(|| Node::Text(text.to_owned()))
}

/// An object of the parts that are there.
fn object(parts: Vec<(&str, Option<Node>)>) -> Node {
    Node::Object(parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?))).collect())
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match (value, value.elements(), value.attributes()) {
            (_, Some(elements), _) => Self::List(elements.iter().map(Self::from).collect()),
            (_, _, Some(parts)) => Self::Object(parts.iter().map(|(k, v)| (k.clone(), v.into())).collect()),
            (Value::String(text), ..) => Self::Text(text.clone()),
            (other, ..) => Self::Word(other.to_text().unwrap_or_else(|| "null".to_owned())),
        }
    }
}

impl Node {
    /// Writes the JSON; with a depth, on lines of their own that are indented by it.
    fn print(&self, out: &mut String, depth: Option<usize>) {
        match self {
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Word(word) => out.push_str(word),
            Self::List(elements) => {
                let items = elements.iter().map(|e| (None, e)).collect();
                items_between(out, depth, ['[', ']'], items);
            }
            Self::Object(parts) => {
                let items = parts.iter().map(|(k, v)| (Some(k.as_str()), v)).collect();
                items_between(out, depth, ['{', '}'], items);
            }
        }
    }
}

fn items_between(
    out: &mut String,
    depth: Option<usize>,
    brackets: [char; 2],
    items: Vec<(Option<&str>, &Node)>,
) {
    let line = |out: &mut String, depth: Option<usize>| {
        if let Some(depth) = depth {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        }
    };
    let (empty, inner) = (items.is_empty(), depth.map(|depth| depth + 1));
    out.push(brackets[0]);
    for (i, (key, node)) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        line(out, inner);
        if let Some(key) = key {
            out.push_str(&quoted(key));
            out.push_str(if depth.is_some() { ": " } else { ":" });
        }
        node.print(out, inner);
    }
    if !empty {
        line(out, depth);
    }
    out.push(brackets[1]);
}

/// A JSON string in which also what could end a script is escaped.
fn quoted(text: &str) -> String {
    let escaped = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ];
    let plain = serde_json::Value::from(text).to_string();
    escaped.iter().fold(plain, |text, (letter, escape)| text.replace(*letter, escape))
}
