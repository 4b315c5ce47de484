//! What a program records before its first step: renames, and objects that it takes over.

use stackr_plan::{Adoption, Program, Rename};
use stackr_state::{Entry, State};

use crate::event::Event;

/// The entries, in their order.
pub(crate) fn entries(program: &Program) -> Vec<Entry> {
    let moved =
        program.renames.iter().map(|Rename { from, to }| Entry::Moved { from: from.clone(), to: to.clone() });
    let adopted = program.adoptions.iter().map(|Adoption { address, object }| Entry::Adopted {
        address: address.clone(),
        object: object.clone(),
    });
    moved.chain(adopted).collect()
}

/// What they are told by.
pub(crate) fn events(program: &Program) -> Vec<Event> {
    let moved =
        program.renames.iter().map(|Rename { from, to }| Event::Moved { from: from.clone(), to: to.clone() });
    let adopted = program.adoptions.iter().map(|Adoption { address, object }| Event::Adopted {
        address: address.clone(),
        id: object.id.clone(),
    });
    moved.chain(adopted).collect()
}

/// The state as it is when they are recorded: what the program's steps are about.
///
/// # Errors
/// One cannot follow: the program is not of this state.
pub(crate) fn prepared(state: &State, program: &Program) -> stackr_state::Result<State> {
    let mut prepared = state.clone();
    for entry in entries(program) {
        stackr_state::apply(&mut prepared, &entry)?;
    }
    Ok(prepared)
}
