//! What a Friend's documents hear of an invoice: the plain cases of `ingest.derive.friend_activities`.

use crate::clock::{self, Zone};
use crate::codes::{Code, Direction};
use crate::document::distinct;
use crate::json::Object;
use crate::log::Merged;
use crate::sent;
use crate::state::{Fact, State};

/// Any received time is before it (the year 2286), so a revision grows with every change an invoice can see.
const END_OF_TIME: i64 = 10_000_000_000_000;
const MAX_DATES_AHEAD: i64 = 2;

/// Friend and canonical JSON of each activity that the consumed records affect.
pub fn activities<'a>(key: &str, state: &State<'a>, merged: &Merged<'a>, zone: Zone) -> Option<Vec<(&'a str, Vec<u8>)>> {
    let facts = &merged.facts;
    let affected = affected(state.direction, merged);
    if affected.is_empty() {
        return Some(Vec::new());
    }
    let about = About {
        key,
        latest: facts.iter().map(|fact| fact.time).max()?,
        known_at: facts.iter().map(|fact| fact.received).max()?,
        rev: facts.iter().map(|fact| END_OF_TIME - fact.received).sum(),
    };
    let mut found = Vec::with_capacity(affected.len());
    for place in affected {
        let fact = &facts[place];
        let named = fact.sent.get(sent::FRIEND);
        let concerned = named.map_or_else(|| distinct(facts, sent::FRIEND), |friend| vec![friend]);
        for friend in concerned {
            let counts = fact.sent.timed() && state.doers[place] == Some(friend);
            found.push((friend, encode(&about, state, fact, friend, counts, zone)?));
        }
    }
    Some(found)
}

struct About<'a> {
    key: &'a str,
    latest: i64,
    known_at: i64,
    rev: i64,
}

/// Places of the activities that the consumed records may have changed, by event id.
fn affected(direction: Direction, merged: &Merged) -> Vec<usize> {
    let facts = &merged.facts;
    let mut every: Vec<usize> = (0..facts.len()).filter(|place| facts[*place].code.is_activity()).collect();
    every.sort_unstable_by_key(|place| facts[*place].event_id);
    if every.is_empty() {
        return every;
    }
    let said: Vec<&Fact> = facts.iter().filter(|fact| merged.consumed.contains(&fact.event_id)).collect();
    if said.iter().any(|fact| fact.code.registers() || fact.code == Code::Rescheduled) {
        return every;
    }
    let moving = said.iter().any(|fact| fact.code.is_activity() || fact.code.completes(direction));
    // The first departure decides which rescheduling is the promise in force.
    if moving && facts.iter().any(|fact| fact.code == Code::Rescheduled) {
        return every;
    }
    // An event may be the doorstep, or the holder, of those that name none.
    let filling: Vec<usize> = [sent::ADDRESS_KEY, sent::FRIEND]
        .into_iter()
        .filter(|field| said.iter().any(|fact| fact.sent.get(*field).is_some()))
        .collect();
    every.retain(|place| {
        let fact = &facts[*place];
        merged.consumed.contains(&fact.event_id) || filling.iter().any(|field| fact.sent.get(*field).is_none())
    });
    every
}

fn encode(about: &About, state: &State, fact: &Fact, friend: &str, counts: bool, zone: Zone) -> Option<Vec<u8>> {
    let (sent, promise) = (&fact.sent, state.promise.as_ref());
    let promised_from = match sent.get(sent::PROMISED_FROM) {
        Some(text) => Some(clock::instant(text)?),
        None => promise.and_then(|promise| promise.since),
    };
    let first = zone.date(fact.time);
    // With and without the clock guard: an earlier received time moves it in between.
    let ahead = (zone.stated_date(sent.event_time())? - first).num_days().clamp(0, MAX_DATES_AHEAD);
    let dates: Vec<String> = clock::dates(first, ahead as u64).collect();
    let mut out = Vec::with_capacity(512);
    let mut fields = Object::new(&mut out);
    fields.put("address_key", &sent.get(sent::ADDRESS_KEY).or(state.address_key));
    fields.put("camp_id", &sent.get(sent::CAMP));
    fields.put("code", &sent.code());
    fields.put("counts", &counts);
    fields.put("dates", dates.as_slice());
    fields.put("event_id", &fact.event_id);
    fields.put("friend_id", &friend);
    fields.put("invoice", &about.key);
    fields.put("known_at", &about.known_at);
    fields.put("latest", &about.latest);
    fields.put("other_camps", [].as_slice() as &[&str]);
    fields.put("promised_from", &promised_from);
    fields.put("received", &fact.received);
    fields.put("rev", &about.rev);
    fields.put("route_id", &sent.get(sent::ROUTE));
    fields.put("service_date", &sent.get(sent::SERVICE_DATE).or(promise.map(|promise| promise.service_date)));
    fields.put("time", &fact.time);
    fields.put("voided_at", &None::<i64>);
    fields.put("wave", &sent.get(sent::WAVE).or(promise.map(|promise| promise.wave)));
    fields.end();
    Some(out)
}
