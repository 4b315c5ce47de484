//! Plans of small stacks of made-up types: what happens, why, and in which order.

#![expect(clippy::unwrap_used, reason = "the helpers of these tests")]

use std::collections::{BTreeMap, BTreeSet};

use stackr_core::*;
use stackr_plan::*;

/// Makes a resource type whose verbs are never called: planning is pure.
macro_rules! pretend {
    ($name:ident, $args:ident, $outputs:ident, $ty:literal, $after:expr) => {
        pretend!($name, $args, $outputs, $ty, $after, &[]);
    };
    ($name:ident, $args:ident, $outputs:ident, $ty:literal, $after:expr, $within:expr) => {
        pretend!($name, $args, $outputs, $ty, $after, $within, &[]);
    };
    ($name:ident, $args:ident, $outputs:ident, $ty:literal, $after:expr, $within:expr, $protection:expr) => {
        struct $name;
        impl Resource for $name {
            const TYPE: &'static str = $ty;
            const WAITS: Waits = Waits::INSTANT;
            const AFTER: &'static [After] = $after;
            const WITHIN: &'static [&'static str] = $within;
            const PROTECTION: &'static [&'static str] = $protection;
            type Cloud = ();
            type Args = $args;
            type Outputs = $outputs;
            async fn create(_: &(), _: Create<'_, $args>) -> Result<Created<Self>> {
                Err(CloudError::bug("not called"))
            }
            async fn read(_: &(), _: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
                Err(CloudError::bug("not called"))
            }
            async fn update(_: &(), _: Update<'_, Self>) -> Result<()> {
                Err(CloudError::bug("not called"))
            }
            async fn delete(_: &(), _: Delete<'_, Self>) -> Result<()> {
                Err(CloudError::bug("not called"))
            }
        }
    };
}

/// A network.
#[derive(Clone, Debug, Args)]
struct NetArgs {
    /// Its range.
    #[arg(replace)]
    cidr: Cidr,
    /// Its note.
    #[arg(default = "")]
    note: String,
    /// Tags.
    tags: Tags,
}
#[derive(Clone, Debug, Outputs)]
struct NetOutputs {
    /// Its id.
    id: String,
    /// All tags.
    tags_all: Tags,
}
pretend!(Net, NetArgs, NetOutputs, "net", &[]);

/// A host in a network.
#[derive(Clone, Debug, Args)]
struct HostArgs {
    /// Its network.
    #[arg(replace)]
    net: String,
    /// Accepted while the network is pending.
    #[arg(early)]
    early: Option<String>,
    /// Its size.
    #[arg(default = 1)]
    size: i64,
    /// Its password.
    #[arg(secret, unread)]
    password: Option<String>,
    /// Its disk.
    #[arg(lasting)]
    disk: Option<String>,
}
#[derive(Clone, Debug, Outputs)]
struct HostOutputs {
    /// Its id.
    id: String,
}
pretend!(Host, HostArgs, HostOutputs, "host", &[After::all("gate")]);

/// A gate of a network.
#[derive(Clone, Debug, Args)]
struct GateArgs {
    /// Its network.
    net: String,
    /// Its site.
    #[arg(replace)]
    site: Option<String>,
    /// Whether it may not be deleted.
    #[arg(default = false)]
    locked: bool,
}
#[derive(Clone, Debug, Outputs)]
struct GateOutputs {
    /// Its id.
    id: String,
}
pretend!(Gate, GateArgs, GateOutputs, "gate", &[], &[], &["locked"]);

/// A rule of a network, which goes with it.
#[derive(Clone, Debug, Args)]
struct RuleArgs {
    /// Its network.
    #[arg(replace)]
    net: String,
    /// Another network that it speaks of.
    other: Option<String>,
}
#[derive(Clone, Debug, Outputs)]
struct RuleOutputs {
    /// Its id.
    id: String,
}
pretend!(Rule, RuleArgs, RuleOutputs, "rule", &[], &["net"]);

/// What can be looked up about something by its name.
#[derive(Clone, Debug, Args)]
struct FactArgs {
    /// What it is about.
    about: String,
}
#[derive(Clone, Debug, Outputs)]
struct FactOutputs {
    /// What is known.
    fact: String,
}
struct Fact;
impl Lookup for Fact {
    const TYPE: &'static str = "fact";
    type Cloud = ();
    type Args = FactArgs;
    type Outputs = FactOutputs;
    async fn read(_: &(), _: &FactArgs) -> Result<FactOutputs> {
        Err(CloudError::bug("not called"))
    }
}

