//! The known fields of a record as they were sent, borrowed from its JSON.
//!
//! Only plain JSON is taken: a text with an escape, a number that is no integer or a field twice is an error, and Python
//! decides. So a text is written again exactly as it was read.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::fmt;

/// Name of every text field of the contract that a plain record may have, sorted; invoice number and direction are apart.
pub const TEXTS: [&str; 19] = [
    "address_key",
    "by",
    "camp_id",
    "carrier",
    "code",
    "event_id",
    "event_time",
    "friend_id",
    "manufacturer",
    "order_no",
    "postal_code",
    "promised_at",
    "promised_from",
    "reason",
    "route_id",
    "seller_id",
    "service_date",
    "source",
    "wave",
];
/// Fields that make a record no plain case.
const NOT_PLAIN: [&str; 4] = ["corrects", "origin", "replaces", "superseded_by"];
/// A field that is neither kept nor unknown.
const NOT_KEPT: &str = "received_at";
const AMOUNT_BEFORE: &str = "by";
const PREREFUND_BEFORE: &str = "promised_at";

pub const ADDRESS_KEY: usize = 0;
pub const BY: usize = 1;
pub const CAMP: usize = 2;
pub const CODE: usize = 4;
pub const EVENT_ID: usize = 5;
pub const EVENT_TIME: usize = 6;
pub const FRIEND: usize = 7;
pub const PROMISED_AT: usize = 11;
pub const PROMISED_FROM: usize = 12;
pub const REASON: usize = 13;
pub const ROUTE: usize = 14;
pub const SERVICE_DATE: usize = 16;
pub const SOURCE: usize = 17;
pub const WAVE: usize = 18;

/// Fields of one event beside invoice number and direction. Empty texts and nulls are absent.
#[derive(Default, PartialEq)]
pub struct Sent<'a> {
    texts: [Option<&'a str>; TEXTS.len()],
    amount_krw: Option<i64>,
    prerefund: Option<bool>,
}

impl<'a> Sent<'a> {
    pub fn get(&self, field: usize) -> Option<&'a str> {
        self.texts[field]
    }

    pub fn prerefund(&self) -> bool {
        self.prerefund == Some(true)
    }

    /// Texts as stated; every event has them once it was decoded.
    pub fn code(&self) -> &'a str {
        self.texts[CODE].unwrap_or_default()
    }

    pub fn event_time(&self) -> &'a str {
        self.texts[EVENT_TIME].unwrap_or_default()
    }

    /// Whether its time of day is known.
    pub fn timed(&self) -> bool {
        self.event_time().len() > 10
    }

    pub fn texts(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.texts.iter().flatten().copied()
    }

    /// Canonical JSON: keys sorted, no spaces.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        let start = out.len();
        for (name, text) in TEXTS.iter().zip(self.texts) {
            if *name == AMOUNT_BEFORE {
                if let Some(amount) = self.amount_krw {
                    key(out, start, "amount_krw");
                    crate::json::number(out, amount);
                }
            }
            if *name == PREREFUND_BEFORE {
                if let Some(flag) = self.prerefund {
                    key(out, start, "prerefund");
                    out.extend_from_slice(if flag { b"true" } else { b"false" });
                }
            }
            if let Some(text) = text {
                key(out, start, name);
                crate::json::text(out, text);
            }
        }
        out.push(b'}');
    }
}

fn key(out: &mut Vec<u8>, start: usize, name: &str) {
    if out.len() > start {
        out.push(b',');
    }
    crate::json::text(out, name);
    out.push(b':');
}

/// A whole record: its fields, and those that every event of an invoice shares.
#[derive(Default)]
pub struct Record<'a> {
    pub version: Option<i64>,
    pub invoice_no: Option<&'a str>,
    pub direction: Option<&'a str>,
    pub sent: Sent<'a>,
    pub unknown: u32,
}

impl<'de: 'a, 'a> Deserialize<'de> for Record<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

/// Fields as stored in a document: none but the known ones.
impl<'de: 'a, 'a> Deserialize<'de> for Sent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = Record::deserialize(deserializer)?;
        let shared = record.version.is_some() || record.invoice_no.is_some() || record.direction.is_some();
        if shared || record.unknown > 0 {
            return Err(D::Error::custom("a stored event has other fields"));
        }
        Ok(record.sent)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Record<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an event")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut record = Record::default();
        let mut seen = 0_u32;
        let mut next = 0;
        let mut others = Vec::new();
        while let Some(name) = map.next_key::<&'de str>()? {
            let bit = match name {
                "v" => {
                    record.version = map.next_value()?;
                    24
                }
                "invoice_no" => {
                    record.invoice_no = present(map.next_value()?);
                    25
                }
                "direction" => {
                    record.direction = present(map.next_value()?);
                    26
                }
                "amount_krw" => {
                    record.sent.amount_krw = map.next_value()?;
                    27
                }
                "prerefund" => {
                    record.sent.prerefund = map.next_value()?;
                    28
                }
                _ => match field_of(name, next) {
                    Ok(field) => {
                        record.sent.texts[field] = present(map.next_value()?);
                        next = field + 1;
                        field
                    }
                    Err(_) if NOT_PLAIN.contains(&name) => return Err(M::Error::custom("no plain case")),
                    Err(_) => {
                        map.next_value::<Plain>()?;
                        if others.contains(&name) {
                            return Err(M::Error::custom("a field twice"));
                        }
                        others.push(name);
                        record.unknown += u32::from(name != NOT_KEPT);
                        continue;
                    }
                },
            };
            if seen & (1 << bit) != 0 {
                return Err(M::Error::custom("a field twice"));
            }
            seen |= 1 << bit;
        }
        Ok(record)
    }
}

/// The value of a field that is not kept: anything but what orjson might refuse and this reader not.
struct Plain;

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Plain)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a text, an integer, true, false or null")
    }

    fn visit_borrowed_str<E>(self, _: &'de str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

/// Place of a text field. What is stored is sorted, so it is most likely the next one or soon after.
fn field_of(name: &str, next: usize) -> Result<usize, usize> {
    match TEXTS[next..].iter().take(4).position(|known| *known == name) {
        Some(ahead) => Ok(next + ahead),
        None => TEXTS.binary_search(&name),
    }
}

fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
