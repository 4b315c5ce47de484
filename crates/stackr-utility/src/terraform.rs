//! `terraform_data`: passes a value through, and is made anew when its triggers change.
//!
//! Facts that shape this file:
//! - its arguments are of any type, and what comes out has the type of what went in;
//! - the output is the input, so it is known as soon as the input is.

use stackr_core::{Args, Kept, Moment, Outputs, Record, Result, Value};

use crate::random::uuid;

/// A value that is passed through.
pub struct Data;

/// A value that is passed through, made anew when its triggers change. Provisioners are not supported.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct DataArgs {
    /// The value; `output` is the same.
    pub input: Value,
    /// A value that, when it changes, makes another object.
    #[arg(replace)]
    pub triggers_replace: Value,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct DataOutputs {
    /// A UUID that tells it from others.
    pub id: String,
    /// The value of `input`.
    pub output: Value,
}

impl Kept for Data {
    const TYPE: &'static str = "terraform_data";
    type Args = DataArgs;
    type Outputs = DataOutputs;

    fn make(args: &DataArgs, moment: &Moment) -> Result<Record<Self>> {
        Ok(made(uuid(moment), args.clone()))
    }

    fn change(was: &Record<Self>, args: &DataArgs) -> Result<Record<Self>> {
        Ok(made(was.id.clone(), args.clone()))
    }

    fn import(id: &str, _: &Moment) -> Result<Record<Self>> {
        Ok(made(id.to_owned(), DataArgs { input: Value::Null, triggers_replace: Value::Null }))
    }

    fn foresee(args: &Value) -> Option<Value> {
        Some(Value::object([("output", args.get("input")?.clone())]))
    }
}

fn made(id: String, args: DataArgs) -> Record<Data> {
    let outputs = DataOutputs { id: id.clone(), output: args.input.clone() };
    Record { id, args, outputs }
}
