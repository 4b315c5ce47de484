//! What was recorded: answers of every operation that reads, and the objects that they are about.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value as Json;

use crate::wire::Answer;

/// A question: a type, what is done, and what it is done with.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The type.
    pub(crate) ty: String,
    /// `read`, `find` or `look`.
    pub(crate) verb: String,
    /// The id of an object, or the uid that one is found by.
    pub(crate) id: String,
    /// The arguments of what is found or looked up.
    pub(crate) args: Json,
}

/// The answers by service and operation.
pub(crate) struct Recorded(BTreeMap<String, Vec<Answer>>);

impl Recorded {
    /// All files of `recorded/`: one answer a line.
    pub(crate) fn load() -> Self {
        let mut all: BTreeMap<String, Vec<Answer>> = BTreeMap::new();
        for file in fs::read_dir(directory()).expect("the corpus is there").flatten() {
            let (path, text) = (file.path(), fs::read_to_string(file.path()).expect("a text"));
            let Some(service) = path.file_name().and_then(|n| n.to_str()?.strip_suffix(".jsonl")) else {
                continue;
            };
            for line in text.lines() {
                let answer = Answer::of(&serde_json::from_str(line).expect("JSON"));
                all.entry(format!("{service} {}", answer.operation)).or_default().push(answer);
            }
        }
        Self(all)
    }

    /// The recorded answers of an operation.
    pub(crate) fn of(&self, service: &str, operation: &str) -> &[Answer] {
        self.0.get(&format!("{service} {operation}")).map_or(&[], Vec::as_slice)
    }
}

/// Every question.
pub(crate) fn asked() -> Vec<Asked> {
    let text = fs::read_to_string(directory().join("asked.json")).expect("the corpus is there");
    let all: Vec<Json> = serde_json::from_str(&text).expect("JSON");
    let text = |one: &Json, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    all.iter()
        .map(|one| Asked {
            ty: text(one, "type"),
            verb: text(one, "verb"),
            id: text(one, "id"),
            args: one["args"].clone(),
        })
        .collect()
}

fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/answers/recorded"))
}
