//! What a stack in Rust says about itself.

use super::*;
use crate::{
    Args, Cidr, Create, Created, Delete, Id, ModulePath, Outputs, ResourceExt as _, Seen, Set, Update, Waits,
};

struct Network;

/// A network.
#[derive(Clone, Debug, Args)]
struct NetworkArgs {
    /// Its range.
    cidr_block: Option<Cidr>,
    /// The network next to it.
    next: Option<String>,
}

/// What a network has.
#[derive(Clone, Debug, Outputs)]
struct NetworkOutputs {
    /// Its id.
    id: String,
    /// Its routes.
    routes: Set<NetworkRoute>,
}

/// A route.
#[derive(Clone, Debug, crate::Block)]
struct NetworkRoute {
    /// Where to.
    to: String,
    /// By way of.
    via: String,
}

impl Resource for Network {
    const TYPE: &'static str = "network";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = ();
    type Args = NetworkArgs;
    type Outputs = NetworkOutputs;
    async fn create(_: &(), _: Create<'_, NetworkArgs>) -> crate::Result<Created<Self>> {
        unreachable!("a stack is only declared here")
    }
    async fn read(_: &(), _: &[Id]) -> crate::Result<Vec<Option<Seen<Self>>>> {
        unreachable!("a stack is only declared here")
    }
    async fn update(_: &(), _: Update<'_, Self>) -> crate::Result<()> {
        unreachable!("a stack is only declared here")
    }
    async fn delete(_: &(), _: Delete<'_, Self>) -> crate::Result<()> {
        unreachable!("a stack is only declared here")
    }
}

/// One value for every block.
struct Known(Value);

impl Env for Known {
    fn block(&self, _: &ModulePath, _: &BlockKey) -> Option<Value> {
        Some(self.0.clone())
    }
}

fn problems(stack: &Stack) -> Vec<String> {
    let found = stack.expand(0, &Known(Value::Null)).err().unwrap_or_default();
    found.0.into_iter().map(|d| format!("{}: {}", d.summary, d.detail)).collect()
}

/// The value of the only output, when all blocks have this value.
fn output(value: impl Into<Expr>, known: Value) -> Value {
    let mut stack = Stack::new("s");
    stack.add("a", Network::args());
    stack.output("o", value);
    stack.outputs(&Known(known)).unwrap().remove(0).value
}

#[test]
fn objects_of_one_name_and_different_keys_are_instances_of_one_block() {
    let mut stack = Stack::new("s");
    stack.add(("a", 0), Network::args());
    stack.add("a[1]", Network::args());
    stack.add(("b", "x\"y"), Network::args());
    let addresses = |block| match stack.expand(block, &Known(Value::Null)).unwrap() {
        Expansion::Known(found) => found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        Expansion::Unknown => Vec::new(),
    };
    assert_eq!(addresses(0), ["network.a[0]", "network.a[1]"]);
    assert_eq!(addresses(1), [r#"network.b["x\"y"]"#]);
    assert_eq!(stack.blocks()[1].repeats, Repeats::ForEach);
}

#[test]
fn a_reference_by_name_to_what_is_not_there_is_reported() {
    let mut stack = Stack::new("s");
    let a = stack.add("a", Network::args());
    stack.add("b", Network::args().next(a.arg::<String>("cidr_blok")));
    stack.output("via", a.routes.find("to", "here").get::<String>("vía"));
    stack.output("to", a.routes.find("two", "here").get::<String>("via"));
    let other = Stack::new("other").add("c", Network::args());
    stack.output("other", &other.id);
    stack.output("fine", a.routes.find("to", "here").get::<String>("via"));
    let expect = [
        "`network.b` refers to `cidr_blok` of `network.a`, which has no such attribute.",
        "output `via` refers to `vía` of `network.a`, which has no such attribute.",
        "output `to` refers to `two` of `network.a`, which has no such attribute.",
        "output `other` refers to `network.c`, which this stack does not declare.",
    ];
    assert_eq!(problems(&stack), expect.map(|detail| format!("unknown reference: {detail}")));
}

#[test]
fn an_element_of_a_set_is_found_by_what_it_says() {
    let routes: Ref<Set<NetworkRoute>> = Ref::new(&Address::root("network", "a"), "routes");
    let via = |to: &str| routes.find("to", to).get::<String>("via");
    let route = |to: &str, via: &str| Value::object([("to", to.into()), ("via", via.into())]);
    let known = Value::object([("routes", Value::set([route("x", "1"), route("y", "2")]))]);
    assert_eq!(output(via("y"), known.clone()), "2".into());
    assert_eq!(output(via("z"), known), Value::UNKNOWN);
    assert_eq!(output(via("y"), Value::object([("routes", Value::UNKNOWN)])), Value::UNKNOWN);
}

#[test]
fn what_is_made_of_something_sensitive_is_sensitive() {
    let id: Ref<String> = Ref::new(&Address::root("network", "a"), "id");
    let known = Value::object([("id", Value::from("n-1").sensitive())]);
    assert_eq!(output(&id, known.clone()), Value::from("n-1").sensitive());
    assert_eq!(output(crate::concat().push("id ").push(&id), known), Value::from("id n-1").sensitive());
    let hidden = Value::object([("id", "n-1")].map(|(k, v)| (k, Value::from(v)))).sensitive();
    assert_eq!(output(&id, hidden), Value::from("n-1").sensitive());
}
