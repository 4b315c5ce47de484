use std::{collections::BTreeMap, time::Duration};

use stackr_core::{AnyRecord, AnyResource as _, Block as _, ErasedKept, Kept, Value, coerce_args};

use super::*;

fn moment(seed: u8) -> Moment {
    Moment { seed: [seed; 32], now: Duration::from_secs(1_581_489_373) }
}

/// Makes an object of what a person writes.
fn make<K: Kept>(written: &[(&str, Value)], seed: u8) -> Result<AnyRecord> {
    let kept = ErasedKept::<K>::new();
    let written = Value::object(written.iter().map(|(k, v)| (*k, v.clone())));
    let mut args = coerce_args(kept.schema(), &written).unwrap_or_else(|problems| panic!("{problems:?}"));
    let foreseen = K::foresee(&args);
    if let (Value::Object(args), Some(Value::Object(more))) = (&mut args, foreseen) {
        args.extend(more.into_iter().filter(|(name, _)| kept.schema().args.field(name).is_some()));
    }
    kept.kept().unwrap().make(&args, &moment(seed))
}

fn import<K: Kept>(id: &str) -> Result<AnyRecord> {
    ErasedKept::<K>::new().kept().unwrap().import(id, &moment(1))
}

fn output(record: &AnyRecord, name: &str) -> String {
    record.seen.outputs.get(name).and_then(Value::to_text).unwrap()
}

fn text(written: &[(&str, Value)], seed: u8) -> String {
    output(&make::<RandomString>(written, seed).unwrap(), "result")
}

fn number(value: i64) -> Value {
    value.into()
}

#[test]
fn a_text_has_its_length_its_classes_and_at_least_what_must_be_in_it() {
    let count = |text: &str, of: &dyn Fn(char) -> bool| text.chars().filter(|c| of(*c)).count();
    let special = |c: char| "!@#$%&*()-_=+[]{}<>:?".contains(c);
    for seed in 0..50 {
        let all = text(&[("length", number(40))], seed);
        assert_eq!(all.chars().count(), 40);
        assert!(all.chars().all(|c| c.is_ascii_alphanumeric() || special(c)), "{all}");
        let least = [
            ("length", number(12)),
            ("min_upper", number(2)),
            ("min_lower", number(3)),
            ("min_numeric", number(4)),
            ("min_special", number(3)),
        ];
        let least = text(&least, seed);
        let classes = [
            count(&least, &|c| c.is_ascii_uppercase()),
            count(&least, &|c| c.is_ascii_lowercase()),
            count(&least, &|c| c.is_ascii_digit()),
            count(&least, &special),
        ];
        assert_eq!(classes, [2, 3, 4, 3], "{least}");
        let digits = [
            ("length", number(9)),
            ("upper", false.into()),
            ("lower", false.into()),
            ("special", false.into()),
        ];
        assert!(text(&digits, seed).bytes().all(|b| b.is_ascii_digit()));
        for name in ["number", "numeric"] {
            let letters =
                text(&[("length", number(30)), (name, false.into()), ("special", false.into())], seed);
            assert!(letters.bytes().all(|b| b.is_ascii_alphabetic()), "{letters}");
        }
        let own = [
            ("length", number(30)),
            ("override_special", "é/".into()),
            ("upper", false.into()),
            ("lower", false.into()),
            ("numeric", false.into()),
        ];
        let own = text(&own, seed);
        assert!(own.chars().all(|c| "é/".contains(c)) && own.chars().count() == 30, "{own}");
        // A class that may not come comes as often as it must, as in the provider.
        let odd = text(&[("length", number(5)), ("min_upper", number(2)), ("upper", false.into())], seed);
        assert!(count(&odd, &|c| c.is_ascii_uppercase()) == 2, "{odd}");
    }
}

#[test]
fn every_character_has_the_same_chance_wherever_it_stands() {
    let written =
        [("length", number(1 << 16)), ("override_special", "!?".into()), ("min_special", number(1))];
    let all = text(&written, 3);
    let mut counts = BTreeMap::new();
    for c in all.chars() {
        *counts.entry(c).or_insert(0_u32) += 1;
    }
    // 64 characters, 1024 of each expected; the standard deviation is 32.
    assert_eq!(counts.len(), 64);
    for (c, count) in counts {
        assert!((1024 - 160..=1024 + 160).contains(&count), "{c}: {count}");
    }
    let first = |seed: u8| text(&[("length", number(4)), ("min_numeric", number(1))], seed);
    let places: Vec<usize> = (0..200).map(|s| first(s).find(|c: char| c.is_ascii_digit()).unwrap()).collect();
    assert!(
        (0..4).all(|place| places.iter().filter(|p| **p == place).count() > 20),
        "what must come is shuffled in"
    );
}

