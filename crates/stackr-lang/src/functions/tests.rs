//! What the table of expressions cannot say: unknown values, results that are random, sizes without
//! reason, and keys.
//! Everything else that functions do is in `tests/console.txt`.

use std::time::{Duration, Instant};

use base64::Engine as _;
use stackr_core::{Type, Value};

use super::{FunctionError, Functions, call, exists, names};
use crate::loader::MemoryLoader;

fn run(name: &str, args: Vec<Value>) -> Result<Value, String> {
    let loader = MemoryLoader::new().with("module/a.txt", "a").with("module/raw", [0xff, 0xfe]);
    let template = |text: &str, name: &str, _: std::collections::BTreeMap<String, Value>| {
        Ok(Value::from(format!("{name}: {text}")))
    };
    let ctx = Functions {
        loader: &loader,
        dir: "module",
        plan_time: Some(jiff::Timestamp::UNIX_EPOCH),
        now: None,
        template: &template,
    };
    call(&ctx, name, args).map_err(|error: FunctionError| error.message)
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn texts(all: &[&str]) -> Value {
    Value::List(all.iter().map(|text| Value::from(*text)).collect())
}

#[test]
fn what_can_be_known_of_an_unknown_argument_is_known() {
    use Value::{List, Tuple, Unknown};
    let check =
        |name: &str, args: Vec<Value>, expect: Value| assert_eq!(run(name, args), Ok(expect), "{name}");
    let text = || Unknown(Type::String);
    let list = || Unknown(Type::String.list());
    let object = || Type::Object([("a".to_owned(), stackr_core::ObjectField::required(Type::Number))].into());

    check("upper", vec![text()], text());
    check("upper", vec![Value::UNKNOWN], text());
    check("length", vec![List(vec![text(), text()])], 2.into());
    check("length", vec![list()], Unknown(Type::Number));
    check("length", vec![Unknown(object())], 1.into());
    check("length", vec![Value::Set(vec![text(), text()])], Unknown(Type::Number));
    check("element", vec![Tuple(vec![text(), "b".into()]), 1.into()], "b".into());
    check("element", vec![list(), 1.into()], text());
    check("concat", vec![Tuple(vec![text()]), Tuple(vec![1.into()])], Tuple(vec![text(), 1.into()]));
    check("concat", vec![list(), texts(&["a"])], list());
    check("concat", vec![Value::UNKNOWN, texts(&["a"])], Value::UNKNOWN);
    check(
        "merge",
        vec![Value::object([("a", text())]), Value::object([("b", 1.into())])],
        Value::object([("a", text()), ("b", 1.into())]),
    );
    check("keys", vec![Value::object([("a", text())])], Tuple(vec!["a".into()]));
    check("keys", vec![Unknown(object())], Tuple(vec!["a".into()]));
    check("keys", vec![Unknown(Type::Number.map())], list());
    check("values", vec![Value::object([("a", text())])], Tuple(vec![text()]));
    check("lookup", vec![Value::object([("a", text())]), "a".into(), "d".into()], text());
    check("lookup", vec![Value::object([("a", text()), ("b", 1.into())]), "b".into()], 1.into());
    check("flatten", vec![Tuple(vec![Tuple(vec![text()]), "b".into()])], Tuple(vec![text(), "b".into()]));
    check("flatten", vec![Tuple(vec![list()])], Value::UNKNOWN);
    check("coalesce", vec!["a".into(), text()], "a".into());
    check("coalesce", vec![Value::Null, text(), "b".into()], text());
    check("zipmap", vec![texts(&["a"]), Tuple(vec![text()])], Value::object([("a", text())]));
    check("jsonencode", vec![Value::object([("a", text())])], text());
    check("format", vec!["%s".into(), text()], text());
    check("join", vec![",".into(), List(vec!["a".into(), text()])], text());
    check("split", vec![",".into(), text()], list());
    check("tolist", vec![Tuple(vec![text(), "b".into()])], List(vec![text(), "b".into()]));
    check("tonumber", vec![text()], Unknown(Type::Number));
    check("one", vec![list()], text());
    check("slice", vec![Tuple(vec![text(), 1.into()]), 1.into(), 2.into()], Tuple(vec![1.into()]));
    check("upper", vec![text().sensitive()], text().sensitive());
    check("issensitive", vec![text().sensitive()], true.into());
    check("timestamp", vec![], text());
    check("uuid", vec![], text());
    check("plantimestamp", vec![], "1970-01-01T00:00:00Z".into());
}

#[test]
fn unknown_arguments_are_still_checked() {
    let check =
        |name: &str, args: Vec<Value>, expect: &str| assert_eq!(run(name, args), Err(expect.to_owned()));
    let list = Value::Unknown(Type::String.list());
    check("upper", vec![list], "Invalid value for \"str\" parameter: string required.");
    check("upper", vec![], "Function \"upper\" expects 1 argument(s). Missing value for \"str\".");
    check(
        "length",
        vec![Value::Unknown(Type::Number)],
        "Call to function \"length\" failed: argument must be a string, a collection type, or a \
             structural type.",
    );
    check(
        "join",
        vec![Value::UNKNOWN, Value::Null],
        "Invalid value for \"lists\" parameter: argument must not be null.",
    );
}

#[test]
fn numbers_without_reason_are_refused_at_once() {
    let start = Instant::now();
    let huge = || number("1e9000");
    let check = |name: &str, args: Vec<Value>| assert!(run(name, args).is_err(), "{name} should refuse");
    check("pow", vec![10.into(), 1_000_000_000.into()]);
    check("range", vec![huge()]);
    check("range", vec![0.into(), 1.into(), number("1e-300")]);
    check("indent", vec![1_000_000_000.into(), "a\nb".into()]);
    check("format", vec!["%999999999d".into(), 1.into()]);
    check("format", vec!["%99999999999999999999d".into(), 1.into()]);
    check("format", vec!["%.999999999f".into(), 1.into()]);
    check("format", vec!["%16000000s%16000000s".into(), "a".into(), "b".into()]);
    check("cidrsubnets", vec!["10.0.0.0/8".into(), number("1e18")]);
    check("cidrsubnet", vec!["10.0.0.0/8".into(), i64::MAX.into(), 1.into()]);
    check("cidrsubnet", vec!["10.0.0.0/8".into(), i64::MIN.into(), 1.into()]);
    check("cidrhost", vec!["::/0".into(), huge()]);
    check("bcrypt", vec!["a".into(), 31.into()]);
    check("jsondecode", vec!["1e999999999".into()]);
    check("yamldecode", vec!["1e999999999".into()]);
    check("tonumber", vec!["1e999999999".into()]);
    check("timeadd", vec!["9999-12-31T23:00:00Z".into(), "2h".into()]);
    check("regex", vec!["((((a{1000}){1000}){1000}){1000})".into(), "a".into()]);
    check("jsondecode", vec!["[".repeat(100_000).into()]);
    check("yamldecode", vec!["[".repeat(100_000).into()]);
    let thousand = || Value::List((0..1024).map(Value::from).collect());
    check("setproduct", vec![thousand(), thousand(), thousand()]);
    let tenfold = |name: char, of: &str| format!("{name}: &{name} [{}]\n", [of; 10].join(","));
    let aliases =
        "abcdefgh".chars().zip("x*a*b*c*d*e*f*g".split_inclusive(['x', 'a', 'b', 'c', 'd', 'e', 'f', 'g']));
    check("yamldecode", vec![aliases.map(|(name, of)| tenfold(name, of)).collect::<String>().into()]);
    assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
}

#[test]
fn large_numbers_at_the_edge_are_computed() {
    let check = |name: &str, args: Vec<Value>, expect: Value| assert_eq!(run(name, args), Ok(expect));
    check("substr", vec!["ab".into(), i64::MIN.into(), i64::MAX.into()], "ab".into());
    check("element", vec![texts(&["a", "b"]), i64::MAX.into()], "b".into());
    check("chunklist", vec![texts(&["a"]), i64::MAX.into()], Value::List(vec![texts(&["a"])]));
    check("ceil", vec![number("1e-9000")], 1.into());
}

#[test]
fn files_are_found_from_the_directory_of_the_module() {
    assert_eq!(run("file", vec!["a.txt".into()]), Ok("a".into()));
    assert!(run("file", vec!["/module/a.txt".into()]).is_err());
    assert_eq!(run("filebase64", vec!["raw".into()]), Ok("//4=".into()));
    let error = run("file", vec!["raw".into()]).unwrap_err();
    assert!(error.contains("not valid UTF-8; use the filebase64 function"), "{error}");
    let rendered = run("templatefile", vec!["a.txt".into(), Value::object([("x", 1.into())])]);
    assert_eq!(rendered, Ok("a.txt: a".into()));
    let error = run("templatefile", vec!["a.txt".into(), Value::object([("1x", 1.into())])]).unwrap_err();
    assert!(error.contains("invalid template variable name \"1x\""), "{error}");
}

#[test]
fn an_error_does_not_tell_a_secret() {
    for (name, args) in [
        ("parseint", vec![Value::from("hunter2").sensitive(), 10.into()]),
        ("base64decode", vec![Value::from("hunter2").sensitive()]),
        ("tonumber", vec![Value::from("hunter2").sensitive()]),
        ("timeadd", vec!["2020-01-01T00:00:00Z".into(), Value::from("hunter2").sensitive()]),
        ("join", vec![",".into(), Value::Tuple(vec![Value::from("hunter2").sensitive(), Value::Null])]),
        ("yamldecode", vec![Value::from("*hunter2").sensitive()]),
        ("csvdecode", vec![Value::from("hunter2,hunter2").sensitive()]),
    ] {
        let error = run(name, args).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn base64gzip_gives_the_text_back_and_the_same_every_time() {
    use std::io::Read as _;
    let text = "hello ".repeat(1000);
    let packed = run("base64gzip", vec![text.as_str().into()]).unwrap();
    assert_eq!(run("base64gzip", vec![text.as_str().into()]), Ok(packed.clone()));
    let bytes = super::encoding::BASE64.decode(packed.as_str().unwrap()).unwrap();
    let mut back = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut back).unwrap();
    assert_eq!(back, text);
}

#[test]
fn removed_and_foreign_functions_say_what_to_write_instead() {
    let check = |name: &str, expect: &str| assert_eq!(run(name, vec![]), Err(expect.to_owned()));
    check("list", "Function \"list\" was removed from the language; write tolist([ ... ]) instead.");
    check(
        "provider::aws::arn_parse",
        "Functions of providers are not supported: \"provider::aws::arn_parse\".",
    );
    check("nope", "There is no function named \"nope\".");
    assert!(exists("core::upper") && !exists("try") && names().count() == 116);
}
