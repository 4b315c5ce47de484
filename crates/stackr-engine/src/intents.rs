//! Intents: what one write makes durable before a run's first call, so that whatever a create leaves behind can be
//! found again.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use serde_json::{Map, Value as Json};
use stackr_core::{Address, BlockKey, Declaration, Mode, Origin, SCHEMA_VERSION, Schema, Value};
use stackr_plan::{Program, StepId, Target, Verb, sealed_json};
use stackr_state::{Entry, Intent, State};

/// The intent of one create step.
#[derive(Clone, Debug)]
pub(crate) struct Intended {
    pub(crate) intent: Intent,
    /// The intent was open when the run began: something may be there.
    pub(crate) earlier: bool,
    /// What is intended instead, if nothing is there: the open intent was for other arguments.
    pub(crate) instead: Option<Intent>,
}

/// What a create step's intent needs beside the program.
pub(crate) struct Kind<'a> {
    pub(crate) schema: &'static Schema,
    pub(crate) origin: &'a Origin,
}

/// The intents of every create step. `kind` gives type and place of a step, `uid` a fresh uid.
pub(crate) fn intend<'a>(
    program: &Program,
    state: &State,
    kind: impl Fn(StepId) -> Option<Kind<'a>>,
    uid: &mut dyn FnMut() -> String,
) -> BTreeMap<StepId, Intended> {
    let mut intended = BTreeMap::new();
    for (number, step) in program.steps.iter().enumerate() {
        let (Verb::Create { declared, want, .. }, Some(kind)) = (&step.verb, kind(StepId(number))) else {
            continue;
        };
        let replaced = state.objects.get(&step.address).map(|object| object.uid.clone());
        let new = |uid: String| intent(&kind, declared, want, uid, replaced.clone());
        let open = state.intents.get(&step.address).filter(|open| open.id.is_none());
        let one = match open {
            None => Intended { intent: new(uid()), earlier: false, instead: None },
            Some(open) => {
                let again = new(open.uid.clone());
                let same = agrees(&again.args, &open.args) && again.origin == open.origin;
                let instead = if same { None } else { Some(new(uid())) };
                Intended { intent: open.clone(), earlier: true, instead }
            }
        };
        intended.insert(StepId(number), one);
    }
    intended
}

/// Whether two planned sets of arguments may be of the same object: what was not known in one of them, it may be.
fn agrees(one: &Map<String, Json>, other: &Map<String, Json>) -> bool {
    fn same(one: &Json, other: &Json) -> bool {
        match (one, other) {
            (Json::Null, _) | (_, Json::Null) => true,
            (Json::Object(one), Json::Object(other)) => agrees(one, other),
            (Json::Array(one), Json::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
            }
            (one, other) => one == other,
        }
    }
    one.iter().all(|(name, value)| other.get(name).is_none_or(|there| same(value, there)))
}

fn intent(kind: &Kind<'_>, target: &Target, want: &Value, uid: String, replaces: Option<String>) -> Intent {
    let args = sealed_args(kind.schema, want, &uid);
    Intent {
        ty: kind.schema.ty.to_owned(),
        origin: kind.origin.clone(),
        schema: SCHEMA_VERSION,
        args,
        depends_on: recorded_dependencies(target),
        prevent_destroy: target.prevent_destroy,
        create_before_destroy: target.create_before_destroy,
        replaces: replaces.filter(|old| *old != uid),
        id: None,
        since: None,
        uid,
    }
}

/// Arguments as an intent records them: secrets sealed, unknown parts `null`.
pub(crate) fn sealed_args(schema: &Schema, args: &Value, uid: &str) -> Map<String, Json> {
    let seal = |secret: &str| stackr_state::seal(secret, uid);
    let null = Value::Null;
    let sealed = schema.args.fields.iter().map(|field| {
        let value = args.get(field.name).unwrap_or(&null);
        (field.name.to_owned(), sealed_json(value, field.secret, &seal))
    });
    sealed.collect()
}

/// What is recorded of what an object depends on: objects only, for data is not removed.
pub(crate) fn recorded_dependencies(target: &Target) -> Vec<Address> {
    target.depends_on.iter().filter(|address| address.block.mode == Mode::Managed).cloned().collect()
}

/// Intents whose object is known already, closed: the object stands as it was planned, and the next plan compares.
pub(crate) fn closed(state: &State) -> Vec<Entry> {
    let known = state.intents.iter().filter(|(_, open)| open.id.is_some());
    let closed = known.map(|(address, open)| match state.objects.get(address) {
        Some(object) if object.uid == open.uid => {
            Entry::Done { address: address.clone(), object: Box::new(object.clone()) }
        }
        _ => Entry::Retired { address: address.clone(), uid: open.uid.clone() },
    });
    closed.collect()
}

/// Retires open intents that nothing can come of: those of `unstarted` steps, and, after a run that did everything,
/// those of addresses that are no longer declared.
pub(crate) fn retired(
    state: &State,
    unstarted: &[&Intended],
    declaration: Option<&dyn Declaration>,
    all_done: bool,
) -> Vec<Entry> {
    let new: HashSet<&str> = unstarted.iter().filter(|i| !i.earlier).map(|i| &*i.intent.uid).collect();
    let never_called = |open: &Intent| new.contains(&*open.uid);
    let declared = declared(declaration);
    let dropped = |address: &Address| all_done && !is_declared(&declared, address);
    let ended =
        state.intents.iter().filter(|(a, open)| open.id.is_none() && (never_called(open) || dropped(a)));
    ended.map(|(a, open)| Entry::Retired { address: a.clone(), uid: open.uid.clone() }).collect()
}

/// The modules in which each block is declared.
fn declared(declaration: Option<&dyn Declaration>) -> HashMap<&BlockKey, Vec<&[String]>> {
    let mut modules: HashMap<_, Vec<_>> = HashMap::new();
    for block in declaration.into_iter().flat_map(Declaration::blocks) {
        modules.entry(&block.key).or_default().push(&*block.module);
    }
    modules
}

fn is_declared(declared: &HashMap<&BlockKey, Vec<&[String]>>, address: &Address) -> bool {
    let modules = declared.get(&address.block).into_iter().flatten();
    modules.into_iter().any(|module| address.module.0.iter().map(|step| &step.name).eq(*module))
}

/// How long something of an earlier run is still looked for, by that run's last sign of life.
pub(crate) fn patience_left(
    patience: Duration,
    last_sign: Option<jiff::Timestamp>,
    now: jiff::Timestamp,
) -> Duration {
    let since = last_sign.map_or(Duration::ZERO, |last| {
        Duration::try_from(now.duration_since(last)).unwrap_or(Duration::ZERO)
    });
    patience.saturating_sub(since)
}
