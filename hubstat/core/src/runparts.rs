//! Parts of one run: `hubstat.domain.runparts` and `hubstat.domain.excluded`, compiled.

use crate::clock::MINUTE;
use crate::runs::Run;
use crate::spans::{clip, length, subtract, union, Span};
use crate::work::Work;

const STOP_GAP: i64 = 10 * MINUTE;
const BATCH_WINDOW: i64 = MINUTE;
const BATCH_KEYS: usize = 3;
/// Kinds of excluded time that are recorded, in their order; breaks come first.
pub const RECORDED: usize = 5;

/// What a Friend-day sums of a run; spans and times in ms.
pub struct Detail {
    pub wave: Option<String>,
    pub allowance: i64,
    pub departed: Option<i64>,
    pub ended: Option<i64>,
    pub on_road: Span,
    pub begin: i64,
    /// Excluded time on the road by kind, then what was waited for a promised window.
    pub excluded: [i64; RECORDED + 1],
    pub net: Vec<Span>,
    pub batches: usize,
    pub idle: i64,
    /// First scans of the stops.
    pub stops: Vec<i64>,
    pub effective_net: i64,
    pub effective_stops: usize,
}

/// Parts of a run. `recorded`: intervals by kind; `planned`: breaks; `allowance`: ms of a gap that are no idle.
pub fn detail_of(
    run: &Run,
    wave: Option<String>,
    allowance: i64,
    recorded: &[Vec<Span>; RECORDED],
    planned: &[Span],
) -> Detail {
    let (departed, ended) = (run.departed(), run.route_end());
    let start = departed.unwrap_or(run.first());
    let on_road = (start, start.max(ended.unwrap_or(run.last())));
    let begin = start.min(run.first());
    let reach = (begin, run.last().max(on_road.1));
    let excluded = excluded_of(run, reach, recorded, planned);
    let every = union(excluded.iter().flatten().copied().collect());
    let net = if on_road.0 < on_road.1 { subtract(&[on_road], &every) } else { Vec::new() };
    let scans: Vec<&Work> = run.work.iter().filter(|work| work.stops()).copied().collect();
    let batches = batches_of(&scans);
    let (stops, effective_stops) = stops_of(&scans, &batches);
    let effective_net =
        if batches.is_empty() { length(&net) } else { length(&subtract(&net, &batch_holes(run, &batches))) };
    Detail {
        wave,
        allowance,
        departed,
        ended,
        on_road,
        begin,
        excluded: excluded.map(|spans| length(&clip(&spans, on_road))),
        net,
        batches: batches.len(),
        idle: idle(run, &every, &batches, allowance),
        stops,
        effective_net,
        effective_stops,
    }
}

/// A planned break counts only where none is recorded.
fn excluded_of(
    run: &Run,
    reach: Span,
    recorded: &[Vec<Span>; RECORDED],
    planned: &[Span],
) -> [Vec<Span>; RECORDED + 1] {
    let mut excluded: [Vec<Span>; RECORDED + 1] = Default::default();
    for (found, spans) in excluded.iter_mut().zip(recorded) {
        *found = union(clip(spans, reach));
    }
    if excluded[0].is_empty() {
        excluded[0] = union(clip(planned, reach));
    }
    excluded[RECORDED] = window_waits(run);
    excluded
}

fn window_waits(run: &Run) -> Vec<Span> {
    let mut waits = Vec::new();
    let mut before = run.first();
    for item in &run.work {
        if let Some(since) = item.since {
            if before < since && since <= item.time && item.stops() {
                waits.push((before, since));
            }
        }
        before = item.time;
    }
    union(waits)
}

/// A doorstep; without a key each scan is one.
type Doorstep<'a> = (Option<&'a str>, &'a str, &'a str);

fn doorstep<'a>(scan: &Work<'a>) -> Doorstep<'a> {
    match scan.address {
        Some(address) => (Some(address), "", ""),
        None => (None, scan.invoice, scan.event_id),
    }
}

fn batches_of(scans: &[&Work]) -> Vec<Span> {
    let mut windows: Vec<Span> = Vec::new();
    for (index, scan) in scans.iter().enumerate() {
        let end = scan.time + BATCH_WINDOW;
        if scans.get(index + BATCH_KEYS - 1).is_none_or(|third| third.time > end) {
            continue; // too few scans to hold three doorsteps
        }
        let mut keys: Vec<Doorstep> = Vec::with_capacity(BATCH_KEYS);
        for other in scans[index..].iter().take_while(|other| other.time <= end) {
            let key = doorstep(other);
            if !keys.contains(&key) {
                keys.push(key);
            }
            if keys.len() == BATCH_KEYS {
                break;
            }
        }
        if keys.len() < BATCH_KEYS {
            continue;
        }
        match windows.last_mut() {
            Some(last) if scan.time <= last.1 => last.1 = end,
            _ => windows.push((scan.time, end)),
        }
    }
    let last = |end| scans.iter().map(|scan| scan.time).filter(|time| *time <= end).max();
    windows.into_iter().filter_map(|(start, end)| Some((start, last(end)?))).collect()
}

fn inside(time: i64, batches: &[Span]) -> bool {
    batches.iter().any(|(start, end)| *start <= time && time <= *end)
}

/// Each batch with the gap that ends at its first scan.
fn batch_holes(run: &Run, batches: &[Span]) -> Vec<Span> {
    let before = |start| run.work.iter().map(|work| work.time).filter(|time| *time < start).next_back();
    union(batches.iter().map(|(start, end)| (before(*start).unwrap_or(*start), *end)).collect())
}

/// First scans of the stops, and how many of them have no scan in a batch.
fn stops_of(scans: &[&Work], batches: &[Span]) -> (Vec<i64>, usize) {
    let mut firsts = Vec::with_capacity(scans.len());
    let mut batched: Vec<bool> = Vec::with_capacity(scans.len());
    let (mut key, mut last) = (None, 0);
    for scan in scans {
        if scan.address.is_none() || scan.address != key || scan.time - last > STOP_GAP {
            firsts.push(scan.time);
            batched.push(false);
        }
        if let Some(within) = batched.last_mut() {
            *within |= inside(scan.time, batches);
        }
        (key, last) = (scan.address, scan.time);
    }
    let effective = batched.iter().filter(|within| !**within).count();
    (firsts, effective)
}

/// What of the gaps exceeds the allowance; `excluded`: sorted and disjoint.
fn idle(run: &Run, excluded: &[Span], batches: &[Span], allowance: i64) -> i64 {
    let (mut total, mut place, mut start) = (0, 0, run.first());
    for after in &run.work[1..] {
        let end = after.time;
        while excluded.get(place).is_some_and(|span| span.1 <= start) {
            place += 1;
        }
        let away = length(&clip(&excluded[place..], (start, end)));
        let remainder = end - start - away;
        if remainder > allowance && !inside(end, batches) {
            total += remainder - allowance;
        }
        start = end;
    }
    total
}
