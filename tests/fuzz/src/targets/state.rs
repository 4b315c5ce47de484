//! What state is kept in: snapshots, journals, a store that holds damaged ones, and Terraform's state.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use stackr_state::{
    Claim, Key, Memory, Outcome, Owner, Session, StackName, decode_part, decode_state, encode_part,
    encode_state, list, move_entries, peek, peek_any, remove_entries, repair, terraform_v4,
};

use crate::{Target, corpus};

pub(super) fn targets() -> Vec<Target> {
    let golden = corpus::files("tests/state", &[".json"]);
    let is = |format: &str| {
        let format = format.to_owned();
        move |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(&format)
    };
    let states: Vec<_> = golden.iter().filter(|b| is("\"stackr-state\"")(b)).cloned().collect();
    let parts: Vec<_> = golden.iter().filter(|b| is("\"stackr-journal\"")(b)).cloned().collect();
    let target =
        |name, corpus, run| Target { name, corpus, words: WORDS, is_json: true, longest: 40_000, run };
    vec![
        target("state", states.clone(), state_run),
        target("journal", parts.clone(), journal_run),
        target("store", stores(&states, &parts), store_run),
        target("terraform-state", corpus::texts(TERRAFORM), terraform_run),
    ]
}

fn state_run(bytes: &[u8]) -> bool {
    let Ok(state) = decode_state(bytes, "state") else { return false };
    let text = encode_state(&state);
    assert_eq!(decode_state(text.as_bytes(), "state").ok().as_ref(), Some(&state), "it does not come back");
    for output in state.outputs.values() {
        drop(output.value());
    }
    for (address, object) in &state.objects {
        drop((object.args_value(), object.outputs_value()));
        let name = address.to_string();
        drop(remove_entries(&state, &name));
        drop(move_entries(&state, &name, "aws_vpc.elsewhere"));
    }
    drop(list(&state, Some("module.a")));
    drop(state.check_origin("1", "eu-west-1"));
    true
}

fn journal_run(bytes: &[u8]) -> bool {
    let Ok(part) = decode_part(bytes, "journal") else { return false };
    let text = encode_part(&part);
    assert_eq!(decode_part(text.as_bytes(), "journal").ok().as_ref(), Some(&part), "it does not come back");
    let mut state = stackr_state::State::new(&StackName::new(&*part.env, &*part.stack));
    for entry in &part.entries {
        let before = state.clone();
        if stackr_state::apply(&mut state, entry).is_err() {
            assert_eq!(state, before, "a refused entry changed the state");
        }
    }
    let text = encode_state(&state);
    assert_eq!(decode_state(text.as_bytes(), "state").ok(), Some(state), "the fold does not come back");
    true
}

/// Whole stores: `{"snapshot": …, "backup": …, "parts": {"1": …}, "lease": …}`.
fn stores(states: &[Vec<u8>], parts: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let json = |bytes: &[u8]| serde_json::from_slice::<Json>(bytes).unwrap_or_default();
    let mut all = Vec::new();
    for state in states {
        let state = json(state);
        let next = state["next"].as_u64().unwrap_or(1);
        let mut journal = serde_json::Map::new();
        for (n, part) in parts.iter().enumerate() {
            let mut part = json(part);
            let number = next + n as u64;
            part["number"] = number.into();
            for name in ["lineage", "stack", "env"] {
                part[name] = state[name].clone();
            }
            if let Some(part) = part.as_object_mut() {
                part.remove("checksum");
            }
            journal.insert(number.to_string(), part);
        }
        all.push(json!({ "snapshot": state, "backup": state, "parts": journal }));
        all.push(json!({ "snapshot": state, "parts": {}, "lease": { "version": 1 } }));
        all.push(json!({ "backup": state, "parts": journal }));
    }
    all.iter().map(|store| store.to_string().into_bytes()).collect()
}

fn claim(name: StackName) -> Claim {
    Claim {
        name,
        run: "fuzz".to_owned(),
        command: "apply".to_owned(),
        owner: Owner::default(),
        term: SignedDuration::from_secs(60),
    }
}

