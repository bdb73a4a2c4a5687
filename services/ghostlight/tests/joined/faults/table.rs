//! What a run tells of its faults.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::fault::Fault;

/// What one fault did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) fault: Fault,
    /// The longest time between two echoes at one client.
    pub(super) gap: Duration,
    /// The longest time that a client needed from losing its gateway to being live again.
    pub(super) away: Duration,
    /// How long it took from healing until all was well.
    pub(super) well_after: Duration,
    /// How long it took from healing until every state service announced what all announce.
    pub(super) all_speak_after: Duration,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, gap, away, well_after, all_speak_after } = self;
        let name = format!("{fault:?}");
        write!(
            f,
            "{name:<18} gap {:>7.3} s   away {:>7.3} s   well after {:>7.3} s   all speak after {:>7.3} s",
            gap.as_secs_f64(),
            away.as_secs_f64(),
            well_after.as_secs_f64(),
            all_speak_after.as_secs_f64()
        )
    }
}

/// All faults of a run.
#[derive(Debug)]
pub(super) struct Table {
    usual_gap: Duration,
    rows: Vec<Row>,
}

impl Table {
    pub(super) fn new(usual_gap: Duration) -> Self {
        Self { usual_gap, rows: Vec::new() }
    }

    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// For each fault how often it struck, and the worst that it did.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut by_fault: BTreeMap<Fault, (usize, Row)> = BTreeMap::new();
        for row in &self.rows {
            let (count, worst) = by_fault.entry(row.fault).or_insert((0, *row));
            *count += 1;
            worst.gap = worst.gap.max(row.gap);
            worst.away = worst.away.max(row.away);
            worst.well_after = worst.well_after.max(row.well_after);
            worst.all_speak_after = worst.all_speak_after.max(row.all_speak_after);
        }
        writeln!(f, "usually {:.3} s between two echoes; the worst of each fault:", self.usual_gap.as_secs_f64())?;
        for (count, worst) in by_fault.values() {
            writeln!(f, "{count:>4} x {worst}")?;
        }
        Ok(())
    }
}
