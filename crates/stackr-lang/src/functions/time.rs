//! Functions on dates and times.

use stackr_core::{Type, Value};

use super::{
    Function, Kind, Param,
    call::{Call, Result, bad, error},
    date::{self, Stamp},
};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("formatdate", &[Param::string("format"), Param::string("time")], Kind::String, format_date),
    Function::new("plantimestamp", &[], Kind::String, |call| {
        let known = call.ctx.plan_time.map(|moment| Value::from(Stamp::from(moment).to_string()));
        Ok(known.unwrap_or(Value::Unknown(Type::String)))
    }),
    Function::new(
        "timeadd",
        &[Param::string("timestamp"), Param::string("duration")],
        Kind::String,
        time_add,
    ),
    Function::new(
        "timecmp",
        &[Param::string("timestamp_a"), Param::string("timestamp_b")],
        Kind::Number,
        |call| Ok(Value::from(stamp(call, 0)?.moment().cmp(&stamp(call, 1)?.moment()) as i64)),
    ),
    // The moment of the apply: a plan cannot know it.
    Function::new("timestamp", &[], Kind::String, |call| {
        let seconds = call.ctx.now.and_then(|now| i64::try_from(now.moment.now.as_secs()).ok());
        let seconds = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        let known = seconds.map(|moment| Value::from(Stamp::from(moment).to_string()));
        Ok(known.unwrap_or(Value::Unknown(Type::String)))
    }),
];

fn stamp(call: &Call<'_>, i: usize) -> Result<Stamp> {
    Stamp::parse(call.text(i)?).map_err(|e| bad(i, e))
}

fn time_add(call: &Call<'_>) -> Result {
    let stamp = Stamp::parse(call.text(0)?).map_err(error)?;
    let duration = date::duration(call.text(1)?).map_err(error)?;
    let later = stamp.add(duration).ok_or_else(|| error("the result is outside of the years 0 to 9999"))?;
    Ok(later.to_string().into())
}

fn format_date(call: &Call<'_>) -> Result {
    let stamp = stamp(call, 1)?;
    let mut out = String::new();
    let mut rest = call.text(0)?;
    while let Some(c) = rest.chars().next() {
        if c == '\'' {
            rest = literal(&mut out, rest.get(1..).unwrap_or_default())?;
            continue;
        }
        let end = rest.find(|other| other != c).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if c.is_ascii_alphabetic() {
            out.push_str(&verb(&stamp, c, run)?);
        } else {
            out.push_str(run);
        }
        rest = after;
    }
    Ok(out.into())
}

/// Text between quotes; two quotes inside are one.
fn literal<'t>(out: &mut String, mut rest: &'t str) -> Result<&'t str> {
    loop {
        let Some((text, after)) = rest.split_once('\'') else { return Err(bad(0, "unterminated literal '")) };
        out.push_str(text);
        match after.strip_prefix('\'') {
            Some(after) => {
                out.push('\'');
                rest = after;
            }
            None => return Ok(after),
        }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A run of one letter.
fn verb(stamp: &Stamp, letter: char, run: &str) -> Result<String> {
    let at = stamp.civil;
    let month = usize::try_from(at.month() - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or_default();
    let day = usize::try_from(at.weekday().to_monday_zero_offset()).ok().and_then(|d| DAYS.get(d));
    let day = day.copied().unwrap_or_default();
    let short = |name: &str| name.get(..3).unwrap_or(name).to_owned();
    let hour12 = match at.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let wrong = |rule: &str| Err(bad(0, format!("invalid date format verb {run:?}: {rule}")));
    Ok(match run {
        "YYYY" => format!("{:04}", at.year()),
        "YY" => format!("{:02}", at.year() % 100),
        "MMMM" => month.to_owned(),
        "MMM" => short(month),
        "MM" => format!("{:02}", at.month()),
        "M" => at.month().to_string(),
        "DD" => format!("{:02}", at.day()),
        "D" => at.day().to_string(),
        "EEEE" => day.to_owned(),
        "EEE" => short(day),
        "hh" => format!("{:02}", at.hour()),
        "h" => at.hour().to_string(),
        "HH" => format!("{hour12:02}"),
        "H" => hour12.to_string(),
        "AA" => if at.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        "aa" => if at.hour() < 12 { "am" } else { "pm" }.to_owned(),
        "mm" => format!("{:02}", at.minute()),
        "m" => at.minute().to_string(),
        "ss" => format!("{:02}", at.second()),
        "s" => at.second().to_string(),
        "ZZZZZ" => stamp.zone(":"),
        "ZZZZ" => stamp.zone(""),
        "ZZZ" if stamp.offset.is_zero() => "UTC".to_owned(),
        "ZZZ" => stamp.zone(""),
        "Z" if stamp.offset.is_zero() => "Z".to_owned(),
        "Z" => stamp.zone(":"),
        _ => match letter {
            'Y' => return wrong("year must either be \"YY\" or \"YYYY\""),
            'M' => return wrong("month must be \"M\", \"MM\", \"MMM\", or \"MMMM\""),
            'D' => return wrong("day of month must either be \"D\" or \"DD\""),
            'E' => return wrong("day of week must either be \"EEE\" or \"EEEE\""),
            'h' | 'H' => return wrong("hour must either be one or two letters"),
            'A' | 'a' => return wrong("must be two letters"),
            'm' => return wrong("minute must either be \"m\" or \"mm\""),
            's' => return wrong("second must either be \"s\" or \"ss\""),
            'Z' => return wrong("timezone must be Z, ZZZ, ZZZZ, or ZZZZZ"),
            _ => return Err(bad(0, format!("invalid date format verb {run:?}"))),
        },
    })
}
