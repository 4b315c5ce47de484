//! `time_sleep`: a wait before what comes after it is made, or before what it stands on is removed.
//!
//! It says how long; the engine waits, and can be interrupted there. Its durations are those of its provider, one
//! number and one unit: `30s`, `1.5h`.

use std::time::Duration;

use stackr_core::{Args, CloudError, Kept, Moment, Outputs, Pause, Record, Result};

use super::stamp::Stamp;
use crate::random::Keepers;

/// A wait.
pub struct TimeSleep;

/// A wait before what comes after it is made, or before what it stands on is removed.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct TimeSleepArgs {
    /// How long making it takes: `30s`, `5m`. A change of it alone waits for nothing.
    pub create_duration: Option<String>,
    /// How long removing it takes.
    pub destroy_duration: Option<String>,
    /// Values that, when one changes, make another object, with its waits.
    #[arg(replace)]
    pub triggers: Option<Keepers>,
}

/// When it was over.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct TimeSleepOutputs {
    /// When it was over.
    pub id: String,
}

impl Kept for TimeSleep {
    const TYPE: &'static str = "time_sleep";
    type Args = TimeSleepArgs;
    type Outputs = TimeSleepOutputs;

    fn check(args: &TimeSleepArgs) -> Result<()> {
        if args.create_duration.is_none() && args.destroy_duration.is_none() {
            let message = "at least one of create_duration and destroy_duration must be given";
            return Err(CloudError::invalid(Self::TYPE, message));
        }
        Self::pause(args).map(drop)
    }

    fn make(args: &TimeSleepArgs, moment: &Moment) -> Result<Record<Self>> {
        Ok(made(args.clone(), moment))
    }

    /// From `create_duration,destroy_duration,key=value,…`; either duration may be empty.
    fn import(id: &str, moment: &Moment) -> Result<Record<Self>> {
        let wrong = || {
            let message =
                "the id must be create_duration,destroy_duration,key=value,… with at least one duration";
            CloudError::invalid(Self::TYPE, message)
        };
        let mut parts = id.split(',');
        let mut next = || parts.next().map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()));
        let (Some(create_duration), Some(destroy_duration)) = (next(), next()) else { return Err(wrong()) };
        let trigger = |part: &str| match part.split_once('=') {
            Some((name, value)) if !value.contains('=') => Ok((name.to_owned(), Some(value.to_owned()))),
            _ => Err(wrong()),
        };
        let triggers = parts.map(trigger).collect::<Result<Keepers>>()?;
        let triggers = Some(triggers).filter(|triggers| !triggers.is_empty());
        let args = TimeSleepArgs { create_duration, destroy_duration, triggers };
        Self::check(&args)?;
        Ok(made(args, moment))
    }

    fn pause(args: &TimeSleepArgs) -> Result<Pause> {
        let read =
            |name, text: &Option<String>| text.as_ref().map_or(Ok(Duration::ZERO), |t| duration(name, t));
        Ok(Pause {
            create: read("create_duration", &args.create_duration)?,
            delete: read("destroy_duration", &args.destroy_duration)?,
        })
    }
}

fn made(args: TimeSleepArgs, moment: &Moment) -> Record<TimeSleep> {
    let id = Stamp::of(moment).to_string();
    Record { id: id.clone(), args, outputs: TimeSleepOutputs { id } }
}

/// Digits, perhaps a point and digits, and a unit.
fn duration(name: &str, text: &str) -> Result<Duration> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match &text[number.len()..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => 0.0,
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let plain = number.split_once('.').map_or_else(|| digits(number), |(n, m)| digits(n) && digits(m));
    let value = number.parse::<f64>().ok().filter(|_| plain && seconds > 0.0);
    value.and_then(|value| Duration::try_from_secs_f64(value * seconds).ok()).ok_or_else(|| {
        let message = format!("{name} must be a number and ms, s, m or h, such as 30s, not {text:?}");
        CloudError::invalid(TimeSleep::TYPE, message)
    })
}
