//! Folding an entry into a state: pure and total. An entry that cannot follow is an error naming both sides, and
//! leaves the state as it was.

use stackr_core::{Address, Object};

use crate::{Dependent, Deposed, Entry, IllegalEntry, Run, State, Verb};

/// Folds one entry into the state.
///
/// # Errors
/// [`IllegalEntry`] if it cannot follow; the state is unchanged then.
pub fn apply(state: &mut State, entry: &Entry) -> Result<(), IllegalEntry> {
    match entry {
        Entry::RunStarted { run, command, at, owner, epoch: _ } => {
            state.run = Some(Run {
                run: run.clone(),
                command: command.clone(),
                at: *at,
                owner: owner.clone(),
                outcome: None,
            });
        }
        Entry::Origin { account, region } => set_origin(state, account, region)?,
        Entry::Intent { address, intent } => {
            let what = || format!("intent {address} (uid {})", intent.uid);
            let known = state.intents.get(address);
            if let Some(open) = known.filter(|open| open.uid != intent.uid) {
                return illegal(what(), format!("an intent with uid {} is open there", open.uid));
            }
            if let Some(there) = state.objects.get(address)
                && there.uid != intent.uid
                && intent.replaces.as_deref() != Some(&there.uid)
            {
                return illegal(what(), format!("{} is there, and it does not replace it", show(there)));
            }
            let mut intent = (**intent).clone();
            intent.id = intent.id.or_else(|| known.and_then(|open| open.id.clone()));
            state.intents.insert(address.clone(), intent);
        }
        Entry::Created { address, uid, id } => {
            let what = || format!("created {address} (uid {uid}) as {id}");
            vacant_for(state, address, uid).or_else(|why| illegal(what(), why))?;
            let Some(intent) = state.intents.get_mut(address).filter(|open| open.uid == *uid) else {
                return illegal(what(), "no intent with this uid is open".to_owned());
            };
            intent.id = Some(id.clone());
            let object = intent.object(id);
            state.objects.insert(address.clone(), object);
        }
        Entry::Done { address, object } => {
            let what = || format!("done {address} ({})", show(object));
            vacant_for(state, address, &object.uid).or_else(|why| illegal(what(), why))?;
            let intended = state.intents.get(address).is_some_and(|open| open.uid == object.uid);
            if !intended && !state.objects.contains_key(address) {
                return illegal(what(), "neither an intent nor an object has this uid".to_owned());
            }
            if intended {
                state.intents.remove(address);
            }
            state.objects.insert(address.clone(), (**object).clone());
        }
        Entry::Deleted { address, uid } => {
            if !remove(state, address, uid) && !remove_deposed(state, address, uid) {
                return illegal(format!("deleted {address} (uid {uid})"), at(state, address));
            }
        }
        Entry::Deposed { address } => {
            let Some(object) = state.objects.remove(address) else {
                return illegal(format!("deposed {address}"), at(state, address));
            };
            if state.intents.get(address).is_some_and(|open| open.uid == object.uid) {
                state.intents.remove(address);
            }
            state.deposed.push(Deposed { address: address.clone(), object });
        }
        Entry::DeposedDeleted { address, uid } => {
            if !remove_deposed(state, address, uid) {
                return illegal(
                    format!("deposed {address} (uid {uid}) deleted"),
                    "no deposed object of this uid is known".to_owned(),
                );
            }
        }
        Entry::Retired { address, uid } => {
            if state.intents.get(address).is_none_or(|open| open.uid != *uid) {
                return illegal(
                    format!("retired {address} (uid {uid})"),
                    "no intent with this uid is open".to_owned(),
                );
            }
            state.intents.remove(address);
            remove(state, address, uid);
        }
        Entry::Forgotten { address } => {
            if !knows(state, address) {
                return illegal(format!("forgotten {address}"), at(state, address));
            }
            state.objects.remove(address);
            state.intents.remove(address);
            state.deposed.retain(|d| d.address != *address);
        }
        Entry::Moved { from, to } => rename(state, from, to)?,
        Entry::Adopted { address, object } => {
            // What was set aside at the address may stay: another object can follow on it.
            if state.objects.contains_key(address) || state.intents.contains_key(address) {
                return illegal(format!("adopted {address} ({})", show(object)), at(state, address));
            }
            state.objects.insert(address.clone(), (**object).clone());
        }
        Entry::Outputs { outputs } => state.outputs.clone_from(outputs),
        Entry::Dependent { stack, since, location } => {
            let since = state.dependents.get(stack).map_or(*since, |known| known.since);
            state.dependents.insert(stack.clone(), Dependent { since, location: location.clone() });
        }
        Entry::DependentGone { stack } => {
            state.dependents.remove(stack);
        }
        Entry::Duration { ty, verb, ms } => {
            let known = state.durations.entry(ty.clone()).or_default();
            let slot = match verb {
                Verb::Create => &mut known.create_ms,
                Verb::Delete => &mut known.delete_ms,
            };
            *slot = Some(slot.map_or(*ms, |known| average(known, *ms)));
        }
        Entry::RunFinished { outcome } => match &mut state.run {
            Some(run) => run.outcome = Some(*outcome),
            None => return illegal("run finished".to_owned(), "no run has started".to_owned()),
        },
    }
    Ok(())
}

