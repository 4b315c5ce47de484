//! A point in time with its offset from UTC, as RFC 3339 writes it: to the second.

use std::fmt;

use jiff::{SignedDuration, Timestamp, civil::DateTime, fmt::temporal::Pieces, tz::Offset};
use stackr_core::{CloudError, Moment, Result};

/// A point in time with its offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stamp {
    at: Timestamp,
    offset: Offset,
}

impl Stamp {
    /// The time of a moment, in UTC.
    pub(super) fn of(moment: &Moment) -> Self {
        let seconds = i64::try_from(moment.now.as_secs()).unwrap_or_default();
        Self { at: Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH), offset: Offset::UTC }
    }

    /// Reads `2020-02-12T06:36:13Z` or `2020-02-12T06:36:13+02:00`.
    pub(super) fn parse(ty: &str, name: &str, text: &str) -> Result<Self> {
        let wrong = || {
            let message = format!("{name} must be a time such as 2020-02-12T06:36:13Z, not {text:?}");
            CloudError::invalid(ty, message)
        };
        let full = text.len() >= "2020-02-12T06:36:13Z".len() && text.as_bytes().get(10) == Some(&b'T');
        let pieces = Pieces::parse(text).ok().filter(|_| full).ok_or_else(wrong)?;
        let (Some(time), Some(offset)) = (pieces.time(), pieces.to_numeric_offset()) else {
            return Err(wrong());
        };
        let at = offset.to_timestamp(pieces.date().to_datetime(time)).map_err(|_| wrong())?;
        Ok(Self { at, offset })
    }

    /// Years and months on. A day that the month does not have goes over into the next, as Go counts.
    pub(super) fn months(self, years: i64, months: i64) -> Option<Self> {
        let civil = self.civil();
        let all = (i64::from(civil.year()).checked_add(years)?.checked_mul(12)?)
            .checked_add(i64::from(civil.month()) - 1)?
            .checked_add(months)?;
        let (year, month) =
            (i16::try_from(all.div_euclid(12)).ok()?, i8::try_from(all.rem_euclid(12) + 1).ok()?);
        let first = DateTime::new(year, month, 1, civil.hour(), civil.minute(), civil.second(), 0).ok()?;
        let day = SignedDuration::from_hours(24 * (i64::from(civil.day()) - 1));
        let at = self.offset.to_timestamp(first.checked_add(day).ok()?).ok()?;
        Some(Self { at, ..self })
    }

    /// So many seconds on.
    pub(super) fn seconds(self, seconds: i64) -> Option<Self> {
        Some(Self { at: self.at.checked_add(SignedDuration::from_secs(seconds)).ok()?, ..self })
    }

    pub(super) fn civil(self) -> DateTime {
        self.offset.to_datetime(self.at)
    }

    /// Seconds since 1970.
    pub(super) fn unix(self) -> i64 {
        self.at.as_second()
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.civil().strftime("%Y-%m-%dT%H:%M:%S"))?;
        let seconds = self.offset.seconds();
        if seconds == 0 {
            return f.write_str("Z");
        }
        let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}
