//! Following moves: what is recorded is given the addresses that it is declared at now, before anything is compared.
//!
//! Facts that shape this file (as Terraform has them):
//! - a move whose end another begins at comes before it, and that of a module before those inside it;
//! - what is in the way at the new address is never overwritten: the move is left out, and that is said;
//! - adding `count` to a resource moves its only instance to `[0]`, taking it away moves `[0]` back, unless a move names
//!   the resource. Modules are not moved by themselves.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use petgraph::{algo::tarjan_scc, graph::DiGraph};
use stackr_core::{
    Address, BlockKey, Declaration, Declared, Diagnostic, Diagnostics, Endpoint, Key, Mode, ModuleStep, Move,
    Object, Repeats, Span,
};

/// What is recorded, under the addresses that it has now.
#[derive(Debug)]
pub(crate) struct Followed<'a> {
    /// The objects; copied only if something moves.
    pub(crate) last: Cow<'a, BTreeMap<Address, Object>>,
    /// What was set aside by replacements.
    pub(crate) deposed: Cow<'a, [(Address, Object)]>,
    /// The renames, in the order in which they can be recorded.
    pub(crate) renames: Vec<Rename>,
    /// Where what is at an address now was recorded, if elsewhere.
    pub(crate) origins: BTreeMap<Address, Address>,
    /// Moves that something is in the way of.
    pub(crate) warnings: Vec<Diagnostic>,
}

/// What is recorded of one address goes to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rename {
    /// The old address.
    pub from: Address,
    /// The new one.
    pub to: Address,
}

impl<'a> Followed<'a> {
    /// What is recorded, with the moves of a declaration followed. `pending` are addresses of which only an unanswered
    /// create is known.
    pub(crate) fn new(
        declaration: Option<&dyn Declaration>,
        last: &'a BTreeMap<Address, Object>,
        deposed: &'a [(Address, Object)],
        pending: &BTreeSet<Address>,
    ) -> Result<Self, Diagnostics> {
        let mut followed = Self {
            last: Cow::Borrowed(last),
            deposed: Cow::Borrowed(deposed),
            renames: Vec::new(),
            origins: BTreeMap::new(),
            warnings: Vec::new(),
        };
        let Some(declaration) = declaration else { return Ok(followed) };
        check(declaration)?;
        let known = || last.keys().chain(pending).chain(deposed.iter().map(|(address, _)| address));
        let explicit = declaration.moves();
        let implied = implied(declaration, known());
        if explicit.is_empty() && implied.is_empty() {
            return Ok(followed);
        }
        let mut known: BTreeSet<Address> = known().cloned().collect();
        let order = order(explicit)?;
        for moved in order.into_iter().map(|i| &explicit[i]).chain(&implied) {
            followed.follow(moved, &mut known)?;
        }
        Ok(followed)
    }

    /// Follows one move.
    fn follow(&mut self, moved: &Move, known: &mut BTreeSet<Address>) -> Result<(), Diagnostics> {
        let hits: Vec<Rename> = known
            .iter()
            .filter_map(|from| Some(Rename { to: moved.destination(from)?, from: from.clone() }))
            .collect();
        if let Some(Rename { from, to }) = hits.iter().find(|hit| hit.from.ty() != hit.to.ty()) {
            let detail = format!(
                "`{from}` is recorded, and an object cannot become one of another type (`{}`).",
                to.ty()
            );
            return Err(Diagnostic::error("move to another type", detail).at(moved.span.clone()).into());
        }
        if hits.is_empty() {
            return Ok(());
        }
        let taken: BTreeSet<Address> = known.iter().map(|there| room(moved, there)).collect();
        let (blocked, free): (Vec<_>, Vec<_>) =
            hits.into_iter().partition(|hit| taken.contains(&room(moved, &hit.to)));
        for Rename { from, to } in blocked {
            let detail = format!(
                "`{from}` cannot move to `{to}`, where another object is recorded already. Remove that one, or move it \
                 elsewhere first."
            );
            self.warnings.push(Diagnostic::warning("move not followed", detail).at(moved.span.clone()));
        }
        self.rename(free, known);
        Ok(())
    }

