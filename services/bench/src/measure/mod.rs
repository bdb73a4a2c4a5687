//! One round of one measure against one contender. Every answer is checked: a wrong one ends the run.

mod echo;
mod fanout;
mod hops;
mod http;
mod kv;
mod memory;
mod writers;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::contender::Contender;
use crate::failure::Fault;
use crate::options::Effort;
use crate::tally::Tally;

/// Figures by name. The name ends in the unit.
pub(crate) type Figures = BTreeMap<&'static str, f64>;

/// The result of one round.
#[derive(Debug)]
pub(crate) struct Round {
    /// How many answers were checked and counted.
    pub(crate) answers: u64,
    /// The figures of the answers.
    pub(crate) figures: Figures,
}

/// What a round does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Idle WebSocket clients, and the memory that they cost.
    Memory { clients: usize },
    /// Changes by POST.
    Http { connections: usize },
    /// Look-ups of a text of two words.
    Lookup { connections: usize },
    /// A client that waits for its own echo: `pace` times a second, or back to back.
    Echo { pace: Option<u32> },
    /// `rate` changes a second, sent to many clients.
    Fanout { rate: u32, clients: usize },
    /// Writers that set one dimmer each.
    Writers { writers: usize },
}

impl Kind {
    /// The measure's name in the report.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Memory { clients } => format!("memory, {clients} idle clients"),
            Self::Http { connections: 1 } => "http, 1 connection".to_owned(),
            Self::Http { connections } => format!("http, {connections} connections"),
            Self::Lookup { connections } => format!("lookup, {connections} connections"),
            Self::Echo { pace: None } => "echo, back to back".to_owned(),
            Self::Echo { pace: Some(pace) } => format!("echo, {pace} a second"),
            Self::Fanout { rate, clients } => format!("fanout, {rate} a second to {clients} clients"),
            Self::Writers { writers } => format!("writers, {writers} at once"),
        }
    }

    /// Runs one round; `None` if the contender does not take part in this measure.
    pub(crate) fn round<'a>(
        self,
        contender: Contender<'a>,
        effort: &'a Effort,
    ) -> Option<BoxFuture<'a, Result<Round, Fault>>> {
        use Contender::{Hops, Kv, KvShared, Server};

        let round = match (self, contender) {
            (Self::Memory { clients }, Server(target)) => memory::round(target, clients).boxed(),
            (Self::Http { connections }, Server(target)) => http::changes(target, connections, effort).boxed(),
            (Self::Lookup { connections }, Server(target)) => http::lookups(target, connections, effort).boxed(),
            (Self::Http { connections }, Kv(nats)) => kv::puts(nats, connections, connections, effort).boxed(),
            // With one task, it is the same as `Kv`.
            (Self::Http { connections: tasks @ 2.. }, KvShared(nats)) => kv::puts(nats, tasks, 1, effort).boxed(),
            (Self::Echo { pace }, Server(target)) => echo::round(target, pace, effort).boxed(),
            (Self::Echo { pace }, Hops(nats)) => hops::round(nats, pace, effort).boxed(),
            (Self::Echo { pace }, Kv(nats)) => kv::seen(nats, pace, effort).boxed(),
            (Self::Fanout { rate, clients }, Server(target)) => fanout::round(target, rate, clients, effort).boxed(),
            // The bare peer acknowledges nothing.
            (Self::Writers { writers }, Server(target)) if !target.bare => {
                writers::round(target, writers, effort).boxed()
            }
            _ => return None,
        };
        Some(in_time(round, effort).boxed())
    }
}

/// Fails a round that hangs.
async fn in_time(round: BoxFuture<'_, Result<Round, Fault>>, effort: &Effort) -> Result<Round, Fault> {
    // Twice the patience: for connecting, and for what is still in progress at the end.
    let deadline = effort.warm_up + effort.lasting + effort.patience * 2;
    let late = || Fault::Late(format!("the round was not over after {} s", deadline.as_secs()));
    tokio::time::timeout(deadline, round).await.map_err(|_| late())?
}

impl Round {
    /// The rate and the percentiles of the recorded durations.
    fn timed(tally: &Tally, took: Duration) -> Self {
        let total = tally.total();
        let micros = |quantile| total.value_at_quantile(quantile) as f64 / 1e3;
        let figures = BTreeMap::from([
            ("per_second", total.len() as f64 / took.as_secs_f64().max(f64::EPSILON)),
            ("p50_us", micros(0.5)),
            ("p90_us", micros(0.9)),
            ("p99_us", micros(0.99)),
            ("p999_us", micros(0.999)),
            ("max_us", total.max() as f64 / 1e3),
        ]);
        Self { answers: total.len(), figures }
    }
}

/// The time in which a round counts.
#[derive(Clone, Copy)]
struct Window {
    from: Instant,
    until: Instant,
}

impl Window {
    /// Opens after the warm-up that starts now.
    fn after_warm_up(effort: &Effort) -> Self {
        let from = Instant::now() + effort.warm_up;
        Self { from, until: from + effort.lasting }
    }

    /// How long the window has been open.
    fn took(&self) -> Duration {
        Instant::now().saturating_duration_since(self.from)
    }
}

/// Waits for all tasks. The first that fails ends the others.
async fn all<T: Send + 'static>(mut tasks: JoinSet<Result<T, Fault>>) -> Result<Vec<T>, Fault> {
    let mut done = Vec::with_capacity(tasks.len());
    while let Some(ended) = tasks.join_next().await {
        done.push(ended??);
    }
    Ok(done)
}
