//! `moved`, `removed` and `import` blocks: what they say, and what is wrong with them.

mod support;

use stackr_core::{Declaration as _, Value};
use stackr_lang::{Inputs, Stack};
use support::{Values, errors, index, load_files, shown, stack};

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(errors(text), expect, "{text}");
}

fn moves(stack: &Stack) -> Vec<String> {
    let shown = stack.moves().iter().map(|m| format!("{}{} > {}", within(&m.within), m.from, m.to));
    shown.collect()
}

fn removals(stack: &Stack) -> Vec<String> {
    let shown = stack.removals().iter().map(|r| {
        let verb = if r.destroy { "destroy" } else { "forget" };
        format!("{verb} {}{}", within(&r.within), r.from)
    });
    shown.collect()
}

fn within(modules: &[String]) -> String {
    if modules.is_empty() { String::new() } else { format!("in {}: ", modules.join(".")) }
}

#[track_caller]
fn imports(stack: &Stack, block: &str, env: &Values, expect: &str) {
    let found = match stack.imports(index(stack, block), env) {
        Ok(found) => found.iter().map(|i| format!("{} = {}", i.to, i.id)).collect::<Vec<_>>().join(", "),
        Err(why) => shown(&why, stack.sources()),
    };
    assert_eq!(found, expect);
}

#[test]
fn moves_and_removals_are_read_from_every_module() {
    let module = "resource \"aws_vpc\" \"x\" {}\nmoved {\n  from = aws_vpc.y\n  to = aws_vpc.x\n}\n\
                  removed {\n  from = module.z.aws_vpc.old\n}\n";
    let main = "module \"a\" {\n  source = \"./m\"\n}\n\
                moved {\n  from = aws_vpc.a[0]\n  to = module.a.aws_vpc.b[\"k\"]\n}\n\
                moved {\n  from = module.o[\"x\"]\n  to = module.a\n}\n\
                moved {\n  from = aws_vpc.legacy.0\n  to = aws_vpc.now\n}\n\
                removed {\n  from = module.gone\n  lifecycle {\n    destroy = false\n  }\n}\n";
    let stack =
        load_files(&[("main.tf", main), ("m/main.tf", module)], &Inputs::default()).unwrap_or_else(|r| {
            panic!("{}", shown(&r.diagnostics, &r.sources));
        });
    assert_eq!(
        moves(&stack),
        [
            "aws_vpc.a[0] > module.a.aws_vpc.b[\"k\"]",
            "module.o[\"x\"] > module.a",
            "aws_vpc.legacy[0] > aws_vpc.now",
            "in a: aws_vpc.y > aws_vpc.x",
        ]
    );
    assert_eq!(removals(&stack), ["forget module.gone", "destroy in a: module.z.aws_vpc.old"]);
}

#[test]
fn json_has_the_same_blocks() {
    let json = r#"{"resource": {"aws_vpc": {"a": {}, "b": {"for_each": "${toset([\"x\"])}"}}},
        "moved": [{"from": "aws_vpc.o", "to": "aws_vpc.a"}],
        "removed": {"from": "aws_vpc.q", "lifecycle": {"destroy": false}},
        "import": [{"to": "aws_vpc.b[\"x\"]", "id": "${\"i\"}"}]}"#;
    let stack = load_files(&[("main.tf.json", json)], &Inputs::default())
        .unwrap_or_else(|r| panic!("{}", shown(&r.diagnostics, &r.sources)));
    assert_eq!(moves(&stack), ["aws_vpc.o > aws_vpc.a"]);
    assert_eq!(removals(&stack), ["forget aws_vpc.q"]);
    imports(&stack, "aws_vpc.b", &Values::default(), "aws_vpc.b[\"x\"] = i");
}

