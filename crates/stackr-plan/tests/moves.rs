//! Moves, removals and imports of a small made-up type: which addresses recorded objects get, and what happens then.

#![expect(clippy::unwrap_used, reason = "the helpers of these tests")]

use std::collections::{BTreeMap, BTreeSet};

use stackr_core::*;
use stackr_plan::*;

/// A thing.
#[derive(Clone, Debug, Args)]
struct ThingArgs {
    /// Its colour.
    #[arg(replace)]
    colour: Option<String>,
    /// Its note.
    note: Option<String>,
    /// What AWS never says.
    #[arg(secret, unread)]
    password: Option<String>,
    /// Another thing's id.
    other: Option<String>,
}
#[derive(Clone, Debug, Outputs)]
struct ThingOutputs {
    /// Its id.
    id: String,
}
struct Thing;
impl Resource for Thing {
    const TYPE: &'static str = "t";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = ();
    type Args = ThingArgs;
    type Outputs = ThingOutputs;
    async fn create(_: &(), _: Create<'_, ThingArgs>) -> Result<Created<Self>> {
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

/// Blocks by their text: `module.m.t.a`, with `#` for `count` and `*` for `for_each`, and their instances.
#[derive(Default)]
struct Written {
    blocks: Vec<Declared>,
    instances: Vec<Vec<Address>>,
    moves: Vec<Move>,
    removals: Vec<Removal>,
    imports: Vec<Import>,
    args: BTreeMap<String, Value>,
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// `module.m` or an address.
fn endpoint(text: &str) -> Endpoint {
    text.parse().map_or_else(
        |_| Endpoint { module: address(&format!("{text}.x.y")).module, object: None },
        |address| Endpoint::object(&address),
    )
}

impl Written {
    fn with(mut self, addresses: &[&str]) -> Self {
        for text in addresses {
            let address = address(text);
            let names: Vec<_> = address.module.0.iter().map(|s| s.name.clone()).collect();
            let known = self.blocks.iter().position(|b| b.key == address.block && b.module == names);
            let index = known.unwrap_or_else(|| {
                self.blocks.push(Declared {
                    module: names,
                    key: address.block.clone(),
                    repeats: match &address.key {
                        None => Repeats::Once,
                        Some(Key::Index(_)) => Repeats::Count,
                        Some(Key::Name(_)) => Repeats::ForEach,
                    },
                    refs: Vec::new(),
                    provider: String::new(),
                    lifecycle: Lifecycle::default(),
                    span: None,
                    advisory: false,
                });
                self.instances.push(Vec::new());
                self.blocks.len() - 1
            });
            self.instances[index].push(address);
        }
        self
    }

    /// `from > to`, after `module:` for a block in a module.
    fn moved(mut self, moves: &[&str]) -> Self {
        for text in moves {
            let (within, rest) = text.split_once(": ").unwrap_or(("", text));
            let (from, to) = rest.split_once(" > ").unwrap();
            let within = within.split('.').filter(|w| !w.is_empty()).map(str::to_owned).collect();
            self.moves.push(Move { within, from: endpoint(from), to: endpoint(to), span: None });
        }
        self
    }

    fn removed(mut self, from: &str, destroy: bool) -> Self {
        self.removals.push(Removal { within: Vec::new(), from: endpoint(from), destroy, span: None });
        self
    }

    fn import(mut self, to: &str, id: &str) -> Self {
        self.imports.push(Import { to: address(to), id: id.to_owned(), span: None });
        self
    }

    fn args(mut self, at: &str, args: &[(&str, &str)]) -> Self {
        let args = args.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v)));
        self.args.insert(at.to_owned(), Value::object(args));
        self
    }
}

