//! References: which of the language's objects a dotted name stands for.

use stackr_core::{BlockKey, Mode};

use super::{
    ast::{At, Expr, Kind, Target},
    parser::{Parsed, Parser},
};

impl Parser<'_> {
    /// A name that nothing binds, with as many of the names after it as the reference needs.
    pub(super) fn reference(&mut self, root: &str, at: At) -> Parsed<Expr> {
        let mut end = at;
        let target = match root {
            "var" => self.dotted(&mut end)?.map(Target::Var),
            "local" => self.dotted(&mut end)?.map(Target::Local),
            "module" => self.dotted(&mut end)?.map(Target::Module),
            "each" => self.one_of(&mut end, &[("key", Target::EachKey), ("value", Target::EachValue)])?,
            "count" => self.one_of(&mut end, &[("index", Target::CountIndex)])?,
            "terraform" => self.one_of(&mut end, &[("workspace", Target::Workspace)])?,
            "path" => self.one_of(
                &mut end,
                &[("module", Target::PathModule), ("root", Target::PathRoot), ("cwd", Target::PathCwd)],
            )?,
            "self" => Some(Target::This),
            "data" => self.typed(Mode::Data, &mut end)?,
            "resource" => self.typed(Mode::Managed, &mut end)?,
            "ephemeral" => {
                let detail = "Ephemeral resources are not supported. Use a data source or a variable.";
                return Err(self.fail(at, "unsupported reference", detail));
            }
            ty => self.dotted(&mut end)?.map(|name| {
                Target::Block(BlockKey { mode: Mode::Managed, ty: ty.to_owned(), name: name.into() })
            }),
        };
        let target = target.unwrap_or_else(|| Target::Bare(root.into()));
        self.expr(Kind::Ref(Box::new(target)), at.to(end), &[])
    }

    /// `.type.name`.
    fn typed(&mut self, mode: Mode, end: &mut At) -> Parsed<Option<Target>> {
        let before = (self.pos, *end);
        if let Some(ty) = self.dotted(end)?
            && let Some(name) = self.dotted(end)?
        {
            return Ok(Some(Target::Block(BlockKey { mode, ty: ty.into(), name: name.into() })));
        }
        (self.pos, *end) = before;
        Ok(None)
    }

    /// `.name`, if it is next; otherwise nothing is taken.
    fn dotted(&mut self, end: &mut At) -> Parsed<Option<Box<str>>> {
        let before = self.pos;
        self.skip()?;
        if !self.looking_at("..") && self.eat(".") {
            self.skip()?;
            if let Some((name, at)) = self.name() {
                *end = at;
                return Ok(Some(name.into()));
            }
        }
        self.pos = before;
        Ok(None)
    }

    /// `.name` where the name is one of these; otherwise nothing is taken.
    fn one_of(&mut self, end: &mut At, names: &[(&str, Target)]) -> Parsed<Option<Target>> {
        let before = (self.pos, *end);
        if let Some(name) = self.dotted(end)?
            && let Some((_, target)) = names.iter().find(|(n, _)| *n == &*name)
        {
            return Ok(Some(target.clone()));
        }
        (self.pos, *end) = before;
        Ok(None)
    }
}