#[test]
fn imports_are_evaluated_where_they_are_needed() {
    let stack = stack(
        "variable \"id\" {\n  default = \"vpc-1\"\n}\n\
         data \"aws_vpc\" \"d\" {}\n\
         resource \"aws_vpc\" \"a\" {}\n\
         resource \"aws_vpc\" \"b\" {\n  for_each = toset([\"x\", \"y\"])\n}\n\
         resource \"aws_vpc\" \"c\" {\n  count = 2\n}\n\
         resource \"aws_vpc\" \"e\" {}\n\
         import {\n  to = aws_vpc.a\n  id = var.id\n}\n\
         import {\n  for_each = { x = \"one\", y = \"two\" }\n  to = aws_vpc.b[each.key]\n  id = \"vpc-${each.value}\"\n}\n\
         import {\n  for_each = [\"p\", \"q\"]\n  to = aws_vpc.c[each.key]\n  id = each.value\n}\n\
         import {\n  to = aws_vpc.e\n  id = data.aws_vpc.d.id\n}\n",
    );
    let none = Values::default();
    imports(&stack, "aws_vpc.a", &none, "aws_vpc.a = vpc-1");
    imports(&stack, "aws_vpc.b", &none, "aws_vpc.b[\"x\"] = vpc-one, aws_vpc.b[\"y\"] = vpc-two");
    imports(&stack, "aws_vpc.c", &none, "aws_vpc.c[0] = p, aws_vpc.c[1] = q");
    let known = Values::default().with("", "data.aws_vpc.d", Value::object([("id", Value::from("vpc-9"))]));
    imports(&stack, "aws_vpc.e", &known, "aws_vpc.e = vpc-9");
    imports(
        &stack,
        "aws_vpc.e",
        &none,
        "wrong import id: The id is not known before apply, and what is imported is looked at in the plan. Apply what it \
         depends on first, with `--target`. [main.tf: data.aws_vpc.d.id]",
    );
    assert_eq!(support::refs(&stack, "aws_vpc.e"), "*→data.aws_vpc.d");
}

#[test]
fn what_is_wrong_with_a_move_is_marked() {
    check(
        "moved {\n  from = aws_vpc.a\n}\n",
        "missing argument: This `moved` block has no `to`. [main.tf: moved]",
    );
    for (from, marked) in [
        ("\"aws_vpc.a\"", "\"aws_vpc.a\""),
        ("aws_vpc.a.id", "aws_vpc.a.id"),
        ("aws_vpc.a[var.x]", "aws_vpc.a[var.x]"),
        ("aws_vpc", "aws_vpc"),
        ("aws_vpc.a[-1]", "aws_vpc.a[-1]"),
        ("each.key", "each.key"),
    ] {
        check(
            &format!("moved {{\n  from = {from}\n  to = aws_vpc.b\n}}\n"),
            &format!(
                "address expected: `from` is the address of a resource or module: `aws_vpc.main`, `aws_subnet.a[0]`, \
                 `module.net`, `module.net[\"a\"].aws_vpc.main`. [main.tf: {marked}]"
            ),
        );
    }
    check(
        "moved {\n  from = module.a\n  to = aws_vpc.b\n}\n",
        "move between a resource and a module: A resource moves to a resource and a module to a module. [main.tf: moved]",
    );
    check(
        "moved {\n  from = aws_vpc.a\n  to = aws_vpc.b\n  too = 1\n}\n",
        "unsupported argument: A `moved` block has no argument `too`. Did you mean `to`? [main.tf: too]",
    );
    check(
        "moved \"x\" {\n  from = aws_vpc.a\n  to = aws_vpc.b\n}\n",
        "wrong number of labels: A `moved` block is written `moved {`, but this one has 1 labels. [main.tf: moved \"x\"]",
    );
}

#[test]
fn what_is_wrong_with_a_removal_is_marked() {
    let keyed = "resource or module expected: A resource or module is removed as a whole: write its name without a key. \
                 Single instances go with `stackr state rm`.";
    check("removed {\n  from = aws_vpc.a[0]\n}\n", &format!("{keyed} [main.tf: aws_vpc.a[0]]"));
    check(
        "removed {\n  from = module.m[\"x\"].aws_vpc.a\n}\n",
        &format!("{keyed} [main.tf: module.m[\"x\"].aws_vpc.a]"),
    );
    check(
        "removed {\n  from = data.aws_vpc.a\n}\n",
        "resource or module expected: Data is not recorded, so there is nothing to remove. Delete this block. \
         [main.tf: data.aws_vpc.a]",
    );
    check(
        "removed {\n  from = aws_vpc.a\n  lifecycle {\n    destroy = var.x\n  }\n}\n",
        "constant expected: `destroy` of the `lifecycle` of a `removed` block is `true` or `false`, without references. \
         [main.tf: var.x]",
    );
}

