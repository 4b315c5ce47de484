use std::time::Duration;

use stackr_core::{
    AnyKept as _, AnyRecord, AnyResource as _, ErasedKept, Kept, Moment, Pause, Value, coerce_args,
};

use super::*;

const MOMENT: Moment = Moment { seed: [1; 32], now: Duration::from_millis(1_581_489_373_900) };

fn args<K: Kept>(written: &[(&str, Value)]) -> Value {
    let written = Value::object(written.iter().map(|(k, v)| (*k, v.clone())));
    coerce_args(ErasedKept::<K>::new().schema(), &written).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn make<K: Kept>(written: &[(&str, Value)]) -> stackr_core::Result<AnyRecord> {
    AnyKeptOf::<K>::new().make(&args::<K>(written), &MOMENT)
}

type AnyKeptOf<K> = ErasedKept<K>;

fn outputs(record: &AnyRecord, names: &[&str]) -> String {
    let text = |name: &&str| record.seen.outputs.get(name).and_then(Value::to_text).unwrap();
    names.iter().map(text).collect::<Vec<_>>().join(" ")
}

const PARTS: [&str; 8] = ["id", "year", "month", "day", "hour", "minute", "second", "unix"];

#[test]
fn a_time_is_when_it_was_made_or_the_given_one_in_its_own_offset() {
    let check = |written: &[(&str, Value)], expected: &str| {
        let made = make::<TimeStatic>(written).unwrap();
        assert_eq!(outputs(&made, &PARTS), expected);
        assert_eq!(made.seen.args.get("rfc3339").and_then(Value::as_str), Some(made.id.as_str()));
        let foreseen = TimeStatic::foresee(&made.seen.args).unwrap();
        assert_eq!(foreseen, made.seen.outputs);
    };
    check(&[], "2020-02-12T06:36:13Z 2020 2 12 6 36 13 1581489373");
    check(
        &[("rfc3339", "2020-02-12T08:36:13+02:00".into())],
        "2020-02-12T08:36:13+02:00 2020 2 12 8 36 13 1581489373",
    );
    for wrong in
        ["", "now", "2020-02-12", "2020-02-12 06:36:13Z", "2020-02-12T06:36:13", "2020-13-12T06:36:13Z"]
    {
        let error = make::<TimeStatic>(&[("rfc3339", wrong.into())]).unwrap_err();
        let expected =
            format!("time_static: rfc3339 must be a time such as 2020-02-12T06:36:13Z, not {wrong:?}");
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(TimeStatic::foresee(&args::<TimeStatic>(&[])), None);
}

#[test]
fn an_offset_is_one_offset_counted_as_go_counts() {
    let check = |base: &str, offsets: &[(&str, i64)], expected: &str| {
        let mut written: Vec<_> = offsets.iter().map(|(k, v)| (*k, Value::from(*v))).collect();
        written.push(("base_rfc3339", base.into()));
        assert_eq!(outputs(&make::<TimeOffset>(&written).unwrap(), &["rfc3339"]), expected, "{offsets:?}");
    };
    let base = "2020-02-12T06:36:13Z";
    check(base, &[("offset_days", 7)], "2020-02-19T06:36:13Z");
    check(base, &[("offset_hours", -7)], "2020-02-11T23:36:13Z");
    check(base, &[("offset_minutes", 30)], "2020-02-12T07:06:13Z");
    check(base, &[("offset_seconds", 50)], "2020-02-12T06:37:03Z");
    check(base, &[("offset_months", -2)], "2019-12-12T06:36:13Z");
    check(base, &[("offset_years", 3)], "2023-02-12T06:36:13Z");
    check("2021-01-31T00:00:00Z", &[("offset_months", 1)], "2021-03-03T00:00:00Z");
    check("2020-02-29T00:00:00Z", &[("offset_years", 1)], "2021-03-01T00:00:00Z");
    check(base, &[("offset_days", 7), ("offset_hours", 1)], "2020-02-12T07:36:13Z");
    check(base, &[("offset_days", 7), ("offset_years", 1), ("offset_seconds", 5)], "2021-02-12T06:36:13Z");
    let refused = |written: &[(&str, Value)]| make::<TimeOffset>(written).unwrap_err().to_string();
    assert_eq!(refused(&[]), "time_offset: at least one of the offset_ arguments must be given");
    assert_eq!(
        refused(&[("offset_years", i64::MAX.into())]),
        "time_offset: the offset leads beyond the year 9999"
    );
}

#[test]
fn another_offset_counts_from_the_base_that_there_is() {
    let was = make::<TimeOffset>(&[("offset_days", 1.into())]).unwrap();
    let now = AnyKeptOf::<TimeOffset>::new()
        .change(&was, &args::<TimeOffset>(&[("offset_days", 2.into())]))
        .unwrap();
    assert_eq!(outputs(&was, &["id", "rfc3339"]), "2020-02-12T06:36:13Z 2020-02-13T06:36:13Z");
    assert_eq!(outputs(&now, &["id", "rfc3339"]), "2020-02-12T06:36:13Z 2020-02-14T06:36:13Z");
}

#[test]
fn a_sleep_says_how_long() {
    let pause = |create: &str| {
        let args =
            args::<TimeSleep>(&[("create_duration", create.into()), ("destroy_duration", "1.5m".into())]);
        AnyKeptOf::<TimeSleep>::new().pause(&args).map(|pause| pause.create)
    };
    for (text, millis) in [("300ms", 300), ("30s", 30_000), ("1.5h", 5_400_000), ("0s", 0)] {
        assert_eq!(pause(text).unwrap(), Duration::from_millis(millis));
    }
    for wrong in
        ["", "5", "s", "-5s", "1e3s", "1.s", ".5s", "5 s", "5d", "5m30s", "inf", "99999999999999999999999h"]
    {
        let expected = format!(
            "time_sleep: create_duration must be a number and ms, s, m or h, such as 30s, not {wrong:?}"
        );
        assert_eq!(pause(wrong).unwrap_err().to_string(), expected);
    }
    assert_eq!(
        make::<TimeSleep>(&[]).unwrap_err().to_string(),
        "time_sleep: at least one of create_duration and destroy_duration must be given"
    );
    let made = make::<TimeSleep>(&[("destroy_duration", "5s".into())]).unwrap();
    assert_eq!(outputs(&made, &["id"]), "2020-02-12T06:36:13Z");
    let pause = AnyKeptOf::<TimeSleep>::new().pause(&made.seen.args).unwrap();
    assert_eq!(pause, Pause { create: Duration::ZERO, delete: Duration::from_secs(5) });
}

#[test]
fn imports_take_the_providers_ids() {
    fn import<K: Kept>(id: &str) -> stackr_core::Result<AnyRecord> {
        AnyKeptOf::<K>::new().import(id, &MOMENT)
    }
    let sleep = import::<TimeSleep>("30s,,a=1,b=2").unwrap();
    assert_eq!(sleep.seen.args.get("create_duration").and_then(Value::as_str), Some("30s"));
    assert_eq!(sleep.seen.args.get("destroy_duration"), Some(&Value::Null));
    assert_eq!(sleep.seen.args.get("triggers").and_then(|t| t.get("b")).and_then(Value::as_str), Some("2"));
    assert_eq!(import::<TimeStatic>("2020-02-12T06:36:13Z").unwrap().id, "2020-02-12T06:36:13Z");
    let offset = import::<TimeOffset>("2020-02-12T06:36:13Z,,,7,,,").unwrap();
    assert_eq!(outputs(&offset, &["rfc3339"]), "2020-02-19T06:36:13Z");
    for refused in [
        import::<TimeSleep>("30s"),
        import::<TimeSleep>(","),
        import::<TimeSleep>("30s,,a"),
        import::<TimeStatic>("x"),
        import::<TimeOffset>("2020-02-12T06:36:13Z,,,,,,"),
        import::<TimeOffset>("2020-02-12T06:36:13Z,7"),
    ] {
        assert!(refused.is_err());
    }
}
