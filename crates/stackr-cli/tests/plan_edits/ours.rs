//! stackr's plans.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stackr_local::Emulator;
use stackr_testkit::TestEnvironment;

use crate::{
    edit::{Base, Edit, Refusal},
    facts::{Facts, paths},
};

/// stackr in a project with a base as its stack, on an emulator.
pub(crate) struct Stackr {
    env: TestEnvironment,
}

/// The types of the objects of a plan, by address.
pub(crate) struct Schemas(BTreeMap<String, &'static stackr_core::Schema>);

impl Stackr {
    /// Makes the base.
    pub(crate) fn apply(base: &Base, emulator: &Emulator) -> Self {
        let env = stackr_testkit::environment!().with_aws(emulator);
        base.write(&env.path(&format!("stacks/{}", base.name)), None);
        let _done = env.expect(0, ["apply", &base.name, "-y"]);
        Self { env }
    }

    /// The facts of the plan of an edit, unless it is refused as it should be.
    pub(crate) fn plan(&self, base: &Base, edit: &Edit) -> Option<(Facts, Schemas)> {
        base.write(&self.env.path(&format!("stacks/{}", base.name)), Some(edit));
        let mut command = self.env.command(["plan", &base.name, "--json"]);
        for (name, value) in &edit.vars {
            command.arg(format!("--var={name}={value}"));
        }
        command.args(edit.flags.iter().map(|flag| format!("--{flag}")));
        let output = command.output().expect("stackr starts");
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let plan: Option<Value> = stdout.lines().rev().find_map(|line| serde_json::from_str(line).ok());
        let plan = plan.filter(|plan| plan["changes"].is_array());
        let refusals = plan.as_ref().map_or_else(|| stderr.to_string(), |plan| plan["refusals"].to_string());
        let refuses = edit.stackr_refuses.as_ref().map(Refusal::says);
        if let Some(word) = edit.refused.as_deref().or(refuses) {
            assert!(refusals.contains(word), "{}: not refused\n{stdout}{stderr}", edit.name);
            return None;
        }
        Some(facts(&plan.unwrap_or_else(|| panic!("{}: no plan\n{stdout}{stderr}", edit.name))))
    }
}

impl Schemas {
    /// Terraform's facts without those about attributes that stackr does not have.
    pub(crate) fn known_of(&self, terraform: &Facts) -> Facts {
        let known = |fact: &&String| {
            let words = [" changes ", " forces ", " unknown ", " secret "];
            let Some((address, path)) = words.iter().find_map(|word| fact.split_once(word)) else {
                return true;
            };
            let name = path.split(['.', '[']).next().unwrap_or_default();
            self.0.get(address).is_none_or(|schema| schema.field(name).is_some())
        };
        terraform.iter().filter(known).cloned().collect()
    }
}

/// The facts of a plan as `stackr plan --json` gives it.
fn facts(plan: &Value) -> (Facts, Schemas) {
    let registry = stackr::registry();
    let mut facts = Facts::new();
    let mut schemas = BTreeMap::new();
    for entry in plan["changes"].as_array().expect("a list") {
        let address = entry["address"].as_str().expect("it has an address");
        let action = match entry["action"].as_str().expect("it has an action") {
            // What is gone and not declared is no change to Terraform.
            "keep" | "forget" => continue,
            // What concerns only the tool itself is an update to Terraform too.
            "record" if entry["fields"].as_object().is_some_and(|fields| !fields.is_empty()) => "update",
            "record" => continue,
            "delete_then_create" => "replace",
            "create_then_delete" => "replace (create first)",
            other => other,
        };
        facts.insert(format!("{address} {action}"));
        let ty = type_of(address);
        let schema = match action {
            "read" => registry.lookup(ty).map(|lookup| lookup.schema()),
            _ => registry.resource(ty).map(|resource| resource.schema()),
        };
        let schema = schema.expect("a planned type has a schema");
        schemas.insert(address.to_owned(), schema);
        if action != "delete" {
            change(address, action, entry, schema, &mut facts);
        }
    }
    for (name, entry) in plan["outputs"].as_object().into_iter().flatten() {
        let action = match (&entry["old"], &entry["removed"]) {
            (_, Value::Bool(true)) => "delete",
            (Value::Null, _) => "create",
            _ => "update",
        };
        facts.insert(format!("output.{name} {action}"));
        for path in paths(&entry["new"], &|v| flagged(v, "stackr:unknown")) {
            facts.insert(format!("output.{name} unknown {path}").trim_end().to_owned());
        }
        if flagged(&entry["new"], "stackr:sensitive") {
            facts.insert(format!("output.{name} secret"));
        }
    }
    (facts, Schemas(schemas))
}

fn change(address: &str, action: &str, entry: &Value, schema: &stackr_core::Schema, facts: &mut Facts) {
    let unknown = paths(&entry["after"], &|v| flagged(v, "stackr:unknown"));
    let fields = entry["fields"].as_object().cloned().unwrap_or_default();
    if action != "create" && action != "read" {
        // An argument differs by what it means, an output by what it is.
        let differs = |name: &str| entry["before"][name] != entry["after"][name];
        let outputs = schema.outputs.fields.iter().map(|f| f.name).filter(|name| differs(name));
        let changed: BTreeSet<&str> = fields.keys().map(String::as_str).chain(outputs).collect();
        for name in changed.into_iter().filter(|name| !unknown.contains(*name)) {
            facts.insert(format!("{address} changes {name}"));
        }
    }
    for (name, _) in fields.iter().filter(|(_, field)| field["forces_replacement"] == true) {
        facts.insert(format!("{address} forces {name}"));
    }
    facts.extend(unknown.iter().map(|path| format!("{address} unknown {path}")));
    let secret = paths(&entry["after"], &|v| flagged(v, "stackr:sensitive"));
    facts.extend(secret.iter().map(|path| format!("{address} secret {path}")));
}

fn flagged(value: &Value, flag: &str) -> bool {
    value.get(flag).is_some_and(|flag| flag == true)
}

/// The type in an address: `aws_vpc` of `module.net["a.b"].data.aws_vpc.main[0]`.
fn type_of(address: &str) -> &str {
    let start = address.find("aws_").expect("all types are AWS's");
    address[start..].split('.').next().unwrap_or_default()
}
