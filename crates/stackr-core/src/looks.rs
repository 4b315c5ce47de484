//! Looks: what one read of many objects shows, turned into values one by one.
//!
//! Of thousands of pending objects most are as they were, and their values are dropped at once. Made one by one they
//! live in the same few blocks of memory; made all together they would fill it anew with every read.

use crate::{AnySeen, Block as _, Resource, Seen};

/// What a read shows, in the order of the ids.
pub trait Looks: Send {
    /// Of how many objects.
    fn count(&self) -> usize;

    /// What is seen of one of them, once; `None` if it is not there.
    fn take(&mut self, at: usize) -> Option<AnySeen>;
}

impl Looks for Vec<Option<AnySeen>> {
    fn count(&self) -> usize {
        self.len()
    }

    fn take(&mut self, at: usize) -> Option<AnySeen> {
        self.get_mut(at)?.take()
    }
}

/// What the read of a type has given.
pub(crate) struct Typed<R: Resource>(pub(crate) Vec<Option<Seen<R>>>);

impl<R: Resource> Looks for Typed<R> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self, at: usize) -> Option<AnySeen> {
        self.0.get_mut(at)?.take().map(erase)
    }
}

/// What is seen, as values.
pub(crate) fn erase<R: Resource>(seen: Seen<R>) -> AnySeen {
    AnySeen { args: seen.args.to_object(), outputs: seen.outputs.to_object(), status: seen.status }
}
