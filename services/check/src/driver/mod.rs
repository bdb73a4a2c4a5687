//! The driver: clients on several gateways that write, and tell the judge everything they see.
//!
//! They are no [`ghostlight_rig::Replica`]s, which would hide what goes wrong: each does literally what it is told
//! ([`NaiveReplica`](crate::NaiveReplica)). In all else they are as real consoles are: they resume where they left off, go to the
//! next gateway when theirs is gone, and send what was not answered once more.

mod client;
mod http;
mod http_client;
mod options;
mod prepare;
mod session;
mod shared;
mod socket;
mod stats;
mod target;
mod workload;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ghostlight_rig::Position;
use tokio::task::JoinSet;

pub use options::{Options, Pace, StartError};
pub use stats::Counts;

use crate::{Judge, Report, Violation, Who};
use client::Client;
use http_client::HttpClient;
use shared::Shared;
use stats::Stats;

/// How often it is looked whether all have come where they should.
const LOOK: Duration = Duration::from_millis(10);

/// How long the clients may take to go.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// What the clients are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Come, and wait.
    Gathering,
    /// Write and follow.
    Writing,
    /// Follow.
    Following,
    /// Go.
    Over,
}

/// Starts runs.
#[derive(Clone, Copy, Debug)]
pub struct Driver;

impl Driver {
    /// Empties the rig, connects all clients and lets them write.
    ///
    /// # Errors
    /// [`StartError`] if an option makes no sense or no gateway answers.
    pub async fn start(options: Options) -> Result<Running, StartError> {
        let targets = options.targets()?;
        let start = prepare::prepare(&options, &targets).await?;
        let judge = Judge::new(start, &options.tolerates);
        let shared = Arc::new(Shared::new(options, judge));
        let run = fastrand::u64(..);
        let mut tasks = JoinSet::new();
        for who in (0..shared.options.clients).map(Who) {
            let client = Client::new(who, shared.clone(), targets.clone());
            tasks.spawn(session::run(client, shared.phase.subscribe()));
            tasks.spawn(HttpClient::new(who, shared.clone(), targets.clone(), run).run(shared.phase.subscribe()));
        }
        let running = Running { shared, tasks, began: Instant::now() };
        let gathered = running.reached(running.shared.options.pace.converge_within, |gauge| gauge.live_at.is_some());
        if gathered.await.is_none() {
            return Err(StartError::Unavailable("not all clients could connect".to_owned()));
        }
        Ok(running.write())
    }
}

/// A moment in a run, from which on gaps are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Mark(Instant);

/// How a run stands.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What has happened, in all clients.
    pub counts: Counts,
    /// For each client the gateway that it is live at, by its place among the addresses; `None` if it is not.
    pub live_at: Vec<Option<usize>>,
    /// The newest position that anybody was told of.
    pub newest: Position,
    /// How many violations were found.
    pub violations: u64,
}

impl Progress {
    /// How many clients are live.
    pub fn live(&self) -> usize {
        self.live_at.iter().flatten().count()
    }
}

/// A run under way. Dropped, it ends without a judgement.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    began: Instant,
}

impl Running {
    /// How it stands.
    pub fn progress(&self) -> Progress {
        let mut counts = Counts::default();
        let live_at = self.shared.gauges(|gauge| {
            counts += gauge.counts;
            gauge.live_at
        });
        let bench = self.shared.bench();
        Progress { counts, live_at, newest: bench.newest(), violations: bench.found }
    }

    /// What was found to be wrong so far.
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.bench().told.clone()
    }

    /// This moment.
    pub fn mark(&self) -> Mark {
        Mark(Instant::now())
    }

    /// For each client the longest time between two echoes, of those that ended after a mark or have not ended yet.
    pub fn gaps_since(&self, mark: Mark) -> Vec<Duration> {
        let now = Instant::now();
        self.shared.gauges(|gauge| gauge.gap_since(mark.0, now))
    }

    /// Whether the map of every client has moved after a mark. Before that, a gap may be under way that began before it.
    pub fn all_moved_since(&self, mark: Mark) -> bool {
        self.shared.gauges(|gauge| gauge.has_moved_since(mark.0)).into_iter().all(|moved| moved)
    }

    /// For each client the longest time from losing its gateway to being live again, of those that ended after a mark
    /// or have not ended yet.
    pub fn away_since(&self, mark: Mark) -> Vec<Duration> {
        let now = Instant::now();
        self.shared.gauges(|gauge| gauge.away_since(mark.0, now))
    }

    /// Stops writing, waits until all have come to the newest map or the time for that is over, and judges the rest.
    pub async fn stop(mut self) -> Report {
        let Options { clients, urls, pace, .. } = self.shared.options.clone();
        let (mark, wrote) = (Mark(self.began), self.began.elapsed());
        let (gaps, away) = (self.gaps_since(mark), self.away_since(mark));
        let stopped = Instant::now();
        self.shared.phase.send_replace(Phase::Following);
        let converged = self.converge(pace.converge_within).await.then(|| stopped.elapsed());
        self.shared.bench().finish();
        let Progress { counts, newest, .. } = self.progress();
        self.shared.phase.send_replace(Phase::Over);
        if tokio::time::timeout(START_TIMEOUT, async { while self.tasks.join_next().await.is_some() {} }).await.is_err()
        {
            self.tasks.shutdown().await;
        }
        let mut bench = self.shared.bench();
        Report {
            clients,
            gateways: urls.len(),
            wrote,
            counts,
            newest,
            longest_gap: gaps.into_iter().max().unwrap_or_default(),
            longest_away: away.into_iter().max().unwrap_or_default(),
            converged_within: converged,
            violations: std::mem::take(&mut bench.told),
            found: bench.found,
        }
    }

    /// Lets the clients write.
    fn write(mut self) -> Self {
        self.began = Instant::now();
        for who in (0..self.shared.options.clients).map(Who) {
            self.shared.gauge(who, |gauge| gauge.begin(self.began));
        }
        self.shared.phase.send_replace(Phase::Writing);
        self
    }

    /// Waits until every change is answered and every client stands where the log ends; whether that came in time. What
    /// happens after that moment is not judged: a change of unknown outcome may come late.
    async fn converge(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        if self.reached(within, |gauge| gauge.pending == 0 && !gauge.is_asking).await.is_none() {
            return false;
        }
        loop {
            if self.shared.bench().finish_if_converged() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until something is so for every client; `None` if that takes too long.
    async fn reached(&self, within: Duration, mut is_so: impl FnMut(&Stats) -> bool) -> Option<()> {
        let deadline = Instant::now() + within;
        while !self.shared.gauges(&mut is_so).into_iter().all(|is_so| is_so) {
            if Instant::now() >= deadline {
                return None;
            }
            tokio::time::sleep(LOOK).await;
        }
        Some(())
    }
}
