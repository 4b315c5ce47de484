//! What the Terraform language asks of a run: conditions, checks, triggers, timeouts. Stacks are written in it.

use std::sync::Arc;

use stackr_core::{Diagnostics, ErrorKind};
use stackr_lang::{Inputs, Loader, MemoryLoader, load};

use super::*;
use crate::fake::Fault;

/// A stack as it is written.
fn written(text: &str) -> stackr_lang::Stack {
    let loader: Arc<dyn Loader> = Arc::new(MemoryLoader::new().with("main.tf", text));
    load(&loader, ".", &Inputs::default()).map_err(Diagnostics::from).unwrap()
}

/// What failed: `address kind message [marked]`, and what was not started.
fn failures(summary: &Summary, text: &str) -> Vec<String> {
    let failed = summary.failed.iter().map(|f| {
        let place = f.error.place.as_ref().map_or("nowhere", |p| &text[p.start..p.end]);
        format!("{} {}: {} [{place}]", f.step.address, f.error.kind, f.error.message)
    });
    failed.chain(summary.skipped.iter().map(|s| format!("{} skipped", s.step.address))).collect()
}

const POST: &str = r#"
resource "fake_network" "a" {
  range = "10.0"
  lifecycle {
    postcondition {
      condition     = startswith(self.id, "vpc")
      error_message = "The network is ${self.id}."
    }
  }
}
resource "fake_gateway" "g" {
  network_id = fake_network.a.id
}
"#;

#[tokio::test(start_paused = true)]
async fn an_object_that_misses_a_postcondition_is_recorded_and_stops_what_needs_it() {
    let lab = Lab::new();
    let summary = lab.apply(&written(POST)).await.summary();
    let network = "fake_network.a declaration: postcondition failed: The network is net-1. [startswith(self.id, \"vpc\")]";
    assert_eq!(failures(&summary, POST), [network, "fake_gateway.g skipped"]);
    let state = lab.state().await;
    let objects: Vec<_> = state.objects.values().map(|o| (o.id.as_str(), o.tainted)).collect();
    assert_eq!(objects, [("net-1", false)]);
    // It is known now, so the next plan fails before anything is done.
    match lab.apply(&written(POST)).await {
        Ran::Refused(why) => assert!(why.contains("The network is net-1."), "{why}"),
        other => panic!("{other:?}"),
    }
    let met = POST.replace("\"vpc\"", "\"net\"");
    assert!(lab.apply(&written(&met)).await.is_done());
}

#[tokio::test(start_paused = true)]
async fn a_condition_on_an_object_that_stays_is_judged_when_what_it_needs_is_known() {
    let stack = |id: &str, extra: &str| {
        let text = r#"
resource "fake_network" "a" {
  range = "10.0"
  lifecycle {
    postcondition {
      condition     = length(try(fake_gateway.g.id, "")) < 100
      error_message = "too long"
    }
    precondition {
      condition     = try(fake_gateway.g.id, "none") != "ID"
      error_message = "The gateway is ${try(fake_gateway.g.id, "none")}."
    }
  }
}
resource "fake_network" "b" { range = "20.0" }
"#;
        text.replace("ID", id) + extra
    };
    let gateway = "resource \"fake_gateway\" \"g\" { network_id = fake_network.b.id }";
    let lab = Lab::new();
    let without = stack("no", gateway).replace("fake_gateway.g.id", "fake_network.b.range");
    let without = without.replace(gateway, "");
    assert!(lab.apply(&written(&without)).await.is_done());
    let text = stack("gw-3", gateway);
    let summary = lab.apply(&written(&text)).await.summary();
    let why = "fake_network.a declaration: precondition failed: The gateway is gw-3. [try(fake_gateway.g.id, \"none\") != \"gw-3\"]";
    assert_eq!(failures(&summary, &text), [why]);
}

