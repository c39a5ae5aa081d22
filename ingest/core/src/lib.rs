//! The plain cases of ingest, compiled: decode a record, merge events into an invoice, fold it, write its document.
//!
//! `hubstat.domain` defines all of it, and decides every case that is not plain: refusals, corrections, differing copies,
//! superseded waybills, JSON with escapes, years far away. For plain cases the bytes are the same, which tests compare.

mod activity;
mod clock;
mod codes;
mod document;
mod event;
mod json;
mod log;
mod sent;
mod state;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use clock::Zone;
use codes::Direction;

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

/// `offset_ms`: of the network's zone from UTC.
#[pyclass(frozen)]
struct Core {
    zone: Zone,
    fold_version: i64,
}

#[pymethods]
impl Core {
    #[new]
    fn new(offset_ms: i64, fold_version: i64) -> Self {
        Self { zone: Zone { offset: offset_ms }, fold_version }
    }

    /// One record of `invoice-events`, received at `received` (ms); None where Python decides.
    fn decode(&self, raw: &[u8], received: i64) -> Option<PlainEvent> {
        // Before 1990 the zones' offsets change.
        if received < 631_152_000_000 {
            return None;
        }
        event::decode(raw, received, self.zone).map(|event| PlainEvent { event })
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
        let merged = log::merge(direction, stored, &rows)?;
        let state = state::fold(direction, &merged.facts, self.zone)?;
        let activities = activity::activities(key, &state, &merged, self.zone)?;
        let log = log::stored(&merged.facts);
        let body = document::document(&state, invoice_no, &merged.facts, &log, self.fold_version, self.zone);
        let consumed = merged.facts.iter().filter(|fact| merged.consumed.contains(&fact.event_id));
        let since = consumed.map(|fact| fact.time).min()?;
        let dates = document::distinct(&merged.facts, sent::SERVICE_DATE);
        Some((
            merged.changed,
            PyBytes::new(py, &body),
            PyBytes::new(py, &log),
            activities
                .into_iter()
                .map(|(friend, value)| (PyBytes::new(py, friend.as_bytes()), PyBytes::new(py, &value)))
                .collect(),
            dates.into_iter().map(str::to_owned).collect(),
            since,
        ))
    }
}

#[pymodule]
fn hubstat_core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Core>()?;
    module.add_class::<PlainEvent>()
}
