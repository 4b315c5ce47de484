//! The values that a stack's variables are given, in the language's order of precedence.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use stackr_core::{Diagnostic, Diagnostics, Span, Type, Value};

use crate::{
    config::{Config, Variable, error},
    eval::{Evaluated, Scope, nearest},
    loader::{Loader, join},
    place::NoReferences,
    sources::Sources,
    syntax::{parse_expression, parse_file},
};

/// What a stack is given from outside.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The value of `terraform.workspace`.
    pub workspace: String,
    /// The environment's variables `TF_VAR_name`, without the prefix. The lowest precedence.
    pub env_vars: Vec<(String, String)>,
    /// What the command line gives, in its order; above the files that are read by themselves.
    pub cli: Vec<CliVar>,
    /// What `plantimestamp` is; unknown without one.
    pub plan_time: Option<jiff::Timestamp>,
    /// A variable without a value is unknown instead of an error: for checking sources alone.
    pub allow_missing: bool,
}

impl Default for Inputs {
    fn default() -> Self {
        Self {
            workspace: "default".to_owned(),
            env_vars: Vec::new(),
            cli: Vec::new(),
            plan_time: None,
            allow_missing: false,
        }
    }
}

/// One `--var-file` or `--var`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CliVar {
    /// A file of values, by the path that the loader reads.
    File(String),
    /// The text of one value.
    Var(String, String),
}

/// A value with where it comes from.
struct Given {
    value: Text,
    span: Option<Span>,
    /// For messages: `--var`, the name of the file.
    from: String,
}

enum Text {
    Parsed(Value),
    /// To be read by the variable's type.
    Raw(String),
}

/// The values of the root module's variables, converted to their types.
pub(crate) fn variable_values(
    loader: &dyn Loader,
    dir: &str,
    config: &Config,
    inputs: &Inputs,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Value> {
    let (code, found) = (sources.names(), diagnostics.0.len());
    let values = read_values(loader, dir, config, inputs, sources, diagnostics);
    if config.variables.values().any(|variable| variable.sensitive) {
        conceal(&mut diagnostics.0[found..], &sources.conceal_others(&code));
    }
    values
}

/// Takes what may be a piece of a value out of messages: which variable a broken text was for is not known.
fn conceal(diagnostics: &mut [Diagnostic], files: &BTreeSet<Arc<str>>) {
    for diagnostic in diagnostics {
        let of_values = diagnostic.span.as_ref().is_some_and(|span| files.contains(&span.file));
        if of_values && !["undeclared variable", "wrong value for variable"].contains(&&*diagnostic.summary) {
            diagnostic.detail =
                "This is not a value. The text is not shown, because the stack has sensitive variables."
                    .to_owned();
        }
    }
}

fn read_values(
    loader: &dyn Loader,
    dir: &str,
    config: &Config,
    inputs: &Inputs,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Value> {
    let mut given = BTreeMap::new();
    for (name, text) in &inputs.env_vars {
        if config.variables.contains_key(name) {
            let from = format!("TF_VAR_{name}");
            given.insert(name.clone(), Given { value: Text::Raw(text.clone()), span: None, from });
        }
    }
    let mut reader = Reader { loader, config, sources, given: &mut given, diagnostics };
    let files = loader.list(dir).unwrap_or_default();
    for name in ["terraform.tfvars", "terraform.tfvars.json"] {
        if files.iter().any(|f| f == name) {
            reader.file(&join(dir, name), name);
        }
    }
    let mut auto: Vec<_> =
        files.iter().filter(|f| f.ends_with(".auto.tfvars") || f.ends_with(".auto.tfvars.json")).collect();
    auto.sort();
    for name in auto {
        reader.file(&join(dir, name), name);
    }
    for var in &inputs.cli {
        match var {
            CliVar::File(path) => reader.file(path, path),
            CliVar::Var(name, text) => reader.var(name, text),
        }
    }
    config
        .variables
        .values()
        .map(|variable| {
            let value = given.remove(&variable.name);
            (variable.name.clone(), value_of(variable, value, inputs, sources, diagnostics))
        })
        .collect()
}

struct Reader<'a> {
    loader: &'a dyn Loader,
    config: &'a Config,
    sources: &'a mut Sources,
    given: &'a mut BTreeMap<String, Given>,
    diagnostics: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn undeclared(&self, name: &str) -> String {
        let near = nearest(name, self.config.variables.keys().map(String::as_str));
        let hint = near.map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
        format!("This stack declares no variable `{name}`.{hint}")
    }

    fn var(&mut self, name: &str, text: &str) {
        if self.config.variables.contains_key(name) {
            let from = format!("--var {name}");
            self.given.insert(name.to_owned(), Given { value: Text::Raw(text.to_owned()), span: None, from });
        } else {
            let detail = format!("--var {name}: {}", self.undeclared(name));
            self.diagnostics.push(Diagnostic::error("undeclared variable", detail));
        }
    }

    fn file(&mut self, path: &str, name: &str) {
        let (file, text) = match self.sources.read(self.loader, path, name, None) {
            Ok(read) => read,
            Err(why) => return self.diagnostics.push(*why),
        };
        if name.ends_with(".json") {
            return self.json(&file, &text);
        }
        let body = match parse_file(&text, &file) {
            Ok(body) => body,
            Err(why) => return self.diagnostics.push(*why),
        };
        for block in &body.blocks {
            let detail = format!("A file of values has arguments only: `{} = …`.", block.kind);
            self.diagnostics.push(error(block.span(), "unsupported block", detail));
        }
        for attribute in &body.attributes {
            match Scope::new(&NoReferences, &file).eval(&attribute.expr) {
                Ok(value) => {
                    self.value(&attribute.name, value.into_owned(), attribute.name_span(), attribute.span());
                }
                Err(why) => self.diagnostics.push(*why),
            }
        }
    }

    fn json(&mut self, file: &Arc<str>, text: &str) {
        let whole = Span { file: Arc::clone(file), range: 0..0 };
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(serde_json::Value::Object(values)) => {
                for (name, value) in &values {
                    self.value(name, Value::from_json(value), whole.clone(), whole.clone());
                }
            }
            Ok(_) => {
                let detail = "A JSON file of values is one object: `{ \"name\": value }`.";
                self.diagnostics.push(error(whole, "wrong type", detail));
            }
            Err(why) => {
                let at = offset(text, why.line(), why.column());
                let span = Span { file: Arc::clone(file), range: at..at };
                self.diagnostics.push(error(span, "syntax error", format!("This is not JSON: {why}.")));
            }
        }
    }

    fn value(&mut self, name: &str, value: Value, name_span: Span, span: Span) {
        if self.config.variables.contains_key(name) {
            let from = span.file.to_string();
            self.given.insert(name.to_owned(), Given { value: Text::Parsed(value), span: Some(span), from });
        } else {
            let detail = self.undeclared(name);
            self.diagnostics.push(Diagnostic::warning("undeclared variable", detail).at(Some(name_span)));
        }
    }
}

