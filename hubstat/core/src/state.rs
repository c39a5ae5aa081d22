//! The fold of one invoice: from its events, in their order, to its state. The plain cases of `hubstat.domain.invoice`,
//! `row`, `backlog`, `loading` and `projection`, whose words it uses.

use crate::clock::{self, Zone, HOUR, MINUTE};
use crate::codes::{Code, Direction};
use crate::json::{Cell, Packed};
use crate::sent::{self, Sent};

/// One event in force. Facts are sorted by time, rank and id.
pub struct Fact<'a> {
    pub time: i64,
    pub rank: u8,
    pub event_id: &'a str,
    pub received: i64,
    pub code: Code,
    pub sent: Sent<'a>,
}

impl Fact<'_> {
    fn order(&self) -> (i64, u8, &str) {
        (self.time, self.rank, self.event_id)
    }
}

pub struct Promise<'a> {
    pub at: i64,
    pub since: Option<i64>,
    pub service_date: &'a str,
    pub wave: &'a str,
}

struct Attempt<'a> {
    time: i64,
    reason: &'a str,
    time_known: bool,
}

/// Where each of these first happened: places in the facts.
#[derive(Default)]
struct Firsts {
    registration: Option<usize>,
    completion: Option<usize>,
    departure: Option<usize>,
    cancelled: Option<usize>,
    closed: Option<usize>,
    arrived: Option<usize>,
    left: Option<usize>,
    warehouse: Option<usize>,
    finished: Option<usize>,
    refunded: Option<usize>,
    stop: Option<usize>,
}

