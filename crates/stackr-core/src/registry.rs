//! Which types there are.

use std::{collections::BTreeMap, sync::Arc};

use crate::{AnyLookup, AnyResource, Erased, ErasedKept, ErasedLookup, Kept, Lookup, Mode, Resource, Terms};

/// The operations that a type has a timeout for.
type Timeouts = fn(Mode, &str) -> Vec<&'static str>;

/// The resource and data types that a program knows.
#[derive(Clone, Default)]
pub struct Registry {
    resources: BTreeMap<&'static str, Arc<dyn AnyResource>>,
    lookups: BTreeMap<&'static str, Arc<dyn AnyLookup>>,
    timeouts: Option<Timeouts>,
}

impl Registry {
    /// Adds a resource type.
    #[must_use]
    pub fn with<R: Resource>(mut self) -> Self {
        self.resources.insert(R::TYPE, Arc::new(Erased::<R>::new()));
        self
    }

    /// Adds a type whose objects are kept in state alone.
    #[must_use]
    pub fn with_kept<K: Kept>(mut self) -> Self {
        self.resources.insert(K::TYPE, Arc::new(ErasedKept::<K>::new()));
        self
    }

    /// Whether objects of this type are kept in state alone: nothing is asked for them, and nothing is connected.
    #[must_use]
    pub fn is_kept(&self, ty: &str) -> bool {
        self.resource(ty).is_some_and(|resource| resource.kept().is_some())
    }

    /// Adds a data type.
    #[must_use]
    pub fn with_lookup<L: Lookup>(self) -> Self {
        self.with_any_lookup(Arc::new(ErasedLookup::<L>::new()))
    }

    /// Adds a data type that is not made from a [`Lookup`]: one that reads another stack's state, say.
    #[must_use]
    pub fn with_any_lookup(mut self, lookup: Arc<dyn AnyLookup>) -> Self {
        self.lookups.insert(lookup.schema().ty, lookup);
        self
    }

    /// With what says which operations a type has a timeout for. Without it every type has all.
    #[must_use]
    pub fn with_timeouts(self, timeouts: fn(Mode, &str) -> Vec<&'static str>) -> Self {
        Self { timeouts: Some(timeouts), ..self }
    }

    /// What is wrong with the timeouts that a block of this type has: the operation, and why it has none.
    #[must_use]
    pub fn wrong_timeouts(&self, mode: Mode, ty: &str, terms: &Terms) -> Vec<(String, String)> {
        let all = || vec!["create", "delete", "read", "update"];
        let has = self.timeouts.map_or_else(all, |timeouts| timeouts(mode, ty));
        let wrong = terms.timeouts.keys().filter(|name| !has.contains(&name.as_str()));
        let list = has.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let why = |name: &String| match list.as_str() {
            "" => format!("`{ty}` has no timeouts."),
            list => format!("`{ty}` has no timeout for `{name}`. It has: {list}."),
        };
        wrong.map(|name| (name.clone(), why(name))).collect()
    }

    /// The resource type of this name.
    #[must_use]
    pub fn resource(&self, ty: &str) -> Option<&Arc<dyn AnyResource>> {
        self.resources.get(ty)
    }

    /// The data type of this name.
    #[must_use]
    pub fn lookup(&self, ty: &str) -> Option<&Arc<dyn AnyLookup>> {
        self.lookups.get(ty)
    }

    /// Every resource type, by name.
    pub fn resources(&self) -> impl Iterator<Item = &Arc<dyn AnyResource>> {
        self.resources.values()
    }

    /// Every data type, by name.
    pub fn lookups(&self) -> impl Iterator<Item = &Arc<dyn AnyLookup>> {
        self.lookups.values()
    }
}