#[test]
fn the_same_moment_makes_the_same_object_and_another_another() {
    fn check<K: Kept>(written: &[(&str, Value)]) {
        let (one, same) = (make::<K>(written, 1).unwrap(), make::<K>(written, 1).unwrap());
        assert_eq!(one, same);
        assert_ne!(one, make::<K>(written, 2).unwrap(), "{}", K::TYPE);
    }
    check::<RandomBytes>(&[("length", number(16))]);
    check::<RandomId>(&[("byte_length", number(8))]);
    check::<RandomInteger>(&[("min", number(i64::MIN)), ("max", number(i64::MAX))]);
    check::<RandomPassword>(&[("length", number(16))]);
    check::<RandomPet>(&[]);
    let letters = "abcdefghijklmnop".chars().map(|c| c.to_string().into()).collect();
    check::<RandomShuffle>(&[("input", Value::List(letters))]);
    check::<RandomString>(&[("length", number(16))]);
    check::<RandomUuid>(&[]);
    check::<crate::null::NullResource>(&[]);
    check::<crate::terraform::Data>(&[("input", "x".into())]);
}

#[test]
fn arguments_that_do_not_go_together_are_refused_with_what_to_do() {
    fn check<K: Kept>(written: &[(&str, Value)], message: &str) {
        assert_eq!(make::<K>(written, 1).unwrap_err().to_string(), message);
    }
    check::<RandomString>(&[("length", number(0))], "random_string: length must be from 1 to 1048576, not 0");
    check::<RandomString>(
        &[("length", number(3)), ("min_upper", number(2)), ("min_lower", number(2))],
        "random_string: length (3) must be at least min_upper + min_lower + min_numeric + min_special (4)",
    );
    check::<RandomString>(
        &[("length", number(3)), ("min_upper", number(-1))],
        "random_string: min_upper must be from 0 to 1048576, not -1",
    );
    let none = ["upper", "lower", "numeric", "special"].map(|name| (name, false.into()));
    check::<RandomPassword>(
        &[&[("length", number(3))], none.as_slice()].concat(),
        "random_password: at least one of upper, lower, numeric and special must be true",
    );
    check::<RandomPassword>(
        &[("length", number(3)), ("number", false.into()), ("numeric", true.into())],
        "random_password: number and numeric are two names of one argument; remove number",
    );
    check::<RandomInteger>(
        &[("min", number(2)), ("max", number(1))],
        "random_integer: min (2) must not be greater than max (1)",
    );
    check::<RandomId>(
        &[("byte_length", number(0))],
        "random_id: byte_length must be from 1 to 1048576, not 0",
    );
    check::<RandomPet>(&[("length", number(300))], "random_pet: length must be from 1 to 255 words, not 300");
}

#[test]
fn an_id_is_the_same_bytes_in_every_notation() {
    let made = make::<RandomId>(&[("byte_length", number(4)), ("prefix", "p-".into())], 5).unwrap();
    let again = import::<RandomId>(&format!("p-,{}", made.id)).unwrap();
    assert_eq!(made, again);
    let hex = output(&made, "hex");
    assert_eq!(hex.len(), 2 + 8);
    let value = u32::from_str_radix(hex.trim_start_matches("p-"), 16).unwrap();
    assert_eq!(output(&made, "dec"), format!("p-{value}"));
    assert_eq!(output(&made, "b64_url"), format!("p-{}", made.id));
    let known = import::<RandomId>("9hUg").unwrap();
    let shown = ["id", "hex", "dec", "b64_std", "b64_url"].map(|name| output(&known, name));
    assert_eq!(shown, ["9hUg", "f61520", "16127264", "9hUg", "9hUg"].map(str::to_owned));
}