/// An exponential average: a new measurement counts for three tenths, so that one slow day is forgotten in a few
/// runs and a lasting change is learned in as many.
fn average(known: u64, new: u64) -> u64 {
    let mixed = (u128::from(known) * 7 + u128::from(new) * 3) / 10;
    u64::try_from(mixed).unwrap_or(u64::MAX)
}

fn set_origin(state: &mut State, account: &str, region: &str) -> Result<(), IllegalEntry> {
    for (known, new) in [(&state.account, account), (&state.region, region)] {
        if let Some(known) = known
            && known != new
        {
            return illegal(format!("origin {account} {region}"), format!("{known} was recorded"));
        }
    }
    state.account = Some(account.to_owned());
    state.region = Some(region.to_owned());
    Ok(())
}

fn rename(state: &mut State, from: &Address, to: &Address) -> Result<(), IllegalEntry> {
    let what = || format!("moved {from} to {to}");
    if from.block.ty != to.block.ty || from.block.mode != to.block.mode {
        return illegal(what(), "an object cannot change its type".to_owned());
    }
    if !knows(state, from) {
        return illegal(what(), at(state, from));
    }
    if knows(state, to) {
        return illegal(what(), at(state, to));
    }
    if let Some(object) = state.objects.remove(from) {
        state.objects.insert(to.clone(), object);
    }
    if let Some(intent) = state.intents.remove(from) {
        state.intents.insert(to.clone(), intent);
    }
    for deposed in state.deposed.iter_mut().filter(|d| d.address == *from) {
        deposed.address = to.clone();
    }
    let edges = (state.objects.values_mut().map(|o| &mut o.depends_on))
        .chain(state.intents.values_mut().map(|i| &mut i.depends_on))
        .chain(state.deposed.iter_mut().map(|d| &mut d.object.depends_on));
    for edge in edges.flatten().filter(|edge| *edge == from) {
        *edge = to.clone();
    }
    Ok(())
}

/// Whether the address has no object, or only the one of this uid; else what is there.
fn vacant_for(state: &State, address: &Address, uid: &str) -> Result<(), String> {
    match state.objects.get(address) {
        Some(there) if there.uid != uid => Err(format!("{} is there", show(there))),
        _ => Ok(()),
    }
}

/// Removes the object of this uid, and its intent.
fn remove(state: &mut State, address: &Address, uid: &str) -> bool {
    let there = state.objects.get(address).is_some_and(|object| object.uid == uid);
    if there {
        state.objects.remove(address);
        if state.intents.get(address).is_some_and(|open| open.uid == uid) {
            state.intents.remove(address);
        }
    }
    there
}

fn remove_deposed(state: &mut State, address: &Address, uid: &str) -> bool {
    let place = state.deposed.iter().position(|d| d.address == *address && d.object.uid == uid);
    if let Some(place) = place {
        state.deposed.remove(place);
    }
    place.is_some()
}

fn knows(state: &State, address: &Address) -> bool {
    state.objects.contains_key(address)
        || state.intents.contains_key(address)
        || state.deposed.iter().any(|d| d.address == *address)
}

/// What the state says of an address.
fn at(state: &State, address: &Address) -> String {
    let deposed = state.deposed.iter().find(|d| d.address == *address);
    match (state.objects.get(address), state.intents.get(address), deposed) {
        (Some(object), ..) => format!("{address} is {}", show(object)),
        (None, Some(open), _) => format!("{address} is an open intent with uid {}", open.uid),
        (None, None, Some(deposed)) => format!("{address} is only deposed {}", show(&deposed.object)),
        (None, None, None) => format!("nothing is known of {address}"),
    }
}

