//! Every metric that there is. Names and units are as Prometheus and OpenMetrics want them. They are made here alone: whoever
//! reads them, on a dashboard, in an alert or in `ghostlight top`, is held to this list by a test.

mod instruments;
mod label;
mod observed;
mod process;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ghostlight_proto::Code;
use parking_lot::RwLock;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::info::Info;

pub(crate) use instruments::Meters;
pub use instruments::{By, Counter, Gauge, Held, Histogram, SECONDS};
use instruments::{Measured, Of};
pub use label::{Appended, Label, Saved, Spoken, Stage};
use observed::Observed;

/// All metrics of a process, to be read.
#[derive(Clone, Debug)]
pub struct Metrics {
    meters: Arc<RwLock<Meters>>,
    /// How long each stage of the way of a change takes.
    pub stages: By<Stage, Histogram>,
    /// How many passwords this process uses that stand in the example manifests.
    pub example_passwords: Gauge,
}

/// Batches that could not be exported.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExportFailures {
    pub(crate) traces: Counter,
    pub(crate) metrics: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(Meters::default(), &ExportFailures::default())
    }
}

impl Metrics {
    pub(crate) fn new(mut meters: Meters, failures: &ExportFailures) -> Self {
        let stages = meters.histograms(
            "ghostlight_stage",
            "How long each stage of the way of a change takes",
            Measured::Seconds,
        );
        let example_passwords = meters.gauge(
            "ghostlight_example_passwords",
            "Passwords in use that stand in the example manifests, so that anyone may know them",
            Of::Number,
        );
        let ExportFailures { traces, metrics } = failures.clone();
        meters.observe_all(
            ("ghostlight_export_failures", "Batches of telemetry that could not be sent"),
            (Observed::Counter, Of::Number),
            "signal",
            move || vec![("traces", traces.get() as f64), ("metrics", metrics.get() as f64)],
        );
        Self { meters: Arc::new(RwLock::new(meters)), stages, example_passwords }
    }

    /// Adds what is known of the process: which version of which role it is, and what it uses.
    pub fn describe_process(&self, version: &'static str, role: &'static str) {
        self.with(|meters| {
            let build = Info::new([("version", version), ("role", role)]);
            meters.registry.register("ghostlight_build", "Which version of which role this is", build);
            process::observe(meters);
        });
    }

    /// Adds metrics.
    fn with<T>(&self, add: impl FnOnce(&mut Meters) -> T) -> T {
        add(&mut self.meters.write())
    }

    /// All of them in the text format of OpenMetrics, with exemplars.
    pub fn open_metrics(&self) -> String {
        self.encoded(|out, meters| text::encode(out, &meters.registry))
    }

    /// All of them in the text format of Prometheus, which every reader knows.
    pub fn prometheus(&self) -> String {
        self.encoded(|out, meters| prometheus_text::encode(out, &meters.registry))
    }

    fn encoded(&self, encode: impl FnOnce(&mut String, &Meters) -> std::fmt::Result) -> String {
        let mut out = String::new();
        let meters = self.meters.read();
        if let Err(error) = encode(&mut out, &meters) {
            // A string takes everything; it would be one of our own that refuses.
            let _ = write!(out, "# {error}");
        }
        out
    }
}

/// What a gateway counts.
#[derive(Clone, Debug)]
pub struct GatewayMetrics {
    /// How long each stage takes.
    pub stages: By<Stage, Histogram>,
    /// From when a change came to when it is durable and to be read here.
    pub echo: Histogram,
    /// Changes that happened.
    pub changes: Counter,
    /// Changes that did not.
    pub rejected: By<Code, Counter>,
    /// Entries, by what became of them.
    pub appends: By<Appended, Counter>,
    /// How many changes an entry holds.
    pub entry_changes: Histogram,
    /// Changes that wait their turn.
    pub waiting: Gauge,
    /// Open connections of those that follow a rig.
    pub connections: By<Spoken, Gauge>,
    /// All open connections.
    pub sockets: Gauge,
    /// Steps that clients were sent.
    pub deliveries: Counter,
    /// Those of them that skipped levels in between.
    pub conflated: Counter,
    /// Announcements that did not follow on what was known.
    pub gaps: Counter,
    /// Snapshots that were asked for.
    pub resyncs: Counter,
    /// Replicas that held another map than the state service.
    pub divergences: Counter,
}