#[tokio::test(start_paused = true)]
async fn data_is_judged_where_it_is_read() {
    let text = |near: &str| {
        format!(
            r#"
resource "fake_network" "a" {{ range = "10.0" }}
data "fake_zones" "z" {{
  near = {near}
  lifecycle {{
    postcondition {{
      condition     = length(self.names) > 2
      error_message = "Only ${{join(", ", self.names)}}."
    }}
  }}
}}
resource "fake_network" "b" {{ range = data.fake_zones.z.names[0] }}
"#
        )
    };
    let lab = Lab::new();
    match lab.apply(&written(&text("\"x\""))).await {
        Ran::Refused(why) => assert!(why.contains("Only a near x, b near x."), "{why}"),
        other => panic!("{other:?}"),
    }
    let text = text("fake_network.a.id");
    let summary = lab.apply(&written(&text)).await.summary();
    let data = "data.fake_zones.z declaration: postcondition failed: Only a near net-1, b near net-1. [length(self.names) > 2]";
    assert_eq!(failures(&summary, &text), [data, "fake_network.b skipped"]);
}

const CHECK: &str = r#"
resource "fake_network" "a" { range = "10.0" }
check "far" {
  data "fake_zones" "z" { near = "x" }
  assert {
    condition     = length(data.fake_zones.z.names) > 2
    error_message = "Only ${join(", ", data.fake_zones.z.names)}."
  }
  assert {
    condition     = fake_network.a.id == "net-9"
    error_message = "It is ${fake_network.a.id}."
  }
}
"#;

