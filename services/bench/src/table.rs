//! The report as text for people.

use std::fmt;

use crate::log::Log;
use crate::report::{Bound, Measured, Ratio, Report, Wanted};

/// The figures in the order in which they are shown, with their titles. The report's JSON has others too.
const SHOWN: [(&str, &str); 14] = [
    ("rss_bytes_each", "resident memory each"),
    ("pss_bytes_each", "proportional memory each"),
    ("reused_bytes_each", "from reused memory (restart server)"),
    ("per_second", "answers a second"),
    ("deliveries_per_change", "deliveries for each change"),
    ("p50_us", "p50"),
    ("p90_us", "p90"),
    ("p99_us", "p99"),
    ("p999_us", "p99.9"),
    ("max_us", "longest"),
    ("stale_p99_ms", "age of the shown levels, p99"),
    ("stale_max_ms", "age of the shown levels, longest"),
    ("cpu_us_each", "server's CPU time for each"),
    ("changes_per_second", "changes a second"),
];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, cores, rounds, seconds, .. } = self;
        writeln!(f, "ghostlight bench {version}: {rounds} rounds of {seconds} s, {cores} cores shared with the load")?;
        if let Some(log) = &self.log {
            writeln!(f, "{log}")?;
        }
        for measured in &self.measures {
            write!(f, "\n{measured}")?;
        }
        let all = self.measures.iter().flat_map(|measured| &measured.wanted);
        let (met, of) = all.fold((0, 0), |(met, of), want| (met + u32::from(want.met == Some(true)), of + 1));
        writeln!(f, "\nEvery answer was right. {met} of {of} figures are as wanted.")?;
        self.notes.iter().try_for_each(|note| writeln!(f, "Note: {note}."))
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, storage, replicas, sync } = self;
        let sync = sync.as_deref().unwrap_or("not known (--nats-monitoring)");
        write!(f, "The log: NATS {version}, kept in {storage}, replicas {replicas}, sync_interval {sync}")
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<39}", self.name)?;
        for side in &self.sides {
            write!(f, "{:>14}", side.name)?;
        }
        for side in self.sides.iter().skip(1) {
            write!(f, "{:>26}", format!("over {}", side.name))?;
        }
        writeln!(f)?;
        for (figure, called) in SHOWN {
            if !self.sides.iter().any(|side| side.figures.contains_key(figure)) {
                continue;
            }
            write!(f, "  {called:<37}")?;
            for side in &self.sides {
                write!(f, "{:>14}", side.figures.get(figure).map_or("-".into(), |&value| shown(figure, value)))?;
            }
            for side in self.sides.iter().skip(1) {
                let ratio = self.ratios.iter().find(|ratio| ratio.figure == figure && ratio.over == side.name);
                write!(f, "{:>26}", ratio.map_or("-".into(), ToString::to_string))?;
            }
            writeln!(f)?;
            for want in self.wanted.iter().filter(|want| want.figure == figure) {
                writeln!(f, "    {want}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.least, self.most)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least_or_most, bound) = match self.bound {
            Bound::AtLeast(bound) => ("at least", bound),
            Bound::AtMost(bound) => ("at most", bound),
        };
        let bound = match self.over {
            Some(over) => format!("{bound} of {over}"),
            None => shown(self.figure, bound),
        };
        let met = if self.met == Some(true) { "met" } else { "MISSED" };
        write!(f, "wanted {least_or_most} {bound}")?;
        if !self.remark.is_empty() {
            write!(f, " ({})", self.remark)?;
        }
        write!(f, ": {met}")
    }
}

/// A figure with its unit, which its name contains.
fn shown(figure: &str, value: f64) -> String {
    match figure {
        _ if figure.contains("_bytes") => format!("{:.1} kB", value / 1e3),
        _ if figure.ends_with("_ms") => format!("{value:.1} ms"),
        _ if figure.contains("_us") && value >= 10_000.0 => format!("{:.1} ms", value / 1e3),
        _ if figure.contains("_us") => format!("{value:.1} us"),
        _ if value >= 1_000.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}