    fn rename(&mut self, renames: Vec<Rename>, known: &mut BTreeSet<Address>) {
        if renames.is_empty() {
            return;
        }
        let goes: BTreeMap<&Address, &Address> = renames.iter().map(|r| (&r.from, &r.to)).collect();
        let (last, deposed) = (self.last.to_mut(), self.deposed.to_mut());
        for Rename { from, to } in &renames {
            if let Some(object) = last.remove(from) {
                last.insert(to.clone(), object);
            }
            known.remove(from);
            known.insert(to.clone());
            let origin = self.origins.remove(from).unwrap_or_else(|| from.clone());
            self.origins.insert(to.clone(), origin);
        }
        for (address, _) in deposed.iter_mut() {
            if let Some(to) = goes.get(address) {
                *address = (*to).clone();
            }
        }
        let objects = last.values_mut().chain(deposed.iter_mut().map(|(_, object)| object));
        for edge in objects.flat_map(|object| &mut object.depends_on) {
            if let Some(to) = goes.get(edge) {
                *edge = (*to).clone();
            }
        }
        self.renames.extend(renames);
    }
}

/// What must be free for something to move to an address: a module that moves needs a free module, a block a free block,
/// an instance a free instance.
fn room(moved: &Move, at: &Address) -> Address {
    let anything = || BlockKey { mode: Mode::Managed, ty: String::new(), name: String::new() };
    match &moved.to.object {
        None => Address { module: at.module.clone(), block: anything(), key: None },
        Some(_) if moved.is_whole() => Address { key: None, ..at.clone() },
        Some(_) => at.clone(),
    }
}

/// The moves that no block says: between a single object and the first of several.
fn implied<'k>(declaration: &dyn Declaration, known: impl Iterator<Item = &'k Address>) -> Vec<Move> {
    let mut declared: BTreeMap<(Vec<&String>, &BlockKey), &Declared> = BTreeMap::new();
    for block in declaration.blocks().iter().filter(|b| b.repeats != Repeats::ForEach) {
        declared.insert((block.module.iter().collect(), &block.key), block);
    }
    let mut moves = Vec::new();
    for address in known.filter(|a| matches!(a.key, None | Some(Key::Index(0)))) {
        let names = || address.module.0.iter().map(|step| &step.name);
        let declared = declared.get(&(names().collect(), &address.block));
        let first = Key::Index(0);
        let to = match (declared.map(|b| b.repeats), &address.key) {
            (Some(Repeats::Count), None) => Some(first),
            (Some(Repeats::Once), Some(key)) if *key == first => None,
            _ => continue,
        };
        let mentions = |moved: &Move, end: &Endpoint| {
            let modules = moved.within.iter().chain(end.module.0.iter().map(|step| &step.name));
            end.object.as_ref().is_some_and(|(block, _)| *block == address.block) && modules.eq(names())
        };
        if declaration.moves().iter().any(|m| mentions(m, &m.from) || mentions(m, &m.to)) {
            continue;
        }
        moves.push(Move {
            within: Vec::new(),
            from: Endpoint::object(address),
            to: Endpoint::object(&Address { key: to, ..address.clone() }),
            span: declared.and_then(|b| b.span.clone()),
        });
    }
    // Exactly these instances: a key that is left out here means that there is none.
    moves
}

/// A step of a pattern: a name, and the keys that it stands for (`None`: any).
type PatternStep<'a> = (&'a str, Option<Option<&'a Key>>);

/// The addresses that one end of a move stands for.
struct Pattern<'a> {
    modules: Vec<PatternStep<'a>>,
    object: Option<(&'a BlockKey, Option<Option<&'a Key>>)>,
}