fn registry() -> Registry {
    let registry = Registry::default().with::<Net>().with::<Host>().with::<Gate>();
    registry.with::<Rule>().with_lookup::<Fact>()
}

fn base() -> Stack {
    let mut stack = Stack::new("base");
    let net = stack.add("a", Net::args().cidr("10.0.0.0/8"));
    stack.add("b", Host::args().net(&net.id));
    stack
}

type Last = BTreeMap<Address, Object>;

/// Plans with everything recorded seen as recorded, changed by `drift`.
fn plan(
    stack: &Stack,
    last: &Last,
    options: Options,
    drift: impl Fn(&Address, AnySeen) -> Option<AnySeen>,
) -> Plan {
    let registry = registry();
    let providers = stack.providers().unwrap();
    let (outputs, known) = (BTreeMap::new(), BTreeMap::new());
    let unseal = |seal: &str, secret: &str| seal == format!("sealed-{secret}");
    let pending = BTreeSet::new();
    let seal = |secret: &str, _: &str| format!("sealed-{secret}");
    let mut planner = Planner::new(Request {
        declaration: Some(stack),
        registry: &registry,
        providers: &providers,
        last,
        deposed: &[],
        pending: &pending,
        last_outputs: &outputs,
        options,
        unseal: &unseal,
        known: &known,
        seal: &seal,
    })
    .unwrap();
    loop {
        match planner.next().unwrap() {
            Next::Done(plan) => return *plan,
            Next::Ask(questions) => {
                let answers = questions.into_iter().map(|question| match question {
                    Question::Read { address, deposed, .. } => {
                        let object = &last[&address];
                        let (args, outputs) = (object.args_value(), object.outputs_value());
                        let seen = drift(&address, AnySeen { args, outputs, status: Status::Ready });
                        Answer::Seen { address, deposed, seen }
                    }
                    Question::Look { address, .. } => {
                        let value = Value::object([("fact", Value::from("read while planning"))]);
                        Answer::Found { address, value }
                    }
                    Question::Import { .. } => unreachable!("no imports"),
                });
                planner.answer(answers.collect());
            }
        }
    }
}

fn plain(stack: &Stack, last: &Last) -> Plan {
    plan(stack, last, Options::default(), |_, seen| Some(seen))
}

/// What would be recorded after an apply of this stack.
fn applied(stack: &Stack) -> Last {
    let registry = registry();
    let plan = plain(stack, &Last::new());
    let mut last = Last::new();
    for step in &plan.program.steps {
        let Verb::Create { declared, want, .. } = &step.verb else { continue };
        let schema = registry.resource(step.address.ty()).unwrap().schema();
        let known = |value: &Value, name: &str| -> Value {
            match value.peel() {
                Value::Unknown(_) => Value::from(format!("{name}-of-{}", step.address)),
                other => other.clone(),
            }
        };
        let refs: BTreeMap<String, Value> = want
            .attributes()
            .unwrap()
            .iter()
            .map(|(k, v)| match v.peel() {
                // Every unknown argument here is the id of the one network or gate.
                Value::Unknown(_) => (k.clone(), Value::from("id-of-net.a")),
                other => (k.clone(), other.clone()),
            })
            .collect();
        let outputs = schema.outputs.fields.iter().map(|f| match f.name {
            "tags_all" => (f.name, refs["tags"].clone()),
            name => (name, known(&Value::UNKNOWN, name)),
        });
        let seen = AnySeen {
            args: Value::Object(refs.clone()),
            outputs: Value::object(outputs),
            status: Status::Ready,
        };
        let mut as_written = refs.clone();
        let after = &plan.changes.iter().find(|c| c.address == step.address).unwrap().after;
        as_written.extend(after.get("tags").map(|tags| ("tags".to_owned(), tags.clone())));
        let want =
            Want { declared: Value::Object(as_written), args: Value::Object(refs), terms: Terms::default() };
        let (args, outputs) = recorded(schema, &want, &seen, &|secret| format!("sealed-{secret}"));
        last.insert(
            step.address.clone(),
            Object {
                ty: step.address.ty().to_owned(),
                id: format!("id-of-{}", step.address),
                uid: format!("uid-{}", step.address),
                origin: Origin::default(),
                depends_on: declared.depends_on.clone(),
                prevent_destroy: declared.prevent_destroy,
                create_before_destroy: declared.create_before_destroy,
                timeouts: BTreeMap::new(),
                schema: 0,
                tainted: false,
                args,
                outputs,
            },
        );
    }
    last
}

