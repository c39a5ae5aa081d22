//! Decoding of a plain record. Whatever is refused, odd or rare is `None`: Python decides, and says why.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::clock::{self, Zone};
use crate::codes::{code_of, Direction};
use crate::json;
use crate::sent::{self, Record, Sent};

const MAX_RECORD_BYTES: usize = 65_536;
const MAX_TEXT: usize = 512;
const OLDEST_DAYS: i64 = 400;
const NEWEST_DAYS: i64 = 60;
const INITIATORS: [&str; 4] = ["CARRIER", "CUSTOMER", "POLICY", "SELLER"];
const DERIVED: &str = "hubstat";

/// One decoded record. `row` is the event as a document keeps it: `[event id, time, received, {fields}]`.
pub struct Event {
    pub key: String,
    pub home: String,
    pub row: Vec<u8>,
    pub unknown: u32,
}

/// Decode one record of `invoice-events`, received at `received` (ms).
pub fn decode(raw: &[u8], received: i64, zone: Zone) -> Option<Event> {
    if raw.len() > MAX_RECORD_BYTES {
        return None;
    }
    let record: Record = serde_json::from_str(std::str::from_utf8(raw).ok()?).ok()?;
    let (invoice_no, stated) = (record.invoice_no?, record.direction?);
    let direction = Direction::of(stated)?;
    if record.version != Some(1) || !is_invoice_no(invoice_no) {
        return None;
    }
    let sent = &record.sent;
    check(direction, sent)?;
    let time = zone.event_time(sent.event_time())?.min(received);
    check_range(sent, time, received, zone)?;
    let own_id;
    let event_id = match sent.get(sent::EVENT_ID) {
        Some(stated) => stated,
        None => {
            own_id = default_id(invoice_no, stated, sent);
            &own_id
        }
    };
    let mut row = Vec::with_capacity(raw.len() + event_id.len() + 64);
    row.push(b'[');
    json::text(&mut row, event_id);
    row.push(b',');
    json::number(&mut row, time);
    row.push(b',');
    json::number(&mut row, received);
    row.push(b',');
    sent.write(&mut row);
    row.push(b']');
    Some(Event {
        key: format!("{stated}:{invoice_no}"),
        home: match sent.get(sent::SERVICE_DATE) {
            Some(date) => date.to_owned(),
            None => clock::text_of(zone.date(time)),
        },
        row,
        unknown: record.unknown,
    })
}

fn is_invoice_no(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What the contract asks of the fields; `None` where it may be broken.
fn check(direction: Direction, sent: &Sent) -> Option<()> {
    let (code, _) = code_of(direction, sent.get(sent::CODE)?)?;
    sent.get(sent::EVENT_TIME)?;
    if sent.texts().any(|text| text.len() > MAX_TEXT) {
        return None;
    }
    if sent.get(sent::BY).is_some_and(|by| !INITIATORS.contains(&by)) {
        return None;
    }
    for field in [sent::PROMISED_AT, sent::PROMISED_FROM] {
        if let Some(text) = sent.get(field) {
            clock::instant(text)?;
        }
    }
    let source = sent.get(sent::SOURCE).unwrap_or("own");
    let own = source == "own";
    let required: &[usize] = if code.promises() {
        &[sent::SERVICE_DATE, sent::WAVE, sent::PROMISED_AT]
    } else if own && code.names_camp_and_friend() {
        &[sent::CAMP, sent::FRIEND]
    } else if own && code.names_camp() {
        &[sent::CAMP]
    } else {
        &[]
    };
    (source != DERIVED && required.iter().all(|field| sent.get(*field).is_some())).then_some(())
}

fn check_range(sent: &Sent, time: i64, received: i64, zone: Zone) -> Option<()> {
    let today: NaiveDate = zone.date(received);
    if let Some(text) = sent.get(sent::SERVICE_DATE) {
        let away = (clock::date(text)? - today).num_days();
        if !(-OLDEST_DAYS..=NEWEST_DAYS).contains(&away) {
            return None;
        }
    }
    ((today - zone.date(time)).num_days() <= OLDEST_DAYS).then_some(())
}

fn default_id(invoice_no: &str, direction: &str, sent: &Sent) -> String {
    let actor = sent.get(sent::FRIEND).or(sent.get(sent::CAMP)).or(sent.get(sent::SOURCE));
    let parts = [invoice_no, direction, sent.code(), sent.event_time(), actor.unwrap_or_default()];
    let hash = Sha256::digest(parts.join("\x1f").as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
