//! The excerpt of a state that a part of the journal is about: what its entries can ask or change.
//!
//! Facts that shape this file:
//! - a part is checked as a whole before it is written, and a run writes some thousand parts over a state of some
//!   thousand objects: a check that copies the state would make the run quadratic;
//! - whether an entry can follow depends on the addresses that it names, and on nothing else of the state (the rules
//!   are in [`apply`]), so checking on the excerpt is checking on the state.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Map;
use stackr_core::{Address, Object, Origin};

use crate::{Deposed, Entry, IllegalEntry, Intent, Part, State, apply};

/// Whether all entries of a part can follow on the state, in order. The state is not copied, but for what they name.
pub(crate) fn check(state: &State, part: &Part) -> Result<(), IllegalEntry> {
    let mut excerpt = excerpt(state, &part.entries);
    part.entries.iter().try_for_each(|entry| apply(&mut excerpt, entry))
}

/// The part of a state that these entries can ask or change, except for outputs, dependents and durations, which every
/// entry may set.
pub(crate) fn excerpt(state: &State, entries: &[Entry]) -> State {
    let named: BTreeSet<&Address> = entries.iter().flat_map(addresses).collect();
    let deposed = match named.is_empty() {
        true => Vec::new(),
        false => state.deposed.iter().filter(|d| named.contains(&d.address)).map(aside).collect(),
    };
    let pick = |address: &Address| Some((address.clone(), bare(state.objects.get(address)?)));
    let open = |address: &Address| Some((address.clone(), bare_intent(state.intents.get(address)?)));
    State {
        stack: state.stack.clone(),
        env: state.env.clone(),
        lineage: state.lineage.clone(),
        serial: state.serial,
        next: state.next,
        account: state.account.clone(),
        region: state.region.clone(),
        run: state.run.clone(),
        objects: named.iter().copied().filter_map(pick).collect(),
        deposed,
        intents: named.iter().copied().filter_map(open).collect(),
        outputs: Default::default(),
        dependents: Default::default(),
        durations: Default::default(),
    }
}

/// An object without what no rule asks for, which is most of it.
fn bare(object: &Object) -> Object {
    Object {
        ty: object.ty.clone(),
        id: object.id.clone(),
        uid: object.uid.clone(),
        origin: Origin::default(),
        depends_on: Vec::new(),
        prevent_destroy: object.prevent_destroy,
        create_before_destroy: object.create_before_destroy,
        timeouts: BTreeMap::new(),
        schema: object.schema,
        tainted: object.tainted,
        args: Map::new(),
        outputs: Map::new(),
    }
}

fn aside(deposed: &Deposed) -> Deposed {
    Deposed { address: deposed.address.clone(), object: bare(&deposed.object) }
}

fn bare_intent(intent: &Intent) -> Intent {
    Intent {
        ty: intent.ty.clone(),
        uid: intent.uid.clone(),
        origin: Origin::default(),
        schema: intent.schema,
        args: Map::new(),
        depends_on: Vec::new(),
        prevent_destroy: intent.prevent_destroy,
        create_before_destroy: intent.create_before_destroy,
        replaces: intent.replaces.clone(),
        id: intent.id.clone(),
        since: intent.since,
    }
}

/// The addresses that an entry names.
fn addresses(entry: &Entry) -> impl Iterator<Item = &Address> {
    let (one, two) = match entry {
        Entry::Intent { address, .. }
        | Entry::Created { address, .. }
        | Entry::Done { address, .. }
        | Entry::Deleted { address, .. }
        | Entry::Adopted { address, .. }
        | Entry::Deposed { address }
        | Entry::DeposedDeleted { address, .. }
        | Entry::Retired { address, .. }
        | Entry::Forgotten { address } => (Some(address), None),
        Entry::Moved { from, to } => (Some(from), Some(to)),
        Entry::RunStarted { .. }
        | Entry::Origin { .. }
        | Entry::Outputs { .. }
        | Entry::Dependent { .. }
        | Entry::DependentGone { .. }
        | Entry::Duration { .. }
        | Entry::RunFinished { .. } => (None, None),
    };
    one.into_iter().chain(two)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{address, created, deleted, done, intent, name, replacing};

    const VPC: &str = "aws_vpc.main";

    fn part(entries: Vec<Entry>) -> Part {
        Part {
            lineage: String::new(),
            stack: "base".to_owned(),
            env: "dev".to_owned(),
            number: 1,
            run: String::new(),
            writer: String::new(),
            entries,
        }
    }

    /// A state of so many objects, all made.
    fn state(objects: usize) -> State {
        let mut state = State::new(&name());
        for n in 0..objects {
            let at = format!("aws_subnet.a[{n}]");
            apply(&mut state, &intent(&at, &at)).unwrap();
            apply(&mut state, &done(&at, &at, &at)).unwrap();
        }
        state
    }

    #[test]
    fn a_check_copies_what_a_part_names_however_large_the_state_is() {
        for objects in [10, 10_000] {
            let state = state(objects);
            let entries = vec![
                deleted("aws_subnet.a[3]", "aws_subnet.a[3]"),
                intent(VPC, "u"),
                Entry::Moved { from: address("aws_subnet.a[4]"), to: address("aws_subnet.b") },
            ];
            let excerpt = excerpt(&state, &entries);
            assert_eq!(excerpt.objects.len() + excerpt.intents.len() + excerpt.deposed.len(), 2);
            check(&state, &part(entries)).unwrap();
        }
    }

    #[test]
    fn an_excerpt_judges_as_the_whole_state_does() {
        let deposed = || Entry::Deposed { address: address(VPC) };
        let forgotten = |at: &str| Entry::Forgotten { address: address(at) };
        let entries = [
            intent(VPC, "u1"),
            created(VPC, "u1", "vpc-1"),
            done(VPC, "u1", "vpc-1"),
            replacing(VPC, "u2", "u1"),
            deposed(),
            Entry::DeposedDeleted { address: address(VPC), uid: "u1".to_owned() },
            Entry::Retired { address: address(VPC), uid: "u2".to_owned() },
            deleted(VPC, "u1"),
            forgotten(VPC),
            forgotten("aws_subnet.a[1]"),
            Entry::Moved { from: address(VPC), to: address("aws_vpc.b") },
            Entry::Moved { from: address("aws_vpc.b"), to: address(VPC) },
            Entry::Origin { account: "1".to_owned(), region: "r".to_owned() },
            Entry::Origin { account: "2".to_owned(), region: "r".to_owned() },
            Entry::RunFinished { outcome: crate::Outcome::Done },
        ];
        // All sequences of three, each after each of the states that sequences of two lead to.
        let (mut judged, mut refused) = (0, 0);
        for (a, b) in entries.iter().flat_map(|a| entries.iter().map(move |b| (a, b))) {
            let mut before = state(3);
            drop(apply(&mut before, a));
            drop(apply(&mut before, b));
            for (c, d) in entries.iter().flat_map(|c| entries.iter().map(move |d| (c, d))) {
                let mut whole = before.clone();
                let expected = apply(&mut whole, c).and_then(|()| apply(&mut whole, d));
                let found = check(&before, &part(vec![c.clone(), d.clone()]));
                assert_eq!(found, expected, "{a:?} {b:?} {c:?} {d:?}");
                judged += 1;
                refused += usize::from(expected.is_err());
            }
        }
        assert!(refused > 1000 && judged - refused > 1000, "{judged} {refused}");
    }
}