fn show(object: &Object) -> String {
    format!("{} (uid {})", object.id, object.uid)
}

fn illegal<T>(entry: String, state: String) -> Result<T, IllegalEntry> {
    Err(IllegalEntry { entry, state })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Outcome,
        testing::{address, created, deleted, done, intent, name, object, replacing},
    };

    const VPC: &str = "aws_vpc.main";

    fn fold(entries: &[Entry]) -> Result<State, IllegalEntry> {
        let mut state = State::new(&name());
        entries.iter().try_for_each(|entry| apply(&mut state, entry))?;
        Ok(state)
    }

    fn deposed() -> Entry {
        Entry::Deposed { address: address(VPC) }
    }

    fn retired(uid: &str) -> Entry {
        Entry::Retired { address: address(VPC), uid: uid.to_owned() }
    }

    fn moved(from: &str, to: &str) -> Entry {
        Entry::Moved { from: address(from), to: address(to) }
    }

    #[test]
    fn an_id_is_recorded_before_the_object_is_done() {
        let state = fold(&[intent(VPC, "u1"), created(VPC, "u1", "vpc-1")]).unwrap();
        let half = &state.objects[&address(VPC)];
        assert_eq!((half.id.as_str(), half.outputs.len(), half.args.len()), ("vpc-1", 0, 1));
        assert_eq!(state.intents[&address(VPC)].id.as_deref(), Some("vpc-1"));
    }

    #[test]
    fn every_life_of_an_object_leaves_what_it_should() {
        let check = |entries: &[Entry], objects: &[&str], intents: &[&str], deposed: &[&str]| {
            let state = fold(entries).unwrap();
            assert_eq!(state.objects.values().map(|o| &o.uid).collect::<Vec<_>>(), objects);
            assert_eq!(state.intents.values().map(|i| &i.uid).collect::<Vec<_>>(), intents);
            assert_eq!(state.deposed.iter().map(|d| &d.object.uid).collect::<Vec<_>>(), deposed);
        };
        let made = [intent(VPC, "u1"), created(VPC, "u1", "vpc-1"), done(VPC, "u1", "vpc-1")];
        let then = |more: &[Entry]| [&made[..], more].concat();
        check(&made, &["u1"], &[], &[]);
        check(&[intent(VPC, "u1"), done(VPC, "u1", "vpc-1")], &["u1"], &[], &[]);
        check(&[intent(VPC, "u1"), intent(VPC, "u1")], &[], &["u1"], &[]);
        check(&[intent(VPC, "u1"), retired("u1")], &[], &[], &[]);
        check(&[intent(VPC, "u1"), created(VPC, "u1", "vpc-1"), retired("u1")], &[], &[], &[]);
        check(&[intent(VPC, "u1"), created(VPC, "u1", "vpc-1"), deleted(VPC, "u1")], &[], &[], &[]);
        check(&then(&[deleted(VPC, "u1")]), &[], &[], &[]);
        check(&then(&[Entry::Forgotten { address: address(VPC) }]), &[], &[], &[]);
        check(&then(&[replacing(VPC, "u2", "u1")]), &["u1"], &["u2"], &[]);
        check(
            &then(&[replacing(VPC, "u2", "u1"), deleted(VPC, "u1"), done(VPC, "u2", "x")]),
            &["u2"],
            &[],
            &[],
        );
        let deposed_first = then(&[replacing(VPC, "u2", "u1"), deposed(), created(VPC, "u2", "vpc-2")]);
        check(&deposed_first, &["u2"], &["u2"], &["u1"]);
        check(&[&deposed_first[..], &[deleted(VPC, "u1")]].concat(), &["u2"], &["u2"], &[]);
        check(&[intent(VPC, "u1"), created(VPC, "u1", "vpc-1"), deposed()], &[], &[], &["u1"]);
    }

    #[test]
    fn what_cannot_follow_says_so_and_changes_nothing() {
        let made = [intent(VPC, "u1"), done(VPC, "u1", "vpc-1")];
        let check = |before: &[Entry], entry: Entry, message: &str| {
            let mut state = fold(before).unwrap();
            let untouched = state.clone();
            assert_eq!(apply(&mut state, &entry).unwrap_err().to_string(), message);
            assert_eq!(state, untouched);
        };
        check(
            &[],
            done(VPC, "u", "v"),
            "`done aws_vpc.main (v (uid u))` cannot follow: neither an intent nor an object has this uid",
        );
        check(
            &[],
            created(VPC, "u", "v"),
            "`created aws_vpc.main (uid u) as v` cannot follow: no intent with this uid is open",
        );
        check(
            &[],
            deleted(VPC, "u"),
            "`deleted aws_vpc.main (uid u)` cannot follow: nothing is known of aws_vpc.main",
        );
        check(&[], deposed(), "`deposed aws_vpc.main` cannot follow: nothing is known of aws_vpc.main");
        check(
            &[],
            retired("u"),
            "`retired aws_vpc.main (uid u)` cannot follow: no intent with this uid is open",
        );
        check(
            &[],
            Entry::RunFinished { outcome: Outcome::Done },
            "`run finished` cannot follow: no run has started",
        );
        check(
            &made,
            intent(VPC, "u2"),
            "`intent aws_vpc.main (uid u2)` cannot follow: vpc-1 (uid u1) is there, and it does not replace it",
        );
        check(
            &made,
            deleted(VPC, "u2"),
            "`deleted aws_vpc.main (uid u2)` cannot follow: aws_vpc.main is vpc-1 (uid u1)",
        );
        check(
            &made,
            moved(VPC, "aws_subnet.main"),
            "`moved aws_vpc.main to aws_subnet.main` cannot follow: an object cannot change its type",
        );
        check(
            &made,
            moved(VPC, VPC),
            "`moved aws_vpc.main to aws_vpc.main` cannot follow: aws_vpc.main is vpc-1 (uid u1)",
        );
        check(
            &[intent(VPC, "u1")],
            intent(VPC, "u2"),
            "`intent aws_vpc.main (uid u2)` cannot follow: an intent with uid u1 is open there",
        );
        let replaced = [&made[..], &[replacing(VPC, "u2", "u1")]].concat();
        check(
            &replaced,
            created(VPC, "u2", "v"),
            "`created aws_vpc.main (uid u2) as v` cannot follow: vpc-1 (uid u1) is there",
        );
        let origin = |region: &str| Entry::Origin { account: "1".to_owned(), region: region.to_owned() };
        check(&[origin("a")], origin("b"), "`origin 1 b` cannot follow: a was recorded");
    }

    #[test]
    fn an_adopted_object_is_recorded_unless_something_is() {
        let adopted = Entry::Adopted { address: address(VPC), object: Box::new(object(VPC, "u1", "vpc-1")) };
        let state = fold(std::slice::from_ref(&adopted)).unwrap();
        assert_eq!(state.objects[&address(VPC)].id, "vpc-1");
        assert_eq!(
            fold(&[intent(VPC, "u2"), adopted.clone()]).unwrap_err().to_string(),
            "`adopted aws_vpc.main (vpc-1 (uid u1))` cannot follow: aws_vpc.main is an open intent with uid u2"
        );
        assert!(fold(&[intent(VPC, "u2"), done(VPC, "u2", "vpc-2"), adopted.clone()]).is_err());
        let state = fold(&[intent(VPC, "u2"), done(VPC, "u2", "vpc-2"), deposed(), adopted]).unwrap();
        assert_eq!((state.objects.len(), state.deposed.len()), (1, 1));
    }

    #[test]
    fn a_move_takes_the_edges_along() {
        let mut subnet = object("aws_subnet.a", "u2", "subnet-1");
        subnet.depends_on.push(address(VPC));
        let subnet = Entry::Done { address: address("aws_subnet.a"), object: Box::new(subnet) };
        let before = [intent(VPC, "u1"), done(VPC, "u1", "vpc-1"), intent("aws_subnet.a", "u2"), subnet];
        let state = fold(&[&before[..], &[moved(VPC, "aws_vpc.net[0]")]].concat()).unwrap();
        assert_eq!(state.objects[&address("aws_subnet.a")].depends_on, [address("aws_vpc.net[0]")]);
        assert!(state.objects.contains_key(&address("aws_vpc.net[0]")) && state.objects.len() == 2);
    }

    #[test]
    fn durations_follow_slowly_and_never_overflow() {
        let took = |ms| Entry::Duration { ty: "aws_vpc".to_owned(), verb: Verb::Create, ms };
        let learned = |entries: &[Entry]| fold(entries).unwrap().expected_create("aws_vpc");
        assert_eq!(learned(&[took(1000)]), Some(1000));
        assert_eq!(learned(&[took(1000), took(2000)]), Some(1300));
        assert_eq!(learned(&[took(u64::MAX), took(u64::MAX)]), Some(u64::MAX));
    }
}
