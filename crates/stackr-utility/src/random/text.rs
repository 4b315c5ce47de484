//! Random text by the rules that `random_string` and `random_password` share.

use rand::{RngExt as _, rngs::ChaCha20Rng, seq::SliceRandom as _};
use stackr_core::{CloudError, Result, Value};

use super::between;

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const NUMERIC: &str = "0123456789";
const SPECIAL: &str = "!@#$%&*()-_=+[]{}<>:?";

/// What the text is made of.
pub(super) struct Rules<'a> {
    pub(super) length: i64,
    pub(super) upper: (bool, i64),
    pub(super) lower: (bool, i64),
    pub(super) numeric: (Option<bool>, i64),
    /// The older name of `numeric`.
    pub(super) number: Option<bool>,
    pub(super) special: (bool, i64),
    pub(super) override_special: Option<&'a str>,
}

/// The characters of a class, whether they may come, and how many of them must.
type Class = (Vec<char>, bool, i64);

impl Rules<'_> {
    fn classes(&self) -> [Class; 4] {
        let special = self.override_special.filter(|chars| !chars.is_empty()).unwrap_or(SPECIAL);
        let class = |chars: &str, (may, least)| (chars.chars().collect(), may, least);
        let numeric = self.numeric.0.or(self.number).unwrap_or(true);
        [
            class(UPPER, self.upper),
            class(LOWER, self.lower),
            class(NUMERIC, (numeric, self.numeric.1)),
            class(special, self.special),
        ]
    }

    pub(super) fn check(&self, ty: &str) -> Result<()> {
        between(ty, "length", self.length, 1)?;
        if let (Some(numeric), Some(number)) = (self.numeric.0, self.number)
            && numeric != number
        {
            let message = "number and numeric are two names of one argument; remove number";
            return Err(CloudError::invalid(ty, message));
        }
        let classes = self.classes();
        for (name, class) in ["upper", "lower", "numeric", "special"].iter().zip(&classes) {
            between(ty, &format!("min_{name}"), class.2, 0)?;
        }
        let least: i64 = classes.iter().map(|class| class.2).sum();
        if least > self.length {
            let message = format!(
                "length ({}) must be at least min_upper + min_lower + min_numeric + min_special ({least})",
                self.length
            );
            return Err(CloudError::invalid(ty, message));
        }
        if classes.iter().all(|class| !class.1) {
            let message = "at least one of upper, lower, numeric and special must be true";
            return Err(CloudError::invalid(ty, message));
        }
        Ok(())
    }

    /// Text by these rules; every text that they allow in this way has the same chance.
    pub(super) fn text(&self, generator: &mut ChaCha20Rng) -> String {
        let classes = self.classes();
        let mut text = Vec::new();
        for (chars, _, least) in &classes {
            draw(generator, chars, *least, &mut text);
        }
        let all: Vec<char> =
            classes.iter().filter(|class| class.1).flat_map(|class| class.0.clone()).collect();
        let rest = self.length - i64::try_from(text.len()).unwrap_or_default();
        draw(generator, &all, rest, &mut text);
        text.shuffle(generator);
        text.into_iter().collect()
    }
}

/// Draws so many characters. A range of `rand` has no bias: what does not divide evenly is drawn again.
fn draw(generator: &mut ChaCha20Rng, from: &[char], count: i64, into: &mut Vec<char>) {
    for _ in 0..count {
        into.extend((!from.is_empty()).then(|| from[generator.random_range(0..from.len())]));
    }
}

/// `number` and `numeric` are one argument with two names: where one is given it is the other as well.
pub(super) fn numeric(args: &Value) -> Option<Value> {
    let given = |name: &str| args.get(name).filter(|value| !value.is_null());
    let value = |own: &str, other: &str| given(own).or(given(other)).cloned().unwrap_or(Value::Bool(true));
    Some(Value::object([("number", value("number", "numeric")), ("numeric", value("numeric", "number"))]))
}