impl GatewayMetrics {
    /// Those of a gateway.
    pub fn new(metrics: &Metrics) -> Self {
        let stages = metrics.stages.clone();
        metrics.with(|meters| Self {
            stages,
            echo: meters.histogram(
                "ghostlight_echo",
                "From when a change came to when it is durable and to be read here",
                Measured::Seconds,
            ),
            changes: meters.counter("ghostlight_changes", "Changes that happened"),
            rejected: meters.counters("ghostlight_rejected_changes", "Changes that did not happen, by why"),
            appends: meters.counters("ghostlight_appends", "Entries for the log, by what became of them"),
            entry_changes: meters.histogram(
                "ghostlight_entry_changes",
                "How many changes one entry of the log holds",
                Measured::Count,
            ),
            waiting: meters.gauge("ghostlight_waiting_changes", "Changes that wait for their turn", Of::Number),
            connections: meters.gauges("ghostlight_connections", "Connections that follow a rig"),
            sockets: meters.gauge("ghostlight_sockets", "All open connections", Of::Number),
            deliveries: meters.counter("ghostlight_deliveries", "Steps of a map that were sent to a client"),
            conflated: meters.counter(
                "ghostlight_conflated_deliveries",
                "Steps that were made for a client which had fallen behind, without the levels in between",
            ),
            gaps: meters
                .counter("ghostlight_gaps", "Announcements that did not follow on what was known, or were lost"),
            resyncs: meters.counter("ghostlight_resyncs", "Snapshots that were asked for"),
            divergences: meters.counter(
                "ghostlight_divergences",
                "Replicas that held another map than the state service: never, unless something is wrong",
            ),
        })
    }
}

/// How a gateway's rigs stand at the moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct RigsNow {
    /// How many are followed.
    pub followed: usize,
    /// How many of them may be old, because no state service is heard.
    pub stale: usize,
    /// For how long rigs have been stale, all together, since the start.
    pub stale_for: Duration,
    /// How long ago a state service was heard of, for the rig that has waited longest.
    pub silence: Duration,
    /// How many revisions readers are behind: half of them no more than the first, 99 of 100 no more than the second,
    /// none more than the third.
    pub lags: [u64; 3],
}

/// The names of [`RigsNow::lags`].
const LAGS: [&str; 3] = ["0.5", "0.99", "1"];

impl Metrics {
    /// Looks up how a gateway's rigs stand, whenever somebody wants to know.
    pub fn observe_rigs(&self, now: impl Fn() -> RigsNow + Clone + Send + Sync + 'static) {
        let gauge = |of| (Observed::Gauge, of);
        let read = |of: fn(RigsNow) -> f64| {
            let now = now.clone();
            move || of(now())
        };
        self.with(|meters| {
            meters.observe(
                ("ghostlight_followed_rigs", "Rigs that this gateway follows"),
                gauge(Of::Number),
                read(|now| now.followed as f64),
            );
            meters.observe(
                (
                    "ghostlight_stale_rigs",
                    "Rigs that are followed, of which no state service has spoken for three seconds",
                ),
                gauge(Of::Number),
                read(|now| now.stale as f64),
            );
            meters.observe(
                ("ghostlight_stale", "For how long rigs have been stale, all together"),
                (Observed::Counter, Of::Seconds),
                read(|now| now.stale_for.as_secs_f64()),
            );
            meters.observe(
                (
                    "ghostlight_beacon_age",
                    "How long ago a state service was heard, for the rig that has waited longest",
                ),
                gauge(Of::Seconds),
                read(|now| now.silence.as_secs_f64()),
            );
            meters.observe_all(
                ("ghostlight_cursor_lag", "How far readers are behind their maps"),
                gauge(Of::Revisions),
                "quantile",
                {
                    let now = now.clone();
                    move || LAGS.into_iter().zip(now().lags.map(|lag| lag as f64)).collect()
                },
            );
        });
    }

    /// Looks up how the connection to NATS stands, whenever somebody wants to know.
    pub fn observe_bus(&self, now: impl Fn() -> BusNow + Clone + Send + Sync + 'static) {
        let cuts = now.clone();
        let refusals = now.clone();
        self.with(|meters| {
            meters.observe(
                ("ghostlight_nats_connected", "1 while there is a connection to a NATS server"),
                (Observed::Gauge, Of::Number),
                move || f64::from(u8::from(now().is_connected)),
            );
            meters.observe(
                ("ghostlight_nats_cuts", "How often the connection to NATS was lost"),
                (Observed::Counter, Of::Number),
                move || cuts().cuts as f64,
            );
            meters.observe_all(
                ("ghostlight_nats_refusals", "Attempts to connect to NATS that failed, by why"),
                (Observed::Counter, Of::Number),
                "reason",
                move || {
                    let BusNow { logins, certificates, unreachable, .. } = refusals();
                    let by = [("login", logins), ("certificate", certificates), ("unreachable", unreachable)];
                    by.map(|(reason, count)| (reason, count as f64)).to_vec()
                },
            );
        });
    }
}