fn check(plan: &Plan, expect: &str) {
    let expect: Vec<_> = expect.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let shown = plan.program.to_string();
    let shown: Vec<_> = shown.lines().map(str::trim).collect();
    assert_eq!(shown, expect, "\n{}", plan.program);
}

#[test]
fn what_is_new_is_made_after_what_it_refers_to() {
    check(
        &plain(&base(), &Last::new()),
        "s1   create  net.a
         s2   create  host.b    after s1.ready",
    );
}

#[test]
fn a_second_plan_is_empty() {
    let stack = base();
    let plan = plain(&stack, &applied(&stack));
    check(&plan, "");
    assert!(plan.is_empty());
}

#[test]
fn an_argument_accepted_early_waits_for_the_id_only() {
    let mut stack = Stack::new("base");
    let net = stack.add("a", Net::args().cidr("10.0.0.0/8"));
    stack.add("b", Host::args().net("x").early(&net.id));
    check(
        &plain(&stack, &Last::new()),
        "s1   create  net.a
         s2   create  host.b    after s1.id",
    );
}

#[test]
fn an_ordering_that_no_value_carries_is_kept_unless_it_makes_a_cycle() {
    let mut stack = base();
    let net: Handle<NetOutputs> = stack.add("c", Net::args().cidr("10.0.0.0/8"));
    stack.add("g", Gate::args().net(&net.id));
    check(
        &plain(&stack, &Last::new()),
        "s1   create  net.a
         s2   create  net.c
         s3   create  gate.g    after s2.ready
         s4   create  host.b    after s1.ready, s3.ready",
    );
    // Here the gate stands on the host.
    let mut stack = Stack::new("base");
    let host = stack.add("b", Host::args().net("x"));
    stack.add("g", Gate::args().net(&host.id));
    check(
        &plain(&stack, &Last::new()),
        "s1   create  host.b
         s2   create  gate.g    after s1.ready",
    );
}

#[test]
fn a_change_that_forces_replacement_removes_dependents_first() {
    let last = applied(&base());
    let mut stack = Stack::new("base");
    let net = stack.add("a", Net::args().cidr("10.1.0.0/16"));
    stack.add("b", Host::args().net(&net.id));
    let plan = plain(&stack, &last);
    check(
        &plan,
        "s1   delete  host.b
         s2   delete  net.a    after s1.ready
         s3   create  net.a    after s2.ready
         s4   create  host.b    after s1.ready, s3.ready",
    );
    assert_eq!(plan.counts(), Counts { create: 2, delete: 2, ..Counts::default() });
}

#[test]
fn create_before_destroy_spreads_to_what_it_stands_on() {
    let stack = |cidr: &str| {
        let mut stack = Stack::new("base");
        let net = stack.add("a", Net::args().cidr(cidr));
        let host = stack.add("b", Host::args().net(&net.id));
        stack.lifecycle(&host, Lifecycle { create_before_destroy: true, ..Lifecycle::default() });
        stack
    };
    check(
        &plain(&stack("10.1.0.0/16"), &applied(&stack("10.0.0.0/8"))),
        "s1   create  net.a
         s2   create  host.b    after s1.ready
         s3   delete  host.b (old)    after s2.ready
         s4   delete  net.a (old)    after s1.ready, s3.ready",
    );
}

#[test]
fn what_is_no_longer_declared_is_removed_in_recorded_order() {
    check(
        &plain(&Stack::new("base"), &applied(&base())),
        "s1   delete  host.b
         s2   delete  net.a    after s1.ready",
    );
}

#[test]
fn what_vanished_is_made_again_and_what_is_gone_is_forgotten() {
    let last = applied(&base());
    let gone = |address: &Address, seen| (address.ty() != "host").then_some(seen);
    check(
        &plan(&base(), &last, Options::default(), gone),
        "s1   forget  host.b
         s2   create  host.b    after s1.ready",
    );
    check(
        &plan(&Stack::new("base"), &last, Options::default(), gone),
        "s1   forget  host.b
         s2   delete  net.a    after s1.ready",
    );
}