impl<'a> Pattern<'a> {
    fn new(moved: &'a Move, end: &'a Endpoint) -> Self {
        let exact = |step: &'a ModuleStep| (&*step.name, Some(step.key.as_ref()));
        let around = moved.within.iter().map(|name| (&**name, None));
        let mut modules: Vec<_> = around.chain(end.module.0.iter().map(exact)).collect();
        let whole = moved.is_whole();
        if let (true, None, Some(last)) = (whole, &end.object, modules.last_mut()) {
            last.1 = None;
        }
        let keys = |key: &'a Option<Key>| if whole { None } else { Some(key.as_ref()) };
        let object = end.object.as_ref().map(|(block, key)| (block, keys(key)));
        Self { modules, object }
    }

    /// Whether both may stand for the same thing.
    fn meets(&self, other: &Self) -> bool {
        let object = match (&self.object, &other.object) {
            (None, None) => true,
            (Some((a, x)), Some((b, y))) => a == b && same_key(*x, *y),
            _ => false,
        };
        object && self.modules.len() == other.modules.len() && same_way(&self.modules, &other.modules)
    }

    /// Whether this is inside the module that the other stands for.
    fn is_inside(&self, other: &Self) -> bool {
        let deeper = self.modules.len() > other.modules.len()
            || (self.modules.len() == other.modules.len() && self.object.is_some());
        other.object.is_none() && deeper && same_way(&self.modules, &other.modules)
    }
}

fn same_way(one: &[PatternStep<'_>], other: &[PatternStep<'_>]) -> bool {
    one.iter().zip(other).all(|(a, b)| a.0 == b.0 && same_key(a.1, b.1))
}

fn same_key(one: Option<Option<&Key>>, other: Option<Option<&Key>>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// Whether `a` is to be followed after `b`.
fn comes_after(a: &Move, b: &Move) -> bool {
    let of = Pattern::new;
    if of(a, &a.from).meets(&of(b, &b.to)) {
        return true;
    }
    let nested = of(a, &a.from).is_inside(&of(b, &b.to))
        || of(a, &a.to).is_inside(&of(b, &b.to))
        || of(b, &b.from).is_inside(&of(a, &a.from))
        || of(b, &b.to).is_inside(&of(a, &a.from));
    // A module that only changes its key has what is inside it under both of its names.
    let rekeys = |m: &Move| {
        let names = |end: &Endpoint| end.module.0.iter().map(|step| step.name.clone()).collect::<Vec<_>>();
        m.from.object.is_none() && names(&m.from) == names(&m.to)
    };
    nested && (a.within.len() >= b.within.len() || !rekeys(a))
}

/// The order in which moves are followed.
fn order(moves: &[Move]) -> Result<Vec<usize>, Diagnostics> {
    let mut graph: DiGraph<usize, ()> = DiGraph::new();
    let nodes: Vec<_> = (0..moves.len()).map(|index| graph.add_node(index)).collect();
    for (i, a) in moves.iter().enumerate() {
        for (j, b) in moves.iter().enumerate().filter(|(j, _)| *j != i) {
            // The same move written twice needs no order.
            if comes_after(a, b) && !(a.from == b.from && a.to == b.to && a.within == b.within) {
                // Along the edges: each refers to those that it waits for.
                graph.add_edge(nodes[i], nodes[j], ());
            }
        }
    }
    // What is waited for comes first in this order.
    let mut order = Vec::new();
    for mut knot in tarjan_scc(&graph) {
        if knot.len() > 1 {
            knot.sort();
            let moves: Vec<_> = knot.iter().map(|n| &moves[graph[*n]]).collect();
            let shown: Vec<_> = moves.iter().map(|m| format!("`{}` to `{}`", m.from, m.to)).collect();
            let detail = format!(
                "These moves go round in a circle, so there is no place where anything ends: {}. Remove one of them.",
                shown.join(", ")
            );
            return Err(Diagnostic::error("moves in a circle", detail).at(moves[0].span.clone()).into());
        }
        order.extend(knot.into_iter().map(|n| graph[n]));
    }
    Ok(order)
}

/// Checks what is wrong with moves and removals whatever is recorded.
///
/// # Errors
/// Everything that is.
pub fn check_moves(declaration: &dyn Declaration) -> Result<(), Diagnostics> {
    check(declaration).and_then(|()| order(declaration.moves()).map(drop))
}

fn check(declaration: &dyn Declaration) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics::default();
    let moves = declaration.moves();
    for (index, moved) in moves.iter().enumerate() {
        let Move { from, to, span, .. } = moved;
        let mut wrong = |summary: &str, detail: String| {
            problems.push(Diagnostic::error(summary, detail).at(span.clone()));
        };
        if from == to {
            wrong(
                "move to itself",
                format!("`{from}` is moved to the address that it has. Remove the block."),
            );
            continue;
        }
        for before in moves[..index].iter().filter(|before| before.within == moved.within) {
            let (same_from, same_to) = (before.from == *from, before.to == *to);
            let place = place(before.span.as_ref());
            if same_from && !same_to {
                let detail = format!(
                    "`{from}` moves to `{to}` here and to `{}`{place}. It can move to one place only.",
                    before.to
                );
                wrong("ambiguous move", detail);
            } else if same_to && !same_from {
                let detail = format!(
                    "`{from}` moves to `{to}` here, and `{}` does{place}. Only one can.",
                    before.from
                );
                wrong("ambiguous move", detail);
            }
        }
        if let Some(declared) = still_declared(declaration, moved) {
            wrong("moved object still declared", still(from, to, declared));
        }
    }
    for removal in declaration.removals() {
        let covers = |modules: &Vec<String>, block: &BlockKey| removal.covers(modules.iter(), block);
        let managed = declaration.blocks().iter().filter(|b| b.key.mode == Mode::Managed);
        if let Some(block) = managed.into_iter().find(|b| covers(&b.module, &b.key)) {
            let what = &removal.from;
            let detail = format!(
                "`{what}` is said to be removed, and is still declared{}. Remove one of the two blocks.",
                place(block.span.as_ref())
            );
            problems
                .push(Diagnostic::error("removed object still declared", detail).at(removal.span.clone()));
        }
    }
    problems.or(())
}

