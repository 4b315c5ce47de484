//! Objects that were made moments ago: not visible yet, or still coming up.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    document::{Document, mentions},
    faults::Faults,
    kinds::Kind,
    message::{Request, Response},
    protocol::{Call, Wording, parameters, path},
    refusal::refused,
};

/// When what was made.
#[derive(Debug, Default)]
pub(crate) struct Young(BTreeMap<(&'static str, String), Born>);

#[derive(Clone, Copy, Debug)]
struct Born {
    kind: &'static Kind,
    at: Instant,
}

impl Young {
    /// Notes what a create made.
    pub(crate) fn note(&mut self, call: &Call, request: &Request, response: &Response, now: Instant) {
        if response.status >= 300 {
            return;
        }
        let Some(kind) = Kind::made_by(call) else { return };
        let answered = Document::of(response).and_then(|document| document.first(kind.id));
        let asked = || match call.wording() {
            Wording::Json => {
                serde_json::from_slice::<Value>(&request.body).ok()?[kind.id].as_str().map(str::to_owned)
            }
            Wording::S3 => path(&request.target).into_iter().next(),
            _ => None,
        };
        if let Some(id) = answered.or_else(asked) {
            self.0.entry((kind.service, id)).or_insert(Born { kind, at: now });
        }
    }

    /// The refusal of a read that names an object which is not visible yet.
    pub(crate) fn refusal(
        &self,
        call: &Call,
        request: &Request,
        faults: &Faults,
        now: Instant,
    ) -> Option<Response> {
        if call.mutates() {
            return None;
        }
        let (id, (status, code)) = self
            .younger(call, faults.unseen, now)
            .filter(|(id, _)| names(call, request, id))
            .find_map(|(id, kind)| Some((id, kind.missing?)))?;
        Some(refused(call, status, code, &format!("{id} does not exist")))
    }

    /// The answer as it would be if what is young were not visible yet, or not ready yet.
    pub(crate) fn filter(&self, call: &Call, response: Response, faults: &Faults, now: Instant) -> Response {
        let hidden: Vec<_> = self.younger(call, faults.unseen, now).filter(|_| !call.mutates()).collect();
        let pending: Vec<_> =
            self.younger(call, faults.pending, now).filter(|(_, k)| k.pending.is_some()).collect();
        if hidden.is_empty() && pending.is_empty() {
            return response;
        }
        let Some(mut document) = Document::of(&response) else { return response };
        let mut changed = false;
        for (id, kind) in hidden {
            changed |= document.without(kind.id, id);
        }
        for (id, kind) in pending {
            let Some((path, state)) = kind.pending else { continue };
            // An operation of Cloud Map is an object of its own, called by another name when it is read.
            let names = [kind.id, kind.id.trim_start_matches("Operation")];
            changed |= names.iter().any(|name| document.set(name, id, path, state));
        }
        if changed { Response { body: document.into_body(), ..response } } else { response }
    }

    fn younger(
        &self,
        call: &Call,
        than: Duration,
        now: Instant,
    ) -> impl Iterator<Item = (&str, &'static Kind)> {
        let young = move |born: &Born| now.saturating_duration_since(born.at) < than;
        self.0
            .iter()
            .filter(move |((service, _), born)| *service == call.service && young(born))
            .map(|((_, id), born)| (id.as_str(), born.kind))
    }
}

/// Whether a request is about this object, not about all that have something to do with it.
fn names(call: &Call, request: &Request, id: &str) -> bool {
    match call.wording() {
        Wording::Ec2 | Wording::Query => {
            parameters(&request.text()).any(|(name, value)| value == id && !name.starts_with("Filter"))
        }
        Wording::Json => serde_json::from_slice(&request.body).is_ok_and(|json| mentions(&json, id)),
        Wording::Route53 | Wording::S3 => {
            let bare = id.rsplit('/').next().unwrap_or(id);
            path(&request.target).iter().any(|part| part == bare)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    fn call(operation: &str) -> Call {
        Call { service: "ec2".to_owned(), operation: operation.to_owned() }
    }

    fn form(body: &str) -> Request {
        Request { method: "POST".into(), target: "/".into(), body: body.into(), ..Request::default() }
    }

    fn answer(body: &str) -> Response {
        Response::new(200, "text/xml", body.to_owned())
    }

    /// A gateway that was made at this time.
    fn made(at: Instant) -> Young {
        let mut young = Young::default();
        let response = answer(
            "<R><natGateway><natGatewayId>nat-1</natGatewayId><state>available</state></natGateway></R>",
        );
        young.note(&call("CreateNatGateway"), &form(""), &response, at);
        young
    }

    #[test]
    fn what_is_not_visible_yet_is_refused_by_name_and_missing_in_lists() {
        let now = Instant::now();
        let (young, faults) = (made(now), Faults { unseen: SOON, ..Faults::default() });
        let read = call("DescribeNatGateways");
        let by_name = form("Action=DescribeNatGateways&NatGatewayId.1=nat-1");
        let refusal = young.refusal(&read, &by_name, &faults, now).expect("refused");
        assert!(String::from_utf8_lossy(&refusal.body).contains("NatGatewayNotFound"));
        assert!(young.refusal(&read, &by_name, &faults, now + SOON).is_none());
        let filtered = form("Filter.1.Name=nat-gateway-id&Filter.1.Value.1=nat-1");
        assert!(young.refusal(&read, &filtered, &faults, now).is_none());
        assert!(young.refusal(&call("DeleteNatGateway"), &by_name, &faults, now).is_none());

        let list = "<R><set><item><natGatewayId>nat-1</natGatewayId></item></set></R>";
        let seen = |at| String::from_utf8(young.filter(&read, answer(list), &faults, at).body).expect("text");
        assert!(!seen(now).contains("nat-1"));
        assert_eq!(seen(now + SOON), list);
    }

    #[test]
    fn what_comes_up_slowly_is_pending_in_every_answer() {
        let now = Instant::now();
        let (young, faults) = (made(now), Faults { pending: SOON, ..Faults::default() });
        let list =
            "<R><set><item><natGatewayId>nat-1</natGatewayId><state>available</state></item></set></R>";
        for operation in ["CreateNatGateway", "DescribeNatGateways"] {
            let seen = young.filter(&call(operation), answer(list), &faults, now);
            assert!(String::from_utf8_lossy(&seen.body).contains("<state>pending</state>"), "{operation}");
        }
        let later = young.filter(&call("DescribeNatGateways"), answer(list), &faults, now + SOON);
        assert_eq!(later.body, list.as_bytes());
    }
}
