//! The driver: clients on several gateways that write, and report everything that they see to the judge.
//!
//! They do not use [`ghostlight_rig::Replica`], which would hide faults: each does literally what it is sent
//! ([`NaiveReplica`](crate::NaiveReplica)). In all else they behave as real consoles: they resume from their last
//! position, go to the next gateway when theirs is gone, and send unanswered changes once more.

mod client;
mod http;
mod http_client;
mod options;
mod phase;
mod prepare;
mod session;
mod shared;
mod socket;
mod start_error;
mod stats;
mod target;
mod workload;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ghostlight_rig::Position;
use tokio::task::JoinSet;

pub use options::{Options, Pace};
pub use start_error::StartError;
pub use stats::Counts;

use crate::{Judge, Report, Violation, Who};
use client::Client;
use http_client::HttpClient;
use phase::Phase;
use shared::Shared;
use stats::Stats;

/// How often it is checked whether all clients have come as far as they should.
const LOOK: Duration = Duration::from_millis(10);

/// How long the clients may take to end.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts runs.
#[derive(Clone, Copy, Debug)]
pub struct Driver;

impl Driver {
    /// Empties the rig, connects all clients and lets them write.
    ///
    /// # Errors
    /// [`StartError`] if an option is invalid or no gateway answers.
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

/// A moment in a run, after which gaps are measured.
#[derive(Clone, Copy, Debug)]
pub struct Mark(Instant);

/// The state of a run.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What has happened, summed over all clients.
    pub counts: Counts,
    /// For each client, the gateway that it is live at, by its index among the URLs; `None` if it is not live.
    pub live_at: Vec<Option<usize>>,
    /// The newest position that any client has received.
    pub newest: Position,
    /// How many violations were found so far.
    pub violations: u64,
}

impl Progress {
    /// How many clients are live.
    pub fn live(&self) -> usize {
        self.live_at.iter().flatten().count()
    }
}

/// A run in progress. If it is dropped, it ends without a judgement.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    began: Instant,
}

impl Running {
    /// The current state of the run.
    pub fn progress(&self) -> Progress {
        let mut counts = Counts::default();
        let live_at = self.shared.gauges(|gauge| {
            counts += gauge.counts;
            gauge.live_at
        });
        let bench = self.shared.bench();
        Progress { counts, live_at, newest: bench.newest(), violations: bench.found }
    }

    /// The violations that were found so far.
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.bench().told.clone()
    }

    /// This moment.
    pub fn mark(&self) -> Mark {
        Mark(Instant::now())
    }

    /// For each client, the longest time between two echoes, of those gaps that ended after a mark or have not ended
    /// yet.
    pub fn gaps_since(&self, mark: Mark) -> Vec<Duration> {
        let now = Instant::now();
        self.shared.gauges(|gauge| gauge.gap_since(mark.0, now))
    }

    /// Whether every client's map has moved after a mark. Until then, a gap that began before the mark may still go on.
    pub fn all_moved_since(&self, mark: Mark) -> bool {
        self.shared.gauges(|gauge| gauge.has_moved_since(mark.0)).into_iter().all(|moved| moved)
    }

    /// For each client, the longest time from losing its gateway to being live again, of those times that ended after a
    /// mark or have not ended yet.
    pub fn away_since(&self, mark: Mark) -> Vec<Duration> {
        let now = Instant::now();
        self.shared.gauges(|gauge| gauge.away_since(mark.0, now))
    }

    /// Stops writing, waits until all clients have the newest map or time runs out, and judges the rest.
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
            refusals: self.shared.gauges(|gauge| gauge.refusals.clone()).concat(),
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

    /// Waits until every change is answered and every client has the newest map; false if that takes too long. Events
    /// after that moment are not judged, because a change of unknown outcome may still happen.
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

    /// Waits until a condition is true for every client; `None` if that takes too long.
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
