//! Editing state by hand: what `stackr state list|rm|mv` do. Pure; the entries go through a [`Session`](crate::Session).

use stackr_core::Address;

use crate::{Entry, Error, Result, State};

/// The addresses in the state (objects, open intents, deposed), sorted; those within `within` if given
/// (an address, a block, a module).
#[must_use]
pub fn list(state: &State, within: Option<&str>) -> Vec<Address> {
    let mut all: Vec<_> = (state.objects.keys())
        .chain(state.intents.keys())
        .chain(state.deposed.iter().map(|deposed| &deposed.address))
        .filter(|address| within.is_none_or(|within| address.is_within(within)))
        .cloned()
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The entries that drop all within `what` from the state. The cloud is not touched.
///
/// # Errors
/// [`Error::NoSuchObject`] if there is nothing.
pub fn remove_entries(state: &State, what: &str) -> Result<Vec<Entry>> {
    let found = some(state, what)?;
    Ok(found.into_iter().map(|address| Entry::Forgotten { address }).collect())
}

/// The entries that rename all within `from` (an address, a block with its instances, a module) to `to`.
///
/// # Errors
/// [`Error::NoSuchObject`] if there is nothing, [`Error::Invalid`] if a new name is no address, is taken or would
/// change an object's type.
pub fn move_entries(state: &State, from: &str, to: &str) -> Result<Vec<Entry>> {
    let mut after = state.clone();
    let mut entries = Vec::new();
    for address in some(state, from)? {
        let old = address.to_string();
        let new = format!("{to}{}", old.strip_prefix(from).unwrap_or_default());
        let new: Address = new.parse().map_err(|error| Error::Invalid(format!("{error}")))?;
        let entry = Entry::Moved { from: address, to: new };
        crate::apply(&mut after, &entry).map_err(|error| Error::Invalid(error.to_string()))?;
        entries.push(entry);
    }
    Ok(entries)
}

fn some(state: &State, what: &str) -> Result<Vec<Address>> {
    let found = list(state, Some(what));
    if found.is_empty() {
        return Err(Error::NoSuchObject { name: state.name(), address: what.to_owned() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        apply,
        testing::{done, intent, name},
    };

    fn state() -> State {
        let mut state = State::new(&name());
        for (at, uid) in
            [("aws_vpc.a", "1"), ("aws_vpc.b[0]", "2"), ("aws_vpc.b[1]", "3"), ("module.m.aws_vpc.a", "4")]
        {
            apply(&mut state, &intent(at, uid)).unwrap();
            apply(&mut state, &done(at, uid, uid)).unwrap();
        }
        state
    }

    #[test]
    fn a_move_renames_all_within() {
        let check = |from: &str, to: &str, expect: &[&str]| {
            let mut state = state();
            for entry in move_entries(&state, from, to).unwrap() {
                apply(&mut state, &entry).unwrap();
            }
            let found: Vec<_> = list(&state, None).iter().map(ToString::to_string).collect();
            assert_eq!(found, expect);
        };
        check("aws_vpc.a", "aws_vpc.c", &["aws_vpc.b[0]", "aws_vpc.b[1]", "aws_vpc.c", "module.m.aws_vpc.a"]);
        check("aws_vpc.b", "aws_vpc.c", &["aws_vpc.a", "aws_vpc.c[0]", "aws_vpc.c[1]", "module.m.aws_vpc.a"]);
        check(
            "module.m",
            "module.n[\"x\"]",
            &["aws_vpc.a", "aws_vpc.b[0]", "aws_vpc.b[1]", "module.n[\"x\"].aws_vpc.a"],
        );
        check("module.m.aws_vpc.a", "aws_vpc.z", &["aws_vpc.a", "aws_vpc.b[0]", "aws_vpc.b[1]", "aws_vpc.z"]);
    }

    #[test]
    fn what_cannot_be_moved_or_removed_says_why() {
        let check = |from: &str, to: &str, message: &str| {
            assert_eq!(move_entries(&state(), from, to).unwrap_err().to_string(), message);
        };
        check("aws_vpc.x", "aws_vpc.y", "the state of base (dev) has nothing at aws_vpc.x");
        check("aws_vpc.a", "vpc", "`vpc` is not an address: a name is missing after the type");
        check(
            "aws_vpc.a",
            "aws_vpc.b[0]",
            "`moved aws_vpc.a to aws_vpc.b[0]` cannot follow: aws_vpc.b[0] is 2 (uid 2)",
        );
        assert_eq!(remove_entries(&state(), "aws_vpc.b").unwrap().len(), 2);
        assert!(remove_entries(&state(), "aws_vpc.x").is_err());
    }
}