/// What is true of an invoice when all its events are known. Times in ms.
pub struct State<'a> {
    pub direction: Direction,
    pub promise: Option<Promise<'a>>,
    pub camp: Option<&'a str>,
    pub friend: Option<&'a str>,
    pub address_key: Option<&'a str>,
    pub completed_at: Option<i64>,
    pub open: bool,
    /// Of each fact: whose activity it is.
    pub doers: Vec<Option<&'a str>>,
    name: &'static str,
    removed: bool,
    ended: Option<(i64, bool)>,
    departed: bool,
    attempts: Vec<Attempt<'a>>,
    first_attempt_ok: Option<bool>,
    arrived_at: Option<i64>,
    registered_at: Option<i64>,
    loaded: bool,
    loaded_at: Option<i64>,
    assigned: bool,
    holdings: Vec<(i64, &'a str)>,
    policy: bool,
    stages: Vec<(&'static str, i64)>,
    warehouse: bool,
    last_event_at: i64,
}

pub fn fold<'a>(direction: Direction, facts: &[Fact<'a>], zone: Zone) -> Option<State<'a>> {
    let mut first = Firsts::default();
    let (mut holder, mut camp, mut address_key) = (None, None, None);
    let (mut holder_at_completion, mut camp_at_completion) = (None, None);
    let mut step = Code::Assigned;
    let (mut loaded, mut assigned) = (false, false);
    let (mut attempts, mut holdings, mut doers) = (Vec::new(), Vec::new(), Vec::with_capacity(facts.len()));
    // Whose hand a scan is in, also where the holder has not changed: as `activities` follows it.
    for (place, fact) in facts.iter().enumerate() {
        let (code, sent) = (fact.code, &fact.sent);
        let here = Some(place);
        camp = sent.get(sent::CAMP).or(camp);
        address_key = sent.get(sent::ADDRESS_KEY).or(address_key);
        let friend = sent.get(sent::FRIEND);
        if code.gives_hold() && friend.is_some() && friend != holder {
            holder = friend;
            holdings.extend(friend.map(|friend| (fact.time, friend)));
        }
        let completes = code.completes(direction);
        doers.push(if code.is_activity() { friend.or(if completes { holder } else { None }) } else { None });
        match code {
            Code::Registered | Code::Requested => first.registration = first.registration.or(here),
            Code::AttemptFailed => {
                let reason = sent.get(sent::REASON).unwrap_or("UNKNOWN");
                attempts.push(Attempt { time: fact.time, reason, time_known: sent.timed() });
                first.departure = first.departure.or(here);
                first.stop = first.stop.or(here);
                (step, loaded) = (code, true);
            }
            Code::Departed => {
                first.departure = first.departure.or(here);
                first.left = first.left.or(here);
                (step, loaded) = (code, true);
            }
            Code::Loaded => {
                first.left = first.left.or(here);
                (step, loaded) = (code, true);
            }
            Code::Assigned => (step, assigned) = (code, true),
            Code::ReturnedCamp => step = code,
            Code::Cancelled | Code::Withdrawn => first.cancelled = first.cancelled.or(here),
            Code::ClosedAdmin => first.closed = first.closed.or(here),
            Code::ArrivedCamp => first.arrived = first.arrived.or(here),
            Code::ReceivedWarehouse => first.warehouse = first.warehouse.or(here),
            Code::Completed => first.finished = first.finished.or(here),
            Code::Refunded => first.refunded = first.refunded.or(here),
            _ => {}
        }
        if completes && first.completion.is_none() {
            first.completion = here;
            first.departure = first.departure.or(here);
            first.stop = first.stop.or(here);
            (holder_at_completion, camp_at_completion) = (holder, camp);
        }
    }
    let at = |place: Option<usize>| place.map(|place| &facts[place]);
    let time = |place: Option<usize>| at(place).map(|fact| fact.time);
    let promise = match first.registration {
        Some(registration) => Some(promise(registration, first.departure, facts, zone)?),
        None => None,
    };
    let removed = match (first.completion, at(first.cancelled), &promise) {
        (None, Some(cancelled), Some(promise)) => {
            at(first.departure).is_none_or(|departure| cancelled.order() < departure.order())
                && cancelled.time < promise.at
        }
        _ => false,
    };
    let closed_first = match (at(first.cancelled), at(first.closed)) {
        (Some(cancelled), Some(closed)) => closed.order() < cancelled.order(),
        (None, Some(_)) => true,
        _ => false,
    };
    let ended = match first.completion {
        Some(_) => None,
        None if closed_first => time(first.closed).map(|time| (time, true)),
        None => time(first.cancelled).map(|time| (time, false)),
    };
    let (friend, camp, name) = match at(first.completion) {
        Some(done) => (done.sent.get(sent::FRIEND).or(holder_at_completion), camp_at_completion, "done"),
        None => (holder, camp, name(direction, ended, step, holder.is_some(), first.arrived.is_some())),
    };
    Some(State {
        direction,
        camp,
        friend,
        address_key,
        completed_at: time(first.completion),
        open: first.completion.is_none() && ended.is_none(),
        doers,
        name,
        removed,
        ended,
        departed: first.departure.is_some(),
        attempts,
        first_attempt_ok: first.stop.map(|_| first.stop == first.completion),
        arrived_at: time(first.arrived.or(first.left)),
        registered_at: time(first.registration),
        loaded,
        loaded_at: [time(first.left), time(first.stop)].into_iter().flatten().min(),
        assigned: assigned || holder.is_some(),
        holdings,
        policy: first.completion.is_none()
            && at(first.cancelled).is_some_and(|fact| fact.sent.get(sent::BY) == Some("POLICY")),
        stages: if direction == Direction::Return { stages(&first, facts) } else { Vec::new() },
        warehouse: first.warehouse.is_some(),
        last_event_at: facts.last()?.time,
        promise,
    })
}

