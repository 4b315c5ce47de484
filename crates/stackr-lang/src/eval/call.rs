//! Function calls, and the two functions that catch errors.

use std::borrow::Cow;

use stackr_core::{Type, Value};

use super::{Evaluated, Scope, Shared, article};
use crate::{
    functions::{self, FunctionError, Functions},
    syntax::{At, Call, Expr, Kind},
};

impl<'s> Scope<'s> {
    pub(super) fn call(&self, call: &'s Call, at: At) -> Evaluated<Shared<'s>> {
        match call.name.strip_prefix("core::").unwrap_or(&call.name) {
            "try" => self.attempt(call, at),
            "can" => self.can(call, at).map(Cow::Owned),
            _ => self.function(call, at).map(Cow::Owned),
        }
    }

    fn function(&self, call: &'s Call, at: At) -> Evaluated<Value> {
        let mut args = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            args.push(self.eval(arg)?.into_owned());
        }
        let mut marked = false;
        if call.expand {
            let last = args.pop().unwrap_or(Value::Null);
            let last_at = call.args.last().map_or(at, |a| a.at);
            marked = matches!(last, Value::Sensitive(_));
            match last.unmark().0 {
                Value::List(more) | Value::Tuple(more) | Value::Set(more) => args.extend(more),
                Value::Unknown(_) => return Ok(Value::UNKNOWN.marked(marked)),
                Value::Null => {
                    return Err(self.fail(last_at, "null value", "Null cannot be expanded with `...`."));
                }
                other => {
                    let detail =
                        format!("`...` expands a list or set into arguments, not {}.", article(&other));
                    return Err(self.fail(last_at, "wrong type", detail));
                }
            }
        }
        let around = self.resolver.surroundings();
        let template = |text: &str, name: &str, given| {
            self.render(text, name, &given).map_err(|message| FunctionError { message, arg: None })
        };
        let ctx = Functions {
            loader: around.loader,
            dir: around.dir,
            plan_time: around.plan_time,
            now: around.now,
            template: &template,
        };
        functions::call(&ctx, &call.name, args).map(|value| value.marked(marked)).map_err(|error| {
            let at = error.arg.and_then(|i| call.args.get(i)).map_or(at, |arg| arg.at);
            self.fail(at, &format!("error in {}", call.name), error.message)
        })
    }

    /// `try`: the first argument without an error.
    fn attempt(&self, call: &'s Call, at: At) -> Evaluated<Shared<'s>> {
        let mut last = None;
        for arg in &call.args {
            match self.eval(arg) {
                Ok(value) if is_path(arg) || value.is_unknown() || value.is_wholly_known() => {
                    return Ok(value);
                }
                // Parts may turn out to fail, and then another argument is the result.
                Ok(value) => return Ok(Cow::Owned(Value::UNKNOWN.marked(value.has_sensitive()))),
                Err(error) => last = Some(error),
            }
        }
        let detail = match last {
            Some(error) => {
                format!("None of the arguments of `try` has a value. The last error: {}", error.detail)
            }
            None => "`try` needs at least one argument.".to_owned(),
        };
        Err(self.fail(at, "error in try", detail))
    }

    /// `can`: whether the argument has a value.
    fn can(&self, call: &'s Call, at: At) -> Evaluated<Value> {
        let [arg] = &*call.args else {
            return Err(self.fail(at, "error in can", "`can` has exactly one argument."));
        };
        Ok(match self.eval(arg) {
            Ok(value) if value.is_wholly_known() => Value::Bool(true),
            Ok(_) => Value::Unknown(Type::Bool),
            Err(_) => Value::Bool(false),
        })
    }
}

/// Whether an expression only goes to a part of what a reference names.
fn is_path(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Ref(_) | Kind::Variable(_) => true,
        Kind::Attr(source, _) => is_path(source),
        Kind::Index(pair) => is_path(&pair.0) && matches!(pair.1.kind, Kind::Literal(_)),
        Kind::Paren(inner) => is_path(inner),
        _ => false,
    }
}