#[test]
fn an_update_names_the_arguments_that_differ() {
    let last = applied(&base());
    let mut stack = Stack::new("base");
    let net = stack.add("a", Net::args().cidr("10.0.0.5/8").note("new"));
    stack.add("b", Host::args().net(&net.id).size(1));
    let plan = plain(&stack, &last);
    check(&plan, "s1   update  net.a");
    let fields = &plan.changes.iter().find(|c| c.action == Action::Update).unwrap().fields;
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["note"]);
}

#[test]
fn data_that_names_an_object_is_read_after_the_object_changed() {
    let stack = |note: &str| {
        let mut stack = Stack::new("base");
        let net = stack.add("a", Net::args().cidr("10.0.0.5/8").note(note));
        stack.look_up("f", Fact::query().about(&net.id));
        stack
    };
    let last = applied(&stack("old"));
    check(&plain(&stack("old"), &last), "");
    check(
        &plain(&stack("new"), &last),
        "s1   update  net.a
         s2   read    data.fact.f    after s1.ready",
    );
}

#[test]
fn drift_is_an_update_back_unless_it_is_ignored() {
    let last = applied(&base());
    let drift = |address: &Address, mut seen: AnySeen| {
        if let (Value::Object(args), "net") = (&mut seen.args, address.ty()) {
            args.insert("note".into(), "by hand".into());
        }
        Some(seen)
    };
    check(&plan(&base(), &last, Options::default(), drift), "s1   update  net.a");
    let mut stack = Stack::new("base");
    let net = stack.add("a", Net::args().cidr("10.0.0.0/8"));
    stack.add("b", Host::args().net(&net.id));
    let ignore = Ignore::These(vec![Path::name("note")]);
    stack.lifecycle(&net, Lifecycle { ignore_changes: ignore, ..Lifecycle::default() });
    assert!(plan(&stack, &last, Options::default(), drift).is_empty());
}

#[test]
fn a_secret_is_compared_with_its_seal() {
    let stack = |password: &str| {
        let mut stack = Stack::new("base");
        stack.add("b", Host::args().net("x").password(password));
        stack
    };
    let last = applied(&stack("hunter2"));
    assert!(!format!("{last:?}").contains("\"hunter2\""));
    assert!(plain(&stack("hunter2"), &last).is_empty());
    let changed = plain(&stack("other"), &last);
    check(&changed, "s1   update  host.b");
    assert!(changed.changes[0].fields["password"].new.has_sensitive());
}

#[test]
fn prevent_destroy_refuses_a_removal_and_a_replacement() {
    let stack = |cidr: &str| {
        let mut stack = Stack::new("base");
        let net = stack.add("a", Net::args().cidr(cidr));
        stack.lifecycle(&net, Lifecycle { prevent_destroy: true, ..Lifecycle::default() });
        stack
    };
    let last = applied(&stack("10.0.0.0/8"));
    assert!(plain(&stack("10.0.0.0/8"), &last).refusals.is_empty());
    assert_eq!(plain(&stack("10.1.0.0/16"), &last).refusals.len(), 1);
    assert_eq!(plain(&Stack::new("base"), &last).refusals.len(), 1);
    let destroy = Options { destroy: true, ..Options::default() };
    assert_eq!(plan(&stack("10.0.0.0/8"), &last, destroy, |_, s| Some(s)).refusals.len(), 1);
}

