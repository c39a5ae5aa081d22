//! The Friend-day of one service date: the plain cases of `hubstat.domain.friendday`, compiled.

use std::collections::BTreeMap;

use pyo3::prelude::*;

use crate::clock::{Zone, HOUR};
use crate::runparts::{detail_of, Detail, RECORDED};
use crate::runs::{runs_of, Mark, Run, Shift};
use crate::spans::{self, Span};
use crate::work::Work;

const LAST_NET: i64 = HOUR;
/// End of an interval that nobody has ended.
const FOREVER: i64 = 1 << 62;

/// A begin or end of recorded time: when (ms), whether it begins, and until when (ms) where that is stated.
type IntervalMark = (i64, bool, Option<i64>);
/// Time (ms), rank, event id, whether the route starts, camp.
type RouteMark = (i64, i64, String, bool, Option<String>);

/// What a Friend's own events say of one service date. Times in ms; all in the order of the events.
#[pyclass(frozen)]
pub struct FriendSchedule {
    service_date: String,
    pub window: Span,
    shifts: Vec<Shift>,
    routes: Vec<Mark>,
    intervals: [Vec<IntervalMark>; RECORDED],
    breaks: Vec<Span>,
}

#[pymethods]
impl FriendSchedule {
    #[new]
    fn new(
        service_date: String,
        window: Span,
        shifts: Vec<(i64, i64, String, String)>,
        routes: Vec<RouteMark>,
        intervals: [Vec<IntervalMark>; RECORDED],
        breaks: Vec<Span>,
    ) -> Self {
        let shift = |(start, end, service_date, wave)| Shift { start, end, service_date, wave };
        let mark = |(time, rank, event_id, starts, camp)| Mark { time, rank, event_id, starts, camp };
        Self {
            service_date,
            window,
            shifts: shifts.into_iter().map(shift).collect(),
            routes: routes.into_iter().map(mark).collect(),
            intervals,
            breaks,
        }
    }
}

/// What the runs of a service date add up to; names as `hubstat.domain.friendday.Worked`.
#[pyclass(frozen, get_all)]
#[derive(Default)]
pub struct FriendRuns {
    runs: usize,
    camp: Option<String>,
    out_since: Option<i64>,
    begin: i64,
    last_activity: i64,
    recorded: Vec<Vec<Span>>,
    worked: BTreeMap<i64, i64>,
    net: BTreeMap<i64, i64>,
    stops_by_hour: BTreeMap<i64, i64>,
    on_road: i64,
    excluded: Vec<i64>,
    net_on_road: i64,
    idle: i64,
    stops: usize,
    batch_scans: usize,
    status: &'static str,
    efforts: Vec<(Option<String>, i64, usize)>,
    allowance: i64,
    first_departure: Option<i64>,
    waves: Vec<Option<String>>,
    recent_stops: usize,
    recent_net: i64,
    departures: Vec<(String, Option<i64>)>,
}

impl FriendSchedule {
    /// The runs of the date summed; without any all of it is empty but `recorded`. `allowance`: of a gap, by camp of the Friend-day and wave, ms.
    pub fn summed<E>(
        &self,
        work: &[Work],
        zone: Zone,
        allowance: impl Fn(Option<&str>, Option<&str>) -> Result<i64, E>,
    ) -> Result<FriendRuns, E> {
        let every = runs_of(work, &self.routes, &self.shifts);
        let of_date = |run: &&Run| run.date(&self.shifts, zone) == self.service_date;
        let runs: Vec<&Run> = every.iter().filter(of_date).collect();
        let (Some(last), Some(last_of_all)) = (runs.last(), every.last()) else {
            return Ok(FriendRuns { recorded: self.recorded(work).to_vec(), ..Default::default() });
        };
        let camp = camp_of(&runs);
        let recorded = self.recorded(work);
        let mut details = Vec::with_capacity(runs.len());
        for run in &runs {
            let wave = run.wave(&self.shifts);
            let allowed = allowance(camp.as_deref(), wave.as_deref())?;
            details.push(detail_of(run, wave, allowed, &recorded, &self.breaks));
        }
        let on_the_road = std::ptr::eq(*last, last_of_all)
            && details.last().is_some_and(|detail| detail.departed.is_some() && detail.ended.is_none());
        let departures = runs.iter().filter_map(|run| {
            let shift = &self.shifts[run.shift?];
            Some((shift.wave.clone(), run.departed()))
        });
        let (recent_stops, recent_net) = recent(&details);
        Ok(FriendRuns {
            runs: runs.len(),
            out_since: on_the_road.then(|| last.last()),
            begin: details.last().map_or(0, |detail| detail.begin),
            last_activity: last.last(),
            recorded: recorded.to_vec(),
            worked: worked(&runs),
            net: net_by_hour(&details),
            stops_by_hour: counted(details.iter().flat_map(|detail| detail.stops.iter().copied())),
            on_road: details.iter().map(|detail| detail.on_road.1 - detail.on_road.0).sum(),
            excluded: (0..=RECORDED).map(|kind| details.iter().map(|detail| detail.excluded[kind]).sum()).collect(),
            net_on_road: details.iter().map(|detail| spans::length(&detail.net)).sum(),
            idle: details.iter().map(|detail| detail.idle).sum(),
            stops: details.iter().map(|detail| detail.stops.len()).sum(),
            batch_scans: details.iter().map(|detail| detail.batches).sum(),
            status: status(&details),
            efforts: efforts(&details),
            allowance: details.last().map_or(0, |detail| detail.allowance),
            first_departure: details.iter().filter_map(|detail| detail.departed).min(),
            waves: details.iter().map(|detail| detail.wave.clone()).collect(),
            recent_stops,
            recent_net,
            departures: departures.collect(),
            camp,
        })
    }

