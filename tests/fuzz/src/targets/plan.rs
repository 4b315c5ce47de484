//! Plans: from a recorded state and answers of AWS that are not what anybody expects, for a type with every kind of field.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use stackr_core::{
    Address, AnySeen, Args, Block, Cidr, CloudError, ContainerDefinitions, Create, Created, Delete, DnsName,
    Id, NameOrArn, Object, Outputs, Policy, ProviderConfig, Registry, Resource, ResourceExt as _, Result,
    Seen, Set, Stack, Status, Tags, Update, Value, Waits,
};
use stackr_plan::{Answer, Next, Options, Planner, Question, Request};

use crate::{Target, corpus};

pub(super) fn targets() -> Vec<Target> {
    vec![Target {
        name: "plan",
        corpus: corpus::texts(CASES),
        words: WORDS,
        is_json: true,
        longest: 20_000,
        run: plan_run,
    }]
}

/// A type with every kind of field.
struct Sample;

/// A part of a sample.
#[derive(Clone, Debug, PartialEq, Block)]
struct Rule {
    /// A port.
    port: i64,
    /// A network.
    cidr: Option<Cidr>,
}

/// A sample.
#[derive(Clone, Debug, PartialEq, Args)]
struct SampleArgs {
    /// Text.
    #[arg(replace)]
    name: String,
    /// A number.
    #[arg(default = 3)]
    size: i64,
    /// A network.
    cidr: Option<Cidr>,
    /// A name.
    zone: Option<DnsName>,
    /// A policy.
    policy: Option<Policy>,
    /// Containers.
    containers: Option<ContainerDefinitions>,
    /// A role.
    role: Option<NameOrArn>,
    /// Whether.
    #[arg(computed)]
    on: Option<bool>,
    /// Hosts.
    hosts: Set<String>,
    /// A secret.
    #[arg(secret, unread)]
    password: Option<String>,
    /// Rules.
    rule: Vec<Rule>,
    /// Tags.
    tags: Tags,
}

/// What a sample has.
#[derive(Clone, Debug, PartialEq, Outputs)]
struct SampleOutputs {
    /// Its id.
    id: String,
    /// Its tags with the default ones.
    tags_all: Tags,
}

impl Resource for Sample {
    const TYPE: &'static str = "fuzz_sample";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = ();
    type Args = SampleArgs;
    type Outputs = SampleOutputs;

    async fn create((): &(), _: Create<'_, SampleArgs>) -> Result<Created<Self>> {
        Err(CloudError::bug("nothing is made here"))
    }

    async fn read((): &(), _: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        Ok(Vec::new())
    }

    async fn update((): &(), _: Update<'_, Self>) -> Result<()> {
        Ok(())
    }

    async fn delete((): &(), _: Delete<'_, Self>) -> Result<()> {
        Ok(())
    }
}

