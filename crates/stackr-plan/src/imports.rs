//! Imports: which objects an instance's block takes over, and how they are recorded at first.

use std::collections::BTreeMap;

use stackr_core::{
    Address, AnyResource, AnySeen, Declaration, Diagnostic, Diagnostics, Env, Import, Mode, Object, Origin,
    SCHEMA_VERSION, Status, Value, is_silent,
};

use crate::{
    Candidate, Options, SealWith, Target, Want,
    want::{field_json, recorded},
};

/// The imports of a block, by address, without those that are recorded already.
pub(crate) fn wanted(
    declaration: &dyn Declaration,
    block: usize,
    env: &dyn Env,
    options: &Options,
    last: &BTreeMap<Address, Object>,
) -> Result<Vec<Import>, Diagnostics> {
    let declared = &declaration.blocks()[block];
    if declared.key.mode == Mode::Data {
        return Ok(Vec::new());
    }
    let mut wanted = declaration.imports(block, env)?;
    let here = |import: &&Import| {
        let modules = import.to.module.0.iter().map(|step| &step.name);
        import.to.block == declared.key && modules.eq(declared.module.iter())
    };
    wanted.extend(options.imports.iter().filter(here).cloned());
    wanted.retain(|import| !last.contains_key(&import.to));
    let mut problems = Diagnostics::default();
    for (n, import) in wanted.iter().enumerate() {
        if wanted[..n].iter().any(|first| first.to == import.to) {
            // The text of an import may be a secret.
            let detail = format!(
                "`{}` is to be imported twice, from two ids. Only one object can have the address.",
                import.to
            );
            problems.push(Diagnostic::error("two imports", detail).at(import.span.clone()));
        }
    }
    problems.or(wanted)
}

/// The error for an import of an instance that is not declared.
pub(crate) fn undeclared(import: &Import, addresses: &[Address]) -> Diagnostic {
    let some: Vec<_> = addresses.iter().take(20).map(|a| format!("`{a}`")).collect();
    let has = if some.is_empty() { String::new() } else { format!(" There is: {}.", some.join(", ")) };
    let detail = format!("`{}` is not declared, so nothing can be imported as it.{has}", import.to);
    Diagnostic::error("import of an undeclared instance", detail).at(import.span.clone())
}

/// What is seen of an object that is taken over. What is `kept` in state alone may have the id of another.
///
/// # Errors
/// It is not there, or is recorded already.
pub(crate) fn seen<'a>(
    import: &Import,
    candidate: &'a Candidate,
    (kept, mut known): (bool, impl Iterator<Item = (&'a Address, &'a Object)>),
) -> Result<&'a AnySeen, Diagnostic> {
    if let Some(why) = &candidate.why {
        let detail = format!("`{}`: {why}.", import.to.ty());
        return Err(Diagnostic::error("nothing to import", detail).about(&import.to).at(import.span.clone()));
    }
    let same = |object: &Object| {
        object.ty == import.to.ty()
            && object.id == candidate.id
            && same_place(&object.origin, &candidate.origin)
    };
    if let Some((address, _)) = known.find(|(_, object)| !kept && same(object)) {
        let detail = format!(
            "the object `{}` is recorded as `{address}` already. To give it this address, write a `moved` block \
             from there to `{}`.",
            import.id, import.to
        );
        return Err(Diagnostic::error("recorded already", detail).about(&import.to).at(import.span.clone()));
    }
    candidate.seen.as_ref().filter(|seen| seen.status != Status::Gone).ok_or_else(|| {
        let origin = &candidate.origin;
        let account =
            if origin.account.is_empty() { String::new() } else { format!("account {}, ", origin.account) };
        let detail = format!(
            "AWS has no `{}` with the id `{}` in {account}{}. Is it the right id, region and account?",
            import.to.ty(),
            import.id,
            origin.region
        );
        Diagnostic::error("nothing to import", detail).about(&import.to).at(import.span.clone())
    })
}

fn same_place(one: &Origin, other: &Origin) -> bool {
    let same = |one: &str, other: &str| one.is_empty() || other.is_empty() || one == other;
    same(&one.account, &other.account) && same(&one.region, &other.region)
}

/// What is recorded first of an object that is taken over: as AWS says; where AWS says nothing, as declared, so that a
/// run that dies before the first step does not make a difference of what nobody can see.
pub(crate) fn object(
    candidate: &Candidate,
    resource: &dyn AnyResource,
    (want, seen, target): (&Want, &AnySeen, &Target),
    seal: SealWith<'_>,
) -> Object {
    let schema = resource.schema();
    let null = Value::Null;
    let seal = |secret: &str| seal(secret, &candidate.uid);
    let (_, outputs) = recorded(schema, want, seen, &seal);
    let args = schema.args.fields.iter().map(|field| {
        let declared = want.declared.get(field.name).unwrap_or(&null);
        let reported = seen.args.get(field.name).unwrap_or(&null);
        let silent = field.local || is_silent(field, reported);
        let secret = field.secret || declared.has_sensitive();
        let value = if silent { declared } else { reported };
        (field.name.to_owned(), field_json(field, &value.clone().marked(secret), &seal))
    });
    Object {
        ty: schema.ty.to_owned(),
        id: candidate.id.clone(),
        uid: candidate.uid.clone(),
        origin: candidate.origin.clone(),
        depends_on: target.depends_on.clone(),
        prevent_destroy: target.prevent_destroy,
        create_before_destroy: target.create_before_destroy,
        timeouts: want.terms.timeouts.clone(),
        schema: SCHEMA_VERSION,
        tainted: false,
        args: args.collect(),
        outputs,
    }
}
