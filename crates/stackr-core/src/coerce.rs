//! Checks written arguments against a schema and gives them their final types: text that is a number becomes
//! one, blocks become lists, defaults fill what was left out. Unknown parts stay unknown, marks stay on.

use std::collections::BTreeMap;

use crate::{
    Default, Field, Kind, Nesting, Number, Path, PathStep, Presence, Schema, Shape, Type, Value, closest,
};

/// One thing that is wrong with written arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub path: Path,
    /// What, in a few words.
    pub summary: String,
    /// The sentence with the remedy.
    pub detail: String,
}

impl Problem {
    /// Whether it is the name that is wrong and not what is behind it.
    #[must_use]
    pub fn is_of_the_name(&self) -> bool {
        matches!(&*self.summary, "unknown argument" | "argument cannot be set")
    }
}

/// The arguments of a type, checked and completed: an object with every argument of the schema.
///
/// # Errors
/// Everything that is wrong with them.
pub fn coerce_args(schema: &Schema, written: &Value) -> Result<Value, Vec<Problem>> {
    let mut check = Check { problems: Vec::new() };
    let args = check.shape(schema.args, Some(schema.outputs), written, &Path::default());
    if check.problems.is_empty() { Ok(args) } else { Err(check.problems) }
}

impl Kind {
    /// The type of the language that a value of this kind has.
    #[must_use]
    pub fn ty(&self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int | Self::Float => Type::Number,
            Self::List(e) => Type::List(Box::new(e.ty())),
            Self::Set(e) => Type::Set(Box::new(e.ty())),
            Self::Map(e) => Type::Map(Box::new(e.ty())),
            Self::Any | Self::Object(_) => Type::Any,
            _ => Type::String,
        }
    }

    /// The word for it in messages.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Bool => "bool".to_owned(),
            Self::Int => "whole number".to_owned(),
            Self::Float => "number".to_owned(),
            Self::Cidr => "IP network such as 10.0.0.0/16".to_owned(),
            Self::Json => "JSON document".to_owned(),
            Self::Policy => "IAM policy document".to_owned(),
            Self::ContainerDefinitions => "JSON list of container definitions".to_owned(),
            Self::Any => "any value".to_owned(),
            Self::List(e) => format!("list of {}", e.name()),
            Self::Set(e) => format!("set of {}", e.name()),
            Self::Map(e) => format!("map of {}", e.name()),
            Self::Object(_) => "object".to_owned(),
            _ => "string".to_owned(),
        }
    }
}

impl Default {
    /// The value of the default.
    #[must_use]
    pub fn value(&self) -> Value {
        match self {
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(i) => Value::from(*i),
            Self::Str(s) => Value::from(*s),
        }
    }
}

struct Check {
    problems: Vec<Problem>,
}

impl Check {
    fn problem(&mut self, path: &Path, summary: &str, detail: String) -> Value {
        self.problems.push(Problem { path: path.clone(), summary: summary.to_owned(), detail });
        Value::Null
    }

    fn shape(&mut self, shape: &'static Shape, outputs: Option<&Shape>, written: &Value, at: &Path) -> Value {
        let Some(attributes) = written.attributes() else {
            return self.problem(
                at,
                "wrong type",
                format!("an object was expected here, not {}", a(written)),
            );
        };
        for name in attributes.keys().filter(|n| shape.field(n).is_none()) {
            let path = at.join(PathStep::Name(name.clone()));
            let given = outputs.is_some_and(|o| o.field(name).is_some());
            if given {
                let detail = format!("AWS gives `{name}`; it cannot be set. Remove it.");
                self.problem(&path, "argument cannot be set", detail);
            } else {
                self.problem(&path, "unknown argument", unknown(name, shape));
            }
        }
        let fields = shape.fields.iter().map(|field| {
            let path = at.join(PathStep::Name(field.name.to_owned()));
            let value = self.field(field, attributes.get(field.name).unwrap_or(&Value::Null), &path);
            (field.name, value)
        });
        let object = Value::Object(fields.map(|(k, v)| (k.to_owned(), v)).collect::<BTreeMap<_, _>>());
        object.marked(matches!(written, Value::Sensitive(_)))
    }

    fn field(&mut self, field: &Field, written: &Value, at: &Path) -> Value {
        let absent = written.is_null() || (field.nesting != Nesting::Attribute && is_empty(written));
        if absent {
            return match (field.presence, field.default, field.nesting) {
                (Presence::Required, ..) => {
                    let how = match field.nesting {
                        Nesting::Attribute => format!("Write `{} = …` ({}).", field.name, field.kind.name()),
                        _ => format!("Write a `{} {{ … }}` block.", field.name),
                    };
                    let detail = format!("`{}` must be given: {} {how}", field.name, sentence(field.doc));
                    self.problem(at, "missing required argument", detail)
                }
                (_, Some(default), _) => default.value(),
                // An explicitly empty list differs from an absent one; absent blocks are an empty list
                // unless AWS decides what they are.
                (Presence::Optional, None, Nesting::Blocks | Nesting::Single) => collection(&field.kind),
                _ if written.is_null() => Value::Null,
                _ => collection(&field.kind),
            };
        }
        if field.nesting == Nesting::Single && written.elements().is_some_and(|e| e.len() > 1) {
            let detail =
                format!("`{}` may be written at most once. Merge the blocks or remove one.", field.name);
            return self.problem(at, "repeated block", detail);
        }
        // In JSON, one block is written as an object; a list of them says the same.
        let single = field.nesting != Nesting::Attribute && written.attributes().is_some();
        let value = if single {
            self.kind(&field.kind, &Value::Tuple(vec![written.clone()]), at)
        } else {
            self.kind(&field.kind, written, at)
        };
        value.marked(field.secret)
    }