#[test]
fn what_aws_would_refuse_to_delete_is_not_planned_to_be_deleted() {
    let stack = |site: &str, locked: bool| {
        let mut stack = Stack::new("base");
        stack.add("a", Gate::args().net("n").site(site).locked(locked));
        stack
    };
    let last = applied(&stack("x", true));
    let refused = |stack: &Stack, seen: fn(AnySeen) -> Option<AnySeen>| {
        let planned = plan(stack, &last, Options::default(), |_, s| seen(s));
        planned.refusals.iter().map(|r| r.0.detail.clone()).collect::<Vec<_>>()
    };
    assert!(refused(&stack("x", true), Some).is_empty());
    assert!(refused(&stack("x", false), Some).is_empty(), "an update takes the protection away");
    let removed = refused(&Stack::new("base"), Some);
    assert!(
        removed[0].contains("deletion protection (`locked = true`), and the plan removes it"),
        "{removed:?}"
    );
    assert!(removed[0].contains("set `locked = false`, apply"), "{removed:?}");
    let replaced = refused(&stack("y", false), Some);
    assert!(replaced[0].contains("a change of site needs another object"), "{replaced:?}");
    // It is what AWS has that counts.
    let opened = |mut seen: AnySeen| {
        let mut args = seen.args.attributes()?.clone();
        args.insert("locked".to_owned(), false.into());
        seen.args = Value::Object(args);
        Some(seen)
    };
    assert!(refused(&Stack::new("base"), opened).is_empty());
    assert!(refused(&Stack::new("base"), |_| None).is_empty(), "it is gone");
}

#[test]
fn targets_and_excludes_leave_the_rest_alone() {
    let mut stack = base();
    stack.add("other", Net::args().cidr("10.2.0.0/16"));
    let target = Options { targets: vec!["host.b".into()], ..Options::default() };
    check(
        &plan(&stack, &Last::new(), target, |_, s| Some(s)),
        "s1   create  net.a
         s2   create  host.b    after s1.ready",
    );
    let exclude = Options { excludes: vec!["net.a".into()], ..Options::default() };
    check(&plan(&stack, &Last::new(), exclude, |_, s| Some(s)), "s1   create  net.other");
    let last = applied(&stack);
    let destroy = Options { destroy: true, targets: vec!["net.a".into()], ..Options::default() };
    check(
        &plan(&stack, &last, destroy, |_, s| Some(s)),
        "s1   delete  host.b
         s2   delete  net.a    after s1.ready",
    );
}

#[test]
fn what_goes_with_another_object_is_not_deleted_by_itself() {
    let destroy = || Options { destroy: true, ..Options::default() };
    let stack = |both: bool, net: &str| {
        let mut stack = Stack::new("base");
        let a = stack.add("a", Net::args().cidr(net));
        let b = stack.add("b", Net::args().cidr("10.1.0.0/16"));
        stack.add("one", Rule::args().net(&a.id).other(&b.id));
        if both {
            stack.add("two", Rule::args().net(&b.id).other(&a.id));
        }
        stack
    };
    let last = applied(&stack(false, "10.0.0.0/16"));
    check(
        &plan(&stack(false, "10.0.0.0/16"), &last, destroy(), |_, s| Some(s)),
        "s1   delete  net.a
         s2   delete  rule.one with net.a    after s1.ready
         s3   delete  net.b    after s2.ready",
    );
    // Networks whose rules speak of each other: one of the rules has to go first.
    let mut last = applied(&stack(true, "10.0.0.0/16"));
    let two = last.get_mut(&"rule.two".parse().unwrap()).unwrap();
    two.args.insert("net".to_owned(), "id-of-net.b".into());
    check(
        &plan(&stack(true, "10.0.0.0/16"), &last, destroy(), |_, s| Some(s)),
        "s1   delete  rule.two
         s2   delete  net.a    after s1.ready
         s3   delete  rule.one with net.a    after s2.ready
         s4   delete  net.b    after s1.ready, s3.ready",
    );
    // Alone, or where another takes its place.
    let mut alone = Stack::new("base");
    alone.add("a", Net::args().cidr("10.0.0.0/16"));
    alone.add("b", Net::args().cidr("10.1.0.0/16"));
    check(&plain(&alone, &applied(&stack(false, "10.0.0.0/16"))), "s1   delete  rule.one");
    check(
        &plain(&stack(false, "10.9.0.0/16"), &applied(&stack(false, "10.0.0.0/16"))),
        "s1   delete  rule.one
         s2   delete  net.a    after s1.ready
         s3   create  net.a    after s2.ready
         s4   create  rule.one    after s1.ready, s3.ready",
    );
}

