//! The result of a run.

use std::fmt;
use std::time::Duration;

use ghostlight_rig::Position;

use crate::{Counts, Violation};

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The number of clients.
    pub clients: usize,
    /// The number of gateways.
    pub gateways: usize,
    /// How long the clients wrote.
    pub wrote: Duration,
    /// What happened, summed over all clients.
    pub counts: Counts,
    /// Why changes were refused; the first of each client.
    pub refusals: Vec<String>,
    /// The newest position that any client received.
    pub newest: Position,
    /// The longest time between two echoes at one client while the clients wrote.
    pub longest_gap: Duration,
    /// The longest time from losing a gateway to being live again.
    pub longest_away: Duration,
    /// The time from the end of writing until all clients had their answers and the newest map; `None` if that did not
    /// happen in time.
    pub converged_within: Option<Duration>,
    /// The violations, at most the first 100.
    pub violations: Vec<Violation>,
    /// How many violations were found.
    pub found: u64,
}

impl Report {
    /// Whether no violation was found.
    pub fn is_good(&self) -> bool {
        self.found == 0
    }
}

/// A table for people, and a line for each violation.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clients, gateways, counts, newest, .. } = self;
        let s = |duration: Duration| format!("{:.3} s", duration.as_secs_f64());
        let converged = self.converged_within.map_or("not in time".to_owned(), s);
        writeln!(f, "clients       {clients} on {gateways} gateways, for {:.1} s", self.wrote.as_secs_f64())?;
        writeln!(
            f,
            "changes       {} sent, {} acknowledged, {} refused, {} unknown",
            counts.sent, counts.acked, counts.refused, counts.unknown
        )?;
        for why in &self.refusals {
            writeln!(f, "  refused: {why}")?;
        }
        writeln!(
            f,
            "seen          {} maps up to {newest}, {} beacons, {} reads",
            counts.seen, counts.beacons, counts.reads
        )?;
        writeln!(
            f,
            "connections   {} lost, {} changes sent again, longest away {}",
            counts.lost,
            counts.repeated,
            s(self.longest_away)
        )?;
        writeln!(f, "longest gap   {} between two echoes", s(self.longest_gap))?;
        writeln!(f, "converged     {converged}")?;
        writeln!(f, "violations    {}", self.found)?;
        for violation in &self.violations {
            writeln!(f, "  {}: {violation}", violation.law())?;
        }
        let untold = self.found.saturating_sub(self.violations.len() as u64);
        if untold > 0 { writeln!(f, "  and {untold} more") } else { Ok(()) }
    }
}
