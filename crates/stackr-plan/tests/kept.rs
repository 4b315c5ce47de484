//! Plans of types without a cloud: nothing is asked, and what is recorded is what is seen.

#![expect(clippy::unwrap_used, reason = "the helpers of these tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use stackr_core::*;
use stackr_plan::*;
use stackr_utility::{
    random::{RandomPassword, RandomPet},
    terraform::Data,
    time::TimeOffset,
};

type Last = BTreeMap<Address, Object>;

fn registry() -> Registry {
    stackr_utility::register(Registry::default())
}

/// A plan, for which no question may be asked.
fn plan(stack: &Stack, last: &Last, known: &BTreeMap<String, String>) -> Result<Plan, Diagnostics> {
    let (registry, providers, outputs) = (registry(), stack.providers()?, BTreeMap::new());
    let (pending, unseal) = (BTreeSet::new(), |seal: &str, secret: &str| seal == format!("sealed-{secret}"));
    let seal = |secret: &str, _: &str| format!("sealed-{secret}");
    let mut planner = Planner::new(Request {
        declaration: Some(stack),
        registry: &registry,
        providers: &providers,
        last,
        deposed: &[],
        pending: &pending,
        last_outputs: &outputs,
        options: Options::default(),
        unseal: &unseal,
        known,
        seal: &seal,
    })?;
    match planner.next()? {
        Next::Done(plan) => Ok(*plan),
        Next::Ask(questions) => panic!("{questions:?}"),
    }
}

/// Makes what a plan creates, step by step, and records it.
fn make(stack: &Stack) -> Last {
    let registry = registry();
    let mut last = Last::new();
    loop {
        let plan = plan(stack, &last, &known(&last)).unwrap();
        let ready = plan.program.steps.iter().find_map(|step| match &step.verb {
            Verb::Create { want, declared, .. } if want_known(&registry, &step.address, want) => {
                Some((step.address.clone(), want.clone(), declared.clone()))
            }
            _ => None,
        });
        let Some((address, args, target)) = ready else { return last };
        let resource = registry.resource(address.ty()).unwrap();
        let moment = Moment { seed: [u8::try_from(last.len()).unwrap(); 32], now: Duration::from_secs(1) };
        let made = resource.kept().unwrap().make(&without_unknown(&args), &moment).unwrap();
        let (declared, args) = (without_unknown(&args), without_unknown(&args));
        let want = Want { declared, args: args.clone(), terms: Terms::default() };
        let seal = |secret: &str| format!("sealed-{secret}");
        let (args, outputs) = recorded(resource.schema(), &want, &made.seen, &seal);
        let object = Object {
            ty: address.ty().to_owned(),
            id: made.id,
            uid: "u".to_owned(),
            origin: Origin::default(),
            depends_on: target.depends_on,
            prevent_destroy: false,
            create_before_destroy: false,
            schema: 1,
            tainted: false,
            timeouts: BTreeMap::default(),
            args,
            outputs,
        };
        last.insert(address, object);
    }
}

/// The texts of everything that is sealed, as the run that made it knows them.
fn known(last: &Last) -> BTreeMap<String, String> {
    let outputs = last.values().flat_map(|object| object.outputs.values());
    let seals = outputs.filter_map(|json| Some(sealed::parts(json)?.0.to_owned()));
    seals.map(|seal| (seal.clone(), seal.trim_start_matches("sealed-").to_owned())).collect()
}

/// Whether all but what the type decides is known.
fn want_known(registry: &Registry, address: &Address, want: &Value) -> bool {
    let fields = registry.resource(address.ty()).unwrap().schema().args.fields;
    let open = |field: &Field| field.presence == Presence::Computed;
    fields.iter().all(|field| open(field) || want.get(field.name).is_some_and(Value::is_wholly_known))
}

fn without_unknown(args: &Value) -> Value {
    let fields = args.attributes().unwrap().iter();
    Value::object(fields.map(|(k, v)| (k.clone(), if v.is_unknown() { Value::Null } else { v.clone() })))
}

fn changes(plan: &Plan) -> Vec<String> {
    let changed = plan.changes.iter().filter(|change| change.action != Action::Keep);
    changed.map(|change| format!("{} {:?}", change.address, change.action)).collect()
}

fn pets(keeper: &str) -> Stack {
    let mut stack = Stack::new("base");
    let keepers = BTreeMap::from([("k".to_owned(), Some(keeper.to_owned()))]);
    let pet = stack.keep("p", RandomPet::args().keepers(keepers));
    stack.keep("d", Data::args().triggers_replace(pet.arg::<Value>("id")));
    stack.keep("other", RandomPet::args());
    stack
}