    fn kind(&mut self, kind: &Kind, written: &Value, at: &Path) -> Value {
        match written {
            Value::Sensitive(inner) => return self.kind(kind, inner, at).sensitive(),
            Value::Unknown(Type::Sealed(_)) if matches!(kind.ty(), Type::String | Type::Any) => {
                return written.clone();
            }
            Value::Unknown(_) => return Value::Unknown(kind.ty()),
            Value::Null => return Value::Null,
            _ => {}
        }
        match kind {
            Kind::Any => written.clone(),
            Kind::Bool => match written.to_text().as_deref() {
                Some("true") => Value::Bool(true),
                Some("false") => Value::Bool(false),
                _ => self.wrong(kind, written, at),
            },
            Kind::Int | Kind::Float => {
                let number = match written {
                    Value::Number(n) => Some(n.clone()),
                    Value::String(s) => s.parse::<Number>().ok(),
                    _ => None,
                };
                match number {
                    Some(n) if matches!(kind, Kind::Float) || n.as_i64().is_some() => Value::Number(n),
                    _ => self.wrong(kind, written, at),
                }
            }
            Kind::List(element) => self.elements(kind, element, written, at).map_or(Value::Null, Value::List),
            Kind::Set(element) => self.elements(kind, element, written, at).map_or(Value::Null, Value::set),
            Kind::Map(element) => {
                let Some(entries) = written.attributes() else { return self.wrong(kind, written, at) };
                let entries = entries.iter().map(|(key, value)| {
                    (key.clone(), self.kind(element, value, &at.join(PathStep::Name(key.clone()))))
                });
                // A null element is an absent one, as in the provider's tags.
                Value::Map(entries.filter(|(_, v)| !matches!(v, Value::Null)).collect())
            }
            Kind::Object(shape) => self.shape(shape, None, written, at),
            text => self.text(text, written, at),
        }
    }

    fn elements(&mut self, kind: &Kind, element: &Kind, written: &Value, at: &Path) -> Option<Vec<Value>> {
        let Some(elements) = written.elements() else {
            self.wrong(kind, written, at);
            return None;
        };
        let read = elements.iter().enumerate();
        Some(read.map(|(i, e)| self.kind(element, e, &at.join(PathStep::Index(i)))).collect())
    }

    fn text(&mut self, kind: &Kind, written: &Value, at: &Path) -> Value {
        let Some(text) = written.to_text() else { return self.wrong(kind, written, at) };
        let fits = match kind {
            Kind::Cidr => text.parse::<ipnet::IpNet>().is_ok(),
            Kind::Json | Kind::Policy | Kind::ContainerDefinitions => {
                text.is_empty() || serde_json::from_str::<serde_json::Value>(&text).is_ok()
            }
            _ => true,
        };
        if !fits {
            let detail = format!("{text:?} is not an {}.", kind.name()).replace("an JSON", "a JSON");
            return self.problem(at, "invalid value", detail);
        }
        Value::String(text)
    }

    fn wrong(&mut self, kind: &Kind, written: &Value, at: &Path) -> Value {
        let shown = match written {
            Value::String(text) if text.len() <= 60 => format!("the string {text:?}"),
            other => a(other),
        };
        let name = kind.name();
        let article = if name.starts_with(['A', 'I', 'o']) { "an" } else { "a" };
        self.problem(at, "wrong type", format!("`{at}` takes {article} {name}, not {shown}."))
    }
}

/// Whether this is a list of nothing.
fn is_empty(value: &Value) -> bool {
    value.elements().is_some_and(<[Value]>::is_empty)
}

/// The empty collection of a kind.
fn collection(kind: &Kind) -> Value {
    match kind {
        Kind::List(_) => Value::List(Vec::new()),
        Kind::Set(_) => Value::Set(Vec::new()),
        Kind::Map(_) => Value::Map(BTreeMap::new()),
        _ => Value::Null,
    }
}

/// `a string`, `an object`.
fn a(value: &Value) -> String {
    let name = value.type_name();
    if name.starts_with(['o', 'u']) { format!("an {name}") } else { format!("a {name}") }
}

/// A doc comment's first sentence, with its full stop.
fn sentence(doc: &str) -> String {
    let first = doc.split_inclusive(". ").next().unwrap_or(doc).trim();
    if first.is_empty() || first.ends_with('.') { first.to_owned() } else { format!("{first}.") }
}

