//! The work of a Friend divided into shifts and unbroken stretches: `hubstat.domain.runs`, compiled.

use crate::clock::{self, Zone, HOUR};
use crate::codes::Code;
use crate::work::Work;

const AROUND_SHIFT: i64 = 2 * HOUR;
const RUN_GAP: i64 = 6 * HOUR;

/// A planned shift; times in ms. Empty texts: not stated.
pub struct Shift {
    pub start: i64,
    pub end: i64,
    pub service_date: String,
    pub wave: String,
}

/// The begin or the end of a route.
pub struct Mark {
    pub time: i64,
    pub rank: i64,
    pub event_id: String,
    pub starts: bool,
    pub camp: Option<String>,
}

impl Mark {
    /// Place among the Friend's events.
    pub fn order(&self) -> (i64, i64, &str) {
        (self.time, self.rank, &self.event_id)
    }
}

/// Work without a break in it: inside a planned shift (its place among them), or with no gap over 6 h.
pub struct Run<'a> {
    pub work: Vec<&'a Work<'a>>,
    pub shift: Option<usize>,
    pub starts: Vec<&'a Mark>,
    ends: Vec<&'a Mark>,
}

impl<'a> Run<'a> {
    fn of(item: &'a Work<'a>, shift: Option<usize>) -> Self {
        Self { work: vec![item], shift, starts: Vec::new(), ends: Vec::new() }
    }

    pub fn first(&self) -> i64 {
        self.work[0].time
    }

    pub fn last(&self) -> i64 {
        self.work[self.work.len() - 1].time
    }

    /// The earliest start of a route or departure.
    pub fn departed(&self) -> Option<i64> {
        let scans = self.work.iter().filter(|work| work.code == Code::Departed).map(|work| work.time);
        self.starts.iter().map(|mark| mark.time).chain(scans).min()
    }

    /// The last end of a route unless a start follows.
    pub fn route_end(&self) -> Option<i64> {
        let last = self.ends.iter().max_by(|one, other| one.order().cmp(&other.order()))?;
        let again = self.starts.iter().any(|start| start.order() > last.order());
        (!again).then_some(last.time)
    }

    /// The shift's service date, else that of most activities, else the local date of the first.
    pub fn date(&self, shifts: &[Shift], zone: Zone) -> String {
        let stated = self.shift.map(|place| shifts[place].service_date.as_str()).filter(|date| !date.is_empty());
        let voted = || most(self.work.iter().map(|work| work.service_date)).filter(|date| !date.is_empty());
        match stated.or_else(voted) {
            Some(date) => date.to_owned(),
            None => clock::text_of(zone.date(self.first())),
        }
    }

    /// The shift's wave, else that of most activities.
    pub fn wave(&self, shifts: &[Shift]) -> Option<String> {
        let stated = self.shift.map(|place| shifts[place].wave.as_str()).filter(|wave| !wave.is_empty());
        stated.or_else(|| most(self.work.iter().map(|work| work.wave))).map(str::to_owned)
    }
}

/// What most say, of several the alphabetically first.
fn most<'a>(votes: impl Iterator<Item = Option<&'a str>>) -> Option<&'a str> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for vote in votes.flatten() {
        match counts.iter_mut().find(|(known, _)| *known == vote) {
            Some((_, count)) => *count += 1,
            None => counts.push((vote, 1)),
        }
    }
    counts.into_iter().max_by(|one, other| one.1.cmp(&other.1).then(other.0.cmp(one.0))).map(|(vote, _)| vote)
}

/// All runs in time order, each with its route's starts and ends. `work`: in order.
pub fn runs_of<'a>(work: &'a [Work<'a>], marks: &'a [Mark], shifts: &[Shift]) -> Vec<Run<'a>> {
    let mut by_shift: Vec<Option<Run>> = shifts.iter().map(|_| None).collect();
    let mut runs: Vec<Run> = Vec::new();
    for item in work {
        match (shift_at(shifts, item.time), runs.last_mut()) {
            (Some(place), _) => match &mut by_shift[place] {
                Some(run) => run.work.push(item),
                none => *none = Some(Run::of(item, Some(place))),
            },
            (None, Some(last)) if item.time - last.last() <= RUN_GAP => last.work.push(item),
            (None, _) => runs.push(Run::of(item, None)),
        }
    }
    runs.extend(by_shift.into_iter().flatten());
    runs.sort_by(|one, other| one.work[0].order().cmp(&other.work[0].order()));
    for mark in marks {
        let of_shift = shift_at(shifts, mark.time);
        let place = of_shift.and_then(|shift| runs.iter().position(|run| run.shift == Some(shift)));
        // Without: of no shift, or of one in which nobody worked.
        if let Some(place) = place.or_else(|| run_at(&runs, mark)) {
            let run = &mut runs[place];
            if mark.starts { &mut run.starts } else { &mut run.ends }.push(mark);
        }
    }
    runs
}

/// Place of the shift that takes an instant: of those around it the nearer, then the earlier.
fn shift_at(shifts: &[Shift], time: i64) -> Option<usize> {
    let (mut best, mut nearest) = (None, AROUND_SHIFT + 1);
    for (place, shift) in shifts.iter().enumerate() {
        if shift.start <= time && time <= shift.end {
            return Some(place);
        }
        let distance = if time < shift.start { shift.start - time } else { time - shift.end };
        if distance < nearest {
            (best, nearest) = (Some(place), distance);
        }
    }
    best
}

/// The run around a mark, else the next one for a start, the one before for an end.
fn run_at(runs: &[Run], mark: &Mark) -> Option<usize> {
    if let Some(place) = runs.iter().position(|run| run.first() <= mark.time && mark.time <= run.last()) {
        return Some(place);
    }
    let places = 0..runs.len();
    if mark.starts {
        let after = places.filter(|place| (0..=RUN_GAP).contains(&(runs[*place].first() - mark.time)));
        return after.min_by_key(|place| runs[*place].first());
    }
    // Of several that end together the earliest.
    let before = places.rev().filter(|place| (0..=RUN_GAP).contains(&(mark.time - runs[*place].last())));
    before.max_by_key(|place| runs[*place].last())
}