impl Declaration for Written {
    fn blocks(&self) -> &[Declared] {
        &self.blocks
    }
    fn expand(&self, block: usize, _: &dyn Env) -> std::result::Result<Expansion, Diagnostics> {
        Ok(Expansion::Known(self.instances[block].clone()))
    }
    fn evaluate(
        &self,
        _: usize,
        address: &Address,
        _: &dyn Env,
    ) -> std::result::Result<Arguments, Diagnostics> {
        let none = Value::object(Vec::<(String, Value)>::new());
        let value = self.args.get(&address.to_string()).cloned().unwrap_or(none);
        Ok(Arguments { value, spans: BTreeMap::new(), terms: Terms::default() })
    }
    fn outputs(&self, _: &dyn Env) -> std::result::Result<Vec<OutputValue>, Diagnostics> {
        Ok(Vec::new())
    }
    fn output_value(&self, _: &str, _: &dyn Env) -> std::result::Result<Option<OutputValue>, Diagnostics> {
        Ok(None)
    }
    fn providers(&self) -> std::result::Result<BTreeMap<ProviderKey, ProviderConfig>, Diagnostics> {
        Ok(BTreeMap::new())
    }
    fn moves(&self) -> &[Move] {
        &self.moves
    }
    fn removals(&self) -> &[Removal] {
        &self.removals
    }
    fn imports(&self, block: usize, _: &dyn Env) -> std::result::Result<Vec<Import>, Diagnostics> {
        let key = &self.blocks[block].key;
        Ok(self.imports.iter().filter(|i| i.to.block == *key).cloned().collect())
    }
}

fn object(id: &str, on: &[&str]) -> Object {
    let null = serde_json::Value::Null;
    let args = ["colour", "note", "password", "other"].map(|name| (name.to_owned(), null.clone()));
    Object {
        ty: "t".to_owned(),
        id: id.to_owned(),
        uid: format!("uid-{id}"),
        origin: Origin::default(),
        depends_on: on.iter().map(|a| address(a)).collect(),
        prevent_destroy: false,
        create_before_destroy: false,
        timeouts: BTreeMap::new(),
        schema: SCHEMA_VERSION,
        tainted: false,
        args: args.into_iter().collect(),
        outputs: [("id".to_owned(), id.into())].into_iter().collect(),
    }
}

/// What is recorded, on what, set aside, pending, and what AWS has beside.
#[derive(Default)]
struct Before {
    last: BTreeMap<Address, Object>,
    deposed: Vec<(Address, Object)>,
    pending: BTreeSet<Address>,
    there: BTreeMap<String, Value>,
    options: Options,
}

fn before(addresses: &[&str]) -> Before {
    let last = addresses.iter().map(|text| (address(text), object(text, &[]))).collect();
    Before { last, ..Before::default() }
}

impl Before {
    fn there(mut self, id: &str, args: &[(&str, &str)]) -> Self {
        let args = args.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v)));
        self.there.insert(id.to_owned(), Value::object(args));
        self
    }

    fn plan(&self, declared: &Written) -> std::result::Result<Plan, Diagnostics> {
        let registry = Registry::default().with::<Thing>();
        let providers = BTreeMap::from([(String::new(), ProviderConfig::default())]);
        let outputs = BTreeMap::new();
        let unseal = |seal: &str, secret: &str| seal == format!("sealed-{secret}");
        let seal = |secret: &str, _: &str| format!("sealed-{secret}");
        let known = BTreeMap::new();
        let mut planner = Planner::new(Request {
            declaration: Some(declared),
            registry: &registry,
            providers: &providers,
            last: &self.last,
            deposed: &self.deposed,
            pending: &self.pending,
            last_outputs: &outputs,
            options: self.options.clone(),
            unseal: &unseal,
            known: &known,
            seal: &seal,
        })?;
        loop {
            let questions = match planner.next()? {
                Next::Done(plan) => return Ok(*plan),
                Next::Ask(questions) => questions,
            };
            let answers = questions.into_iter().map(|question| match question {
                Question::Read { address, deposed, id, .. } => {
                    let object = object(&id, &[]);
                    let (args, outputs) = (object.args_value(), object.outputs_value());
                    let seen = Some(AnySeen { args, outputs, status: Status::Ready });
                    Answer::Seen { address, deposed, seen }
                }
                Question::Import { address, id, .. } => {
                    let seen = self.there.get(&id).map(|args| {
                        let outputs = Value::object([("id", id.as_str())].map(|(k, v)| (k, Value::from(v))));
                        AnySeen { args: args.clone(), outputs, status: Status::Ready }
                    });
                    let origin = Origin { region: "here".to_owned(), ..Origin::default() };
                    Answer::Candidate {
                        address,
                        candidate: Candidate { id, uid: "u".to_owned(), origin, seen, why: None },
                    }
                }
                Question::Look { .. } => unreachable!("no data"),
            });
            planner.answer(answers.collect());
        }
    }
}

