//! `moved`, `removed` and `import` blocks as the planner takes them.

use stackr_core::{
    Address, Diagnostic, Diagnostics, Env, Import, Key, ModulePath, ModuleStep, Move, Removal, Type, Value,
};

use crate::{
    config::{By, error},
    eval::{Evaluated, Scope},
    place::{Place, Repetition},
    session::Session,
    stack::Stack,
    syntax::Expr,
    tree::{ImportDecl, Tree},
};

/// The moves and removals of all modules.
pub(crate) fn records(tree: &Tree) -> (Vec<Move>, Vec<Removal>) {
    let (mut moves, mut removals) = (Vec::new(), Vec::new());
    for module in &tree.modules {
        let within = || module.names.clone();
        moves.extend(module.records.moves.iter().map(|m| Move {
            within: within(),
            from: m.from.clone(),
            to: m.to.clone(),
            span: Some(m.span.clone()),
        }));
        removals.extend(module.records.removals.iter().map(|r| Removal {
            within: within(),
            from: r.from.clone(),
            destroy: r.destroy,
            span: Some(r.span.clone()),
        }));
    }
    (moves, removals)
}

/// The objects that are to be taken over as instances of a block.
pub(crate) fn imports(stack: &Stack, block: usize, env: &dyn Env) -> Result<Vec<Import>, Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut imports = Vec::new();
    for declared in stack.tree.imports.iter().filter(|i| i.block == block) {
        let session = Session::new(stack, env);
        match each(&session, declared) {
            Ok(found) => imports.extend(found),
            Err(why) => problems.push(*why),
        }
        session.validate_used(&mut problems);
    }
    problems.or(imports)
}

/// One import, or one per element of `for_each`.
fn each(session: &Session<'_>, declared: &ImportDecl) -> Evaluated<Vec<Import>> {
    let Some((symbol, _)) = declared.each else { return Ok(vec![one(session, declared, None)?]) };
    let value = session.symbol(0, symbol)?;
    let span = declared.import.for_each.as_ref().map_or_else(|| declared.import.span.clone(), |f| f.span());
    let fail = |detail: &str| Err(Box::new(error(span.clone(), "wrong for_each", detail)));
    let pairs: Vec<(String, &Value)> = match value {
        Value::Sensitive(_) => return fail("The addresses would show the sensitive value."),
        Value::Unknown(_) => return fail("What is imported must be known in the plan, but this is not."),
        Value::Map(m) | Value::Object(m) => m.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Set(e) => e.iter().map(|v| (v.to_text().unwrap_or_default(), v)).collect(),
        Value::List(e) | Value::Tuple(e) => {
            e.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => return fail("`for_each` is a map, a set or a list."),
    };
    pairs
        .iter()
        .map(|(key, value)| one(session, declared, Some(Repetition::Each { key, value: Some(value) })))
        .collect()
}

fn one(session: &Session<'_>, declared: &ImportDecl, each: Option<Repetition<'_>>) -> Evaluated<Import> {
    let import = &declared.import;
    let place = Place::new(session, 0, each);
    let tree = &session.stack.tree;
    let mut keys = import.keys().into_iter();
    let mut module = ModulePath::default();
    let mut at = 0;
    for name in &import.modules {
        let child = tree.modules[at].children.get(name);
        let repeats = child.and_then(|c| c.call.repeat.as_ref()).map(|r| r.by);
        let key = key(&place, declared, keys.next().flatten(), repeats)?;
        module.0.push(ModuleStep { name: name.clone(), key });
        at = child.map_or(at, |c| c.module);
    }
    let repeats = tree.blocks[declared.block].resource.repeat.as_ref().map(|r| r.by);
    let key = key(&place, declared, keys.next().flatten(), repeats)?;
    let to = Address { module, block: import.block.clone(), key };
    let scope = Scope::new(&place, &import.id.file);
    let value = scope.eval(&import.id.expr)?;
    let fail = |detail: &str| Err(Box::new(error(import.id.span(), "wrong import id", detail)));
    let value = value.peel();
    match value.to_text() {
        Some(id) if !id.is_empty() => Ok(Import { to, id, span: Some(import.span.clone()) }),
        Some(_) => fail("The id is empty."),
        None if value.is_unknown() => fail(
            "The id is not known before apply, and what is imported is looked at in the plan. Apply what it depends on \
             first, with `--target`.",
        ),
        None => fail("An id is a text, what AWS calls the object: `\"vpc-0a1b2c3d4e5f60718\"`."),
    }
}

/// The key in an address, of the kind that the block or module has.
fn key(
    place: &Place<'_>,
    declared: &ImportDecl,
    written: Option<&Expr>,
    repeats: Option<By>,
) -> Evaluated<Option<Key>> {
    let file = &declared.import.to.file;
    let fail = |detail: String| -> Box<Diagnostic> {
        Box::new(error(declared.import.to.span(), "wrong key", detail))
    };
    let Some(expr) = written else {
        return match repeats {
            None => Ok(None),
            Some(by) => {
                Err(fail(format!("There are several by `{}`: say which, with a key in brackets.", by.name())))
            }
        };
    };
    let value = Scope::new(place, file).eval(expr)?.into_owned();
    match (repeats, value.peel()) {
        (None, _) => Err(fail("There is only one, so its name has no key.".to_owned())),
        (Some(By::Count), value) => match Type::Number.convert(value) {
            Ok(Value::Number(n)) => {
                n.as_i64().and_then(|n| u64::try_from(n).ok()).map(|n| Some(Key::Index(n)))
            }
            _ => None,
        }
        .ok_or_else(|| fail("The key of one by `count` is a whole number.".to_owned())),
        (Some(By::ForEach), value) => match value {
            Value::String(name) => Ok(Some(Key::Name(name.clone()))),
            _ => Err(fail("The key of one by `for_each` is a text.".to_owned())),
        },
    }
}
