//! Small notations: addresses, numbers, and the documents that AWS writes in its own way.

use serde_json::Value as Json;
use stackr_core::{Address, Kind, ModulePath, Number, Value, equal};

use crate::{Target, corpus};

pub(super) fn targets() -> Vec<Target> {
    let target =
        |name, corpus, words, is_json, longest, run| Target { name, corpus, words, is_json, longest, run };
    vec![
        target("addresses", corpus::texts(ADDRESSES), WORDS, false, 2_000, address_run as fn(&[u8]) -> bool),
        target("numbers", corpus::texts(NUMBERS), DIGITS, false, 200, number_run),
        target("documents", corpus::texts(DOCUMENTS), WORDS, true, 20_000, document_run),
    ]
}

fn address_run(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<Address>() {
        Ok(address) => {
            let shown = address.to_string();
            assert_eq!(shown.parse::<Address>().ok().as_ref(), Some(&address), "{shown} is another address");
            assert!(
                address.is_within(&shown)
                    && address.is_within(&address.block.to_string())
                        == (address.module == ModulePath::default())
            );
            let json = serde_json::to_string(&address).expect("an address is text");
            assert_eq!(serde_json::from_str::<Address>(&json).ok(), Some(address));
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

fn number_run(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let in_json = serde_json::from_str::<Json>(&text).map(|json| Value::from_json(&json));
    if let Ok(value) = &in_json {
        drop((value.to_text(), value.to_json().to_string()));
    }
    let Ok(number) = text.parse::<Number>() else { return false };
    let shown = number.to_string();
    assert_eq!(shown.parse::<Number>().ok().as_ref(), Some(&number), "{shown} is another number");
    drop((number.as_i64(), number.as_f64(), Value::Number(number).to_json()));
    true
}

/// Two documents, or one that is held against itself. Equality is asked both ways.
fn document_run(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let json: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
    let (one, two) = match json.as_array().map(Vec::as_slice) {
        Some([one, two]) => (one.to_string(), two.to_string()),
        _ => (text.clone().into_owned(), json.to_string()),
    };
    let (one, two) = (Value::String(one), Value::String(two));
    let kinds = [
        Kind::Json,
        Kind::Policy,
        Kind::ContainerDefinitions,
        Kind::Cidr,
        Kind::DnsName,
        Kind::NameOrArn,
        Kind::Int,
        Kind::Bool,
        Kind::List(&Kind::Policy),
        Kind::Set(&Kind::Cidr),
        Kind::Map(&Kind::Json),
        Kind::Any,
    ];
    for kind in kinds {
        // A name that is wanted stands for any revision that is seen, and not the other way round.
        let symmetric = !matches!(kind, Kind::NameOrArn);
        let both = |a: &Value, b: &Value| equal(&kind, a, b) == equal(&kind, b, a) || !symmetric;
        assert!(both(&one, &two), "{kind:?} is not symmetric");
        assert!(
            equal(&kind, &one, &one)
                || !matches!(kind, Kind::Json | Kind::Policy | Kind::ContainerDefinitions)
        );
        let value = Value::from_json(&json);
        assert!(both(&value, &one), "{kind:?} is not symmetric");
        std::hint::black_box(equal(&kind, &value, &value));
    }
    !json.is_null()
}

const ADDRESSES: &[&str] = &[
    "aws_vpc.main",
    "aws_vpc.main[0]",
    "aws_subnet.a[\"x.y\"]",
    "module.net.aws_vpc.main",
    "module.net[\"a\"].module.b[3].aws_x.y[\"\\\"q\\\"\"]",
    "data.aws_ami.it",
    "module.m.data.aws_x.y[\"${z}\"]",
];

const NUMBERS: &[&str] =
    &["0", "-1.50", "1e10", "1E-10", "12345678901234567890.123", ".5", "5.", "+3", "1_000"];

const DIGITS: &[&str] =
    &["0", "9", "e", "E", "-", "+", ".", "_", "e99", "e-99", "e9999999", "e-9999999", " ", "00"];

const DOCUMENTS: &[&str] = &[
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::1:root","*"]},"Action":"s3:*","NotResource":["a","b"],"Condition":{"StringEquals":{"aws:x":["y"]},"Bool":{"a":true}}},{"Effect":"Deny","Action":["b","a"],"Resource":"*"}]}"#,
    r#"[{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}},{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":["a:b"],"Resource":["*"]}]}]"#,
    r#"[[{"name":"web","image":"x:1","cpu":0,"portMappings":[{"containerPort":80}],"environment":[{"name":"B","value":"1"},{"name":"A","value":"2"}],"secrets":[{"name":"S","valueFrom":"arn"}],"essential":true,"logConfiguration":{"logDriver":"awslogs","options":{"a":"b"}}}],[{"name":"web","image":"x:1","portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}]}]]"#,
    r#"["10.0.0.1/8","10.0.0.0/8"]"#,
    r#""arn:aws:iam::123456789012:role/x""#,
];

const WORDS: &[&str] = &[
    "module",
    "data",
    "aws_vpc",
    "main",
    ".",
    "[",
    "]",
    "\"",
    "\\",
    "0",
    "-1",
    "\\n",
    "${",
    "\\u",
    "*",
    "Statement",
    "Principal",
    "Action",
    "Effect",
    "Condition",
    "Version",
    "name",
    "environment",
    "portMappings",
    "/32",
    "::",
    "/129",
];