#[test]
fn a_pet_has_its_words_its_separator_and_its_prefix() {
    let pet = |written: &[(&str, Value)]| make::<RandomPet>(written, 4).unwrap().id;
    assert_eq!(pet(&[]).split('-').count(), 2);
    assert_eq!(pet(&[("length", number(4)), ("separator", "_".into())]).split('_').count(), 4);
    assert!(pet(&[("prefix", "web".into()), ("separator", ".".into())]).starts_with("web."));
    assert_eq!(pet(&[("length", number(1))]).split('-').count(), 1);
    assert!(pet(&[]).bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
}

#[test]
fn a_number_is_in_its_range_and_a_seed_fixes_it() {
    let mut seen = [false; 3];
    for seed in 0..60 {
        let made = make::<RandomInteger>(&[("min", number(-1)), ("max", number(1))], seed).unwrap();
        let result: i64 = output(&made, "result").parse().unwrap();
        seen[usize::try_from(result + 1).unwrap()] = true;
    }
    assert_eq!(seen, [true; 3]);
    let fixed = |seed| {
        let written = [("min", number(0)), ("max", number(1 << 40)), ("seed", "blue".into())];
        make::<RandomInteger>(&written, seed).unwrap().id
    };
    assert_eq!(fixed(1), fixed(2));
}

#[test]
fn a_shuffle_keeps_the_elements_and_gives_as_many_as_asked() {
    let input = Value::List(["a", "b", "c", "d"].map(Value::from).to_vec());
    let shuffled = |count: Option<i64>| {
        let mut written = vec![("input", input.clone())];
        written.extend(count.map(|count| ("result_count", number(count))));
        let made = make::<RandomShuffle>(&written, 9).unwrap();
        let result = made.seen.outputs.get("result").and_then(Value::elements).unwrap();
        result.iter().filter_map(Value::to_text).collect::<Vec<_>>()
    };
    let sorted = |mut all: Vec<String>| {
        all.sort();
        all.concat()
    };
    assert_eq!(sorted(shuffled(None)), "abcd");
    assert_eq!(shuffled(Some(2)).len(), 2);
    let nine = shuffled(Some(9));
    assert_eq!(nine.len(), 9);
    assert_eq!(sorted(nine[..4].to_vec()), "abcd");
    assert_eq!(sorted(nine[4..8].to_vec()), "abcd");
    let empty =
        make::<RandomShuffle>(&[("input", Value::List(vec![])), ("result_count", number(3))], 9).unwrap();
    assert_eq!(empty.seen.outputs.get("result"), Some(&Value::List(vec![])));
}

#[test]
fn a_password_is_not_its_id_and_its_hash_is_its_own() {
    let made = make::<RandomPassword>(&[("length", number(80))], 6).unwrap();
    assert_eq!((made.id.as_str(), output(&made, "id").as_str()), ("none", "none"));
    let (password, hash) = (output(&made, "result"), output(&made, "bcrypt_hash"));
    assert!(hash.starts_with("$2a$10$"), "{hash}");
    assert!(bcrypt::verify(&password, &hash).unwrap());
    let secret: Vec<_> =
        RandomPasswordOutputs::fields().iter().filter(|f| f.secret).map(|f| f.name).collect();
    assert_eq!(secret, ["bcrypt_hash", "result"]);
    let secret: Vec<_> = RandomBytesOutputs::fields().iter().filter(|f| f.secret).map(|f| f.name).collect();
    assert_eq!(secret, ["base64", "hex"]);
}

#[test]
fn imports_take_the_providers_ids() {
    let password = import::<RandomPassword>("hunter2").unwrap();
    assert_eq!((password.id.as_str(), output(&password, "result").as_str()), ("none", "hunter2"));
    assert_eq!(password.seen.args.get("length"), Some(&number(7)));
    assert_eq!(import::<RandomString>("abc").unwrap().id, "abc");
    let integer = import::<RandomInteger>("7,1,9,blue").unwrap();
    assert_eq!(integer.seen.args.get("seed").and_then(Value::as_str), Some("blue"));
    assert_eq!(output(&integer, "result"), "7");
    assert_eq!(output(&import::<RandomBytes>("/wA=").unwrap(), "hex"), "ff00");
    let uuid = "AABBCCDD-0011-4233-8455-667788990011";
    assert_eq!(import::<RandomUuid>(uuid).unwrap().id, uuid.to_lowercase());
    assert_eq!(import::<crate::terraform::Data>("x").unwrap().id, "x");
    let refused = [
        import::<RandomInteger>("7,1").unwrap_err(),
        import::<RandomInteger>("7,1,x").unwrap_err(),
        import::<RandomId>("!").unwrap_err(),
        import::<RandomBytes>("!").unwrap_err(),
        import::<RandomUuid>("x").unwrap_err(),
        import::<RandomPet>("wise-otter").unwrap_err(),
        import::<RandomShuffle>("-").unwrap_err(),
        import::<crate::null::NullResource>("1").unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.kind() == stackr_core::ErrorKind::Invalid));
}

#[test]
fn every_argument_of_a_random_value_forces_replacement() {
    fn check<K: Kept>() {
        let kept: Vec<_> = K::Args::fields().iter().filter(|f| !f.replace).map(|f| f.name).collect();
        assert!(kept.is_empty(), "{}: {kept:?}", K::TYPE);
    }
    check::<RandomBytes>();
    check::<RandomId>();
    check::<RandomInteger>();
    check::<RandomPassword>();
    check::<RandomPet>();
    check::<RandomShuffle>();
    check::<RandomString>();
    check::<RandomUuid>();
    check::<crate::null::NullResource>();
    let data: Vec<_> =
        crate::terraform::DataArgs::fields().iter().filter(|f| f.replace).map(|f| f.name).collect();
    assert_eq!(data, ["triggers_replace"]);
}

#[test]
fn a_value_passes_through_with_its_type_and_its_secrecy() {
    for value in [
        Value::from("1"),
        number(1),
        Value::Null,
        Value::List(vec!["a".into()]),
        Value::set(["a".into()]),
        Value::object([("a", Value::from("s").sensitive())]),
        Value::from("s").sensitive(),
    ] {
        let made = make::<crate::terraform::Data>(&[("input", value.clone())], 1).unwrap();
        assert_eq!(made.seen.outputs.get("output"), Some(&value));
    }
}