fn promise<'a>(
    registration: usize,
    departure: Option<usize>,
    facts: &[Fact<'a>],
    zone: Zone,
) -> Option<Promise<'a>> {
    let mut source = registration;
    for (place, fact) in facts[..departure.unwrap_or(facts.len())].iter().enumerate() {
        if fact.code == Code::Rescheduled && fact.sent.get(sent::BY) == Some("CUSTOMER") {
            source = place;
        }
    }
    let sent = &facts[source].sent;
    let since = match sent.get(sent::PROMISED_FROM) {
        Some(text) => Some(clock::instant(text)?),
        None => None,
    };
    Some(Promise {
        at: zone.promise(sent.get(sent::PROMISED_AT)?)?,
        since,
        service_date: sent.get(sent::SERVICE_DATE)?,
        wave: sent.get(sent::WAVE)?,
    })
}

fn name(
    direction: Direction,
    ended: Option<(i64, bool)>,
    step: Code,
    held: bool,
    arrived: bool,
) -> &'static str {
    match (ended, step) {
        (Some((_, true)), _) => "closed_admin",
        (Some((_, false)), _) => "withdrawn_or_cancelled",
        (None, Code::Departed | Code::AttemptFailed) => "out",
        (None, Code::Loaded) if direction == Direction::Delivery => "loaded",
        (None, Code::ReturnedCamp) if direction == Direction::Delivery => "back_at_camp",
        _ => match (direction, held, arrived) {
            (Direction::Return, true, _) => "assigned",
            (Direction::Return, false, _) => "unassigned",
            (_, true, true) => "assigned_arrived",
            (_, true, false) => "assigned_not_arrived",
            (_, false, true) => "unassigned_arrived",
            (_, false, false) => "unassigned_not_arrived",
        },
    }
}

/// Whole minutes of every stage of a return of which both ends are known, with a time of day.
fn stages(first: &Firsts, facts: &[Fact]) -> Vec<(&'static str, i64)> {
    let refunded_early = first.registration.is_some_and(|place| facts[place].sent.prerefund());
    let ends = [
        ("request_to_pickup", first.registration, first.completion),
        ("pickup_to_warehouse", first.completion, first.warehouse),
        ("warehouse_to_completed", first.warehouse, first.finished),
        ("refund_latency", if refunded_early { first.completion } else { None }, first.refunded),
    ];
    ends.into_iter()
        .filter_map(|(stage, start, end)| {
            let (start, end) = (&facts[start?], &facts[end?]);
            let timed = start.sent.timed() && end.sent.timed();
            timed.then(|| (stage, whole_minutes(end.time - start.time).max(0)))
        })
        .collect()
}

/// Minutes, rounded up.
fn whole_minutes(milliseconds: i64) -> i64 {
    -((-milliseconds).div_euclid(MINUTE))
}

const ON_TIME: i64 = -1;
const NEVER_IN_BASE: i64 = -2;
/// Upper ends of the buckets of lateness, inclusive.
const LATE_MINUTES: [i64; 6] = [30, 60, 120, 360, 1440, 2880];

fn late_bucket(late: i64) -> i64 {
    LATE_MINUTES.iter().take_while(|minutes| late > **minutes * MINUTE).count() as i64
}

/// What metrics look at of a counted invoice.
pub struct Row<'a> {
    pub due: bool,
    pub promise: i64,
    pub settled: Option<i64>,
    pub attempt: Option<&'static str>,
    pub reason: Option<&'a str>,
    pub step: &'static str,
    pub valid_reasons: Vec<&'a str>,
    pub wave: &'a str,
}

impl<'a> State<'a> {
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn policy(&self) -> bool {
        self.policy
    }

    pub fn last_event_at(&self) -> i64 {
        self.last_event_at
    }

