//! The types without a cloud, end to end: no credentials, no region, no emulator.

#[path = "utility/taken_over.rs"]
mod taken_over;

use std::fs;

use serde_json::Value as Json;
use stackr_testkit::{Output, TestEnvironment};

const MAIN: &str = "stacks/small/main.tf";

const SMALL: &str = r#"
terraform {
  required_providers {
    random = { source = "hashicorp/random" }
    null   = { source = "hashicorp/null" }
    time   = { source = "hashicorp/time" }
  }
}

variable "colour" {
  default = "red"
}

resource "random_pet" "name" {
  keepers = { colour = var.colour }
}

resource "random_password" "db" {
  length      = 24
  min_special = 2
}

resource "random_string" "suffix" {
  length  = 6
  special = false
  upper   = false
}

resource "random_integer" "port" {
  min = 1000
  max = 2000
}

resource "random_id" "id" {
  byte_length = 4
}

resource "random_uuid" "uuid" {}

resource "random_shuffle" "zones" {
  input        = ["a", "b", "c"]
  result_count = 2
}

resource "time_static" "made" {}

resource "time_offset" "later" {
  base_rfc3339 = "2024-01-31T00:00:00Z"
  offset_days  = 1
}

resource "time_sleep" "wait" {
  create_duration = "300ms"
  triggers        = { pet = random_pet.name.id }
}

resource "null_resource" "after" {
  triggers = { waited = time_sleep.wait.id }
}

resource "terraform_data" "typed" {
  input = {
    set    = toset(["b", "a", "b"])
    list   = tolist(["b", "a"])
    tuple  = ["1", 1, true]
    number = random_integer.port.result
    text   = tostring(random_integer.port.result)
  }
  triggers_replace = [random_id.id.hex]
}

resource "terraform_data" "user" {
  input = random_password.db.result
}

output "pet" {
  value = random_pet.name.id
}

output "types" {
  value = {
    set    = terraform_data.typed.output.set
    tuple  = terraform_data.typed.output.tuple
    number = terraform_data.typed.output.number + 0
    same   = terraform_data.typed.output.text == tostring(terraform_data.typed.output.number)
  }
}

output "later" {
  value = time_offset.later.rfc3339
}

output "password" {
  value     = random_password.db.result
  sensitive = true
}
"#;

/// 32 bytes in base64.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A project that can reach no AWS at all.
fn small() -> TestEnvironment {
    let env = stackr_testkit::environment!();
    env.write(MAIN, SMALL);
    env
}

/// Runs a command that has to succeed.
fn done<const N: usize>(env: &TestEnvironment, arguments: [&str; N]) {
    drop(env.expect(0, arguments));
}

fn state(env: &TestEnvironment) -> Json {
    serde_json::from_str(&env.read("state/default/small/state.json")).expect("JSON")
}

fn id<'a>(state: &'a Json, address: &str) -> &'a str {
    state["objects"][address]["id"].as_str().unwrap_or_else(|| panic!("{address} is recorded"))
}

/// Every file under the project's state, and all that was said.
fn everything(env: &TestEnvironment, said: &[&Output]) -> String {
    let mut text: String = said.iter().map(|output| output.stdout.clone() + &output.stderr).collect();
    let mut open = vec![env.path("state")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).expect("a directory").filter_map(Result::ok) {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                text += &String::from_utf8_lossy(&fs::read(entry.path()).expect("a file"));
            }
        }
    }
    text
}

#[test]
fn a_stack_of_utility_types_needs_no_aws_and_its_second_plan_is_empty() {
    let env = small();
    let applied = env.expect(0, ["apply", "small", "-y"]);
    assert!(applied.stderr.contains("13 added"), "{}", applied.stderr);
    done(&env, ["plan", "small", "--detailed-exitcode"]);
    let first = state(&env);
    assert_eq!(first["account"], Json::Null);
    let outputs: Json =
        serde_json::from_str(&env.expect(0, ["output", "small", "--json"]).stdout).expect("JSON");
    let value =
        |name: &str| outputs.get(name).map(|o| o.get("value").unwrap_or(o).clone()).unwrap_or_default();
    assert_eq!(value("later"), "2024-02-01T00:00:00Z");
    assert_eq!(value("types")["set"], serde_json::json!(["a", "b"]));
    assert_eq!(value("types")["tuple"], serde_json::json!(["1", 1, true]));
    assert_eq!(value("types")["same"], true);
    // A keeper makes the pet anew, with what waits for it; all else stays.
    let planned = env.expect(2, ["plan", "small", "--detailed-exitcode", "--var", "colour=blue"]);
    for replaced in ["random_pet.name", "time_sleep.wait", "null_resource.after"] {
        assert!(planned.stdout.contains(&format!("{replaced} must be replaced")), "{}", planned.stdout);
    }
    assert!(planned.stdout.contains("3 to add, 0 to change, 3 to destroy"), "{}", planned.stdout);
    done(&env, ["apply", "small", "-y", "--var", "colour=blue"]);
    let second = state(&env);
    assert_ne!(id(&first, "random_pet.name"), id(&second, "random_pet.name"));
    for kept in [
        "random_id.id",
        "random_uuid.uuid",
        "random_string.suffix",
        "time_static.made",
        "terraform_data.typed",
    ] {
        assert_eq!(first["objects"][kept], second["objects"][kept]);
    }
    done(&env, ["destroy", "small", "-y"]);
    assert_eq!(state(&env)["objects"], serde_json::json!({}));
}

