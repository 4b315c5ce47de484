//! Values and their differences as people read them.

use std::fmt::Write as _;

use stackr_core::{Field, Kind, Nesting, Shape, Value, sealed};

use super::style::{ADD, CHANGE, DIM, FORCES, REMOVE, paint};

/// One side of a difference, or both.
#[derive(Clone, Copy)]
pub(crate) enum Sides<'a> {
    /// It is made.
    New(&'a Value),
    /// It is removed.
    Old(&'a Value),
    /// It was one and will be the other.
    Both(&'a Value, &'a Value),
    /// It is, and nothing happens to it.
    Same(&'a Value),
}

impl<'a> Sides<'a> {
    fn sign(self) -> String {
        match self {
            Self::New(_) => paint(ADD, "+"),
            Self::Old(_) => paint(REMOVE, "-"),
            Self::Both(old, new) if old == new => " ".to_owned(),
            Self::Same(_) => " ".to_owned(),
            Self::Both(..) => paint(CHANGE, "~"),
        }
    }

    fn main(self) -> &'a Value {
        match self {
            Self::New(v) | Self::Old(v) | Self::Both(_, v) | Self::Same(v) => v,
        }
    }

    /// The elements of either side; a side that is not there has none.
    fn elements(self) -> (&'a [Value], &'a [Value]) {
        let of = |v: &'a Value| v.elements().unwrap_or_default();
        match self {
            Self::New(v) | Self::Same(v) => (&[], of(v)),
            Self::Old(v) => (of(v), &[]),
            Self::Both(o, n) => (of(o), of(n)),
        }
    }

    fn map(self, part: impl Fn(&'a Value) -> Option<&'a Value>) -> Option<Self> {
        match self {
            Self::New(v) => part(v).map(Self::New),
            Self::Old(v) => part(v).map(Self::Old),
            Self::Same(v) => part(v).map(Self::Same),
            Self::Both(o, n) => match (part(o), part(n)) {
                (Some(o), Some(n)) => Some(Self::Both(o, n)),
                (None, Some(n)) => Some(Self::New(n)),
                (Some(o), None) => Some(Self::Old(o)),
                (None, None) => None,
            },
        }
    }
}

/// Writes arguments, outputs and their parts, line by line.
pub(crate) struct Writer {
    pub(crate) out: String,
}

impl Writer {
    fn line(&mut self, depth: usize, sign: &str, text: &str) {
        let _ = writeln!(self.out, "{}{sign} {text}", "  ".repeat(depth));
    }

    /// Writes one argument or output. `width` is that of the longest name beside it.
    pub(crate) fn field(
        &mut self,
        depth: usize,
        width: usize,
        field: Option<&Field>,
        name: &str,
        sides: Sides<'_>,
        forces: bool,
    ) {
        let note = if forces { paint(FORCES, " # forces replacement") } else { String::new() };
        match field.map(|f| (f.nesting, f.kind)) {
            Some((
                Nesting::Blocks | Nesting::Single,
                Kind::List(Kind::Object(shape)) | Kind::Set(Kind::Object(shape)),
            )) if sides.main().elements().is_some() => {
                self.blocks(depth, name, shape, sides, &note);
            }
            Some((_, Kind::Json | Kind::Policy | Kind::ContainerDefinitions))
                if as_json(sides.main()).is_some() =>
            {
                self.json(depth, width, name, sides, &note);
            }
            _ => self.entry(depth, &format!("{name:<width$} = "), sides, &note),
        }
    }

    /// Writes nested blocks, each as a block of its own.
    fn blocks(&mut self, depth: usize, name: &str, shape: &'static Shape, sides: Sides<'_>, note: &str) {
        let (old, new) = sides.elements();
        let ordered = !matches!(sides.main().peel(), Value::Set(_));
        let mut pairs: Vec<Sides<'_>> = Vec::new();
        if let Sides::Same(_) = sides {
            pairs.extend(new.iter().map(Sides::Same));
        } else if ordered {
            for i in 0..old.len().max(new.len()) {
                match (old.get(i), new.get(i)) {
                    (Some(o), Some(n)) => pairs.push(Sides::Both(o, n)),
                    (Some(o), None) => pairs.push(Sides::Old(o)),
                    (None, Some(n)) => pairs.push(Sides::New(n)),
                    (None, None) => {}
                }
            }
        } else {
            pairs.extend(old.iter().filter(|o| !new.contains(o)).map(Sides::Old));
            pairs.extend(new.iter().filter(|n| !old.contains(n)).map(Sides::New));
        }
        for pair in pairs {
            if matches!(pair, Sides::Both(o, n) if o == n) {
                continue;
            }
            self.line(depth, &pair.sign(), &format!("{name} {{{note}"));
            let shown: Vec<_> = shape
                .fields
                .iter()
                .filter_map(|f| Some((f, pair.map(|v| v.get(f.name).filter(|v| !is_absent(v)))?)))
                .collect();
            let width = shown.iter().map(|(f, _)| f.name.len()).max().unwrap_or_default();
            let mut hidden = 0;
            for (field, sides) in shown {
                match sides {
                    Sides::Both(o, n) if o == n => hidden += 1,
                    sides => self.field(depth + 2, width, Some(field), field.name, sides, false),
                }
            }
            self.hidden(depth + 2, hidden, "attribute");
            self.line(depth, " ", "}");
        }
    }

    /// Says how many parts were not shown because they do not change.
    pub(crate) fn hidden(&mut self, depth: usize, count: usize, what: &str) {
        if count > 0 {
            let s = if count == 1 { "" } else { "s" };
            self.line(depth, " ", &paint(DIM, &format!("# ({count} unchanged {what}{s} hidden)")));
        }
    }

    /// Writes a document as the expression that makes it.
    fn json(&mut self, depth: usize, width: usize, name: &str, sides: Sides<'_>, note: &str) {
        let sign = sides.sign();
        let parsed = match sides {
            Sides::New(v) | Sides::Same(v) => (None, as_json(v)),
            Sides::Old(v) => (as_json(v), None),
            Sides::Both(o, n) => (as_json(o), as_json(n)),
        };
        let null = Value::Null;
        let inner = match &parsed {
            (None, Some(n)) if matches!(sides, Sides::New(_)) => Sides::New(n),
            (None, Some(n)) if matches!(sides, Sides::Same(_)) => Sides::Same(n),
            (Some(o), None) if matches!(sides, Sides::Old(_)) => Sides::Old(o),
            (o, n) => Sides::Both(o.as_ref().unwrap_or(&null), n.as_ref().unwrap_or(&null)),
        };
        self.line(depth, &sign, &format!("{name:<width$} = jsonencode({note}"));
        self.entry(depth + 2, "", inner, "");
        self.line(depth, " ", ")");
    }

    /// Writes a value after its lead (`name = `, or nothing for an element).
    pub(crate) fn entry(&mut self, depth: usize, lead: &str, sides: Sides<'_>, note: &str) {
        let sign = sides.sign();
        if let Sides::Both(old, new) = sides
            && !same_collection(old, new)
        {
            // What is secret on one side is on both: an earlier value is a secret too.
            let text = if old == new || is_secret(old) || is_secret(new) {
                if is_secret(old) { scalar(old) } else { scalar(new) }
            } else {
                format!("{} -> {}", inline(old), inline(new))
            };
            self.line(depth, &sign, &format!("{lead}{text}{note}"));
            return;
        }
        match sides.main() {
            Value::List(e) | Value::Tuple(e) | Value::Set(e)
                if !e.is_empty() || matches!(sides, Sides::Both(..)) =>
            {
                self.line(depth, &sign, &format!("{lead}[{note}"));
                self.elements(depth + 2, sides);
                self.line(depth, " ", "]");
            }
            Value::Map(m) | Value::Object(m)
                if !is_secret(sides.main()) && (!m.is_empty() || matches!(sides, Sides::Both(..))) =>
            {
                self.line(depth, &sign, &format!("{lead}{{{note}"));
                self.attributes(depth + 2, sides);
                self.line(depth, " ", "}");
            }
            value => {
                let gone =
                    if matches!(sides, Sides::Old(_)) { paint(DIM, " -> null") } else { String::new() };
                self.line(depth, &sign, &format!("{lead}{}{gone}{note}", scalar(value)));
            }
        }
    }

    fn attributes(&mut self, depth: usize, sides: Sides<'_>) {
        let mut names: Vec<&String> = Vec::new();
        let both: Vec<&Value> = match sides {
            Sides::New(v) | Sides::Old(v) | Sides::Same(v) => vec![v],
            Sides::Both(o, n) => vec![o, n],
        };
        names.extend(both.iter().filter_map(|v| v.attributes()).flat_map(|a| a.keys()));
        names.sort();
        names.dedup();
        let is_map = matches!(sides.main(), Value::Map(_));
        let show = |name: &str| if is_map || !is_word(name) { format!("{name:?}") } else { name.to_owned() };
        let width = names.iter().map(|n| show(n).len()).max().unwrap_or_default();
        let mut hidden = 0;
        for name in names {
            match sides.map(|v| v.get(name)) {
                Some(Sides::Both(o, n)) if o == n => hidden += 1,
                Some(sides) => self.entry(depth, &format!("{:<width$} = ", show(name)), sides, ""),
                None => {}
            }
        }
        self.hidden(depth, hidden, "element");
    }

    fn elements(&mut self, depth: usize, sides: Sides<'_>) {
        let (old, new) = sides.elements();
        if let Sides::Same(_) = sides {
            for value in new {
                self.entry(depth, "", Sides::Same(value), "");
            }
            return;
        }
        let mut hidden = 0;
        let diff = similar::capture_diff_slices(similar::Algorithm::Myers, old, new);
        for operation in diff {
            match operation {
                similar::DiffOp::Equal { len, .. } => hidden += len,
                similar::DiffOp::Delete { old_index, old_len, .. } => {
                    for value in &old[old_index..old_index + old_len] {
                        self.entry(depth, "", Sides::Old(value), "");
                    }
                }
                similar::DiffOp::Insert { new_index, new_len, .. } => {
                    for value in &new[new_index..new_index + new_len] {
                        self.entry(depth, "", Sides::New(value), "");
                    }
                }
                similar::DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    let common = old_len.min(new_len);
                    for i in 0..common {
                        self.entry(depth, "", Sides::Both(&old[old_index + i], &new[new_index + i]), "");
                    }
                    for value in &old[old_index + common..old_index + old_len] {
                        self.entry(depth, "", Sides::Old(value), "");
                    }
                    for value in &new[new_index + common..new_index + new_len] {
                        self.entry(depth, "", Sides::New(value), "");
                    }
                }
            }
        }
        self.hidden(depth, hidden, "element");
    }
}

/// Whether two values are collections of one sort, so that their parts can be compared.
fn same_collection(a: &Value, b: &Value) -> bool {
    (a.elements().is_some() && b.elements().is_some() || a.attributes().is_some() && b.attributes().is_some())
        && !is_secret(a)
        && !is_secret(b)
}

/// Whether a value is not for anybody's eyes: one that is marked, or what stands in its place in the state.
pub(crate) fn is_secret(value: &Value) -> bool {
    matches!(value, Value::Sensitive(_)) || sealed::seal(value).is_some()
}

/// A JSON document in a string.
fn as_json(value: &Value) -> Option<Value> {
    let Value::String(text) = value else { return None };
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    (json.is_object() || json.is_array()).then(|| Value::from_json(&json))
}

/// Whether there is nothing to show of a value.
pub(crate) fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(e) | Value::Tuple(e) | Value::Set(e) => e.is_empty(),
        Value::Map(m) | Value::Object(m) => m.is_empty(),
        _ => false,
    }
}

/// Whether a name needs no quotes.
fn is_word(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        && name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
}

/// A value on one line.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        secret if is_secret(secret) => scalar(secret),
        Value::List(e) | Value::Tuple(e) | Value::Set(e) => {
            format!("[{}]", e.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Map(m) | Value::Object(m) if m.is_empty() => "{}".to_owned(),
        Value::Map(m) | Value::Object(m) => {
            let entries: Vec<_> = m.iter().map(|(k, v)| format!("{k} = {}", inline(v))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => scalar(other),
    }
}

/// A value without parts.
fn scalar(value: &Value) -> String {
    match value {
        secret if is_secret(secret) => "(sensitive value)".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Unknown(_) => "(known after apply)".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        other => inline(other),
    }
}