/// What to do about an argument that does not exist.
fn unknown(name: &str, shape: &Shape) -> String {
    match closest(name, shape.fields.iter().map(|f| f.name)) {
        Some(other) => format!("there is no argument `{name}` here. Did you mean `{other}`?"),
        None => {
            let names: Vec<_> = shape.fields.iter().map(|f| f.name).collect();
            format!("there is no argument `{name}` here. There are: {}.", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use stackr_derive::{Args, Block, Outputs};

    use super::*;
    use crate::{Block as _, Cidr, Tags};

    struct Thing;

    /// A thing.
    #[derive(Clone, Debug, PartialEq, Args)]
    struct ThingArgs {
        /// Its network.
        network: Cidr,
        /// How many.
        #[arg(default = 2)]
        count: i64,
        /// Its rules.
        #[arg(block)]
        rule: Vec<Rule>,
        /// Its setting.
        #[arg(block)]
        setting: Option<Rule>,
        /// Its name.
        #[arg(computed)]
        name: Option<String>,
        /// Tags.
        tags: Tags,
    }

    /// A rule.
    #[derive(Clone, Debug, PartialEq, Block)]
    struct Rule {
        /// The port.
        port: i64,
    }

    #[derive(Clone, Debug, PartialEq, Outputs)]
    struct ThingOutputs {
        /// Its id.
        id: String,
    }

    const SCHEMA: Schema = Schema { ty: "thing", args: &ThingArgs::SHAPE, outputs: &ThingOutputs::SHAPE };

    fn block(port: impl Into<Value>) -> Value {
        Value::Tuple(vec![Value::object([("port", port.into())])])
    }

    #[test]
    fn written_text_takes_the_fields_type_and_defaults_fill_in() {
        let written = Value::object([("network", "10.0.0.0/8".into()), ("rule", block("80"))]);
        let args = coerce_args(&SCHEMA, &written).unwrap();
        assert_eq!(args.get("count"), Some(&Value::from(2)));
        assert_eq!(args.get("name"), Some(&Value::Null));
        assert_eq!(args.get("setting"), Some(&Value::List(vec![])));
        let typed = ThingArgs::from_object(&args).unwrap();
        assert_eq!(typed.rule, [Rule { port: 80 }]);
        assert_eq!(typed.setting, None);
    }

    #[test]
    fn an_object_is_a_list_of_one_block() {
        let network = ("network", Value::from("10.0.0.0/8"));
        let args = |rule: Value, setting: Value| {
            let written = Value::object([network.clone(), ("rule", rule), ("setting", setting)]);
            coerce_args(&SCHEMA, &written).unwrap()
        };
        let object = || Value::object([("port", Value::from(80))]);
        assert_eq!(args(object(), object()), args(block(80), block(80)));
        assert!(args(object().sensitive(), block(80)).get("rule").is_some_and(Value::has_sensitive));
        let written = Value::object([network, ("rule", Value::object([("prot", Value::from(80))]))]);
        let problems = coerce_args(&SCHEMA, &written).unwrap_err();
        assert_eq!(problems[0].path.to_string(), "rule[0].prot");
    }

    #[test]
    fn every_problem_is_told_with_its_place_and_remedy() {
        let check = |written: Value, expect: &[&str]| {
            let problems = coerce_args(&SCHEMA, &written).unwrap_err();
            let shown: Vec<_> =
                problems.iter().map(|p| format!("{}: {}: {}", p.path, p.summary, p.detail)).collect();
            assert_eq!(shown, expect);
        };
        let network = ("network", Value::from("10.0.0.0/8"));
        check(
            Value::object::<&str>([]),
            &[
                "network: missing required argument: `network` must be given: Its network. Write `network = …` (IP network such as 10.0.0.0/16).",
            ],
        );
        check(
            Value::object([("network", "10.0.0.0".into())]),
            &["network: invalid value: \"10.0.0.0\" is not an IP network such as 10.0.0.0/16."],
        );
        check(
            Value::object([network.clone(), ("nmae", "x".into())]),
            &["nmae: unknown argument: there is no argument `nmae` here. Did you mean `name`?"],
        );
        check(
            Value::object([network.clone(), ("id", "x".into())]),
            &["id: argument cannot be set: AWS gives `id`; it cannot be set. Remove it."],
        );
        check(
            Value::object([network.clone(), ("rule", block("x"))]),
            &["rule[0].port: wrong type: `rule[0].port` takes a whole number, not the string \"x\"."],
        );
        let twice = Value::Tuple(vec![Value::object([("port", Value::from(1))]); 2]);
        check(
            Value::object([network, ("setting", twice)]),
            &[
                "setting: repeated block: `setting` may be written at most once. Merge the blocks or remove one.",
            ],
        );
    }

    #[test]
    fn unknown_parts_stay_unknown_with_their_type() {
        let written =
            Value::object([("network", Value::UNKNOWN), ("rule", block(Value::UNKNOWN.sensitive()))]);
        let args = coerce_args(&SCHEMA, &written).unwrap();
        assert_eq!(args.get("network"), Some(&Value::Unknown(Type::String)));
        let port = args.get("rule").and_then(|r| r.elements()?.first()?.get("port"));
        assert_eq!(port, Some(&Value::Unknown(Type::Number).sensitive()));
    }
}
