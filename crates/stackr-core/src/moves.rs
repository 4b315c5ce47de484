//! What a declaration says of objects that are there already: moved to another address, no longer managed, taken over.
//!
//! Facts that shape this file:
//! - both ends of a move are written relative to the module that the block is in, and hold in all its instances;
//! - a key that is left out means "without a key", except at the end of both names of a move: then the move is of the
//!   block or module as a whole, and its instances keep their keys.

use std::fmt;

use crate::{Address, BlockKey, Id, Key, ModulePath, Span};

/// What a `moved` or `removed` block names, from the module that it is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The modules on the way.
    pub module: ModulePath,
    /// The block, and which of its instances; `None`: the last of the modules itself.
    pub object: Option<(BlockKey, Option<Key>)>,
}

impl Endpoint {
    /// A resource or one of its instances.
    #[must_use]
    pub fn object(address: &Address) -> Self {
        Self { module: address.module.clone(), object: Some((address.block.clone(), address.key.clone())) }
    }

    /// Whether its last name has a key.
    #[must_use]
    pub fn has_key(&self) -> bool {
        match &self.object {
            Some((_, key)) => key.is_some(),
            None => self.module.0.last().is_some_and(|step| step.key.is_some()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.module)?;
        let Some((block, key)) = &self.object else { return Ok(()) };
        let dot = if self.module.0.is_empty() { "" } else { "." };
        write!(f, "{dot}{block}")?;
        key.as_ref().map_or(Ok(()), |key| write!(f, "{key}"))
    }
}

/// A `moved` block: what was recorded under one address belongs to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The names of the modules from the root to the block.
    pub within: Vec<String>,
    /// The old name.
    pub from: Endpoint,
    /// The new name.
    pub to: Endpoint,
    /// Where it is written.
    pub span: Option<Span>,
}

impl Move {
    /// Whether a block or module moves with all its instances.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.from.has_key() && !self.to.has_key()
    }

    /// Where an address goes, if it is one that moves.
    #[must_use]
    pub fn destination(&self, address: &Address) -> Option<Address> {
        let (around, rest) = address.module.0.split_at_checked(self.within.len())?;
        if !around.iter().map(|step| &step.name).eq(&self.within) {
            return None;
        }
        let from = &self.from.module.0;
        let whole = self.is_whole();
        if let Some((block, key)) = &self.from.object {
            let (to, to_key) = self.to.object.as_ref()?;
            let hit = rest == from && *block == address.block && (whole || *key == address.key);
            let key = if whole { address.key.clone() } else { to_key.clone() };
            let module = ModulePath([around, &self.to.module.0].concat());
            return hit.then(|| Address { module, block: to.clone(), key });
        }
        let (inside, below) = rest.split_at_checked(from.len())?;
        let (last, wanted) = (inside.last()?, from.last()?);
        let same_way = inside[..inside.len() - 1] == from[..from.len() - 1];
        if !same_way || last.name != wanted.name || !(whole || last.key == wanted.key) {
            return None;
        }
        let mut to = self.to.module.0.clone();
        if whole {
            to.last_mut()?.key.clone_from(&last.key);
        }
        Some(Address { module: ModulePath([around, &to, below].concat()), ..address.clone() })
    }
}

/// A `removed` block: a resource or module that is no longer declared, on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The names of the modules from the root to the block.
    pub within: Vec<String>,
    /// What was declared, without keys.
    pub from: Endpoint,
    /// Whether its objects are removed; otherwise they are forgotten and stay as they are.
    pub destroy: bool,
    /// Where it is written.
    pub span: Option<Span>,
}

impl Removal {
    /// Whether an object, with or without keys, is one that it is about.
    #[must_use]
    pub fn covers<'a>(&self, modules: impl Iterator<Item = &'a String>, block: &BlockKey) -> bool {
        let own: Vec<_> =
            self.within.iter().chain(self.from.module.0.iter().map(|step| &step.name)).collect();
        let modules: Vec<_> = modules.collect();
        match &self.from.object {
            Some((from, _)) => modules == own && from == block,
            None => modules.starts_with(&own),
        }
    }
}

