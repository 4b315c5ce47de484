//! `time_offset`: a point in time so far from another.
//!
//! Facts that shape this file:
//! - offsets do not add up: of several, the provider takes one, in this order: years, seconds, months, minutes, hours,
//!   days;
//! - a change of an offset moves the time from the base that there is; only triggers make another base.

use stackr_core::{Args, Block as _, CloudError, Kept, Moment, Outputs, Record, Result, Value};

use super::stamp::Stamp;
use crate::random::Keepers;

/// A point in time so far from another.
pub struct TimeOffset;

/// A point in time so far from another: from when it was made, or from a given one.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct TimeOffsetArgs {
    /// The time to start from, such as `2020-02-12T06:36:13Z`; when it is made, where it is absent.
    #[arg(computed)]
    pub base_rfc3339: Option<String>,
    /// So many days on.
    pub offset_days: Option<i64>,
    /// So many hours on.
    pub offset_hours: Option<i64>,
    /// So many minutes on.
    pub offset_minutes: Option<i64>,
    /// So many months on.
    pub offset_months: Option<i64>,
    /// So many seconds on.
    pub offset_seconds: Option<i64>,
    /// So many years on.
    pub offset_years: Option<i64>,
    /// Values that, when one changes, make another object.
    #[arg(replace)]
    pub triggers: Option<Keepers>,
}

/// The parts of the time.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct TimeOffsetOutputs {
    /// The time that it started from.
    pub id: String,
    /// Its day of the month.
    pub day: i64,
    /// Its hour.
    pub hour: i64,
    /// Its minute.
    pub minute: i64,
    /// Its month.
    pub month: i64,
    /// The time.
    pub rfc3339: String,
    /// Its second.
    pub second: i64,
    /// Seconds since 1970.
    pub unix: i64,
    /// Its year.
    pub year: i64,
}

impl Kept for TimeOffset {
    const TYPE: &'static str = "time_offset";
    type Args = TimeOffsetArgs;
    type Outputs = TimeOffsetOutputs;

    fn check(args: &TimeOffsetArgs) -> Result<()> {
        let offsets = [
            args.offset_days,
            args.offset_hours,
            args.offset_minutes,
            args.offset_months,
            args.offset_seconds,
            args.offset_years,
        ];
        if offsets.iter().all(Option::is_none) {
            return Err(CloudError::invalid(
                Self::TYPE,
                "at least one of the offset_ arguments must be given",
            ));
        }
        base(args).map(drop)
    }

    fn make(args: &TimeOffsetArgs, moment: &Moment) -> Result<Record<Self>> {
        made(base(args)?.unwrap_or_else(|| Stamp::of(moment)), args)
    }

    fn change(was: &Record<Self>, args: &TimeOffsetArgs) -> Result<Record<Self>> {
        let base = match base(args)? {
            Some(given) => given,
            None => Stamp::parse(Self::TYPE, "the recorded base", &was.outputs.id)?,
        };
        made(base, args)
    }

    /// From `base_rfc3339,years,months,days,hours,minutes,seconds`; offsets may be empty.
    fn import(id: &str, _: &Moment) -> Result<Record<Self>> {
        let wrong = || {
            let message = "the id must be base_rfc3339,years,months,days,hours,minutes,seconds with at least one of them";
            CloudError::invalid(Self::TYPE, message)
        };
        let parts: Vec<&str> = id.split(',').collect();
        let [base, years, months, days, hours, minutes, seconds] = parts[..] else { return Err(wrong()) };
        let number = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| wrong()),
        };
        let args = TimeOffsetArgs {
            base_rfc3339: Some(base.to_owned()),
            offset_days: number(days)?,
            offset_hours: number(hours)?,
            offset_minutes: number(minutes)?,
            offset_months: number(months)?,
            offset_seconds: number(seconds)?,
            offset_years: number(years)?,
            triggers: None,
        };
        Self::check(&args)?;
        made(Stamp::parse(Self::TYPE, "the base", base)?, &args)
    }

    fn foresee(args: &Value) -> Option<Value> {
        let args = TimeOffsetArgs::from_object(args).ok()?;
        Some(made(base(&args).ok()??, &args).ok()?.outputs.to_object())
    }
}

fn base(args: &TimeOffsetArgs) -> Result<Option<Stamp>> {
    let given = args.base_rfc3339.as_ref();
    given.map(|text| Stamp::parse(TimeOffset::TYPE, "base_rfc3339", text)).transpose()
}

fn made(base: Stamp, args: &TimeOffsetArgs) -> Result<Record<TimeOffset>> {
    let given = |offset: Option<i64>| offset.filter(|offset| *offset != 0);
    let seconds = |count: i64, each: i64| count.checked_mul(each).and_then(|all| base.seconds(all));
    let moved = if let Some(years) = given(args.offset_years) {
        base.months(years, 0)
    } else if let Some(count) = given(args.offset_seconds) {
        seconds(count, 1)
    } else if let Some(months) = given(args.offset_months) {
        base.months(0, months)
    } else if let Some(count) = given(args.offset_minutes) {
        seconds(count, 60)
    } else if let Some(count) = given(args.offset_hours) {
        seconds(count, 3600)
    } else {
        seconds(given(args.offset_days).unwrap_or_default(), 24 * 3600)
    };
    let at = moved
        .ok_or_else(|| CloudError::invalid(TimeOffset::TYPE, "the offset leads beyond the year 9999"))?;
    let (id, civil) = (base.to_string(), at.civil());
    let args = TimeOffsetArgs { base_rfc3339: Some(id.clone()), ..args.clone() };
    let outputs = TimeOffsetOutputs {
        id: id.clone(),
        day: civil.day().into(),
        hour: civil.hour().into(),
        minute: civil.minute().into(),
        month: civil.month().into(),
        rfc3339: at.to_string(),
        second: civil.second().into(),
        unix: at.unix(),
        year: civil.year().into(),
    };
    Ok(Record { id, args, outputs })
}
