//! What was measured: as data, and as a table for people.

mod markdown;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::fault::Fault;
use crate::peer::{Peer, PeerError};
use crate::work::{Outcome, Work};

pub use markdown::markdown;

/// The peer that the others are compared with.
pub const GHOSTLIGHT: &str = "ghostlight";

/// The results of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// The version of Ghostlight.
    pub version: &'static str,
    /// The command that repeats the run.
    pub command: String,
    /// The machine that peers and generator share.
    pub machine: Machine,
    /// The rounds of each work.
    pub rounds: usize,
    /// The counted seconds of a round.
    pub seconds: f64,
    /// The peers, in the order in which each round took them.
    pub peers: Vec<Described>,
    /// The results of each work.
    pub works: Vec<Measured>,
}

/// A machine.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The number of cores.
    pub cores: usize,
    /// The name of the processor, as far as the system tells it.
    pub processor: String,
    /// The system and its version.
    pub system: String,
}

/// A peer, as its recipe describes it.
#[derive(Clone, Debug, Serialize)]
pub struct Described {
    /// The name of its folder.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The lines of its code.
    pub lines_of_code: usize,
    /// The time from its start until a client was ready, in milliseconds.
    pub start_ms: f64,
    /// What it promises, by name.
    pub promises: BTreeMap<&'static str, String>,
}

/// The results of one work.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// The name of the work.
    pub name: String,
    /// What it is.
    pub title: String,
    /// The rounds of each peer, by its name.
    pub peers: BTreeMap<String, Vec<Round>>,
}

/// A round of one peer.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Round {
    /// What was measured.
    Done(Outcome),
    /// The peer has answered wrongly, or too late.
    Failed {
        /// What happened.
        fault: String,
    },
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let info = read("/proc/cpuinfo");
        let processor = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: processor.map_or("not known", |(_, name)| name).to_owned(),
            system: format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()),
        }
    }
}

impl Described {
    /// Describes a peer that runs.
    ///
    /// # Errors
    /// If its code cannot be read.
    pub fn of(peer: &Peer) -> Result<Self, PeerError> {
        let recipe = peer.recipe();
        let promises = &recipe.promises;
        let promises = [
            ("order", &promises.order.how),
            ("persistence", &promises.persistence.how),
            ("echo", &promises.echo.how),
            ("recovery", &promises.recovery.how),
            ("slow readers", &promises.slow_readers.how),
        ];
        Ok(Self {
            name: recipe.name.clone(),
            title: recipe.title.clone(),
            lines_of_code: recipe.lines_of_code()?,
            start_ms: peer.start_time().as_secs_f64() * 1e3,
            promises: promises.map(|(name, how)| (name, how.clone())).into(),
        })
    }
}

impl Measured {
    /// A work without results.
    pub fn new(work: Work) -> Self {
        Self { name: work.name(), title: work.title(), peers: BTreeMap::new() }
    }

    /// Adds a round of a peer.
    pub fn add(&mut self, peer: &str, round: Result<Outcome, Fault>) {
        let round = round.map_or_else(|fault| Round::Failed { fault: fault.to_string() }, Round::Done);
        self.peers.entry(peer.to_owned()).or_default().push(round);
    }

    /// The median of a figure of a peer over its rounds; `None` if it has none.
    pub fn median(&self, peer: &str, figure: &str) -> Option<f64> {
        median(self.peers.get(peer)?.iter().filter_map(|round| round.figure(figure)).collect())
    }

    /// The median of the ratios of Ghostlight's figure to that of a peer, round by round, so that a disturbance affects both.
    pub fn ratio(&self, peer: &str, figure: &str) -> Option<f64> {
        let rounds = self.peers.get(GHOSTLIGHT)?.iter().zip(self.peers.get(peer)?);
        let ratio = |(ours, theirs): (&Round, &Round)| Some(ours.figure(figure)? / theirs.figure(figure)?);
        median(rounds.filter_map(ratio).filter(|ratio| ratio.is_finite()).collect())
    }

    /// What went wrong with a peer, if something did.
    pub fn fault(&self, peer: &str) -> Option<&str> {
        self.peers.get(peer)?.iter().find_map(|round| match round {
            Round::Failed { fault } => Some(fault.as_str()),
            Round::Done(_) => None,
        })
    }
}

impl Round {
    fn figure(&self, name: &str) -> Option<f64> {
        match self {
            Self::Done(outcome) => outcome.figures.get(name).copied(),
            Self::Failed { .. } => None,
        }
    }
}

impl Results {
    /// Writes `results.json` and `results.md` into a folder, which is made if it is not there.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let json = serde_json::to_string_pretty(self).expect("results are JSON");
        fs::write(folder.join("results.json"), json + "\n")?;
        fs::write(folder.join("results.md"), markdown(self))
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    Some(if values.len() % 2 == 1 { upper } else { f64::midpoint(values[values.len() / 2 - 1], upper) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(p50_us: f64) -> Result<Outcome, Fault> {
        Ok(Outcome { answers: 1, figures: [("p50_us", p50_us)].into(), latencies_us: Vec::new() })
    }

    #[test]
    fn ratios_are_those_of_each_round() {
        let mut measured = Measured::new(Work::Echo);
        for (ours, theirs) in [(10.0, 5.0), (40.0, 10.0), (30.0, 10.0)] {
            measured.add(GHOSTLIGHT, done(ours));
            measured.add("other", done(theirs));
        }
        measured.add("broken", Err(Fault::Late("too late".to_owned())));
        assert_eq!((measured.ratio("other", "p50_us"), measured.median(GHOSTLIGHT, "p50_us")), (Some(3.0), Some(30.0)));
        assert_eq!((measured.ratio("broken", "p50_us"), measured.fault("broken")), (None, Some("too late")));
        assert_eq!((measured.fault("other"), measured.median("other", "p99_us")), (None, None));
    }
}
