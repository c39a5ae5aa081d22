//! Times: epoch milliseconds inside, texts of the contract at the edges. What is rare or odd is `None`: Python decides.

use chrono::{Datelike, Days, NaiveDate};

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 86_400_000;
/// 1990.
pub const EARLIEST: i64 = 631_152_000_000;
/// 2199.
pub const LATEST: i64 = 7_226_582_400_000;

/// Years in which the zones of the network have one fixed offset, and in which no date leaves the calendar.
const YEARS: std::ops::Range<i32> = 1990..2199;

/// A zone with a fixed offset from UTC, ms.
#[derive(Clone, Copy)]
pub struct Zone {
    pub offset: i64,
}

impl Zone {
    /// Local calendar date of an instant.
    pub fn date(self, instant: i64) -> NaiveDate {
        epoch() + chrono::TimeDelta::days((instant + self.offset).div_euclid(DAY))
    }

    /// Last millisecond of a local day.
    fn day_end(self, day: NaiveDate) -> i64 {
        (day - epoch()).num_days() * DAY + DAY - 1 - self.offset
    }

    /// Time of an event as stated: an instant, or the end of the local day where it is a date alone.
    pub fn event_time(self, text: &str) -> Option<i64> {
        match text.len() {
            10 => date(text).map(|day| self.day_end(day)),
            _ => instant(text),
        }
    }

    /// Local date of an event time as stated.
    pub fn stated_date(self, text: &str) -> Option<NaiveDate> {
        match text.len() {
            10 => date(text),
            _ => instant(text).map(|time| self.date(time)),
        }
    }

    /// A promise; a local 23:59:59 without fraction is the end of that second.
    pub fn promise(self, text: &str) -> Option<i64> {
        let time = instant(text)?;
        let whole = text.as_bytes().get(19) != Some(&b'.');
        let last_second = (time + self.offset).rem_euclid(DAY) == DAY - 1000;
        Some(if whole && last_second { time + 999 } else { time })
    }
}

fn epoch() -> NaiveDate {
    NaiveDate::default()
}

/// The two digits at a place, as a number.
fn two(text: &[u8], at: usize) -> Option<i64> {
    match (text.get(at)?, text.get(at + 1)?) {
        (tens @ b'0'..=b'9', ones @ b'0'..=b'9') => Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => None,
    }
}

fn calendar_date(text: &[u8]) -> Option<NaiveDate> {
    if text.get(4) != Some(&b'-') || text.get(7) != Some(&b'-') {
        return None;
    }
    let year = (two(text, 0)? * 100 + two(text, 2)?) as i32;
    let day = NaiveDate::from_ymd_opt(year, two(text, 5)? as u32, two(text, 8)? as u32)?;
    YEARS.contains(&year).then_some(day)
}

/// A calendar date `YYYY-MM-DD`.
pub fn date(text: &str) -> Option<NaiveDate> {
    (text.len() == 10).then(|| calendar_date(text.as_bytes())).flatten()
}

/// Start of a calendar date in UTC, ms.
pub fn midnight_utc(text: &str) -> Option<i64> {
    date(text).map(|day| (day - epoch()).num_days() * DAY)
}

/// Days that follow a date, as texts: the date itself and `ahead` more.
pub fn dates(first: NaiveDate, ahead: u64) -> impl Iterator<Item = String> {
    (0..=ahead).filter_map(move |days| first.checked_add_days(Days::new(days))).map(text_of)
}

pub fn text_of(day: NaiveDate) -> String {
    let (year, month, day) = (day.year() as u32, day.month(), day.day());
    let digits = [year / 1000, year / 100, year / 10, year, month / 10, month, day / 10, day];
    let mut text = String::with_capacity(10);
    for (place, digit) in digits.into_iter().enumerate() {
        if place == 4 || place == 6 {
            text.push('-');
        }
        text.push(char::from(b'0' + (digit % 10) as u8));
    }
    text
}

/// An RFC 3339 time with offset, cut to milliseconds.
pub fn instant(text: &str) -> Option<i64> {
    let text = text.as_bytes();
    let day = calendar_date(text.get(..10)?)?;
    if !matches!(text.get(10)?, b'T' | b't' | b' ') || text.get(13)? != &b':' || text.get(16)? != &b':' {
        return None;
    }
    let (hour, minute, second) = (two(text, 11)?, two(text, 14)?, two(text, 17)?);
    let (fraction, rest) = fraction(&text[19..])?;
    let offset = offset(rest)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = (day - epoch()).num_days();
    Some(days * DAY + hour * HOUR + minute * MINUTE + second * 1000 + fraction - offset)
}

/// Milliseconds of an optional fraction of one to nine digits, and what follows it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    if text.first() != Some(&b'.') {
        return Some((0, text));
    }
    let digits = text[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let mut value = 0;
    for place in 1..=3 {
        value = value * 10 + if place <= digits { i64::from(text[place] - b'0') } else { 0 };
    }
    Some((value, &text[1 + digits..]))
}

fn offset(text: &[u8]) -> Option<i64> {
    let sign = match text.first()? {
        b'Z' | b'z' if text.len() == 1 => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if text.len() != 6 || text[3] != b':' {
        return None;
    }
    let (hour, minute) = (two(text, 1)?, two(text, 4)?);
    (hour <= 23 && minute <= 59).then_some(sign * (hour * HOUR + minute * MINUTE))
}
