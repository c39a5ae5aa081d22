//! The distinct events of one invoice, merged with new ones. Plain means: one copy of each event, none of them corrected.

use crate::clock;
use crate::codes::{code_of, Direction};
use crate::json;
use crate::sent::Sent;
use crate::state::Fact;

/// An event as a document keeps it.
type Row<'a> = (&'a str, i64, i64, Sent<'a>);

pub struct Merged<'a> {
    pub facts: Vec<Fact<'a>>,
    pub changed: bool,
    /// Ids of the new records, with repetitions.
    pub consumed: Vec<&'a str>,
}

/// Merge stored events with new ones; `None` where that is no plain case.
pub fn merge<'a>(direction: Direction, stored: Option<&'a [u8]>, new: &[&'a [u8]]) -> Option<Merged<'a>> {
    let mut facts = Vec::with_capacity(new.len() + 8);
    if let Some(stored) = stored {
        let rows: Vec<Row> = serde_json::from_str(std::str::from_utf8(stored).ok()?).ok()?;
        for row in rows {
            facts.push(fact(direction, row)?);
        }
    }
    let mut changed = false;
    let mut consumed = Vec::with_capacity(new.len());
    for row in new {
        let new: Fact = fact(direction, serde_json::from_str(std::str::from_utf8(row).ok()?).ok()?)?;
        consumed.push(new.event_id);
        match facts.iter().find(|fact| fact.event_id == new.event_id) {
            None => {
                facts.push(new);
                changed = true;
            }
            // A copy that differs, or that was received earlier, is no plain case.
            Some(known) if known.sent == new.sent && known.received <= new.received => {}
            Some(_) => return None,
        }
    }
    facts.sort_unstable_by(|one, other| (one.time, one.rank, one.event_id).cmp(&(other.time, other.rank, other.event_id)));
    // Two stored copies of one event have one id.
    let mut ids: Vec<&str> = facts.iter().map(|fact| fact.event_id).collect();
    ids.sort_unstable();
    let single = ids.windows(2).all(|pair| pair[0] != pair[1]);
    single.then_some(Merged { facts, changed, consumed })
}

fn fact<'a>(direction: Direction, (event_id, time, received, sent): Row<'a>) -> Option<Fact<'a>> {
    let (code, rank) = code_of(direction, sent.code())?;
    if time < clock::EARLIEST {
        return None;
    }
    Some(Fact { time, rank, event_id, received, code, sent })
}

/// The events as a document keeps them, sorted by time and id.
pub fn stored(facts: &[Fact]) -> Vec<u8> {
    let mut rows: Vec<&Fact> = facts.iter().collect();
    rows.sort_unstable_by_key(|fact| (fact.time, fact.event_id));
    let mut out = Vec::with_capacity(rows.len() * 320 + 2);
    for (place, fact) in rows.into_iter().enumerate() {
        out.push(if place == 0 { b'[' } else { b',' });
        out.push(b'[');
        json::text(&mut out, fact.event_id);
        out.push(b',');
        json::number(&mut out, fact.time);
        out.push(b',');
        json::number(&mut out, fact.received);
        out.push(b',');
        fact.sent.write(&mut out);
        out.push(b']');
    }
    out.push(b']');
    out
}