/// What the plan does, one line per rename, adoption and change that is not quiet.
fn shown(plan: &Plan) -> Vec<String> {
    plan.program.to_string().lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[track_caller]
fn check(before: &Before, declared: &Written, expect: &[&str]) {
    let plan = before.plan(declared).unwrap_or_else(|d| panic!("{d}"));
    assert_eq!(shown(&plan), expect);
    assert_eq!(plan.is_empty(), expect.is_empty());
}

#[track_caller]
fn refused(before: &Before, declared: &Written, expect: &str) {
    let found = before.plan(declared).map(|plan| shown(&plan)).unwrap_err();
    assert_eq!(found.to_string(), expect);
}

#[test]
fn what_is_recorded_follows_its_moves() {
    let table: &[[&[&str]; 4]] = &[
        [&["t.a"], &["t.b"], &["t.a > t.b"], &["move t.a to t.b"]],
        [
            &["t.a[0]", "t.a[1]"],
            &["t.b[0]", "t.b[1]"],
            &["t.a > t.b"],
            &["move t.a[0] to t.b[0]", "move t.a[1] to t.b[1]"],
        ],
        // A chain, in whatever order it is written.
        [&["t.a"], &["t.c"], &["t.b > t.c", "t.a > t.b"], &["move t.a to t.b", "move t.b to t.c"]],
        [&["t.b"], &["t.c"], &["t.b > t.c", "t.a > t.b"], &["move t.b to t.c"]],
        // From count to for_each.
        [
            &["t.a[0]", "t.a[1]"],
            &["t.a[\"x\"]", "t.a[\"y\"]"],
            &["t.a[0] > t.a[\"x\"]", "t.a[1] > t.a[\"y\"]"],
            &["move t.a[0] to t.a[\"x\"]", "move t.a[1] to t.a[\"y\"]"],
        ],
        // Modules, with what is in them, and a move inside one that has moved itself.
        [
            &["module.o[0].t.y", "module.o[1].t.y"],
            &["module.a[0].t.x", "module.a[1].t.x"],
            &["a: t.y > t.x", "module.o > module.a"],
            &[
                "move module.o[0].t.y to module.a[0].t.y",
                "move module.o[1].t.y to module.a[1].t.y",
                "move module.a[0].t.y to module.a[0].t.x",
                "move module.a[1].t.y to module.a[1].t.x",
            ],
        ],
        [
            &["module.a.t.x"],
            &["module.a[\"k\"].t.x"],
            &["module.a > module.a[\"k\"]"],
            &["move module.a.t.x to module.a[\"k\"].t.x"],
        ],
        [&["t.x"], &["module.a.t.x"], &["t.x > module.a.t.x"], &["move t.x to module.a.t.x"]],
        // Count comes and goes without a word, unless a move has one.
        [&["t.a"], &["t.a[0]"], &[], &["move t.a to t.a[0]"]],
        [&["t.a[0]"], &["t.a"], &[], &["move t.a[0] to t.a"]],
        [&["t.a"], &["t.a[0]", "t.a[1]"], &["t.a > t.a[1]"], &["move t.a to t.a[1]", "s1 create t.a[0]"]],
        [&["t.a"], &["t.a[\"k\"]"], &[], &["s1 delete t.a", "s2 create t.a[\"k\"]"]],
        // Modules are not moved by themselves.
        [
            &["module.a.t.x"],
            &["module.a[0].t.x"],
            &[],
            &["s1 delete module.a.t.x", "s2 create module.a[0].t.x"],
        ],
        // A key that is left out on the way means that there is none.
        [
            &["module.a[0].t.y"],
            &["module.a[0].t.x"],
            &["module.a.t.y > module.a.t.x"],
            &["s1 create module.a[0].t.x", "s2 delete module.a[0].t.y"],
        ],
        // What is not recorded does not move, and what is not declared is removed where it went.
        [&[], &["t.b"], &["t.a > t.b"], &["s1 create t.b"]],
        [&["t.a"], &[], &["t.a > t.b"], &["move t.a to t.b", "s1 delete t.b"]],
        // Something is in the way.
        [&["t.a", "t.b"], &["t.b"], &["t.a > t.b"], &["s1 delete t.a"]],
        [&["t.a", "t.b"], &["t.c"], &["t.a > t.b", "t.b > t.c"], &["move t.b to t.c", "s1 delete t.a"]],
    ];
    for [recorded, declared, moves, expect] in table {
        check(&before(recorded), &Written::default().with(declared).moved(moves), expect);
    }
}

#[test]
fn what_is_in_the_way_is_said() {
    let plan =
        before(&["t.a", "t.b"]).plan(&Written::default().with(&["t.b"]).moved(&["t.a > t.b"])).unwrap();
    assert_eq!(
        plan.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "move not followed: `t.a` cannot move to `t.b`, where another object is recorded already. Remove that one, or \
          move it elsewhere first."
        ]
    );
    let mut unanswered = before(&["t.a"]);
    unanswered.pending.insert(address("t.b"));
    check(
        &unanswered,
        &Written::default().with(&["t.b"]).moved(&["t.a > t.b"]),
        &["s1 delete t.a", "s2 create t.b"],
    );
}