#[test]
fn what_was_made_stays_and_a_keeper_makes_another_with_what_depends_on_it() {
    let last = make(&pets("one"));
    assert_eq!(last.len(), 3);
    let none = BTreeMap::new();
    assert_eq!(changes(&plan(&pets("one"), &last, &none).unwrap()), Vec::<String>::new());
    let replaced = plan(&pets("two"), &last, &none).unwrap();
    let expected =
        ["random_pet.p Replace { create_first: false }", "terraform_data.d Replace { create_first: false }"];
    assert_eq!(changes(&replaced), expected);
    assert_eq!(
        replaced.program.to_string(),
        "s1   delete  terraform_data.d\ns2   delete  random_pet.p    after s1.ready\n\
         s3   create  random_pet.p    after s2.ready\n\
         s4   create  terraform_data.d    after s1.ready, s3.ready\n"
    );
}

#[test]
fn a_value_of_any_type_comes_back_with_its_type_and_another_type_is_a_change() {
    let stack = |input: Value| {
        let mut stack = Stack::new("base");
        stack.keep("d", Data::args().input(input));
        stack
    };
    let list = Value::List(vec!["a".into(), "b".into()]);
    for input in [
        list.clone(),
        Value::set(["a".into(), "b".into()]),
        Value::Tuple(vec!["1".into(), 1.into()]),
        Value::map([("k", Value::from(1))]),
        Value::object([("k", Value::from("1")), ("s", Value::from("x").sensitive())]),
        Value::object([("k", Value::from("1"))]).sensitive(),
        1.into(),
        Value::Null,
    ] {
        let last = make(&stack(input.clone()));
        let again = plan(&stack(input.clone()), &last, &BTreeMap::new()).unwrap();
        assert_eq!(changes(&again), Vec::<String>::new(), "{input:?}");
        let value = again.values.get(&Address::root("terraform_data", "d")).unwrap();
        assert_eq!(value.get("output"), Some(&input));
        if input != list {
            let other = plan(&stack(list.clone()), &last, &BTreeMap::new()).unwrap();
            assert_eq!(changes(&other), ["terraform_data.d Update"], "{input:?}");
            let value = other.values.get(&Address::root("terraform_data", "d")).unwrap();
            assert_eq!(value.get("output"), Some(&list));
        }
    }
}

#[test]
fn a_sealed_text_is_opaque_and_whoever_has_it_already_shows_no_difference() {
    let mut stack = Stack::new("base");
    let password = stack.keep("s", RandomPassword::args().length(8_i64));
    stack.keep("d", Data::args().input(password.arg::<Value>("result")));
    let last = make(&stack);
    let later = plan(&stack, &last, &BTreeMap::new()).unwrap();
    assert_eq!(changes(&later), Vec::<String>::new());
    let value = later.values.get(&Address::root("random_password", "s")).unwrap();
    assert!(matches!(value.get("result"), Some(Value::Sensitive(inner)) if inner.is_unknown()));
    // A new one that only passes it through need not know it; one that makes something of it must.
    stack.keep("e", Data::args().input(password.arg::<Value>("result")));
    assert!(plan(&stack, &last, &BTreeMap::new()).unwrap().warnings.is_empty());
    stack.keep("p", RandomPet::args().prefix(&password.result));
    let warned = plan(&stack, &last, &BTreeMap::new()).unwrap().warnings;
    assert_eq!(warned.len(), 1);
    assert!(warned[0].to_string().contains("--replace 'random_password.s'"), "{}", warned[0]);
    assert!(plan(&stack, &last, &known(&last)).unwrap().warnings.is_empty());
}

#[test]
fn a_change_in_place_is_foreseen_exactly() {
    let stack = |days: i64| {
        let mut stack = Stack::new("base");
        stack.keep("t", TimeOffset::args().offset_days(days));
        stack
    };
    let last = make(&stack(1));
    let changed = plan(&stack(2), &last, &BTreeMap::new()).unwrap();
    assert_eq!(changes(&changed), ["time_offset.t Update"]);
    let value = changed.values.get(&Address::root("time_offset", "t")).unwrap();
    assert_eq!(value.get("rfc3339").and_then(Value::as_str), Some("1970-01-03T00:00:01Z"));
}

#[test]
fn what_does_not_go_together_is_refused_and_what_was_left_half_made_is_made_anew() {
    let mut wrong = Stack::new("base");
    wrong.keep("p", RandomPet::args().length(0_i64));
    let refused = plan(&wrong, &Last::new(), &BTreeMap::new()).unwrap_err().to_string();
    assert_eq!(refused, "random_pet.p: wrong arguments: length must be from 1 to 255 words, not 0.");
    let mut last = make(&pets("one"));
    last.get_mut(&Address::root("random_pet", "other")).unwrap().outputs.clear();
    let again = plan(&pets("one"), &last, &BTreeMap::new()).unwrap();
    assert_eq!(changes(&again), ["random_pet.other Create"]);
}
