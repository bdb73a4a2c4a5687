//! The work that peers are measured by. Every answer is checked.

mod echo;
mod fanout;
mod latencies;
mod posts;
mod spent;
mod writers;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use crate::fault::Fault;
use crate::peer::Peer;

pub(crate) use latencies::Latencies;

/// How long a peer may take to accept the clients, and for what is under way at the end of a round.
const PATIENCE: Duration = Duration::from_secs(20);

/// The time of a round before the counted time.
const WARM_UP: Duration = Duration::from_millis(300);

/// Figures by name. The name ends with the unit.
pub type Figures = BTreeMap<&'static str, f64>;

/// What a round has measured.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// How many answers were checked and counted.
    pub answers: u64,
    /// The figures of the answers.
    pub figures: Figures,
    /// The latencies at the percentiles of [`Outcome::PERCENTILES`], in microseconds.
    pub latencies_us: Vec<f64>,
}

impl Outcome {
    /// The percentiles of a distribution.
    pub const PERCENTILES: [f64; 10] = [0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0];

    fn of(latencies: &Latencies, lasting: Duration) -> Self {
        let answers = latencies.count();
        let mut figures = latencies.figures();
        figures.insert("per_second", answers as f64 / lasting.as_secs_f64());
        Self { answers, figures, latencies_us: latencies.at(&Self::PERCENTILES) }
    }
}

/// A work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Changes over kept connections, each sent when the one before is answered.
    Posts {
        /// The number of connections.
        connections: usize,
    },
    /// A client that waits for its own change, back to back.
    Echo,
    /// Clients that all change a dimmer of their own at 60 a second, and all listen.
    Writers {
        /// The number of clients.
        writers: usize,
    },
    /// One client changes a dimmer at a steady rate, and all are told.
    Fanout {
        /// The number of clients.
        clients: usize,
        /// The changes in a second.
        rate: u32,
    },
}

impl Work {
    /// All work, in the order in which it is done.
    pub const ALL: [Self; 7] = [
        Self::Posts { connections: 1 },
        Self::Posts { connections: 100 },
        Self::Echo,
        Self::Writers { writers: 50 },
        Self::Fanout { clients: 100, rate: 60 },
        Self::Fanout { clients: 1_000, rate: 60 },
        Self::Fanout { clients: 1_000, rate: 500 },
    ];

    /// The name on the command line and in results.
    pub fn name(self) -> String {
        match self {
            Self::Posts { connections } => format!("posts-{connections}"),
            Self::Echo => "echo".to_owned(),
            Self::Writers { writers } => format!("writers-{writers}"),
            Self::Fanout { clients, rate } => format!("fanout-{clients}-{rate}"),
        }
    }

    /// What it is, for people.
    pub fn title(self) -> String {
        match self {
            Self::Posts { connections: 1 } => {
                "Changes over 1 connection, each sent when the one before is answered".to_owned()
            }
            Self::Posts { connections } => {
                format!("Changes over {connections} connections, each sent when the one before is answered")
            }
            Self::Echo => "A client waits for its own change, back to back".to_owned(),
            Self::Writers { writers } => {
                format!("{writers} clients change a dimmer of their own 60 times a second, and all listen")
            }
            Self::Fanout { clients, rate } => {
                format!("One dimmer changes {rate} times a second, and {clients} clients are told")
            }
        }
    }

    /// Does it once, with a counted time of `lasting`.
    ///
    /// # Errors
    /// If the peer answers wrongly, or too late.
    pub fn round(self, peer: &Peer, lasting: Duration) -> Result<Outcome, Fault> {
        match self {
            Self::Posts { connections } => posts::round(peer, connections, lasting),
            Self::Echo => echo::round(peer, lasting),
            Self::Writers { writers } => writers::round(peer, writers, lasting),
            Self::Fanout { clients, rate } => fanout::round(peer, clients, rate, lasting),
        }
    }
}

impl FromStr for Work {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|work| work.name() == name).ok_or_else(|| format!("one of {}", names()))
    }
}

/// The levels that a dimmer goes through, one after another: all but 0, so that each is a change. In hundredths of a percent.
const LEVELS: u64 = 10_000;

/// The level of the change with this number.
fn level_of(number: u64) -> u16 {
    u16::try_from(number % LEVELS + 1).expect("it is 10,000 at most")
}

/// The dimmer of a client.
fn dimmer_of(client: usize) -> u16 {
    u16::try_from(client + 1).expect("there are fewer clients than dimmers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_work_has_a_name_of_its_own() {
        for work in Work::ALL {
            assert_eq!(work.name().parse(), Ok(work));
        }
        assert!("posts".parse::<Work>().unwrap_err().contains("posts-1, posts-100"));
    }

    #[test]
    fn each_change_has_another_level_than_the_one_before() {
        assert_eq!([0, 1, 9_999, 10_000].map(level_of), [1, 2, 10_000, 1]);
    }
}
