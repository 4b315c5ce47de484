//! The dependency graph of blocks: references, and orderings that AWS needs though no value carries them.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{
    algo::{has_path_connecting, tarjan_scc, toposort},
    graph::{DiGraph, NodeIndex},
    visit::EdgeRef,
};
use stackr_core::{Declaration, Declared, Diagnostic, Diagnostics, Mode, Registry};

use crate::Milestone;

/// The blocks of a declaration and what each waits for.
pub(crate) struct Blocks {
    graph: DiGraph<usize, Milestone>,
    /// Block indexes, dependencies first.
    pub(crate) order: Vec<usize>,
}

impl Blocks {
    /// Builds the graph.
    pub(crate) fn new(declaration: &dyn Declaration, registry: &Registry) -> Result<Self, Diagnostics> {
        let blocks = declaration.blocks();
        let mut graph = DiGraph::with_capacity(blocks.len(), blocks.len() * 2);
        for block in 0..blocks.len() {
            graph.add_node(block);
        }
        for (index, block) in blocks.iter().enumerate() {
            for (to, milestone) in references(block, registry) {
                graph.add_edge(NodeIndex::new(to), NodeIndex::new(index), milestone);
            }
        }
        if toposort(&graph, None).is_err() {
            return Err(cycle(&graph, blocks).into());
        }
        add_orderings(&mut graph, blocks, registry);
        let order = toposort(&graph, None).map_err(|_| cycle(&graph, blocks))?;
        Ok(Self { order: order.into_iter().map(NodeIndex::index).collect(), graph })
    }

    /// The blocks that a block waits for, each once, with how far they must have come.
    pub(crate) fn waits_for(&self, block: usize) -> BTreeMap<usize, Milestone> {
        let mut found = BTreeMap::new();
        for edge in self.graph.edges_directed(NodeIndex::new(block), petgraph::Direction::Incoming) {
            let milestone = found.entry(edge.source().index()).or_insert(*edge.weight());
            *milestone = (*milestone).max(*edge.weight());
        }
        found
    }

    /// The blocks that wait for a block directly.
    pub(crate) fn dependents(&self, block: usize) -> impl Iterator<Item = usize> + '_ {
        self.graph.neighbors(NodeIndex::new(block)).map(NodeIndex::index)
    }

    /// The blocks that can be reached from these, along dependencies or along dependents, and these.
    pub(crate) fn closure(&self, from: impl IntoIterator<Item = usize>, dependents: bool) -> BTreeSet<usize> {
        let direction = if dependents { petgraph::Outgoing } else { petgraph::Incoming };
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let mut open: Vec<usize> = from.into_iter().collect();
        while let Some(block) = open.pop() {
            if found.insert(block) {
                let next = self.graph.neighbors_directed(NodeIndex::new(block), direction);
                open.extend(next.map(NodeIndex::index));
            }
        }
        found
    }
}

/// Checks that blocks do not depend on each other in a circle.
///
/// # Errors
/// The circle, by its path.
pub fn check_order(declaration: &dyn Declaration, registry: &Registry) -> Result<(), Diagnostics> {
    Blocks::new(declaration, registry).map(drop)
}

/// What a block refers to. A reference that is only in arguments which AWS accepts while the other object is
/// pending waits for its id, every other for its readiness.
fn references(block: &Declared, registry: &Registry) -> BTreeMap<usize, Milestone> {
    let schema = match block.key.mode {
        Mode::Managed => registry.resource(&block.key.ty).map(|r| r.schema()),
        Mode::Data => None,
    };
    let mut found = BTreeMap::new();
    for reference in &block.refs {
        let field = reference.arg.as_deref().and_then(|arg| schema?.args.field(arg));
        let milestone = if field.is_some_and(|f| f.early) { Milestone::Id } else { Milestone::Ready };
        let entry = found.entry(reference.to).or_insert(milestone);
        *entry = (*entry).max(milestone);
    }
    found
}

/// Adds the orderings of [`stackr_core::After`], except those that would make a cycle.
fn add_orderings(graph: &mut DiGraph<usize, Milestone>, blocks: &[Declared], registry: &Registry) {
    let mut by_type: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, block) in blocks.iter().enumerate().filter(|(_, b)| b.key.mode == Mode::Managed) {
        by_type.entry(&block.key.ty).or_default().push(index);
    }
    let refers = |block: &Declared, arg: &str| -> BTreeSet<usize> {
        block.refs.iter().filter(|r| r.arg.as_deref() == Some(arg)).map(|r| r.to).collect()
    };
    for (index, block) in blocks.iter().enumerate().filter(|(_, b)| b.key.mode == Mode::Managed) {
        let Some(resource) = registry.resource(&block.key.ty) else { continue };
        for after in resource.after() {
            for &other in by_type.get(after.ty).into_iter().flatten() {
                let related = after.sharing.is_none_or(|(own, others)| {
                    !refers(block, own).is_disjoint(&refers(&blocks[other], others))
                });
                let (from, to) = (NodeIndex::new(other), NodeIndex::new(index));
                if related && other != index && !has_path_connecting(&*graph, to, from, None) {
                    graph.update_edge(from, to, Milestone::Ready);
                }
            }
        }
    }
}

/// The error for references that go round in a circle, with the path.
fn cycle(graph: &DiGraph<usize, Milestone>, blocks: &[Declared]) -> Diagnostic {
    let knot = tarjan_scc(graph)
        .into_iter()
        .find(|knot| knot.len() > 1 || graph.contains_edge(knot[0], knot[0]))
        .unwrap_or_default();
    let mut knot: BTreeSet<NodeIndex> = knot.into_iter().collect();
    let start = knot.first().copied().unwrap_or_default();
    let mut path = vec![start];
    let mut at = start;
    while knot.len() > 1 {
        knot.remove(&at);
        // Against the edges: each name refers to the next.
        let Some(next) = graph.neighbors_directed(at, petgraph::Incoming).find(|n| knot.contains(n)) else {
            break;
        };
        path.push(next);
        at = next;
    }
    path.push(start);
    let name = |node: &NodeIndex| {
        let block = &blocks[node.index()];
        let module: String = block.module.iter().map(|m| format!("module.{m}.")).collect();
        format!("{module}{}", block.key)
    };
    let path: Vec<_> = path.iter().map(name).collect();
    let detail = format!("each refers to the next: {}. Remove one of the references.", path.join(" → "));
    Diagnostic::error("dependency cycle", detail).at(blocks[start.index()].span.clone())
}
