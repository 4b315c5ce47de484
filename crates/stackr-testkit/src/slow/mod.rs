//! A model of how slow AWS is: objects come up, drain and go in the times that are published, at a scale.
//!
//! Facts that shape this module:
//! - an emulator does everything at once; what it says is changed on its way back, and what AWS would refuse meanwhile is
//!   refused before it gets there;
//! - the clock of an object starts when the emulator has answered the call that made it;
//! - the times are [`Time`]s, those of AWS divided by the scale, and [`Bound`] is the least that a program can take with
//!   them.

mod bound;
mod critical;
mod ecs;
mod hold;
mod names;
mod network;
mod times;

pub use bound::{Bound, NotAProgram, Until};
pub use critical::{Critical, Measured};
pub use times::Time;

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use crate::{
    document::Document,
    message::{Request, Response},
    protocol::Call,
    slow::{ecs::Services, hold::Holds, names::Names, network::Network},
};

/// How many times faster than AWS the model is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slow(f64);

impl Slow {
    /// With a scale: 60 makes seconds of minutes, 1 is AWS's own pace.
    #[must_use]
    pub fn new(scale: f64) -> Option<Self> {
        (scale.is_finite() && scale > 0.0).then_some(Self(scale))
    }

    /// A published time at this scale.
    #[must_use]
    pub fn of(self, published: Duration) -> Duration {
        published.div_f64(self.0)
    }

    /// How much time of AWS a time at this scale is.
    #[must_use]
    pub fn published(self, scaled: Duration) -> Duration {
        scaled.mul_f64(self.0)
    }
}

impl Default for Slow {
    /// 1:60.
    fn default() -> Self {
        Self(60.0)
    }
}

impl FromStr for Slow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let scale = text.parse().ok().and_then(Self::new);
        scale.ok_or_else(|| format!("{text:?} is not a scale: 60 makes seconds of minutes"))
    }
}

/// A call on its way.
#[derive(Clone, Copy)]
struct Asked<'a> {
    call: &'a Call,
    request: &'a Request,
}

impl Asked<'_> {
    fn is(&self, service: &str, operation: &str) -> bool {
        self.call.service == service && self.call.operation == operation
    }
}

/// When an object was made and when it began to go.
#[derive(Clone, Copy, Debug)]
struct Life {
    born: Instant,
    leaving: Option<Instant>,
}

impl Life {
    fn new(born: Instant) -> Self {
        Self { born, leaving: None }
    }

    fn is_young(&self, takes: Duration, now: Instant) -> bool {
        now < self.born + takes
    }

    fn is_leaving(&self, takes: Duration, now: Instant) -> bool {
        self.leaving.is_some_and(|since| now < since + takes)
    }
}

/// What is on its way up or down.
#[derive(Debug, Default)]
pub(crate) struct Model {
    slow: Slow,
    network: Network,
    services: Services,
    names: Names,
    holds: Holds,
}

impl Model {
    pub(crate) fn new(slow: Slow) -> Self {
        Self { slow, ..Self::default() }
    }

    /// The refusal of what AWS would not do yet.
    pub(crate) fn refusal(&self, call: &Call, request: &Request, now: Instant) -> Option<Response> {
        let asked = Asked { call, request };
        let held = || self.holds.refusal(asked, now);
        let drains = || self.services.refusal(asked, self.slow, now);
        held().or_else(drains).or_else(|| self.names.refusal(asked, self.slow, now))
    }

    /// A read whose answer is wanted before this call is sent on: of what is gone at once in the emulator.
    pub(crate) fn before(&self, call: &Call, request: &Request) -> Option<Request> {
        Names::before(Asked { call, request })
    }

    /// Notes what a call has done. `before` is the answer to the read that was wanted.
    pub(crate) fn note(
        &mut self,
        call: &Call,
        request: &Request,
        response: &Response,
        before: Option<Response>,
        now: Instant,
    ) {
        if response.status >= 300 {
            return;
        }
        let asked = Asked { call, request };
        self.network.note(asked, response, self.slow, &mut self.holds, now);
        self.services.note(asked, response, self.slow, &mut self.holds, now);
        self.names.note(asked, response, before, now);
    }

    /// The answer as AWS would give it.
    pub(crate) fn filter(
        &self,
        call: &Call,
        request: &Request,
        response: Response,
        now: Instant,
    ) -> Response {
        let asked = Asked { call, request };
        if let Some(ghost) = self.names.ghost(asked, self.slow, now) {
            return ghost;
        }
        let Some(mut document) = Document::of(&response) else { return response };
        let changed = self.network.filter(asked, &mut document, self.slow, now)
            | self.services.filter(asked, &mut document, self.slow, now)
            | self.names.filter(asked, &mut document, self.slow, now);
        if changed { Response { body: document.into_body(), ..response } } else { response }
    }
}

/// Does something with every object of a JSON document that has this field.
fn each_with(
    json: &mut serde_json::Value,
    field: &str,
    act: &mut dyn FnMut(&mut serde_json::Map<String, serde_json::Value>),
) {
    match json {
        serde_json::Value::Object(fields) => {
            if fields.get(field).is_some_and(serde_json::Value::is_string) {
                act(fields);
            }
            fields.values_mut().for_each(|value| each_with(value, field, act));
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| each_with(item, field, act)),
        _ => {}
    }
}

/// The request's body as JSON; null if it is none.
fn json(body: &[u8]) -> serde_json::Value {
    serde_json::from_slice(body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_makes_seconds_of_minutes() {
        let slow: Slow = "60".parse().expect("a scale");
        assert_eq!(slow.of(Duration::from_secs(120)), Duration::from_secs(2));
        assert_eq!(slow.published(Duration::from_secs(2)), Duration::from_secs(120));
        assert!(["0", "-1", "inf", "x"].iter().all(|text| text.parse::<Slow>().is_err()));
    }
}
