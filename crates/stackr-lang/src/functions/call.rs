//! The arguments of one call, as its body reads them.
//!
//! The wrapper has converted the arguments before a body runs, so the errors here are not for users.

use std::collections::BTreeMap;

use stackr_core::{Number, Value};

use super::{FunctionError, Functions};

pub(super) type Result<T = Value> = std::result::Result<T, FunctionError>;

/// The arguments of one call and what surrounds it.
pub(super) struct Call<'a> {
    pub(super) ctx: &'a Functions<'a>,
    pub(super) args: Vec<Value>,
}

/// An error about the whole call.
pub(super) fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(error(message))
}

/// The same, as the error itself.
pub(super) fn error(message: impl Into<String>) -> FunctionError {
    FunctionError { message: message.into(), arg: None }
}

/// An error about one argument.
pub(super) fn bad(arg: usize, message: impl Into<String>) -> FunctionError {
    FunctionError { message: message.into(), arg: Some(arg) }
}

impl Call<'_> {
    pub(super) fn arg(&self, i: usize) -> Result<&Value> {
        self.args.get(i).ok_or_else(|| bad(i, "argument is missing"))
    }

    pub(super) fn text(&self, i: usize) -> Result<&str> {
        self.arg(i)?.as_str().ok_or_else(|| bad(i, "string required"))
    }

    pub(super) fn number(&self, i: usize) -> Result<&Number> {
        match self.arg(i)?.peel() {
            Value::Number(n) => Ok(n),
            _ => Err(bad(i, "number required")),
        }
    }

    /// A whole number that fits 64 bits.
    pub(super) fn int(&self, i: usize) -> Result<i64> {
        let number = self.number(i)?;
        number.as_i64().ok_or_else(|| {
            bad(
                i,
                if number.decimal().is_integer() {
                    "value must be a whole number, between -9223372036854775808 and \
                         9223372036854775807 inclusive"
                } else {
                    "value must be a whole number"
                },
            )
        })
    }

    pub(super) fn elements(&self, i: usize) -> Result<&[Value]> {
        self.arg(i)?.elements().ok_or_else(|| bad(i, "list, set or tuple required"))
    }

    pub(super) fn mapping(&self, i: usize) -> Result<&BTreeMap<String, Value>> {
        self.arg(i)?.attributes().ok_or_else(|| bad(i, "must have map or object type"))
    }

    /// The arguments from this position on.
    pub(super) fn rest(&self, from: usize) -> &[Value] {
        self.args.get(from..).unwrap_or(&[])
    }
}