/// Opens whatever is there, works on it, and repairs it if that is not possible: the repaired one can be worked on.
fn store_run(bytes: &[u8]) -> bool {
    let store: Json = serde_json::from_slice(bytes).unwrap_or_default();
    let memory = Memory::new();
    let put = |key, json: Option<&Json>| {
        let text = match json {
            None => None,
            // Text stands for a file that is no JSON.
            Some(Json::String(text)) => Some(text.clone().into_bytes()),
            Some(json) => Some(json.to_string().into_bytes()),
        };
        memory.set(key, text);
    };
    put(Key::Snapshot, store.get("snapshot"));
    put(Key::Backup, store.get("backup"));
    put(Key::Lease, store.get("lease"));
    for (number, part) in store.get("parts").and_then(Json::as_object).into_iter().flatten() {
        if let Ok(number) = number.parse() {
            put(Key::Part(number), Some(part));
        }
    }
    let name = |json: Option<&Json>| {
        let text = |field: &str| json?.get(field)?.as_str().map(str::to_owned);
        StackName::new(text("env").unwrap_or_default(), text("stack").unwrap_or_default())
    };
    let name = name(store.get("snapshot").or_else(|| store.get("backup")));
    let now = Timestamp::UNIX_EPOCH;
    futures::executor::block_on(async {
        let handle = Arc::new(memory.clone());
        let any = peek_any(&memory, now).await;
        drop(peek(&memory, &name, now).await);
        let before: Vec<_> = memory.keys().into_iter().map(|key| (key, memory.get(key))).collect();
        match Session::open(handle.clone(), claim(name.clone()), now).await {
            Ok(mut session) => {
                assert!(any.is_ok(), "it can be opened and not looked at");
                session.begin().await.is_ok() && session.finish(Outcome::Done).await.is_ok()
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                let held = matches!(error, stackr_state::Error::Held { .. });
                for (key, content) in before.iter().filter(|(key, _)| held || *key != Key::Lease) {
                    assert_eq!(
                        memory.get(*key),
                        *content,
                        "{key:?} was touched though it could not be opened"
                    );
                }
                if repair(&memory, &claim(name.clone()), now).await.is_err() {
                    return false;
                }
                let Ok(mut session) = Session::open(handle, claim(name), now).await else {
                    panic!("a repaired state cannot be opened")
                };
                session.begin().await.is_ok() && session.finish(Outcome::Done).await.is_ok()
            }
        }
    })
}

fn terraform_run(bytes: &[u8]) -> bool {
    drop(decode_state(bytes, "state"));
    match terraform_v4::outputs(bytes, "terraform.tfstate") {
        Ok(outputs) => {
            for (value, _) in outputs.values() {
                drop(value.clone().unmark_deep().to_json());
                drop(stackr_lang::show(value));
            }
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

const TERRAFORM: &[&str] = &[
    r#"{"version":4,"terraform_version":"1.11.4","serial":7,"lineage":"x","outputs":{"a":{"value":"vpc-1","type":"string"},"b":{"value":["b","a"],"type":["set","string"]},"c":{"value":{"n":1,"t":["x",2]},"type":["object",{"n":"number","t":["tuple",["string","number"]]}]},"d":{"value":{"value":1,"type":"number"},"type":"dynamic"},"e":{"value":{"k":[{"x":null}]},"type":["map",["list",["object",{"x":"string"}]]],"sensitive":true}},"resources":[]}"#,
    r#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"y","outputs":{},"resources":[{"mode":"managed","type":"aws_vpc","name":"main","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"index_key":0,"schema_version":1,"attributes":{"id":"vpc-1","tags":null},"sensitive_attributes":[],"dependencies":["aws_x.y"]}]}],"check_results":null}"#,
];

const WORDS: &[&str] = &[
    "format",
    "version",
    "stackr-state",
    "stackr-journal",
    "lineage",
    "serial",
    "next",
    "objects",
    "intents",
    "deposed",
    "outputs",
    "number",
    "entries",
    "intent",
    "created",
    "done",
    "deleted",
    "moved",
    "null",
    "true",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "aws_vpc.main",
    "stackr:sealed",
];