/// The block that a move as a whole takes away though it is declared.
fn still_declared<'a>(declaration: &'a dyn Declaration, moved: &Move) -> Option<Option<&'a Span>> {
    if !moved.is_whole() {
        return None;
    }
    let from = moved.from.module.0.iter().map(|step| &step.name);
    let own: Vec<&String> = moved.within.iter().chain(from).collect();
    let found = declaration.blocks().iter().find(|block| {
        let modules: Vec<_> = block.module.iter().collect();
        match &moved.from.object {
            Some((key, _)) => block.key == *key && modules == own,
            None => modules.starts_with(&own),
        }
    });
    found.map(|block| block.span.as_ref())
}

/// The instances that moves take away though they are declared.
pub(crate) fn still_there(
    declaration: &dyn Declaration,
    declared: &BTreeSet<&Address>,
    problems: &mut Diagnostics,
) {
    for moved in declaration.moves().iter().filter(|m| !m.is_whole()) {
        if let Some(address) = declared.iter().find(|address| moved.destination(address).is_some()) {
            let block = declaration.blocks().iter().find(|b| b.key == address.block);
            let detail = still(&moved.from, &moved.to, block.and_then(|b| b.span.as_ref()));
            problems.push(Diagnostic::error("moved object still declared", detail).at(moved.span.clone()));
        }
    }
}

fn still(from: &Endpoint, to: &Endpoint, declared: Option<&Span>) -> String {
    format!(
        "`{from}` is said to have moved to `{to}`, and is still declared{}. Declare it under the new name only, or remove \
         this block.",
        place(declared)
    )
}

fn place(span: Option<&Span>) -> String {
    span.map_or_else(String::new, |span| format!(" in {}", span.file))
}
