//! What state alone holds, taken over: by import, and from a state of Terraform's.

use super::{Json, KEY, MAIN, done, everything, id, state};

const PASSWORD: &str = "hunter2-Hunter2!";

/// What is imported by blocks, and what uses a secret of it at once.
const IMPORTED: &str = r#"
locals {
  ids = {
    sleep  = "300ms,"
    static = "2020-02-12T06:36:13Z"
  }
}

resource "random_password" "db" {
  length = 16
}

resource "terraform_data" "user" {
  input = random_password.db.result
}

resource "random_id" "id" {
  byte_length = 4
  prefix      = "p-"
}

resource "random_integer" "port" {
  min = 1000
  max = 2000
}

resource "time_sleep" "wait" {
  create_duration = "300ms"
}

resource "time_static" "made" {
  for_each = toset(["a"])
}

import {
  to = random_password.db
  id = "hunter2-Hunter2!"
}

import {
  to = random_id.id
  id = "p-,CSuMxQ"
}

import {
  to = random_integer.port
  id = "1234,1000,2000"
}

import {
  to = time_sleep.wait
  id = local.ids.sleep
}

import {
  to = time_static.made["a"]
  id = local.ids.static
}

output "id" {
  value = random_id.id.hex
}
"#;

#[test]
fn what_state_alone_holds_is_imported_by_its_providers_ids() {
    for key in [None, Some(KEY)] {
        let env = stackr_testkit::environment!();
        let env = if let Some(key) = key { env.with("STACKR_STATE_KEY", key) } else { env };
        env.write(MAIN, IMPORTED);
        let planned = env.expect(2, ["plan", "small", "--detailed-exitcode"]);
        assert!(planned.stdout.contains("5 to import, 1 to add"), "{}", planned.stdout);
        let applied = env.expect(0, ["apply", "small", "-y", "--json"]);
        let again = env.expect(0, ["plan", "small", "--detailed-exitcode"]);
        let text = everything(&env, &[&planned, &applied, &again]);
        assert!(!text.contains(PASSWORD) && !text.contains("$2a$"));
        assert_eq!(text.contains("stackr:encrypted"), key.is_some());
        assert_eq!(id(&state(&env), "random_password.db"), "none");
        assert_eq!(env.expect(0, ["output", "small", "id"]).stdout.trim(), "p-092b8cc5");
        // By the command, two secrets whose id is the same.
        env.write("stacks/small/more.tf", "resource \"random_password\" \"other\" {\n  length = 16\n}\n");
        let imported = env.expect(0, ["import", "small", "random_password.other", "Another-passw0rd"]);
        assert!(imported.stdout.contains("[none]"), "{}", imported.stdout);
        done(&env, ["plan", "small", "--detailed-exitcode"]);
        assert!(!everything(&env, &[&imported]).contains("Another-passw0rd"));
        for (address, id, why) in [
            (
                "null_resource.n",
                "1",
                "`null_resource`: objects of this type cannot be imported. Leave the import out",
            ),
            ("random_uuid.u", "1", "`random_uuid`: \"1\" is not a UUID."),
        ] {
            env.write("stacks/small/more.tf", "resource \"random_password\" \"other\" {\n  length = 16\n}\nresource \"null_resource\" \"n\" {}\nresource \"random_uuid\" \"u\" {}\n");
            let refused = env.expect(1, ["import", "small", address, id]);
            assert!(refused.stderr.contains(why), "{}", refused.stderr);
        }
    }
}

const MIGRATED: &str = r#"
resource "random_pet" "name" {
  keepers = { password = random_password.db["a"].result }
}

resource "random_password" "db" {
  for_each = toset(["a", "b"])
  length   = 16
}

resource "null_resource" "after" {
  triggers = { pet = random_pet.name.id }
}

resource "terraform_data" "typed" {
  input = {
    secret = random_password.db["a"].result
    set    = toset(["b", "a"])
  }
  triggers_replace = ["x", 1]
}

output "password" {
  value     = random_password.db["a"].result
  sensitive = true
}

output "pet" {
  value = random_pet.name.id
}
"#;

/// The record of a password, as the provider 3.6 writes it.
fn password(key: &str, text: &str) -> Json {
    let attributes = serde_json::json!({
        "bcrypt_hash": "$2a$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa", "id": "none", "keepers": null,
        "length": 16, "lower": true, "min_lower": 0, "min_numeric": 0, "min_special": 0, "min_upper": 0,
        "number": true, "numeric": true, "override_special": null, "result": text, "special": true, "upper": true,
    });
    let step = |name: &str| serde_json::json!([{ "type": "get_attr", "value": name }]);
    serde_json::json!({
        "index_key": key, "schema_version": 3, "attributes": attributes,
        "sensitive_attributes": [step("bcrypt_hash"), step("result")],
    })
}