/// How the connection to NATS stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct BusNow {
    /// Whether there is one.
    pub is_connected: bool,
    /// How often it was lost.
    pub cuts: u64,
    /// Attempts that failed because the server does not know the user, or what it shows.
    pub logins: u64,
    /// Attempts that failed for a certificate.
    pub certificates: u64,
    /// Attempts that failed for anything else.
    pub unreachable: u64,
}

/// What a state service counts.
#[derive(Clone, Debug)]
pub struct StateMetrics {
    /// How long each stage takes.
    pub stages: By<Stage, Histogram>,
    /// Entries that were folded.
    pub entries: Counter,
    /// Changes that were folded.
    pub changes: Counter,
    /// How large entries are.
    pub entry_bytes: Histogram,
    /// Saves, by what became of them.
    pub saves: By<Saved, Counter>,
    /// Questions that were answered.
    pub questions: Counter,
    /// How often it went back to what the store holds.
    pub starts_over: Counter,
    /// Places of the log that were passed over, because nothing there can be read.
    pub passed_over: Counter,
    /// How often a new epoch began because the log did not go on.
    pub epochs: Counter,
    /// 1 while others hear of it.
    pub speaking: Gauge,
    /// How many rigs there are.
    pub rigs: Gauge,
    /// Entries of the log that are not folded yet.
    pub log_lag: Gauge,
    /// How far the store is behind.
    pub store_lag: Lag,
}

impl StateMetrics {
    /// Those of a state service.
    pub fn new(metrics: &Metrics) -> Self {
        let stages = metrics.stages.clone();
        metrics.with(|meters| Self {
            stages,
            entries: meters.counter("ghostlight_folded_entries", "Entries of the log that were folded"),
            changes: meters.counter("ghostlight_folded_changes", "Changes that were folded"),
            entry_bytes: meters.histogram("ghostlight_entry", "How large an entry of the log is", Measured::Bytes),
            saves: meters.counters("ghostlight_saves", "Transactions of the store, by what became of them"),
            questions: meters.counter("ghostlight_questions", "Snapshots and lists that gateways were answered with"),
            starts_over: meters.counter("ghostlight_starts_over", "How often it went back to what the store holds"),
            passed_over: meters.counter(
                "ghostlight_passed_over",
                "Places of the log that were passed over, as nothing there can be read",
            ),
            epochs: meters.counter("ghostlight_epochs", "Epochs that were begun because the log did not go on"),
            speaking: meters.gauge("ghostlight_speaking", "1 while gateways hear of this state service", Of::Number),
            rigs: meters.gauge("ghostlight_rigs", "How many rigs there are", Of::Number),
            log_lag: meters.gauge("ghostlight_log_lag", "Entries of the log that are not folded yet", Of::Revisions),
            store_lag: Lag::observed(meters),
        })
    }
}

/// How far the store is behind what is folded.
#[derive(Clone, Debug)]
pub struct Lag {
    revisions: Gauge,
    shared: Arc<LagShared>,
}

#[derive(Debug)]
struct LagShared {
    began: Instant,
    /// Since when, in milliseconds after `began`; `u64::MAX` while nothing waits.
    since: AtomicU64,
}

impl Lag {
    fn observed(meters: &mut Meters) -> Self {
        let shared = Arc::new(LagShared { began: Instant::now(), since: AtomicU64::new(u64::MAX) });
        let read = shared.clone();
        meters.observe(
            ("ghostlight_store_lag", "How long the oldest change that is not saved has been waiting"),
            (Observed::Gauge, Of::Seconds),
            move || read.waited().as_secs_f64(),
        );
        let revisions =
            meters.gauge("ghostlight_store_lag", "Entries that are folded and not saved yet", Of::Revisions);
        Self { revisions, shared }
    }

    /// So many entries are not saved; the oldest of them has waited from when there was first one.
    pub fn set(&self, revisions: u64) {
        self.revisions.set(revisions);
        let now = u64::try_from(self.shared.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        if revisions == 0 {
            self.shared.since.store(u64::MAX, Ordering::Relaxed);
        } else {
            let _ = self.shared.since.compare_exchange(u64::MAX, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// How long the oldest change that is not saved has been waiting.
    pub fn waited(&self) -> Duration {
        self.shared.waited()
    }

    /// What was folded before now is saved; something that came since then is not.
    pub fn restart(&self, waiting_since: Instant) {
        let since = waiting_since.saturating_duration_since(self.shared.began);
        let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX - 1);
        self.shared.since.store(since, Ordering::Relaxed);
    }
}

impl LagShared {
    fn waited(&self) -> Duration {
        match self.since.load(Ordering::Relaxed) {
            u64::MAX => Duration::ZERO,
            since => self.began.elapsed().saturating_sub(Duration::from_millis(since)),
        }
    }
}
