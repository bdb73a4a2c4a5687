//! The options of a run.

use std::sync::Arc;
use std::time::Duration;

use ghostlight_rig::RigName;

use super::start_error::StartError;
use super::target::Target;
use crate::Tolerates;

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateways, as `http://host:port`. Client *n* begins at the *n*-th, and goes to the next when it loses one.
    pub urls: Vec<String>,
    /// The rig, in which only the run's clients may write.
    pub rig: RigName,
    /// The number of clients.
    pub clients: usize,
    /// How many changes a second each client asks for: over its WebSocket and, one in eleven, over HTTP.
    pub rate: f64,
    /// How many dimmers the clients set. All clients set the first half; the rest is divided among them.
    pub dimmers: u16,
    /// The seed of the clients' choices. The same seed leads to the same changes, but not at the same moments.
    pub seed: u64,
    /// What does not count as a violation.
    pub tolerates: Vec<Tolerates>,
    /// The clients' waits and time limits.
    pub pace: Pace,
}

/// The waits and time limits of the clients. The default is that of real clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long one attempt to connect may take.
    pub connect_within: Duration,
    /// The wait before another attempt; it doubles with each.
    pub retry_first: Duration,
    /// The longest wait before another attempt.
    pub retry_most: Duration,
    /// A connection without any frame for this long, or without an answer to hello, counts as dead.
    pub silent_after: Duration,
    /// A connection with a change unanswered for this long counts as dead.
    pub unanswered_after: Duration,
    /// How long all clients may take to reach the newest map once writing has ended.
    pub converge_within: Duration,
}

impl Options {
    /// Checks the options.
    ///
    /// # Errors
    /// [`StartError::Option`] if one is invalid, as from [`Driver::start`](crate::Driver::start).
    pub fn validate(&self) -> Result<(), StartError> {
        self.targets().map(drop)
    }

    /// The gateways and their paths.
    pub(super) fn targets(&self) -> Result<Arc<[Target]>, StartError> {
        let wrong = |what: &str| Err(StartError::Option(what.to_owned()));
        if self.urls.is_empty() {
            return wrong("no gateway is named");
        }
        if self.clients == 0 || self.dimmers == 0 {
            return wrong("at least one client and one dimmer are needed");
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return wrong("the rate is a number of changes a second, above 0");
        }
        self.urls.iter().map(|url| Target::new(url, &self.rig)).collect()
    }

    /// A seed at random, below 10^9.
    pub fn random_seed() -> u64 {
        fastrand::u64(..1_000_000_000)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            rig: RigName::new("check").unwrap_or_default(),
            clients: 10,
            rate: 20.0,
            dimmers: 64,
            seed: 0,
            tolerates: Vec::new(),
            pace: Pace::default(),
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            connect_within: Duration::from_secs(2),
            retry_first: Duration::from_millis(50),
            retry_most: Duration::from_millis(500),
            silent_after: Duration::from_secs(10),
            unanswered_after: Duration::from_secs(15),
            converge_within: Duration::from_secs(20),
        }
    }
}
