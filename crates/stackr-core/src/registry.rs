//! Which types there are.

use std::{collections::BTreeMap, sync::Arc};

use crate::{AnyLookup, AnyResource, Erased, ErasedLookup, Lookup, Resource};

/// The resource and data types that a program knows.
#[derive(Clone, Default)]
pub struct Registry {
    resources: BTreeMap<&'static str, Arc<dyn AnyResource>>,
    lookups: BTreeMap<&'static str, Arc<dyn AnyLookup>>,
}

impl Registry {
    /// Adds a resource type.
    #[must_use]
    pub fn with<R: Resource>(mut self) -> Self {
        self.resources.insert(R::TYPE, Arc::new(Erased::<R>::new()));
        self
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