#[test]
fn dependencies_and_what_was_set_aside_move_along() {
    let mut recorded = before(&["t.a"]);
    recorded.last.insert(address("t.on"), object("on", &["t.a"]));
    recorded.deposed.push((address("t.a"), object("old", &[])));
    let declared = Written::default().with(&["t.b"]).moved(&["t.a > t.b"]);
    check(&recorded, &declared, &["move t.a to t.b", "s1 delete t.on", "s2 delete t.b (old) after s1.ready"]);
    let plan = recorded.plan(&Written::default().moved(&["t.a > t.b"])).unwrap();
    assert_eq!(
        shown(&plan),
        [
            "move t.a to t.b",
            "s1 delete t.on",
            "s2 delete t.b after s1.ready",
            "s3 delete t.b (old) after s1.ready"
        ]
    );
    let change = plan.changes.iter().find(|c| c.address == address("t.b")).unwrap();
    assert_eq!(change.moved_from, Some(address("t.a")));
}

#[test]
fn wrong_moves_are_refused() {
    let check = |declared: &[&str], moves: &[&str], expect: &str| {
        refused(&before(&["t.a"]), &Written::default().with(declared).moved(moves), expect);
    };
    check(
        &["t.a"],
        &["t.a > t.a"],
        "move to itself: `t.a` is moved to the address that it has. Remove the block.",
    );
    check(
        &["t.a"],
        &["t.a > t.b"],
        "moved object still declared: `t.a` is said to have moved to `t.b`, and is still declared. Declare it under the \
         new name only, or remove this block.",
    );
    check(
        &["t.a[0]", "t.a[1]"],
        &["t.a[1] > t.a[0]"],
        "moved object still declared: `t.a[1]` is said to have moved to `t.a[0]`, and is still declared. Declare it \
         under the new name only, or remove this block.",
    );
    check(
        &["module.a.t.x"],
        &["module.a > module.b"],
        "moved object still declared: `module.a` is said to have moved to `module.b`, and is still declared. Declare it \
         under the new name only, or remove this block.",
    );
    check(
        &[],
        &["t.a > t.b", "t.b > t.a"],
        "moves in a circle: These moves go round in a circle, so there is no place where anything ends: `t.a` to `t.b`, \
         `t.b` to `t.a`. Remove one of them.",
    );
    check(
        &[],
        &["module.a > module.b", "module.b.t.x > module.a.t.x"],
        "moves in a circle: These moves go round in a circle, so there is no place where anything ends: `module.a` to \
         `module.b`, `module.b.t.x` to `module.a.t.x`. Remove one of them.",
    );
    check(
        &[],
        &["t.a > t.b", "t.a > t.c"],
        "ambiguous move: `t.a` moves to `t.c` here and to `t.b`. It can move to one place only.",
    );
    check(
        &[],
        &["t.a > t.c", "t.b > t.c"],
        "ambiguous move: `t.b` moves to `t.c` here, and `t.a` does. Only one can.",
    );
    check(
        &[],
        &["t.a > u.a"],
        "move to another type: `t.a` is recorded, and an object cannot become one of another type (`u`).",
    );
    // Written twice, it is one move.
    follows(&before(&["t.a"]), &["t.b"], &["t.a > t.b", "t.a > t.b"], &["move t.a to t.b"]);
}

#[track_caller]
fn follows(before: &Before, declared: &[&str], moves: &[&str], expect: &[&str]) {
    check(before, &Written::default().with(declared).moved(moves), expect);
}