#[test]
fn what_can_be_changed_and_not_added_replaces_only_when_it_comes_or_goes() {
    let stack = |disk: Option<&str>| {
        let mut stack = Stack::new("base");
        let host = Host::args().net("n");
        stack.add("b", disk.map_or(host.clone(), |disk| host.disk(disk)));
        stack
    };
    let last = applied(&stack(Some("small")));
    check(&plain(&stack(Some("large")), &last), "s1   update  host.b");
    let forced = plain(&stack(None), &last);
    assert_eq!(forced.changes[0].reasons, [Reason::Forced(vec!["disk".to_owned()])]);
    let forced = plain(&stack(Some("small")), &applied(&stack(None)));
    assert_eq!(forced.changes[0].reasons, [Reason::Forced(vec!["disk".to_owned()])]);
}

#[test]
fn outputs_stay_as_long_as_something_does() {
    let stack = base();
    let last = applied(&stack);
    let registry = registry();
    let providers = BTreeMap::new();
    let outputs = BTreeMap::from([("net".to_owned(), (Value::from("id-of-net.a"), false))]);
    let removed = |targets: &[&str]| {
        let targets = targets.iter().map(|&t| t.to_owned()).collect();
        let (pending, known) = (BTreeSet::new(), BTreeMap::new());
        let mut planner = Planner::new(Request {
            declaration: Some(&stack),
            registry: &registry,
            providers: &providers,
            last: &last,
            deposed: &[],
            pending: &pending,
            last_outputs: &outputs,
            options: Options { destroy: true, refresh: false, targets, ..Options::default() },
            unseal: &|_, _| false,
            known: &known,
            seal: &|secret, _| secret.to_owned(),
        })
        .unwrap();
        let Next::Done(plan) = planner.next().unwrap() else { unreachable!("nothing is read") };
        plan.outputs.len()
    };
    assert_eq!(removed(&["host.b"]), 0);
    assert_eq!(removed(&[]), 1);
}

#[test]
fn default_tags_are_merged_and_told_apart() {
    let stack = |extra: &str| {
        let mut stack = Stack::new("base");
        let default_tags = BTreeMap::from([("Env".to_owned(), "dev".to_owned()), ("X".into(), extra.into())]);
        stack.provider(ProviderConfig { default_tags, ..ProviderConfig::default() });
        stack.add("a", Net::args().cidr("10.0.0.0/8").tags([("Name", "a"), ("Env", "own")]));
        stack
    };
    let made = plain(&stack("1"), &Last::new());
    let after = &made.changes[0].after;
    assert_eq!(after.get("tags").unwrap().attributes().unwrap().len(), 2);
    assert_eq!(after.get("tags_all").unwrap().get("Env"), Some(&"own".into()));
    let plan = plain(&stack("2"), &applied(&stack("1")));
    check(&plan, "s1   update  net.a");
    assert_eq!(plan.changes[0].fields.keys().collect::<Vec<_>>(), ["tags_all"]);
}

#[test]
fn a_tag_that_came_from_elsewhere_is_taken_off_and_default_tags_are_nobodys_own() {
    let mut stack = Stack::new("base");
    let default_tags = BTreeMap::from([("Env".to_owned(), "dev".to_owned())]);
    stack.provider(ProviderConfig { default_tags, ..ProviderConfig::default() });
    stack.add("a", Net::args().cidr("10.0.0.0/8"));
    let last = applied(&stack);
    let before = &plain(&stack, &last).changes[0].before;
    assert_eq!(before.get("tags"), Some(&Value::Null));
    let plan = plan(&stack, &last, Options::default(), |_, mut seen| {
        let Value::Object(args) = &mut seen.args else { unreachable!() };
        let tags = Value::map([("Env", "dev".into()), ("Stray", "x".into())]);
        args.insert("tags".to_owned(), tags);
        Some(seen)
    });
    let fields = &plan.changes[0].fields;
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["tags", "tags_all"]);
    assert_eq!(fields["tags"].old, Value::map([("Stray", "x".into())]));
}

#[test]
fn a_cycle_is_told_by_its_path() {
    // A stack in Rust cannot refer forwards, so the cycle is made by an ordering.
    let mut stack = base();
    let net: Handle<NetOutputs> = stack.add("c", Net::args().cidr("10.0.0.0/8"));
    let host = stack.add("d", Host::args().net(&net.id));
    stack.after(&net, &host);
    let (registry, last, outputs) = (registry(), Last::new(), BTreeMap::new());
    let providers = stack.providers().unwrap();
    let request = Request {
        declaration: Some(&stack),
        registry: &registry,
        providers: &providers,
        last: &last,
        deposed: &[],
        pending: &BTreeSet::new(),
        last_outputs: &outputs,
        options: Options::default(),
        unseal: &|_, _| false,
        known: &BTreeMap::new(),
        seal: &|secret, _| secret.to_owned(),
    };
    let Err(problems) = Planner::new(request) else { panic!("a cycle") };
    assert_eq!(
        problems.to_string(),
        "dependency cycle: each refers to the next: net.c → host.d → net.c. Remove one of the references."
    );
}