#[tokio::test(start_paused = true)]
async fn checks_warn_and_never_fail() {
    let lab = Lab::new();
    let stack = written(CHECK);
    let plan = lab.planned(&stack).await;
    let warned: Vec<_> = plan.warnings.iter().map(|w| format!("{}: {}", w.summary, w.detail)).collect();
    assert_eq!(
        warned,
        [
            "check failed: check.far: Only a near x, b near x.",
            "check not known yet: check.far: whether this holds is known after apply."
        ]
    );
    let steps = "s1   create  fake_network.a\ns2   read    data.fake_zones.z    after s1.ready\n";
    assert_eq!(plan.program.to_string(), steps);
    let summary = lab.apply(&stack).await.summary();
    assert_eq!(summary.outcome, Outcome::Done);
    let warned: Vec<_> = summary.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(warned, ["check.far: Only a near x, b near x.", "check.far: It is net-1."]);
    // Nothing is left to do, and what is checked goes on being told.
    let plan = lab.planned(&stack).await;
    assert_eq!((plan.program.steps.len(), plan.warnings.len()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn data_of_a_check_that_cannot_be_read_is_a_warning_too() {
    let stack = written(CHECK);
    let rehearsal = Lab::new();
    assert!(rehearsal.apply(&stack).await.is_done());
    let calls = rehearsal.fake.with(|world| world.calls.clone());
    let lab = Lab::new();
    lab.fake.fault(0, Fault::Before(ErrorKind::Denied));
    let warned: Vec<_> = lab.planned(&stack).await.warnings.iter().map(|w| w.summary.clone()).collect();
    assert_eq!(warned, ["check cannot read its data"]);
    for (n, _) in calls.iter().enumerate().filter(|(_, call)| *call == "look fake_zones") {
        lab.fake.fault(n, Fault::Before(ErrorKind::Denied));
    }
    let summary = lab.apply(&stack).await.summary();
    assert_eq!(summary.outcome, Outcome::Done);
    assert!(
        summary.warnings[0].message.starts_with("data.fake_zones.z cannot be read: look fake_zones:"),
        "{summary:?}"
    );
    assert_eq!(summary.warnings.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_changes_replaces() {
    let text = |remark: &str, range: &str, by: &str| {
        format!(
            r#"
resource "fake_network" "t" {{
  for_each = {{ x = "{remark}", y = "stays" }}
  range    = "{range}"
  remark   = each.value
}}
resource "fake_network" "a" {{
  for_each = toset(["x", "y"])
  range    = "20.0"
  lifecycle {{
    replace_triggered_by = [{by}]
  }}
}}
"#
        )
    };
    let lab = Lab::new();
    let plan = lab.planned(&written(&text("one", "10.0", "fake_network.t"))).await;
    assert!(
        plan.changes.iter().all(|c| c.action == stackr_plan::Action::Create),
        "what is made triggers nothing"
    );
    assert!(lab.apply(&written(&text("one", "10.0", "fake_network.t"))).await.is_done());
    let check = async |remark: &str, range: &str, by: &str, expected: &[&str]| {
        let plan = lab.planned(&written(&text(remark, range, by))).await;
        let replaced = plan.changes.iter().filter_map(|change| match change.reasons.as_slice() {
            [stackr_plan::Reason::Triggered(by)] => Some(format!("{} by {}", change.address, by.join(", "))),
            _ => None,
        });
        assert_eq!(replaced.collect::<Vec<_>>(), expected, "{remark} {range} {by}");
    };
    let whole = ["fake_network.a[\"x\"] by fake_network.t", "fake_network.a[\"y\"] by fake_network.t"];
    check("two", "10.0", "fake_network.t", &whole).await;
    check("one", "10.0", "fake_network.t", &[]).await;
    let x = ["fake_network.a[\"x\"] by fake_network.t[\"x\"]"];
    check("two", "10.0", "fake_network.t[each.key]", &x).await;
    check("two", "10.0", "fake_network.t[each.key].range", &[]).await;
    check("two", "10.0", "fake_network.t[each.key].id", &[]).await;
    let ids = [
        "fake_network.a[\"x\"] by fake_network.t[\"x\"].id",
        "fake_network.a[\"y\"] by fake_network.t[\"y\"].id",
    ];
    check("one", "11.0", "fake_network.t[each.key].id", &ids).await;
    assert!(lab.apply(&written(&text("two", "10.0", "fake_network.t[each.key].remark"))).await.is_done());
    check("two", "10.0", "fake_network.t", &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_kept_to_and_recorded() {
    // A gateway is pending for a minute, and takes half of one to go.
    let text = |times: &str| {
        format!(
            "resource \"fake_network\" \"a\" {{ range = \"10.0\" }}\nresource \"fake_gateway\" \"g\" {{\n  network_id = \
             fake_network.a.id\n  {times}\n}}\n"
        )
    };
    let lab = Lab::new();
    let short = text("timeouts {\n    create = \"40s\"\n  }");
    let summary = lab.apply(&written(&short)).await.summary();
    let failed: Vec<_> =
        summary.failed.iter().map(|f| (f.error.kind.as_str(), f.error.message.as_str())).collect();
    let (kind, message) = failed[0];
    assert!(kind == "timeout" && message.starts_with("not ready after 4"), "{failed:?}");
    tokio::time::advance(Duration::from_secs(60)).await;
    // The time of a delete is recorded, so that a destroy without sources keeps to it too.
    let patient = text("timeouts = { delete = \"${10 + 5}s\" }");
    assert!(lab.apply(&written(&patient)).await.is_done());
    let state = lab.state().await;
    let recorded: Vec<_> = state.objects.values().map(|o| o.timeouts.clone()).collect();
    assert_eq!(recorded[0], BTreeMap::from([("delete".to_owned(), 15_000)]));
    assert!(recorded[1].is_empty());
    let summary = lab.run(None).await.summary();
    let failed: Vec<_> = summary.failed.iter().map(|f| f.error.message.as_str()).collect();
    assert!(failed[0].starts_with("not gone after 1"), "{failed:?}");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(lab.run(None).await.is_done());
}

#[tokio::test(start_paused = true)]
async fn time_and_chance_are_known_when_they_are_applied() {
    let text = r#"
locals { token = uuid() }
resource "fake_network" "a" {
  range  = "10.0"
  remark = timestamp()
  tags   = { token = local.token, own = uuid() }
}
resource "fake_network" "b" {
  range = "20.0"
  tags  = { token = local.token, own = uuid() }
}
"#;
    let lab = Lab::new();
    let plan = lab.planned(&written(text)).await;
    assert!(plan.changes.iter().all(|c| !c.after.is_wholly_known()));
    assert!(lab.apply(&written(text)).await.is_done());
    let state = lab.state().await;
    let tags = |name: &str| state.objects[&format!("fake_network.{name}").parse().unwrap()].args_value();
    let (a, b) = (tags("a"), tags("b"));
    let tag =
        |args: &Value, key: &str| args.get("tags").and_then(|t| t.get(key)).and_then(Value::to_text).unwrap();
    assert_eq!(tag(&a, "token"), tag(&b, "token"));
    assert_eq!(tag(&a, "token").len(), 36);
    assert_ne!(tag(&a, "own"), tag(&b, "own"));
    assert!(a.get("remark").and_then(Value::to_text).unwrap().starts_with("2027-01-15T"));
}