/// `{"objects": {address: object}, "deposed": …, "seen": {"args": …, "outputs": …, "status": …}, "outputs": …, "options": …}`.
fn plan_run(bytes: &[u8]) -> bool {
    let case: Json = serde_json::from_slice(bytes).unwrap_or_default();
    let objects = |name: &str| -> BTreeMap<Address, Object> {
        let all = case.get(name).and_then(Json::as_object).into_iter().flatten();
        all.filter_map(|(address, object)| {
            Some((address.parse().ok()?, serde_json::from_value(object.clone()).ok()?))
        })
        .collect()
    };
    let (last, deposed): (_, Vec<_>) = (objects("objects"), objects("deposed").into_iter().collect());
    let mut stack = Stack::new("one");
    let first =
        stack.add("a", Sample::args().name("x").size(4).password("hush").cidr(Cidr("10.0.0.0/8".to_owned())));
    drop(stack.add("b", Sample::args().name(&first.id)));
    let registry = Registry::default().with::<Sample>();
    let providers = BTreeMap::from([(String::new(), ProviderConfig::default())]);
    let outputs = case.get("outputs").and_then(Json::as_object).into_iter().flatten();
    let outputs = outputs.map(|(name, value)| (name.clone(), (Value::from_json(value), false))).collect();
    let names = |name: &str| -> Vec<String> {
        let all = case.pointer(&format!("/options/{name}")).and_then(Json::as_array).into_iter().flatten();
        all.filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let flag = |name: &str| case.pointer(&format!("/options/{name}")).and_then(Json::as_bool);
    let request = Request {
        declaration: Some(&stack),
        registry: &registry,
        providers: &providers,
        last: &last,
        deposed: &deposed,
        pending: &BTreeSet::new(),
        last_outputs: &outputs,
        options: Options {
            destroy: flag("destroy").unwrap_or(false),
            refresh: flag("refresh").unwrap_or(true),
            targets: names("targets"),
            excludes: names("excludes"),
            replace: names("replace"),
            imports: Vec::new(),
        },
        unseal: &|seal, secret| stackr_state::matches(seal, secret),
        known: &BTreeMap::new(),
        seal: &stackr_state::seal,
    };
    let Ok(mut planner) = Planner::new(request) else { return false };
    for _ in 0..20 {
        match planner.next() {
            Ok(Next::Ask(questions)) => {
                planner.answer(questions.into_iter().map(|question| answer(&case, question)).collect());
            }
            Ok(Next::Done(plan)) => {
                drop(plan.program.to_string());
                return true;
            }
            Err(_) => return false,
        }
    }
    panic!("the planner never ends")
}

fn answer(case: &Json, question: Question) -> Answer {
    let value = |path: &str| case.pointer(path).map_or(Value::Null, Value::from_json);
    match question {
        Question::Read { address, deposed, .. } => {
            let seen = AnySeen {
                args: value("/seen/args"),
                outputs: value("/seen/outputs"),
                status: match case.pointer("/seen/status").and_then(Json::as_str) {
                    Some("pending") => Status::Pending("pending".to_owned()),
                    Some("failed") => Status::Failed("why".to_owned()),
                    Some("leaving") => Status::Leaving("deleting".to_owned()),
                    Some("gone") => Status::Gone,
                    _ => Status::Ready,
                },
            };
            Answer::Seen { address, deposed, seen: case.get("seen").map(|_| seen) }
        }
        Question::Import { address, .. } => unreachable!("{address}: nothing is imported here"),
        Question::Look { address, .. } => Answer::Found { address, value: value("/seen/outputs") },
    }
}

const CASES: &[&str] = &[
    r#"{"objects":{"fuzz_sample.a":{"type":"fuzz_sample","id":"s-1","uid":"u1","origin":{"account":"1","region":"r"},"depends_on":[],"schema":1,"args":{"name":"x","size":4,"cidr":"10.0.0.0/8","password":{"stackr:sealed":"a:b"},"hosts":[],"rule":[{"port":1,"cidr":null}],"tags":{"a":"b"}},"outputs":{"id":"s-1","tags_all":{}}},"fuzz_sample.c":{"type":"fuzz_sample","id":"s-3","uid":"u3","origin":{"account":"1","region":"r"},"depends_on":["fuzz_sample.a"],"prevent_destroy":false,"schema":1,"args":{"name":"z"},"outputs":{"id":"s-3"}}},"seen":{"args":{"name":"x","size":4,"cidr":"10.0.0.0/8","zone":"a.b.","policy":"{}","hosts":["a","b"],"on":true,"rule":[{"port":1,"cidr":"10.0.0.0/8"}],"tags":{"a":"b","c":"d"}},"outputs":{"id":"s-1","tags_all":{"a":"b"}},"status":"ready"},"outputs":{"o":1},"options":{"targets":["fuzz_sample.a"],"excludes":["module.x"],"replace":["fuzz_sample.a"],"destroy":false,"refresh":true}}"#,
    r#"{"objects":{"fuzz_sample.a":{"type":"fuzz_sample","id":"s-1","uid":"u1","origin":{},"depends_on":["fuzz_sample.b"],"create_before_destroy":true,"schema":1,"args":{},"outputs":{}},"fuzz_sample.b":{"type":"fuzz_sample","id":"s-2","uid":"u2","origin":{},"depends_on":["fuzz_sample.a"],"schema":1,"tainted":true,"args":{"name":"y"},"outputs":{"id":"s-2"}}},"deposed":{"fuzz_sample.a":{"type":"fuzz_sample","id":"s-0","uid":"u0","origin":{},"schema":1,"args":{},"outputs":{}}},"seen":{"args":{},"outputs":{},"status":"leaving"},"options":{"destroy":true}}"#,
    r#"{"objects":{},"options":{"refresh":false}}"#,
];

const WORDS: &[&str] =
    &["fuzz_sample", "a", "b", "args", "outputs", "pending", "failed", "gone", "null", "1", "\""];
