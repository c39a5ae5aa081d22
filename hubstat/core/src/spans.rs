//! Sets of half-open spans of time in ms: sorted, disjoint (start, end).

pub type Span = (i64, i64);

/// Sorted disjoint union; empty spans fall out, touching ones join.
pub fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|(start, end)| start < end);
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for (start, end) in spans {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// The part of each span inside another.
pub fn clip(spans: &[Span], within: Span) -> Vec<Span> {
    let (low, high) = within;
    let parts = spans.iter().filter(|(start, end)| *start < high && *end > low);
    parts.map(|(start, end)| (*start.max(&low), *end.min(&high))).collect()
}

/// What remains of sorted disjoint spans outside sorted disjoint holes.
pub fn subtract(spans: &[Span], holes: &[Span]) -> Vec<Span> {
    let mut rest = Vec::with_capacity(spans.len());
    for span in spans {
        let mut cursor = span.0;
        for (low, high) in clip(holes, *span) {
            if low > cursor {
                rest.push((cursor, low));
            }
            cursor = high;
        }
        if cursor < span.1 {
            rest.push((cursor, span.1));
        }
    }
    rest
}

/// Sum of the lengths, ms.
pub fn length(spans: &[Span]) -> i64 {
    spans.iter().map(|(start, end)| end - start).sum()
}