    pub fn row(&self) -> Option<Row<'a>> {
        let promise = self.promise.as_ref()?;
        let mut valid_reasons: Vec<&str> = self
            .attempts
            .iter()
            .filter(|attempt| attempt.time_known && attempt.time <= promise.at)
            .map(|attempt| attempt.reason)
            .collect();
        valid_reasons.sort_unstable();
        valid_reasons.dedup();
        Some(Row {
            due: !self.removed,
            promise: promise.at,
            settled: self.settled(promise.at),
            attempt: self.first_attempt_ok.map(|ok| if ok { "ok" } else { "failed" }),
            reason: self.attempts.last().map(|attempt| attempt.reason),
            step: self.step(),
            valid_reasons,
            wave: promise.wave,
        })
    }

    fn settled(&self, promise: i64) -> Option<i64> {
        if let Some(completed) = self.completed_at {
            return Some(if completed <= promise { ON_TIME } else { late_bucket(completed - promise) });
        }
        self.ended.map(|(ended, closed)| match closed {
            // Minutes stop at closing: closed before the promise is late with none.
            true => late_bucket((ended - promise).max(0)),
            false if promise < ended => late_bucket(ended - promise),
            false => NEVER_IN_BASE,
        })
    }

    fn step(&self) -> &'static str {
        match self.direction {
            Direction::Return if self.assigned || self.departed => "NO_ATTEMPT",
            Direction::Return => "NOT_ASSIGNED",
            Direction::Delivery if self.arrived_at.is_none() => "NOT_ARRIVED",
            Direction::Delivery if self.loaded => "NO_ATTEMPT",
            Direction::Delivery => "NOT_LOADED",
        }
    }

    /// Camp, direction and wave, by which figures are counted.
    fn place(&self, row: &Row) -> Cell {
        Cell::default().with(&self.camp).with(&self.direction.text()).with(&row.wave)
    }

    pub fn cell(&self, row: &Row) -> Cell {
        self.place(row)
            .with(&row.due)
            .with(&self.name)
            .with(&row.promise)
            .with(&row.settled)
            .with(&row.attempt)
            .with(&row.reason)
            .with(&row.step)
            .with(&self.policy)
            .with(row.valid_reasons.as_slice())
    }

    pub fn hour_cell(&self, row: &Row, completed_at: i64) -> Cell {
        self.place(row).with(&completed_at.div_euclid(HOUR))
    }

    pub fn minute_cell(&self, row: &Row, completed_at: i64) -> Cell {
        self.place(row).with(&whole_minutes(completed_at))
    }

    pub fn stage_cells(&self, row: &Row) -> Vec<Cell> {
        self.stages.iter().map(|(stage, minutes)| self.place(row).with(stage).with(minutes)).collect()
    }

    /// What is left to do; `None` unless it is due and open.
    pub fn pending(&self, row: &Row, invoice_no: &str) -> Option<Packed> {
        let since = self.promise.as_ref().and_then(|promise| promise.since);
        (row.due && row.settled.is_none()).then(|| {
            Packed(
                Cell::default()
                    .with(&self.camp)
                    .with(&self.friend)
                    .with(&self.direction.text())
                    .with(&invoice_no)
                    .with(&row.promise)
                    .with(&row.wave)
                    .with(&self.address_key)
                    .with(&since),
            )
        })
    }

    /// Who held a due delivery, and since when it is loaded.
    pub fn loading(&self, row: &Row) -> Option<Packed> {
        (self.direction == Direction::Delivery && row.due && !self.holdings.is_empty()).then(|| {
            Packed(
                Cell::default()
                    .with(&self.camp)
                    .with(&self.friend)
                    .with(&row.wave)
                    .with(&self.loaded_at)
                    .with(self.holdings.as_slice()),
            )
        })
    }

    /// How it waits, and since when (ms); `None` for one that does not.
    pub fn waiting(&self) -> Option<(Cell, i64)> {
        let promise = self.promise.as_ref()?;
        let (waits, since) = if self.open {
            ("open", if self.direction == Direction::Delivery { self.arrived_at } else { self.registered_at })
        } else if self.direction == Direction::Return && !self.warehouse {
            ("pickup", self.completed_at)
        } else {
            return None;
        };
        let place = Cell::default().with(&self.camp).with(&self.direction.text()).with(&promise.wave).with(&waits);
        since.map(|since| (place, since))
    }
}