#[test]
fn what_is_wrong_with_an_import_is_marked() {
    let vpc = "resource \"aws_vpc\" \"a\" {}\n";
    check(
        "import {\n  to = aws_vpc.a\n  id = \"x\"\n}\n",
        "import of an undeclared resource: There is no resource `aws_vpc.a`. Declare it: an import needs to know what is \
         wanted. [main.tf: aws_vpc.a]",
    );
    check(
        &format!("{vpc}import {{\n  to = aws_vpc.a\n}}\n"),
        "missing argument: This `import` block has no `id`. [main.tf: import]",
    );
    check(
        &format!("{vpc}import {{\n  to = aws_vpc.a\n  id = \"x\"\n  provider = aws.west\n}}\n"),
        "unsupported argument: The resource says which provider it has: write `provider` there, and remove it here. \
         [main.tf: provider]",
    );
    check(
        "import {\n  to = data.aws_vpc.a\n  id = \"x\"\n}\n",
        "resource expected: Only a resource can be imported: `aws_vpc.main`, `module.net.aws_subnet.a[0]`. \
         [main.tf: data.aws_vpc.a]",
    );
    check(
        &format!("{vpc}import {{\n  to = aws_vpc.a\n  id = each.key\n}}\n"),
        "unknown reference: `each` has a value only in a block with `for_each`. [main.tf: each.key]",
    );
    check(
        &format!("{vpc}import {{\n  to = aws_vpc.a\n  id = aws_vpc.a.id\n}}\n"),
        "self reference: `aws_vpc.a` is made from itself here, directly or by way of local values. \
         [main.tf: resource \"aws_vpc\" \"a\"]",
    );
    let wrong = |text: &str, expect: &str| {
        let stack = stack(&format!("{vpc}{text}"));
        imports(&stack, "aws_vpc.a", &Values::default(), expect);
    };
    wrong(
        "import {\n  to = aws_vpc.a\n  id = \"\"\n}\n",
        "wrong import id: The id is empty. [main.tf: \"\"]",
    );
    wrong(
        "import {\n  to = aws_vpc.a\n  id = null\n}\n",
        "wrong import id: An id is a text, what AWS calls the object: `\"vpc-0a1b2c3d4e5f60718\"`. [main.tf: null]",
    );
    wrong("import {\n  to = aws_vpc.a\n  id = 5\n}\n", "aws_vpc.a = 5");
    wrong(
        "import {\n  to = aws_vpc.a[0]\n  id = \"x\"\n}\n",
        "wrong key: There is only one, so its name has no key. [main.tf: aws_vpc.a[0]]",
    );
    let module = "resource \"aws_vpc\" \"x\" {}\nimport {\n  to = aws_vpc.x\n  id = \"i\"\n}\n";
    let main = "module \"a\" {\n  source = \"./m\"\n}\n";
    let Err(rejected) = load_files(&[("main.tf", main), ("m/main.tf", module)], &Inputs::default()) else {
        panic!("an import in a module");
    };
    assert_eq!(
        shown(&rejected.diagnostics, &rejected.sources),
        "import in a module: An `import` block is written in the root module, with the way to the object in `to`: \
         `to = module.net.aws_vpc.main`. [m/main.tf: import]"
    );
}

#[test]
fn the_key_of_an_import_is_of_the_blocks_kind() {
    let stack = stack(
        "resource \"aws_vpc\" \"a\" {\n  count = 1\n}\nresource \"aws_vpc\" \"b\" {\n  for_each = toset([\"x\"])\n}\n\
         import {\n  to = aws_vpc.a\n  id = \"x\"\n}\nimport {\n  to = aws_vpc.b[0]\n  id = \"x\"\n}\n",
    );
    let none = Values::default();
    imports(
        &stack,
        "aws_vpc.a",
        &none,
        "wrong key: There are several by `count`: say which, with a key in brackets. [main.tf: aws_vpc.a]",
    );
    imports(
        &stack,
        "aws_vpc.b",
        &none,
        "wrong key: The key of one by `for_each` is a text. [main.tf: aws_vpc.b[0]]",
    );
}