/// The byte of a line and column as JSON errors count them.
pub(crate) fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}

/// The value of one variable: what is given, or the default.
fn value_of(
    variable: &Variable,
    given: Option<Given>,
    inputs: &Inputs,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Value {
    let unknown = || Value::Unknown(variable.ty.clone()).marked(variable.sensitive);
    let Some(given) = given else {
        return match &variable.default {
            Some(default) => default.clone().marked(variable.sensitive),
            None => {
                if !inputs.allow_missing {
                    let name = &variable.name;
                    let detail = format!(
                        "The variable `{name}` has no value and no default. Give it one in a file of values, with \
                         --var {name}=… or as TF_VAR_{name}."
                    );
                    diagnostics.push(error(variable.span.clone(), "no value for variable", detail));
                }
                unknown()
            }
        };
    };
    let value = match given.value {
        Text::Parsed(value) => value,
        Text::Raw(text) if literal(variable) => Value::String(text),
        Text::Raw(text) => match expression(&text, &given.from, sources) {
            Ok(value) => value,
            Err(why) => {
                diagnostics.push(*why);
                return unknown();
            }
        },
    };
    match fit(variable, value) {
        Ok(value) => value,
        Err(why) => {
            let detail = format!("{}: {why}", given.from);
            diagnostics.push(Diagnostic::error("wrong value for variable", detail).at(given.span));
            unknown()
        }
    }
}

/// Whether the text of a value is the value itself and not an expression.
fn literal(variable: &Variable) -> bool {
    !variable.typed || matches!(variable.ty, Type::String | Type::Number | Type::Bool)
}

fn expression(text: &str, from: &str, sources: &mut Sources) -> Evaluated<Value> {
    let file: Arc<str> = from.into();
    sources.add(&file, text);
    let expr = parse_expression(text, &file)?;
    let value = Scope::new(&NoReferences, &file).eval(&expr)?;
    Ok(value.into_owned())
}

/// A value as the variable takes it: of its type, with its default for null, marked as it says.
pub(crate) fn fit(variable: &Variable, value: Value) -> Result<Value, String> {
    let name = &variable.name;
    if value.is_null() && !variable.nullable {
        return match &variable.default {
            Some(default) => Ok(default.clone().marked(variable.sensitive)),
            None => Err(format!("`var.{name}` cannot be null.")),
        };
    }
    match variable.ty.convert(&value) {
        Ok(value) => Ok(value.marked(variable.sensitive)),
        Err(why) => Err(format!("`var.{name}` does not take this value: {why}.")),
    }
}
