//! Checking a declaration without state or AWS.

use stackr_core::{
    Declaration, Diagnostic, Diagnostics, Env, Expansion, Mode, Registry, Schema, coerce_args,
};

/// Everything that is wrong with a declaration whatever AWS says: objects of unknown types, unknown, missing and
/// mistyped arguments. `env` gives other blocks' values; unknown ones are right.
#[must_use]
pub fn check(declaration: &dyn Declaration, registry: &Registry, env: &dyn Env) -> Diagnostics {
    let mut problems = Diagnostics::default();
    for (index, block) in declaration.blocks().iter().enumerate() {
        let schema: Option<&'static Schema> = match block.key.mode {
            Mode::Managed => registry.resource(&block.key.ty).map(|r| r.schema()),
            Mode::Data => registry.lookup(&block.key.ty).map(|l| l.schema()),
        };
        let addresses = match declaration.expand(index, env) {
            Ok(Expansion::Known(addresses)) => addresses,
            Ok(Expansion::Unknown) => continue,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        // A type that there is not matters only where there is an object of it: a module may have flags for more.
        let Some(schema) = schema else {
            if !addresses.is_empty() {
                let problem = stackr_plan::unsupported_type(&block.key, registry);
                problems.push(problem.at(block.span.clone()));
            }
            continue;
        };
        for address in addresses {
            let written = match declaration.evaluate(index, &address, env) {
                Ok(written) => written,
                Err(found) => {
                    problems.extend(found);
                    continue;
                }
            };
            let wrong = registry.wrong_timeouts(block.key.mode, &block.key.ty, &written.terms);
            problems.extend(stackr_plan::timeout_problems(wrong, &written, block.span.as_ref()));
            for problem in coerce_args(schema, &written.value).err().into_iter().flatten() {
                let span = stackr_plan::place_of(&written, &problem);
                let found =
                    Diagnostic::error(problem.summary, problem.detail).at(span.or(block.span.clone()));
                problems.push(found.about(&address));
            }
        }
    }
    if let Err(found) = stackr_plan::check_moves(declaration) {
        problems.extend(found);
    }
    if !problems.has_errors()
        && let Err(found) = stackr_plan::check_order(declaration, registry)
    {
        problems.extend(found);
    }
    problems
}
