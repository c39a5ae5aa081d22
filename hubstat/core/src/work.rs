//! What a Friend did, from the rows of its document: the plain cases of `hubstat.domain.activity.counted_activities`.

use std::collections::HashMap;

use crate::clock::{self, DAY, EARLIEST, LATEST};
use crate::codes::{code_of, Code, Direction};

/// One activity that counts; times in ms.
pub struct Work<'a> {
    pub time: i64,
    rank: u8,
    pub event_id: &'a str,
    pub invoice: &'a str,
    pub code: Code,
    pub camp: Option<&'a str>,
    pub address: Option<&'a str>,
    /// Start of the promised window.
    pub since: Option<i64>,
    pub service_date: Option<&'a str>,
    pub wave: Option<&'a str>,
}

impl Work<'_> {
    /// Place among the Friend's activities.
    pub fn order(&self) -> (i64, u8, &str, &str) {
        (self.time, self.rank, self.event_id, self.invoice)
    }

    /// Whether it is a scan at a doorstep.
    pub fn stops(&self) -> bool {
        self.code != Code::Departed
    }

    /// Whether it completes its invoice.
    pub fn completes(&self) -> bool {
        matches!(self.code, Code::Delivered | Code::PickedUp)
    }
}

/// Dates, code, camp, route, service date, wave, whether it counts, other camps.
type Shape<'a> = (
    Vec<&'a str>,
    &'a str,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    bool,
    Vec<&'a str>,
);
/// Invoice, event id, time, received, latest, known, revision, address, promised from, voided.
type Row<'a> = (&'a str, &'a str, i64, i64, i64, i64, i64, Option<&'a str>, Option<i64>, Option<i64>);

/// The rows of each block as one JSON array, beside its shape.
pub fn blocks(text: &str) -> Option<Blocks<'_>> {
    text.split("\n\n")
        .map(|block| {
            let (shape, rows) = block.split_once('\n')?;
            Some((shape, format!("[[{}]]", rows.replace("\n\"", "],[\""))))
        })
        .collect()
}

/// A document's blocks: shape, rows.
pub type Blocks<'a> = Vec<(&'a str, String)>;

/// The work of a Friend's documents inside a window (ms), in order; `None` where Python decides, as where two documents keep
/// derivations of one activity, of which the newer one counts.
pub fn work_of<'a>(documents: &'a [Blocks<'a>], window: (i64, i64)) -> Option<Vec<Work<'a>>> {
    let mut found = Vec::with_capacity(256);
    let mut seen = Seen::of(documents.len());
    for (number, blocks) in documents.iter().enumerate() {
        for (shape, rows) in blocks {
            let (dates, code, camp, _, service_date, wave, counts, _): Shape = serde_json::from_str(shape).ok()?;
            if !counts && !seen.asked {
                continue;
            }
            let base = match dates.first() {
                Some(date) => clock::midnight_utc(date)?,
                None => 0,
            };
            let rows: Vec<Row> = serde_json::from_str(rows).ok()?;
            for (invoice, event_id, time, _, _, _, _, address, since, voided) in rows {
                if !seen.once((invoice, event_id), number) {
                    return None;
                }
                let time = base.checked_add(time)?;
                if !(EARLIEST + DAY..LATEST).contains(&time) {
                    return None;
                }
                if !counts || voided.is_some() || time < window.0 || time >= window.1 {
                    continue;
                }
                let (code, rank) = code_of(Direction::of(invoice.split_once(':')?.0)?, code)?;
                if !code.is_activity() {
                    return None;
                }
                found.push(Work { time, rank, event_id, invoice, code, camp, address, since, service_date, wave });
            }
        }
    }
    found.sort_unstable_by(|one, other| one.order().cmp(&other.order()));
    Some(found)
}

/// In which document each activity was; asked where there are several.
struct Seen<'a> {
    asked: bool,
    places: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Seen<'a> {
    fn of(documents: usize) -> Self {
        Self { asked: documents > 1, places: HashMap::new() }
    }

    /// Whether no other document has it.
    fn once(&mut self, activity: (&'a str, &'a str), document: usize) -> bool {
        !self.asked || *self.places.entry(activity).or_insert(document) == document
    }
}
