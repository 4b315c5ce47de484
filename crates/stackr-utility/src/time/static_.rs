//! `time_static`: a point in time that stays.

use stackr_core::{Args, Block as _, Kept, Moment, Outputs, Record, Result, Value};

use super::stamp::Stamp;
use crate::random::Keepers;

/// A point in time that stays.
pub struct TimeStatic;

/// A point in time that stays: when it was made, or another.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct TimeStaticArgs {
    /// The time, such as `2020-02-12T06:36:13Z`; when it is made, where it is absent.
    #[arg(replace, computed)]
    pub rfc3339: Option<String>,
    /// Values that, when one changes, make another object.
    #[arg(replace)]
    pub triggers: Option<Keepers>,
}

/// The parts of the time.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct TimeStaticOutputs {
    /// The time.
    pub id: String,
    /// Its day of the month.
    pub day: i64,
    /// Its hour.
    pub hour: i64,
    /// Its minute.
    pub minute: i64,
    /// Its month.
    pub month: i64,
    /// Its second.
    pub second: i64,
    /// Seconds since 1970.
    pub unix: i64,
    /// Its year.
    pub year: i64,
}

impl Kept for TimeStatic {
    const TYPE: &'static str = "time_static";
    type Args = TimeStaticArgs;
    type Outputs = TimeStaticOutputs;

    fn check(args: &TimeStaticArgs) -> Result<()> {
        args.rfc3339.as_ref().map_or(Ok(()), |text| Stamp::parse(Self::TYPE, "rfc3339", text).map(drop))
    }

    fn make(args: &TimeStaticArgs, moment: &Moment) -> Result<Record<Self>> {
        let given = args.rfc3339.as_ref().map(|text| Stamp::parse(Self::TYPE, "rfc3339", text));
        Ok(made(given.transpose()?.unwrap_or_else(|| Stamp::of(moment)), args.triggers.clone()))
    }

    /// From the time.
    fn import(id: &str, _: &Moment) -> Result<Record<Self>> {
        Ok(made(Stamp::parse(Self::TYPE, "the id", id)?, None))
    }

    fn foresee(args: &Value) -> Option<Value> {
        let stamp = Stamp::parse(Self::TYPE, "rfc3339", args.get("rfc3339")?.as_str()?).ok()?;
        Some(outputs(stamp).to_object())
    }
}

fn made(stamp: Stamp, triggers: Option<Keepers>) -> Record<TimeStatic> {
    let id = stamp.to_string();
    Record { id: id.clone(), args: TimeStaticArgs { rfc3339: Some(id), triggers }, outputs: outputs(stamp) }
}

fn outputs(stamp: Stamp) -> TimeStaticOutputs {
    let civil = stamp.civil();
    TimeStaticOutputs {
        id: stamp.to_string(),
        day: civil.day().into(),
        hour: civil.hour().into(),
        minute: civil.minute().into(),
        month: civil.month().into(),
        second: civil.second().into(),
        unix: stamp.unix(),
        year: civil.year().into(),
    }
}
