//! What is made from what: references resolved and checked, cycles found, references followed to blocks.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use stackr_core::{BlockRef, Diagnostic, Diagnostics};

use crate::{
    config::error,
    references::References,
    syntax::Target,
    tree::{Dep, SymbolKind, Tree},
};

/// Resolves the references of all symbols; gives the references of each block.
pub(crate) fn resolve(tree: &mut Tree, diagnostics: &mut Diagnostics) -> Vec<Vec<BlockRef>> {
    let mut resolver = References { tree, diagnostics };
    let deps: Vec<_> = (0..resolver.tree.symbols.len()).map(|s| resolver.symbol(s)).collect();
    let checks: Vec<_> = (0..resolver.tree.symbols.len()).map(|s| resolver.validations(s)).collect();
    let mut blocks: Vec<_> = (0..resolver.tree.blocks.len()).map(|b| resolver.block(b)).collect();
    let providers = resolver.providers();
    resolver.check_blocks();
    for (symbol, deps) in tree.symbols.iter_mut().zip(deps) {
        symbol.deps = deps;
    }
    let Some(order) = order(tree, diagnostics) else { return vec![Vec::new(); tree.blocks.len()] };
    let reached = reach(tree, &order, &checks);
    for (span, deps) in providers {
        if !follow(&deps, &reached).is_empty() {
            let detail = "A provider is configured before anything is read or made, so it cannot depend on resources \
                          or data.";
            diagnostics.push(error(span, "provider depends on a resource", detail));
        }
    }
    let around: Vec<_> = (0..tree.modules.len()).map(|m| follow(&module_deps(tree, m), &reached)).collect();
    let mut refs = Vec::new();
    for (index, args) in blocks.iter_mut().enumerate() {
        args.entry(None).or_default();
        let mut own = Vec::new();
        for (arg, deps) in args {
            let mut set = (*follow(deps, &reached)).clone();
            if arg.is_none() {
                set.extend(around[tree.blocks[index].module].iter());
            }
            if set.remove(&index) {
                diagnostics.push(refers_to_itself(tree, index, arg.as_deref()));
            }
            // What a condition needs, its block does not name.
            let named = arg.as_deref() != Some("lifecycle");
            let direct = |to| arg.is_none() || named && deps.contains(&Dep::Block(to));
            own.extend(set.into_iter().map(|to| BlockRef { arg: arg.clone(), to, direct: direct(to) }));
        }
        refs.push(own);
    }
    refs
}

/// The blocks that each symbol leads to, by its value or by the validations of the variables in it.
///
/// Two variables may be mentioned in each other's validations, so these are followed until nothing is added.
fn reach(tree: &mut Tree, order: &[usize], checks: &[Vec<Dep>]) -> Vec<Rc<BTreeSet<usize>>> {
    let mut reached: Vec<Rc<BTreeSet<usize>>> = vec![Rc::default(); tree.symbols.len()];
    let mut extra: BTreeMap<usize, Rc<BTreeSet<usize>>> = BTreeMap::new();
    loop {
        for symbol in order {
            let mut set = follow(&tree.symbols[*symbol].deps, &reached);
            if extra.is_empty() {
                tree.symbols[*symbol].is_static = set.is_empty();
            } else if let Some(more) = extra.get(symbol) {
                set = Rc::new(set.union(more).copied().collect());
            }
            reached[*symbol] = set;
        }
        let mut grown = false;
        for (symbol, deps) in checks.iter().enumerate().filter(|(_, deps)| !deps.is_empty()) {
            let set = follow(deps, &reached);
            let before = extra.get(&symbol).map_or(0, |set| set.len());
            if set.len() > before {
                extra.insert(symbol, set);
                grown = true;
            }
        }
        if !grown {
            break;
        }
    }
    for (symbol, set) in reached.iter().enumerate() {
        tree.symbols[symbol].static_checks = set.is_empty();
    }
    reached
}

