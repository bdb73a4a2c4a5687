//! What a run is made from.

use std::sync::Arc;
use std::time::Duration;

use ghostlight_rig::RigName;

use super::target::Target;
use crate::Tolerates;

/// A run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateways, as `http://host:port`: client *n* begins at the *n*-th, and goes to the next when it loses one.
    pub urls: Vec<String>,
    /// The rig, in which nobody else may write.
    pub rig: RigName,
    /// How many clients.
    pub clients: usize,
    /// How many changes a second each of them asks for, over its WebSocket and, one in eleven, over HTTP.
    pub rate: f64,
    /// How many dimmers they set: the first half is everyone's, the rest is shared out.
    pub dimmers: u16,
    /// What the choices of the clients depend on. The same seed asks for the same, but not at the same moments.
    pub seed: u64,
    /// What is no violation.
    pub tolerates: Vec<Tolerates>,
    /// What happens when.
    pub pace: Pace,
}

/// What the clients do when. The default is what the other clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long one attempt to connect may take.
    pub connect_within: Duration,
    /// The wait before another attempt; it doubles with each.
    pub retry_first: Duration,
    /// The longest wait before another attempt.
    pub retry_most: Duration,
    /// Without any frame for so long, or without an answer to hello, a connection counts as dead.
    pub silent_after: Duration,
    /// With a change unanswered for so long a connection counts as dead.
    pub unanswered_after: Duration,
    /// When nothing is written any more, all must have come to the newest map within this.
    pub converge_within: Duration,
}

impl Options {
    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`StartError::Option`], as [`Driver::start`](crate::Driver::start) has it.
    pub fn validate(&self) -> Result<(), StartError> {
        self.targets().map(drop)
    }

    /// The gateways.
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

    /// A seed for who does not care which.
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

/// Why a run does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// An option makes no sense.
    #[error("{0}")]
    Option(String),
    /// No gateway took the change that empties the rig.
    #[error("no server answers: {0}")]
    Unavailable(String),
}
