//! The whole document of an invoice, byte for byte as `hubstat.domain.document.invoice_document` gives it.

use std::collections::BTreeSet;

use crate::clock::{text_of, Zone};
use crate::json::Object;
use crate::sent;
use crate::state::{Fact, State};

/// Version of the fold in `hubstat.domain.invoice` that `state` is the same as.
pub const FOLD_VERSION: i64 = 3;

/// The document as JSON. `stored`: its events; `facts` are not empty.
pub fn document(state: &State, invoice_no: &str, facts: &[Fact], stored: &[u8], zone: Zone) -> Vec<u8> {
    let mut out = Vec::with_capacity(stored.len() + 1024);
    let mut fields = Object::new(&mut out);
    fields.put("direction", &state.direction.text());
    fields.put("invoice_no", &invoice_no);
    fields.put("fold_version", &FOLD_VERSION);
    fields.put("max_event_time", &facts.iter().map(|fact| fact.time).max());
    fields.put("max_received_at", &facts.iter().map(|fact| fact.received).max());
    fields.put("due_dates", distinct(facts, sent::SERVICE_DATE).as_slice());
    let activity_dates: BTreeSet<String> =
        facts.iter().filter(|fact| fact.code.is_activity()).map(|fact| text_of(zone.date(fact.time))).collect();
    fields.put("activity_dates", activity_dates.into_iter().collect::<Vec<_>>().as_slice());
    fields.put("friends", distinct(facts, sent::FRIEND).as_slice());
    fields.put("camps", distinct(facts, sent::CAMP).as_slice());
    fields.put("first_event_time", &facts.iter().map(|fact| fact.time).min());
    fields.put("first_received_at", &facts.iter().map(|fact| fact.received).min());
    fields.put("registered", &state.promise.is_some());
    fields.put("superseded_by", &None::<&str>);
    fields.put("open", &state.open);
    fields.put("camp", &state.camp);
    fields.put("friend", &state.friend);
    fields.put("completed_at", &state.completed_at);
    let events = fields.key("events");
    events.extend_from_slice(b"{\"log\":");
    events.extend_from_slice(stored);
    events.push(b'}');
    counted(&mut fields, state, invoice_no);
    if let Some((place, since)) = state.waiting() {
        fields.put("place", &place);
        fields.put("waits_since", &since);
        fields.put("last_event_at", &state.last_event_at());
    }
    fields.end();
    out
}

/// Values of a field that any event states, sorted.
pub fn distinct<'a>(facts: &[Fact<'a>], field: usize) -> Vec<&'a str> {
    let mut values: Vec<&str> = facts.iter().filter_map(|fact| fact.sent.get(field)).collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn counted(fields: &mut Object, state: &State, invoice_no: &str) {
    let (Some(promise), Some(row)) = (&state.promise, state.row()) else { return };
    fields.put("due_date", &promise.service_date);
    fields.put("due_wave", &promise.wave);
    fields.put("due", &row.due);
    fields.put("state", &state.name());
    fields.put("promise", &row.promise);
    fields.put("settled", &row.settled);
    fields.put("attempt", &row.attempt);
    fields.put("reason", &row.reason);
    fields.put("step", &row.step);
    fields.put("policy", &state.policy());
    fields.put("valid_reasons", row.valid_reasons.as_slice());
    fields.put("cell", &state.cell(&row));
    if let Some(completed_at) = state.completed_at {
        fields.put("hour_cell", &state.hour_cell(&row, completed_at));
        fields.put("minute_cell", &state.minute_cell(&row, completed_at));
    }
    let stages = state.stage_cells(&row);
    if !stages.is_empty() {
        fields.put("stage_cells", stages.as_slice());
    }
    if let Some(pending) = state.pending(&row, invoice_no) {
        fields.put("pending", &pending);
    }
    if let Some(loading) = state.loading(&row) {
        fields.put("loading", &loading);
    }
}
