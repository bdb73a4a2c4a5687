//! All metrics. Names and units are as Prometheus and OpenMetrics want them. Metrics are made only here: a test
//! compares what the dashboards, the alerts and `ghostlight top` read with this list.

mod instruments;
mod label;
mod lag;
mod observed;
mod process;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ghostlight_proto::Code;
use parking_lot::RwLock;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::info::Info;

pub(crate) use instruments::Meters;
pub use instruments::{By, Counter, Gauge, Held, Histogram, SECONDS};
use instruments::{Measured, Of};
pub use label::{Appended, Label, Saved, Spoken, Stage};
pub use lag::Lag;
use observed::Observed;

/// All metrics of a process.
#[derive(Clone, Debug)]
pub struct Metrics {
    meters: Arc<RwLock<Meters>>,
    /// How long each stage of a change takes.
    pub stages: By<Stage, Histogram>,
    /// How many passwords of the example manifests this process uses.
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
        let stages = meters.histograms("ghostlight_stage", "How long each stage of a change takes", Measured::Seconds);
        let example_passwords = meters.gauge(
            "ghostlight_example_passwords",
            "Passwords in use that the example manifests contain, so that anyone may know them",
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

    /// Adds metrics of the process: its version, its role and the resources that it uses.
    pub fn describe_process(&self, version: &'static str, role: &'static str) {
        self.with(|meters| {
            let build = Info::new([("version", version), ("role", role)]);
            meters.registry.register("ghostlight_build", "Version and role of the process", build);
            process::observe(meters);
        });
    }

    /// Adds the metric of the log: how many of its lines were dropped, read at each scrape and each export.
    pub fn observe_log(&self, dropped: impl Fn() -> u64 + Send + Sync + 'static) {
        self.with(|meters| {
            meters.observe(
                (
                    "ghostlight_dropped_log_lines",
                    "Lines of the log that were dropped, because the standard error did not take them in time",
                ),
                (Observed::Counter, Of::Number),
                move || dropped() as f64,
            );
        });
    }

    /// Adds metrics.
    fn with<T>(&self, add: impl FnOnce(&mut Meters) -> T) -> T {
        add(&mut self.meters.write())
    }

    /// All metrics in the text format of OpenMetrics, with exemplars.
    pub fn open_metrics(&self) -> String {
        self.encoded(|out, meters| text::encode(out, &meters.registry))
    }

    /// All metrics in the text format of Prometheus, which every reader supports.
    pub fn prometheus(&self) -> String {
        self.encoded(|out, meters| prometheus_text::encode(out, &meters.registry))
    }

    fn encoded(&self, encode: impl FnOnce(&mut String, &Meters) -> std::fmt::Result) -> String {
        let mut out = String::new();
        let meters = self.meters.read();
        if let Err(error) = encode(&mut out, &meters) {
            // Writing to a string cannot fail; only an error in the encoder can lead here.
            let _ = write!(out, "# {error}");
        }
        out
    }
}

/// The metrics of a gateway.
#[derive(Clone, Debug)]
pub struct GatewayMetrics {
    /// How long each stage of a change takes.
    pub stages: By<Stage, Histogram>,
    /// From the arrival of a change until it is durable and the gateway's replica has reached it.
    pub echo: Histogram,
    /// Changes that happened.
    pub changes: Counter,
    /// Changes that did not happen, by reason.
    pub rejected: By<Code, Counter>,
    /// Entries for the log, by outcome.
    pub appends: By<Appended, Counter>,
    /// How many changes an entry has.
    pub entry_changes: Histogram,
    /// Changes that wait for their turn.
    pub waiting: Gauge,
    /// Open connections that follow a rig.
    pub connections: By<Spoken, Gauge>,
    /// All open connections.
    pub sockets: Gauge,
    /// Updates that were sent to a client.
    pub deliveries: Counter,
    /// Updates that skipped revisions, because the client had fallen behind.
    pub conflated: Counter,
    /// Announcements that did not follow on the gateway's replica, or were lost.
    pub gaps: Counter,
    /// Snapshots that the gateway requested.
    pub resyncs: Counter,
    /// Replicas that held a different map from the state service.
    pub divergences: Counter,
    /// Beacons and snapshots of a state service whose store does not keep the rig.
    pub foreign_stores: Counter,
}

impl GatewayMetrics {
    /// Registers the metrics of a gateway.
    pub fn new(metrics: &Metrics) -> Self {
        let stages = metrics.stages.clone();
        metrics.with(|meters| Self {
            stages,
            echo: meters.histogram(
                "ghostlight_echo",
                "From the arrival of a change until it is durable and the gateway's replica has reached it",
                Measured::Seconds,
            ),
            changes: meters.counter("ghostlight_changes", "Changes that happened"),
            rejected: meters.counters("ghostlight_rejected_changes", "Changes that did not happen, by reason"),
            appends: meters.counters("ghostlight_appends", "Entries for the log, by outcome"),
            entry_changes: meters.histogram(
                "ghostlight_entry_changes",
                "How many changes one entry of the log has",
                Measured::Count,
            ),
            waiting: meters.gauge("ghostlight_waiting_changes", "Changes that wait for their turn", Of::Number),
            connections: meters.gauges("ghostlight_connections", "Connections that follow a rig"),
            sockets: meters.gauge("ghostlight_sockets", "All open connections", Of::Number),
            deliveries: meters.counter("ghostlight_deliveries", "Updates of a map that were sent to a client"),
            conflated: meters.counter(
                "ghostlight_conflated_deliveries",
                "Updates that skipped levels, because the client had fallen behind",
            ),
            gaps: meters
                .counter("ghostlight_gaps", "Announcements that did not follow on the gateway's replica, or were lost"),
            resyncs: meters.counter("ghostlight_resyncs", "Snapshots that the gateway requested"),
            divergences: meters.counter(
                "ghostlight_divergences",
                "Replicas that held a different map from the state service: never, unless something is wrong",
            ),
            foreign_stores: meters.counter(
                "ghostlight_foreign_stores",
                "Beacons and snapshots of a state service whose store does not keep the rig",
            ),
        })
    }
}

/// The current state of the rigs that a gateway follows.
#[derive(Clone, Copy, Debug, Default)]
pub struct RigsNow {
    /// How many rigs the gateway follows.
    pub followed: usize,
    /// How many of them are stale: no message from a state service for three seconds.
    pub stale: usize,
    /// How long rigs have been stale since the start, summed over all rigs.
    pub stale_for: Duration,
    /// The longest time that a rig has waited for a message from a state service.
    pub silence: Duration,
    /// How many revisions readers are behind: the median, the 99th percentile and the maximum.
    pub lags: [u64; 3],
}

/// The names of [`RigsNow::lags`].
const LAGS: [&str; 3] = ["0.5", "0.99", "1"];

impl Metrics {
    /// Adds metrics of the rigs that a gateway follows, read at each scrape and each export.
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
                ("ghostlight_stale_rigs", "Followed rigs without a message from a state service for three seconds"),
                gauge(Of::Number),
                read(|now| now.stale as f64),
            );
            meters.observe(
                ("ghostlight_stale", "How long rigs have been stale, summed over all rigs"),
                (Observed::Counter, Of::Seconds),
                read(|now| now.stale_for.as_secs_f64()),
            );
            meters.observe(
                (
                    "ghostlight_beacon_age",
                    "The longest time that a followed rig has waited for a message from a state service",
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

    /// Adds metrics of the connection to NATS, read at each scrape and each export.
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
                ("ghostlight_nats_refusals", "Attempts to connect to NATS that failed, by reason"),
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

/// The current state of the connection to NATS.
#[derive(Clone, Copy, Debug, Default)]
pub struct BusNow {
    /// Whether there is a connection.
    pub is_connected: bool,
    /// How often the connection was lost.
    pub cuts: u64,
    /// Attempts that failed because the server did not accept the user or the credentials.
    pub logins: u64,
    /// Attempts that failed for a certificate.
    pub certificates: u64,
    /// Attempts that failed for any other reason.
    pub unreachable: u64,
}

/// The metrics of a state service.
#[derive(Clone, Debug)]
pub struct StateMetrics {
    /// How long each stage of a change takes.
    pub stages: By<Stage, Histogram>,
    /// Entries that were folded.
    pub entries: Counter,
    /// Changes that were folded.
    pub changes: Counter,
    /// The size of entries, in bytes.
    pub entry_bytes: Histogram,
    /// Saves, by outcome.
    pub saves: By<Saved, Counter>,
    /// Requests for snapshots and lists that were answered.
    pub questions: Counter,
    /// How often the state service went back to what the store holds.
    pub starts_over: Counter,
    /// Places of the log that were passed over, because nothing there can be read.
    pub passed_over: Counter,
    /// How often a new epoch began because the log did not go on.
    pub epochs: Counter,
    /// 1 while the service announces deltas and answers requests.
    pub speaking: Gauge,
    /// How many rigs the service holds.
    pub rigs: Gauge,
    /// Entries of the log that are not folded yet.
    pub log_lag: Gauge,
    /// How far the store is behind the fold.
    pub store_lag: Lag,
}

impl StateMetrics {
    /// Registers the metrics of a state service.
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
            speaking: meters.gauge("ghostlight_speaking", "1 while this service announces and answers", Of::Number),
            rigs: meters.gauge("ghostlight_rigs", "How many rigs there are", Of::Number),
            log_lag: meters.gauge("ghostlight_log_lag", "Entries of the log that are not folded yet", Of::Revisions),
            store_lag: Lag::observed(meters),
        })
    }
}
