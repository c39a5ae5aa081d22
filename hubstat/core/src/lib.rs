//! The plain cases, compiled: decode a record, merge events into an invoice, fold it, write its document; and fold the
//! Friend-day of a Friend's document.
//!
//! `hubstat.domain` defines all of it, and decides every case that is not plain: refusals, corrections, differing copies,
//! superseded waybills, JSON with escapes, years far away. For plain cases the result is the same, which tests compare.

mod activity;
mod clock;
mod codes;
mod document;
mod event;
mod friendday;
mod json;
mod log;
mod runparts;
mod runs;
mod sent;
mod spans;
mod state;
mod work;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use clock::Zone;
use codes::Direction;
use friendday::{FriendSchedule, FriendRuns};

/// One decoded record, ready to be merged.
#[pyclass(frozen)]
struct PlainEvent {
    event: event::Event,
}

#[pymethods]
impl PlainEvent {
    /// Identity of its invoice.
    #[getter]
    fn key(&self) -> &str {
        &self.event.key
    }

    /// Date of the index in which an unseen invoice is kept.
    #[getter]
    fn home(&self) -> &str {
        &self.event.home
    }

    /// How many of its fields the contract does not know.
    #[getter]
    fn unknown(&self) -> u32 {
        self.event.unknown
    }
}

/// What became of an invoice: changed, document, stored events, activities (Friend, value), service dates that any event
/// states, earliest time of the consumed events (ms).
type Folded<'py> = (
    bool,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>,
    Vec<String>,
    i64,
);

/// Received times that are taken, ms: before 1990 the zones' offsets change, from 2200 on no time is accepted.
const RECEIVED: std::ops::Range<i64> = clock::EARLIEST..7_258_118_400_000;

/// `offset_ms`: of the network's zone from UTC.
#[pyclass(frozen)]
struct Core {
    zone: Zone,
}

#[pymethods]
impl Core {
    /// The fold that this one is the same as.
    #[classattr]
    const FOLD_VERSION: i64 = document::FOLD_VERSION;

    #[new]
    fn new(offset_ms: i64) -> Self {
        Self { zone: Zone { offset: offset_ms } }
    }

    /// One record of `invoice-events`, received at `received` (ms); None where Python decides.
    fn decode(&self, raw: &[u8], received: i64) -> Option<PlainEvent> {
        if !RECEIVED.contains(&received) {
            return None;
        }
        or_python(|| event::decode(raw, received, self.zone)).map(|event| PlainEvent { event })
    }

    /// Merge events, in any order, into an invoice's stored ones; None where Python decides.
    fn fold<'py>(
        &self,
        py: Python<'py>,
        key: &str,
        stored: Option<&[u8]>,
        events: Vec<PyRef<'py, PlainEvent>>,
    ) -> Option<Folded<'py>> {
        let (direction, invoice_no) = key.split_once(':')?;
        let direction = Direction::of(direction)?;
        let rows: Vec<&[u8]> = events.iter().map(|event| event.event.row.as_slice()).collect();
        let folded = or_python(|| invoice(direction, key, invoice_no, stored, &rows, self.zone))?;
        let bytes = |value: &[u8]| PyBytes::new(py, value);
        Some((
            folded.changed,
            bytes(&folded.body),
            bytes(&folded.log),
            folded.activities.iter().map(|(friend, value)| (bytes(friend), bytes(value))).collect(),
            folded.dates,
            folded.since,
        ))
    }

    /// The runs of a Friend on a service date, from the rows of its documents, unpacked; None where Python decides.
    /// `allowance`: of a gap, by camp of the Friend-day and wave, ms.
    fn friend_runs(
        &self,
        rows: Vec<String>,
        schedule: &FriendSchedule,
        allowance: &Bound<'_, PyAny>,
    ) -> PyResult<Option<FriendRuns>> {
        or_python(|| {
            let documents: Vec<_> = rows.iter().map(|text| work::blocks(text)).collect::<Option<_>>()?;
            let work = work::work_of(&documents, schedule.window)?;
            Some(schedule.summed(&work, self.zone, |camp, wave| allowance.call1((camp, wave))?.extract()))
        })
        .transpose()
    }
}

struct Invoice {
    changed: bool,
    body: Vec<u8>,
    log: Vec<u8>,
    activities: Vec<(Vec<u8>, Vec<u8>)>,
    dates: Vec<String>,
    since: i64,
}

fn invoice(
    direction: Direction,
    key: &str,
    invoice_no: &str,
    stored: Option<&[u8]>,
    rows: &[&[u8]],
    zone: Zone,
) -> Option<Invoice> {
    let merged = log::merge(direction, stored, rows)?;
    let state = state::fold(direction, &merged.facts, zone)?;
    let activities = activity::activities(key, &state, &merged, zone)?;
    let log = log::stored(&merged.facts);
    let consumed = merged.facts.iter().filter(|fact| merged.consumed.contains(&fact.event_id));
    Some(Invoice {
        changed: merged.changed,
        body: document::document(&state, invoice_no, &merged.facts, &log, zone),
        activities: activities.into_iter().map(|(friend, value)| (friend.as_bytes().to_vec(), value)).collect(),
        dates: document::distinct(&merged.facts, sent::SERVICE_DATE).into_iter().map(str::to_owned).collect(),
        since: consumed.map(|fact| fact.time).min()?,
        log,
    })
}

/// A fault of this core must not end a worker: Python decides then, too.
fn or_python<T>(work: impl FnOnce() -> Option<T>) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(None)
}

#[pymodule]
fn hubstat_core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Core>()?;
    module.add_class::<PlainEvent>()?;
    module.add_class::<FriendSchedule>()?;
    module.add_class::<FriendRuns>()
}