#[test]
fn what_is_removed_on_purpose_is_forgotten_or_deleted() {
    let recorded = before(&["t.a[0]", "t.a[1]", "module.m[0].t.x"]);
    check(
        &recorded,
        &Written::default().removed("t.a", false).removed("module.m", true),
        &["s1 delete module.m[0].t.x", "s2 forget t.a[0]", "s3 forget t.a[1]"],
    );
    let destroy =
        Before { options: Options { destroy: true, ..Options::default() }, ..before(&["t.a", "t.b"]) };
    check(
        &destroy,
        &Written::default().with(&["t.b"]).removed("t.a", false),
        &["s1 forget t.a", "s2 delete t.b"],
    );
    // After a move.
    let moved = Written::default().moved(&["t.a > t.b"]).removed("t.b", false);
    check(&before(&["t.a"]), &moved, &["move t.a to t.b", "s1 forget t.b"]);
    refused(
        &before(&[]),
        &Written::default().with(&["t.a"]).removed("t.a", false),
        "removed object still declared: `t.a` is said to be removed, and is still declared. Remove one of the two blocks.",
    );
}

#[test]
fn an_import_is_adopted_and_then_made_what_is_declared() {
    let there = || Before::default().there("i", &[("colour", "red"), ("note", "x")]);
    let declared =
        |args: &[(&str, &str)]| Written::default().with(&["t.a"]).import("t.a", "i").args("t.a", args);
    check(&there(), &declared(&[("colour", "red"), ("note", "x")]), &["adopt t.a [i]", "s1 record t.a"]);
    check(&there(), &declared(&[("colour", "red"), ("note", "y")]), &["adopt t.a [i]", "s1 update t.a"]);
    check(
        &there(),
        &declared(&[("colour", "blue")]),
        &["adopt t.a [i]", "s1 delete t.a", "s2 create t.a after s1.ready"],
    );
    // What AWS does not say is taken to be as declared, and recorded sealed.
    let plan = there().plan(&declared(&[("colour", "red"), ("note", "x"), ("password", "hunter2")])).unwrap();
    assert_eq!(shown(&plan), ["adopt t.a [i]", "s1 record t.a"]);
    let adopted = &plan.program.adoptions[0].object;
    assert_eq!(adopted.args["password"], sealed::stand_in("sealed-hunter2"));
    assert_eq!((adopted.args["note"].as_str(), adopted.origin.region.as_str()), (Some("x"), "here"));
    assert_eq!(plan.counts(), Counts { import: 1, ..Counts::default() });
}

#[test]
fn an_import_of_what_is_recorded_does_nothing() {
    let declared = Written::default().with(&["t.a"]).import("t.a", "whatever");
    check(&before(&["t.a"]), &declared, &[]);
    check(&before(&["t.b"]), &declared.moved(&["t.b > t.a"]), &["move t.b to t.a"]);
}

#[test]
fn an_import_that_cannot_be_is_refused() {
    let there = || Before::default().there("i", &[]);
    refused(
        &Before::default(),
        &Written::default().with(&["t.a"]).import("t.a", "i"),
        "t.a: nothing to import: AWS has no `t` with the id `i` in here. Is it the right id, region and account?",
    );
    refused(
        &there(),
        &Written::default().with(&["t.a[0]"]).import("t.a[3]", "i"),
        "import of an undeclared instance: `t.a[3]` is not declared, so nothing can be imported as it. There is: `t.a[0]`.",
    );
    refused(
        &there(),
        &Written::default().with(&["t.a"]).import("t.a", "i").import("t.a", "j"),
        "two imports: `t.a` is to be imported twice, from two ids. Only one object can have the address.",
    );
    refused(
        &there(),
        &Written::default().with(&["t.a", "t.b"]).import("t.a", "i").import("t.b", "i"),
        "t.b: two imports of one object: the object `i` is to be imported as `t.a` and as `t.b`. It can have one address \
         only.",
    );
    let mut recorded = there();
    recorded.last.insert(address("t.b"), object("i", &[]));
    refused(
        &recorded,
        &Written::default().with(&["t.a", "t.b"]).import("t.a", "i"),
        "t.a: recorded already: the object `i` is recorded as `t.b` already. To give it this address, write a `moved` \
         block from there to `t.a`.",
    );
}
