//! `timeouts`: how long the user waits for an operation.

use std::collections::BTreeMap;

use stackr_core::{Arguments, Diagnostic, Diagnostics, Span, Value};

use crate::functions::duration;

/// The block or argument of that name.
pub(crate) const TIMEOUTS: &str = "timeouts";

/// Takes the timeouts out of the arguments of a block.
pub(crate) fn take(arguments: &mut Arguments, diagnostics: &mut Diagnostics) {
    let Value::Object(written) = &mut arguments.value else { return };
    let Some(value) = written.remove(TIMEOUTS) else { return };
    let place = |name: &str| {
        let spans = &arguments.spans;
        let inside = [format!("{TIMEOUTS}[0].{name}"), format!("{TIMEOUTS}.{name}")];
        let around = [format!("{TIMEOUTS}[0]"), TIMEOUTS.to_owned()];
        inside.iter().chain(&around).find_map(|path| spans.get(path)).map(|written| written.value.clone())
    };
    let mut fail = |span: Option<Span>, detail: String| {
        diagnostics.push(Diagnostic::error("wrong timeout", detail).at(span));
    };
    let operations = match value.peel() {
        Value::Tuple(blocks) if blocks.len() == 1 => blocks[0].attributes(),
        Value::Object(_) | Value::Map(_) => value.attributes(),
        Value::Null | Value::Unknown(_) => return,
        Value::Tuple(_) => return fail(place(""), "There is one `timeouts` block at most.".to_owned()),
        _ => None,
    };
    let Some(operations) = operations else {
        return fail(place(""), "Timeouts are written by operation: `create = \"30m\"`.".to_owned());
    };
    let mut timeouts = BTreeMap::new();
    for (name, time) in operations {
        match (time.peel(), time.to_text()) {
            (Value::Null | Value::Unknown(_), _) => {}
            (_, Some(text)) => match duration(&text).map(|time| u64::try_from(time.as_millis())) {
                Ok(Ok(ms)) => drop(timeouts.insert(name.clone(), ms)),
                _ => fail(
                    place(name),
                    format!("{text:?} is not a time to wait. Write `\"30m\"` or `\"1h30m\"`."),
                ),
            },
            _ => fail(place(name), "A time to wait is a text: `\"30m\"`, `\"1h30m\"`.".to_owned()),
        }
    }
    arguments.terms.timeouts = timeouts;
}