#[test]
fn tags_that_the_provider_ignores_are_neither_compared_nor_touched() {
    let stack = |note: &str| {
        let mut stack = Stack::new("base");
        stack.provider(ProviderConfig {
            ignore_tag_keys: vec!["Owner".to_owned()],
            ignore_tag_prefixes: vec!["cost:".to_owned()],
            ..ProviderConfig::default()
        });
        let tags = [("Name", "n")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        stack.add("a", Net::args().cidr("10.0.0.0/8").note(note).tags(BTreeMap::from(tags)));
        stack
    };
    let last = applied(&stack("x"));
    let others = |_: &Address, mut seen: AnySeen| {
        let tags = [("Name", "n"), ("Owner", "me"), ("cost:centre", "7")].map(|(k, v)| (k, Value::from(v)));
        if let Value::Object(args) = &mut seen.args {
            args.insert("tags".to_owned(), Value::map(tags));
        }
        Some(seen)
    };
    check(&plan(&stack("x"), &last, Options::default(), others), "");
    let changed = plan(&stack("y"), &last, Options::default(), others);
    let Verb::Update { want, .. } = &changed.program.steps[0].verb else { panic!("an update") };
    assert_eq!(want.get("tags").and_then(Value::attributes).map(BTreeMap::len), Some(3));
}

/// Three networks with a host each, and outputs of some.
fn nets() -> Stack {
    let mut stack = Stack::new("nets");
    for i in 0..3 {
        let net = stack.add(("n", i), Net::args().cidr(format!("10.{i}.0.0/16")));
        let host = stack.add(("h", i), Host::args().net(&net.id));
        stack.output(format!("host_{i}"), &host.id);
    }
    stack
}

#[test]
fn a_target_with_a_key_takes_that_instance_and_the_instances_it_needs() {
    let stack = nets();
    let target = |targets: &[&str]| Options {
        targets: targets.iter().map(ToString::to_string).collect(),
        ..Options::default()
    };
    let planned = plan(&stack, &Last::new(), target(&["host.h[1]"]), |_, s| Some(s));
    check(
        &planned,
        "s1   create  net.n[1]
         s2   create  host.h[1]    after s1.ready",
    );
    // What is not made has no output, and none is announced.
    let outputs: Vec<_> = planned.outputs.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(outputs, ["host_1"]);
    let two = plan(&stack, &Last::new(), target(&["net.n[0]", "net.n[2]"]), |_, s| Some(s));
    check(
        &two,
        "s1   create  net.n[0]
         s2   create  net.n[2]",
    );
    assert!(two.outputs.is_empty(), "{:?}", two.outputs);
    let excluded = Options { excludes: vec!["host.h[0]".into()], ..Options::default() };
    let rest = plan(&stack, &Last::new(), excluded, |_, s| Some(s));
    let outputs: Vec<_> = rest.outputs.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(outputs, ["host_1", "host_2"]);
}

#[test]
fn a_target_that_no_instance_has_is_refused() {
    let (stack, registry) = (nets(), registry());
    let (providers, last, outputs) = (stack.providers().unwrap(), Last::new(), BTreeMap::new());
    let pending = BTreeSet::new();
    let known = BTreeMap::new();
    let planner = Planner::new(Request {
        declaration: Some(&stack),
        registry: &registry,
        providers: &providers,
        last: &last,
        deposed: &[],
        pending: &pending,
        last_outputs: &outputs,
        options: Options { targets: vec!["net.n[7]".into()], ..Options::default() },
        unseal: &|_, _| false,
        known: &known,
        seal: &|secret, _| secret.to_owned(),
    });
    let refused = planner.err().unwrap().to_string();
    assert!(refused.contains("`net.n[7]` selects nothing"), "{refused}");
}