/// The blocks that these lead to.
fn follow(deps: &[Dep], reached: &[Rc<BTreeSet<usize>>]) -> Rc<BTreeSet<usize>> {
    if let [Dep::Symbol(only)] = deps {
        return Rc::clone(&reached[*only]);
    }
    let mut set = BTreeSet::new();
    for dep in deps {
        match dep {
            Dep::Block(block) => {
                set.insert(*block);
            }
            Dep::Symbol(symbol) => set.extend(reached[*symbol].iter()),
        }
    }
    Rc::new(set)
}

/// What the instances of a module, and so everything in it, depend on.
fn module_deps(tree: &Tree, module: usize) -> Vec<Dep> {
    let mut deps = Vec::new();
    let mut at = module;
    while let Some(parent) = &tree.modules[at].parent {
        if let Some(child) = tree.modules[parent.module].children.get(&parent.name) {
            deps.extend(child.repeat.map(Dep::Symbol));
            for reference in &child.call.depends_on {
                deps.extend(whole(tree, parent.module, &reference.target));
            }
        }
        at = parent.module;
    }
    deps
}

/// Everything that a reference without a part stands for.
pub(crate) fn whole(tree: &Tree, module: usize, target: &Target) -> Vec<Dep> {
    let module = &tree.modules[module];
    match target {
        Target::Var(name) => module.variables.get(&**name).map(|s| Dep::Symbol(*s)).into_iter().collect(),
        Target::Local(name) => module.locals.get(&**name).map(|s| Dep::Symbol(*s)).into_iter().collect(),
        Target::Block(key) => module.blocks.get(key).map(|b| Dep::Block(*b)).into_iter().collect(),
        Target::Module(name) => match module.children.get(&**name) {
            Some(child) => {
                let blocks = tree.blocks_within(child.module).map(Dep::Block);
                blocks.chain(child.repeat.map(Dep::Symbol)).collect()
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn refers_to_itself(tree: &Tree, index: usize, arg: Option<&str>) -> Diagnostic {
    let block = &tree.blocks[index].resource.block;
    let place = arg.and_then(|arg| block.body.attribute(arg)).map_or_else(|| block.span(), |a| a.span());
    let key = &tree.blocks[index].resource.key;
    let detail = format!("`{key}` is made from itself here, directly or by way of local values.");
    error(place, "self reference", detail)
}

/// The symbols so that each comes after what it is made from; none if there is a cycle.
fn order(tree: &Tree, diagnostics: &mut Diagnostics) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; tree.symbols.len()];
    let mut order = Vec::new();
    for start in 0..tree.symbols.len() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        let mut path = vec![(start, 0)];
        while let Some((symbol, next)) = path.last_mut() {
            let at = *symbol;
            let Some(dep) = tree.symbols[at].deps.get(*next) else {
                marks[at] = Mark::Done;
                order.push(at);
                path.pop();
                continue;
            };
            *next += 1;
            let Dep::Symbol(dep) = *dep else { continue };
            match marks[dep] {
                Mark::Done => {}
                Mark::New => {
                    marks[dep] = Mark::Open;
                    path.push((dep, 0));
                }
                Mark::Open => {
                    let begin = path.iter().position(|(s, _)| *s == dep).unwrap_or(0);
                    let cycle: Vec<_> = path[begin..].iter().map(|(s, _)| *s).collect();
                    diagnostics.push(cycle_error(tree, &cycle));
                    return None;
                }
            }
        }
    }
    Some(order)
}

fn cycle_error(tree: &Tree, cycle: &[usize]) -> Diagnostic {
    // Begin at the name that sorts first, so that the message does not depend on the order of the walk.
    let first = (0..cycle.len()).min_by_key(|i| tree.name(cycle[*i])).unwrap_or(0);
    let turned = cycle.iter().cycle().skip(first).take(cycle.len() + 1);
    let names: Vec<_> = turned.map(|s| tree.name(*s)).collect();
    let place = match &tree.symbols[cycle[first]].kind {
        SymbolKind::Local(_, value) => Some(value.span()),
        SymbolKind::Output(output) => Some(output.value.span()),
        SymbolKind::Repeat(repeat) => Some(repeat.value.span()),
        SymbolKind::Variable(variable, _) => Some(variable.span.clone()),
    };
    let detail = format!("These values are made from each other: {}.", names.join(" → "));
    Diagnostic::error("cycle", detail).at(place)
}
