//! Operators.
//!
//! Facts that shape this file:
//! - values of different types are never equal, only `null` equals `null`.

use bigdecimal::Zero as _;
use stackr_core::{Number, Type, Value};

use super::{Evaluated, Scope, article, number::compute};
use crate::syntax::{At, Binary, Expr};

impl<'s> Scope<'s> {
    pub(super) fn not(&self, operand: &'s Expr) -> Evaluated<Value> {
        let (truth, marked) = self.condition(operand, "The operand of `!`")?;
        Ok(truth.map_or(Value::Unknown(Type::Bool), |t| Value::Bool(!t)).marked(marked))
    }

    pub(super) fn negate(&self, operand: &'s Expr) -> Evaluated<Value> {
        let (number, marked) = self.number(operand, "-")?;
        Ok(number
            .map_or(Value::Unknown(Type::Number), |n| Value::Number(Number::new(-n.decimal())))
            .marked(marked))
    }

    pub(super) fn binary(&self, op: Binary, left: &'s Expr, right: &'s Expr, at: At) -> Evaluated<Value> {
        match op {
            Binary::And | Binary::Or => self.logic(op, left, right),
            Binary::Equal | Binary::NotEqual => {
                let (a, b) = (self.eval(left)?, self.eval(right)?);
                let marked = a.has_sensitive() || b.has_sensitive();
                let result = match equal(&a, &b) {
                    Some(equal) => Value::Bool(equal == (op == Binary::Equal)),
                    None => Value::Unknown(Type::Bool),
                };
                Ok(result.marked(marked))
            }
            _ => {
                let (a, left_marked) = self.number(left, op.text())?;
                let (b, right_marked) = self.number(right, op.text())?;
                let result = match (a, b) {
                    (Some(a), Some(b)) => self.compute(op, &a, &b, at)?,
                    _ if op.level() == Binary::Less.level() => Value::Unknown(Type::Bool),
                    _ => Value::Unknown(Type::Number),
                };
                Ok(result.marked(left_marked || right_marked))
            }
        }
    }

    /// `&&` and `||`: the right side counts only if the left one does not decide.
    fn logic(&self, op: Binary, left: &'s Expr, right: &'s Expr) -> Evaluated<Value> {
        let what = if op == Binary::And { "An operand of `&&`" } else { "An operand of `||`" };
        let deciding = op == Binary::Or;
        let (a, left_marked) = self.condition(left, what)?;
        if a == Some(deciding) {
            return Ok(Value::Bool(deciding).marked(left_marked));
        }
        let (b, right_marked) = self.condition(right, what)?;
        let result = match (a, b) {
            (_, Some(b)) if b == deciding => Value::Bool(deciding),
            (Some(_), Some(b)) => Value::Bool(b),
            _ => Value::Unknown(Type::Bool),
        };
        Ok(result.marked(left_marked || right_marked))
    }

    /// An operand as a number, none if it is unknown, and whether it is marked.
    fn number(&self, expr: &'s Expr, operator: &str) -> Evaluated<(Option<Number>, bool)> {
        let value = self.eval(expr)?;
        let marked = value.has_sensitive();
        match Type::Number.convert(&value).map(Value::unmark_deep) {
            Ok(Value::Number(number)) => Ok((Some(number), marked)),
            Ok(Value::Unknown(_)) => Ok((None, marked)),
            Ok(_) => {
                let detail = format!("`{operator}` works on numbers, but this is null.");
                Err(self.fail(expr.at, "null value", detail))
            }
            Err(_) => {
                let detail = format!("`{operator}` works on numbers, not on {}.", article(&value));
                Err(self.fail(expr.at, "wrong type", detail))
            }
        }
    }

    fn compute(&self, op: Binary, left: &Number, right: &Number, at: At) -> Evaluated<Value> {
        let (a, b) = (left.decimal(), right.decimal());
        let result = match op {
            Binary::Less => return Ok(Value::Bool(a < b)),
            Binary::LessEqual => return Ok(Value::Bool(a <= b)),
            Binary::Greater => return Ok(Value::Bool(a > b)),
            Binary::GreaterEqual => return Ok(Value::Bool(a >= b)),
            Binary::Divide | Binary::Remainder if b.is_zero() => {
                return Err(self.fail(at, "division by zero", "The divisor is zero."));
            }
            _ => compute(op, a, b),
        };
        match result {
            Some(result) => Ok(Value::Number(Number::new(result))),
            None => Err(self.fail(
                at,
                "number out of range",
                "The result is too large or too small to be computed with.",
            )),
        }
    }
}

/// Whether two values are equal; none if that depends on something unknown.
pub(crate) fn equal(a: &Value, b: &Value) -> Option<bool> {
    let all = |pairs: &mut dyn Iterator<Item = Option<bool>>| {
        let mut result = Some(true);
        for pair in pairs {
            match pair {
                Some(false) => return Some(false),
                None => result = None,
                Some(true) => {}
            }
        }
        result
    };
    match (a.peel(), b.peel()) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            if a.len() == b.len() {
                all(&mut a.iter().zip(b).map(|(a, b)| equal(a, b)))
            } else {
                Some(false)
            }
        }
        (Value::Set(x), Value::Set(y)) => {
            if x.iter().chain(y).all(Value::is_wholly_known) {
                Some(a.clone().unmark_deep() == b.clone().unmark_deep())
            } else {
                None
            }
        }
        (Value::Map(a), Value::Map(b)) | (Value::Object(a), Value::Object(b)) => {
            if a.len() == b.len() && a.keys().eq(b.keys()) {
                all(&mut a.values().zip(b.values()).map(|(a, b)| equal(a, b)))
            } else {
                Some(false)
            }
        }
        (a, b) => Some(a == b),
    }
}
