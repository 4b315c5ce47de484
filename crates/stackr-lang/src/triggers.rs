//! `replace_triggered_by`: which objects and attributes replace another when they change.

use stackr_core::{Address, Diagnostic, Key, Path, PathStep, Trigger, Value};

use crate::{
    config::triggering,
    eval::{Evaluated, Scope},
    syntax::{Expr, Kind, Located},
    tree::Tree,
};

/// The trigger that an expression names, for the instance at `own`.
pub(crate) fn trigger(
    tree: &Tree,
    located: &Located,
    own: &Address,
    scope: &Scope<'_>,
) -> Evaluated<Trigger> {
    let fail =
        |detail: &str| Err(Box::new(Diagnostic::error("wrong trigger", detail).at(Some(located.span()))));
    let Some(block) = triggering(&located.expr) else { return fail("A resource is expected here.") };
    let mut steps = Vec::new();
    path(located, &located.expr, scope, &mut steps)?;
    let mut address = Address { module: own.module.clone(), block: block.clone(), key: None };
    let module = |names: &[String]| own.module.0.iter().map(|s| &s.name).eq(names);
    let declared =
        tree.blocks.iter().find(|b| b.resource.key == *block && module(&tree.modules[b.module].names));
    if declared.is_some_and(|b| b.repeat.is_some()) {
        address.key = match steps.first() {
            None => None,
            Some(PathStep::Index(index)) => Some(Key::Index(*index as u64)),
            Some(PathStep::Name(name)) => Some(Key::Name(name.clone())),
        };
        steps.drain(..usize::from(address.key.is_some()));
    }
    Ok(Trigger { address, path: Path(steps) })
}

/// The steps behind the resource: names, and keys that are written or are those of this instance.
fn path(within: &Located, expr: &Expr, scope: &Scope<'_>, steps: &mut Vec<PathStep>) -> Evaluated<()> {
    match &expr.kind {
        Kind::Attr(source, name) => {
            path(within, source, scope, steps)?;
            steps.push(PathStep::Name(name.to_string()));
        }
        Kind::Index(pair) => {
            path(within, &pair.0, scope, steps)?;
            let key = scope.within(&within.file).eval(&pair.1)?;
            let index = |n: &stackr_core::Number| n.as_i64().and_then(|n| usize::try_from(n).ok());
            steps.push(match key.peel() {
                Value::String(name) => PathStep::Name(name.clone()),
                Value::Number(n) if index(n).is_some() => PathStep::Index(index(n).unwrap_or_default()),
                _ => {
                    let detail = "An instance is named by a number or a text: `[0]`, `[each.key]`.";
                    let span = pair.1.at.span(&within.file);
                    return Err(Box::new(Diagnostic::error("wrong trigger", detail).at(Some(span))));
                }
            });
        }
        _ => {}
    }
    Ok(())
}