    /// Recorded intervals by kind: to the end, else as stated, else to the next activity, else for ever; at most to the
    /// next begin.
    fn recorded(&self, work: &[Work]) -> [Vec<Span>; RECORDED] {
        let next = |time| work.get(work.partition_point(|item| item.time <= time)).map_or(FOREVER, |item| item.time);
        let mut found: [Vec<Span>; RECORDED] = Default::default();
        for (kind, marks) in self.intervals.iter().enumerate() {
            for (index, (time, starts, until)) in marks.iter().enumerate() {
                if !starts {
                    continue;
                }
                let following = marks.get(index + 1);
                let end = match following {
                    Some((end, false, _)) => *end,
                    _ => until.unwrap_or_else(|| next(*time)),
                };
                found[kind].push((*time, following.map_or(end, |mark| end.min(mark.0))));
            }
        }
        found
    }
}

/// Camp of the first route start, else of the first activity that names one.
fn camp_of(runs: &[&Run]) -> Option<String> {
    let starts = runs.iter().flat_map(|run| run.starts.iter());
    let first = starts.min_by(|one, other| one.order().cmp(&other.order()));
    let named = runs.iter().flat_map(|run| run.work.iter()).find_map(|work| work.camp);
    first.and_then(|mark| mark.camp.clone()).or_else(|| named.map(str::to_owned))
}

fn status(details: &[Detail]) -> &'static str {
    match details.last() {
        // Who ended a route without ever having departed was never out.
        Some(last) if last.ended.is_some() => {
            if details.iter().any(|detail| detail.departed.is_some()) { "back" } else { "worked" }
        }
        Some(last) if last.departed.is_some() => "out",
        _ => "worked",
    }
}

fn counted(times: impl Iterator<Item = i64>) -> BTreeMap<i64, i64> {
    let mut hours = BTreeMap::new();
    for time in times {
        *hours.entry(time.div_euclid(HOUR)).or_insert(0) += 1;
    }
    hours
}

/// Invoices by the hour of their first completion.
fn worked(runs: &[&Run]) -> BTreeMap<i64, i64> {
    let mut done = std::collections::HashSet::new();
    let completions = runs.iter().flat_map(|run| run.work.iter()).filter(|work| work.completes());
    counted(completions.filter(|work| done.insert(work.invoice)).map(|work| work.time))
}

fn net_by_hour(details: &[Detail]) -> BTreeMap<i64, i64> {
    let mut hours = BTreeMap::new();
    for (start, end) in details.iter().flat_map(|detail| &detail.net) {
        for hour in start.div_euclid(HOUR)..=(end - 1).div_euclid(HOUR) {
            *hours.entry(hour).or_insert(0) += end.min(&((hour + 1) * HOUR)) - start.max(&(hour * HOUR));
        }
    }
    hours
}

/// Net time and stops outside batches by wave, in the order of the runs.
fn efforts(details: &[Detail]) -> Vec<(Option<String>, i64, usize)> {
    let mut added: Vec<(Option<String>, i64, usize)> = Vec::with_capacity(details.len());
    for detail in details {
        match added.iter_mut().find(|known| known.0 == detail.wave) {
            Some(known) => (known.1, known.2) = (known.1 + detail.effective_net, known.2 + detail.effective_stops),
            None => added.push((detail.wave.clone(), detail.effective_net, detail.effective_stops)),
        }
    }
    added
}

/// Stops that began in the latest 60 min of net time, and its length in ms.
fn recent(details: &[Detail]) -> (usize, i64) {
    let parts = spans::union(details.iter().flat_map(|detail| detail.net.iter().copied()).collect());
    let (mut left, mut begin) = (LAST_NET, None);
    for (start, end) in parts.into_iter().rev() {
        let from = start.max(end - left);
        begin = Some(from);
        left -= end - from;
        if left == 0 {
            break;
        }
    }
    let Some(begin) = begin else {
        return (0, 0);
    };
    let stops = details.iter().flat_map(|detail| &detail.stops).filter(|first| **first >= begin).count();
    (stops, LAST_NET - left)
}