/// An object that is there and not recorded, to be taken over at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The address that it gets.
    pub to: Address,
    /// What AWS calls it.
    pub id: Id,
    /// Where this is written.
    pub span: Option<Span>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, ModuleStep};

    /// `module.a["x"]` or an address.
    fn endpoint(text: &str) -> Endpoint {
        if let Ok(address) = text.parse::<Address>() {
            return Endpoint::object(&address);
        }
        // A module: parsed as the way to an object.
        let address: Address = format!("{text}.x.y").parse().unwrap();
        Endpoint { module: address.module, object: None }
    }

    #[test]
    fn a_move_takes_what_it_names_and_nothing_else() {
        let check = |within: &[&str], from: &str, to: &str, address: &str, expect: Option<&str>| {
            let within = within.iter().map(|&m| m.to_owned()).collect();
            let moved = Move { within, from: endpoint(from), to: endpoint(to), span: None };
            let found = moved.destination(&address.parse().unwrap()).map(|a| a.to_string());
            assert_eq!(found.as_deref(), expect, "{from} to {to}: {address}");
        };
        let root = |from, to, address, expect| check(&[], from, to, address, expect);
        root("t.a", "t.b", "t.a", Some("t.b"));
        root("t.a", "t.b", "t.a[1]", Some("t.b[1]"));
        root("t.a", "t.b", "module.m.t.a", None);
        root("t.a", "t.b[1]", "t.a", Some("t.b[1]"));
        root("t.a", "t.b[1]", "t.a[0]", None);
        root("t.a[0]", "t.b[\"k\"]", "t.a[0]", Some("t.b[\"k\"]"));
        root("t.a[0]", "t.a", "t.a[0]", Some("t.a"));
        root("t.a", "module.m.t.b", "t.a[0]", Some("module.m.t.b[0]"));
        root("module.m.t.a", "t.a", "module.m.t.a", Some("t.a"));
        root("module.m.t.a", "t.a", "module.m[0].t.a", None);
        root("module.m", "module.n", "module.m[0].t.a[1]", Some("module.n[0].t.a[1]"));
        root("module.m", "module.n[\"k\"]", "module.m.t.a", Some("module.n[\"k\"].t.a"));
        root("module.m", "module.n[\"k\"]", "module.m[0].t.a", None);
        root("module.m", "module.n", "module.m.module.z[2].t.a", Some("module.n.module.z[2].t.a"));
        root("module.m.module.z", "module.z", "module.m.module.z[2].t.a", Some("module.z[2].t.a"));
        check(&["m"], "t.a", "t.b", "module.m[7].t.a", Some("module.m[7].t.b"));
        check(&["m"], "t.a", "t.b", "t.a", None);
        check(&["m"], "module.z", "module.y", "module.m[7].module.z.t.a", Some("module.m[7].module.y.t.a"));
    }

    #[test]
    fn a_removal_covers_all_instances() {
        let check = |from: &str, modules: &[&str], name: &str, expect: bool| {
            let removal =
                Removal { within: vec!["m".to_owned()], from: endpoint(from), destroy: false, span: None };
            let modules: Vec<_> = modules.iter().map(|&m| m.to_owned()).collect();
            let block = BlockKey { mode: Mode::Managed, ty: "t".to_owned(), name: name.to_owned() };
            assert_eq!(removal.covers(modules.iter(), &block), expect, "{from}: {modules:?} {name}");
        };
        check("t.a", &["m"], "a", true);
        check("t.a", &["m"], "b", false);
        check("t.a", &[], "a", false);
        check("module.z", &["m", "z", "y"], "b", true);
        check("module.z", &["m"], "b", false);
    }

    #[test]
    fn an_endpoint_is_shown_as_it_is_written() {
        for text in ["t.a", "t.a[0]", "module.m[\"k\"]", "module.m.module.n[1].t.a"] {
            assert_eq!(endpoint(text).to_string(), text);
        }
        let step = ModuleStep { name: "m".to_owned(), key: None };
        assert!(!Endpoint { module: ModulePath(vec![step]), object: None }.has_key());
    }
}