#[test]
fn a_password_is_nowhere_in_the_clear() {
    let env = small();
    env.write(
        "stacks/small/show.tf",
        "output \"shown\" {\n  value = nonsensitive(random_password.db.result)\n}\n",
    );
    // Where it is asked for it is shown: that is how this test knows it.
    done(&env, ["apply", "small", "-y"]);
    let outputs: Json =
        serde_json::from_str(&env.expect(0, ["output", "small", "--json"]).stdout).expect("JSON");
    let password =
        outputs["shown"].get("value").unwrap_or(&outputs["shown"]).as_str().expect("text").to_owned();
    assert_eq!(password.len(), 24);
    let env = small().with("STACKR_STATE_KEY", KEY);
    let applied = env.expect(0, ["apply", "small", "-y", "--json"]);
    let planned = env.expect(0, ["plan", "small", "--detailed-exitcode"]);
    let text = everything(&env, &[&applied, &planned]);
    assert!(!text.contains("$2a$"));
    assert!(text.contains("stackr:encrypted"));
    env.write(
        "stacks/small/show.tf",
        "output \"shown\" {\n  value = nonsensitive(random_password.db.result)\n}\n",
    );
    done(&env, ["apply", "small", "-y"]);
    let outputs: Json =
        serde_json::from_str(&env.expect(0, ["output", "small", "--json"]).stdout).expect("JSON");
    let password =
        outputs["shown"].get("value").unwrap_or(&outputs["shown"]).as_str().expect("text").to_owned();
    assert_eq!(password.len(), 24);
    assert!(!text.contains(&password));
}

#[test]
fn without_a_key_a_later_user_of_the_password_is_told_what_to_do() {
    let env = small();
    done(&env, ["apply", "small", "-y"]);
    let more = "resource \"random_pet\" \"p\" {\n  prefix = random_password.db.result\n}\n";
    env.write("stacks/small/more.tf", more);
    let planned = env.expect(0, ["plan", "small"]);
    assert!(planned.stderr.contains("needs the text of random_password.db"), "{}", planned.stderr);
    let failed = env.expect(3, ["apply", "small", "-y"]);
    for remedy in ["--replace 'random_password.db'", "STACKR_STATE_KEY"] {
        assert!(failed.stderr.contains(remedy), "{}", failed.stderr);
    }
    done(&env, ["apply", "small", "-y", "--replace", "random_password.db"]);
    done(&env, ["plan", "small", "--detailed-exitcode"]);
}

#[test]
fn another_key_is_an_error_and_changes_nothing() {
    let env = small().with("STACKR_STATE_KEY", KEY);
    done(&env, ["apply", "small", "-y"]);
    let before = env.read("state/default/small/state.json");
    let env = env.with("STACKR_STATE_KEY", OTHER);
    for command in [["plan", "small", "--no-color"], ["apply", "small", "-y"]] {
        let refused = env.expect(1, command);
        assert!(
            refused.stderr.contains("the state key does not open random_password.db"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(env.read("state/default/small/state.json"), before);
    let env = env.with("STACKR_STATE_KEY", "hunter2");
    let refused = env.expect(1, ["plan", "small"]);
    assert!(refused.stderr.contains("openssl rand -base64 32") && !refused.stderr.contains("hunter2"));
}

#[test]
fn what_does_not_go_together_is_refused_in_the_plan() {
    let env = stackr_testkit::environment!();
    env.write(MAIN, "resource \"random_string\" \"s\" {\n  length    = 2\n  min_upper = 3\n}\n");
    let refused = env.expect(1, ["plan", "small"]);
    assert!(refused.stderr.contains("Length (2) must"), "{}", refused.stderr);
    assert!(refused.stderr.contains("main.tf"), "{}", refused.stderr);
    env.write(MAIN, "resource \"tls_private_key\" \"k\" {\n  algorithm = \"RSA\"\n}\n");
    let refused = env.expect(1, ["validate", "small"]);
    assert!(refused.stderr.contains("tls_private_key"), "{}", refused.stderr);
}
