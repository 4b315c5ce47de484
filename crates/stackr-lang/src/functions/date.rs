//! Timestamps in the one form that the language takes (RFC 3339), and durations as Go writes them.

use std::fmt;

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::Offset};

/// A date and time of day, and how far from UTC its clock is. (A moment in UTC would not reach to the end
/// of the
/// year 9999, which stacks write for "never".)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) civil: DateTime,
    pub(super) offset: Offset,
}

impl Stamp {
    /// Reads `2018-01-02T23:12:01.5-08:00`: capital letters, two digits everywhere, no leap seconds.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("not a valid RFC3339 timestamp: {what}");
        let (day, rest) =
            text.split_once('T').ok_or_else(|| wrong("missing required time introducer 'T'"))?;
        let day = fields(day, '-', [4, 2, 2]).ok_or_else(|| wrong("the date must be YYYY-MM-DD"))?;
        let (clock, offset) = if let Some(clock) = rest.strip_suffix('Z') {
            (clock, Some(0))
        } else {
            let at = rest.rfind(['+', '-']).ok_or_else(|| wrong("missing UTC offset"))?;
            let (clock, written) = rest.split_at_checked(at).ok_or_else(|| wrong("missing UTC offset"))?;
            (clock, seconds(written))
        };
        let offset =
            offset.and_then(|s| Offset::from_seconds(s).ok()).ok_or_else(|| wrong("wrong UTC offset"))?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let [hour, minute, second] =
            fields(clock, ':', [2, 2, 2]).ok_or_else(|| wrong("the time must be hh:mm:ss"))?;
        let nanos = nanoseconds(fraction).ok_or_else(|| wrong("wrong fraction of a second"))?;
        let [year, month, day] = day;
        let civil = || {
            let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
            let (hour, minute, second) =
                (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?);
            DateTime::new(year, month, day, hour, minute, second, nanos).ok()
        };
        let civil = civil().ok_or_else(|| wrong("a part of it is out of range"))?;
        Ok(Self { civil, offset })
    }

    /// The stamp some time later or earlier.
    pub(super) fn add(self, duration: SignedDuration) -> Option<Self> {
        let civil = self.civil.checked_add(duration).ok()?;
        (civil.year() >= 0).then_some(Self { civil, ..self })
    }

    /// How far it is from the beginning of the calendar, to compare by.
    pub(super) fn moment(&self) -> SignedDuration {
        let offset = SignedDuration::from_secs(i64::from(self.offset.seconds()));
        self.civil.duration_since(DateTime::MIN) - offset
    }

    /// The distance from UTC as `+05:30` or `+0530`.
    pub(super) fn zone(&self, colon: &str) -> String {
        let seconds = self.offset.seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }
}

impl From<Timestamp> for Stamp {
    fn from(moment: Timestamp) -> Self {
        Self { civil: Offset::UTC.to_datetime(moment), offset: Offset::UTC }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil;
        let zone = if self.offset.is_zero() { "Z".to_owned() } else { self.zone(":") };
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{zone}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }
}

/// Three numbers with exactly so many digits each.
fn fields(text: &str, separator: char, widths: [usize; 3]) -> Option<[i16; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next().filter(|p| p.len() == width && p.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// A distance from UTC, `+05:30`, in seconds.
fn seconds(written: &str) -> Option<i32> {
    let (sign, rest) = written.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let two = |text: &str| text.parse::<i32>().ok().filter(|n| text.len() == 2 && *n >= 0);
    let (hours, minutes) = (two(hours).filter(|h| *h < 24)?, two(minutes).filter(|m| *m < 60)?);
    let total = hours * 3600 + minutes * 60;
    Some(if sign == "-" { -total } else { total })
}

fn nanoseconds(fraction: &str) -> Option<i32> {
    let digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| format!("{fraction:0<9}").get(..9).and_then(|nine| nine.parse().ok())).flatten()
}

/// A duration such as `1h30m` or `-1.5h`, as far as 64 bits of nanoseconds reach.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(end).ok_or_else(invalid)?;
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end).ok_or_else(invalid)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(invalid());
        }
        let nanos: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "" => return Err(format!("time: missing unit in duration {text:?}")),
            _ => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
        };
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        total += i128::from(whole) * nanos;
        // Eighteen digits reach below a nanosecond for every unit.
        let digits = fraction.get(..fraction.len().min(18)).unwrap_or_default();
        if !digits.is_empty() {
            let power = 10_i128.pow(u32::try_from(digits.len()).unwrap_or(18));
            total += digits.parse::<i128>().map_err(|_| invalid())? * nanos / power;
        }
        if total > i128::from(i64::MAX) {
            return Err(invalid());
        }
        rest = after;
    }
    let nanos = i64::try_from(total).map_err(|_| invalid())?;
    Ok(SignedDuration::from_nanos(if negative { -nanos } else { nanos }))
}