/// The state of the stack above, as Terraform 1.11 writes it.
fn theirs() -> Json {
    let step = |name: &str| serde_json::json!({ "type": "get_attr", "value": name });
    let typed = serde_json::json!({
        "value": { "secret": PASSWORD, "set": ["a", "b"] },
        "type": ["object", { "secret": "string", "set": ["set", "string"] }],
    });
    let resource = |ty: &str, name: &str, provider: &str, instances: Json| {
        let provider = format!("provider[\"{provider}\"]");
        serde_json::json!({ "mode": "managed", "type": ty, "name": name, "provider": provider, "instances": instances })
    };
    let registry = |name: &str| format!("registry.terraform.io/hashicorp/{name}");
    serde_json::json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 5, "lineage": "l",
        "outputs": {
            "password": { "value": PASSWORD, "type": "string", "sensitive": true },
            "pet": { "value": "loyal-cat", "type": "string" },
        },
        "resources": [
            resource("random_pet", "name", &registry("random"), serde_json::json!([{
                "attributes": { "id": "loyal-cat", "keepers": { "password": PASSWORD }, "length": 2, "prefix": null, "separator": "-" },
                "sensitive_attributes": [[step("keepers"), { "type": "index", "value": { "value": "password", "type": "string" } }]],
                "dependencies": ["random_password.db"],
            }])),
            resource("random_password", "db", &registry("random"), serde_json::json!([
                password("a", PASSWORD), password("b", "Another-passw0rd"),
            ])),
            resource("null_resource", "after", &registry("null"), serde_json::json!([{
                "attributes": { "id": "4242", "triggers": { "pet": "loyal-cat" } }, "dependencies": ["random_pet.name"],
            }])),
            resource("terraform_data", "typed", "terraform.io/builtin/terraform", serde_json::json!([{
                "attributes": {
                    "id": "3c59e1fd-8c1b-4a6c-bb4a-7d4f34a2c9e0", "input": typed, "output": typed,
                    "triggers_replace": { "value": ["x", 1], "type": ["tuple", ["string", "number"]] },
                },
                "sensitive_attributes": [[step("input"), step("secret")]],
                "dependencies": ["random_password.db"],
            }])),
        ],
    })
}

#[test]
fn what_a_terraform_state_alone_holds_is_taken_over_and_then_there_is_nothing_to_do() {
    for key in [None, Some(KEY)] {
        let env = stackr_testkit::environment!();
        let env = if let Some(key) = key { env.with("STACKR_STATE_KEY", key) } else { env };
        env.write(MAIN, MIGRATED);
        env.write("terraform.tfstate", &theirs().to_string());
        let migrated = env.expect(0, ["migrate", "small", "--from", "terraform.tfstate"]);
        let planned = env.stackr(["plan", "small", "--detailed-exitcode"]);
        assert_eq!(planned.code, 0, "{}{}", migrated.stdout, planned.stdout);
        let text = everything(&env, &[&migrated, &planned]);
        for secret in [PASSWORD, "Another-passw0rd", "$2a$10$"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(text.contains("stackr:encrypted"), key.is_some());
        assert_eq!(id(&state(&env), "null_resource.after"), "4242");
        let again = env.expect(0, ["migrate", "small", "--from", "terraform.tfstate", "--json"]);
        let again: Json = serde_json::from_str(&again.stdout).expect("JSON");
        assert_eq!(
            (&again["known"], again["adopted"].as_array().map(Vec::len)),
            (&Json::from(5), Some(0)),
            "{again}"
        );
    }
}

#[test]
fn an_older_providers_record_is_left_with_what_to_do() {
    let env = stackr_testkit::environment!();
    env.write(MAIN, MIGRATED);
    let mut theirs = theirs();
    theirs["resources"][1]["instances"][0]["attributes"]
        .as_object_mut()
        .expect("an object")
        .remove("numeric");
    env.write("terraform.tfstate", &theirs.to_string());
    let migrated = env.expect(0, ["migrate", "small", "--from", "terraform.tfstate"]);
    assert!(migrated.stdout.contains("has no `numeric`"), "{}", migrated.stdout);
    assert!(!everything(&env, &[&migrated]).contains(PASSWORD));
}
