//! The view as data, without its presentation: durations in seconds, rates per second.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::buckets::{Buckets, Worst};

/// All processes between two scrapes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct View {
    /// The alarms of all processes.
    pub alarms: Vec<Alarm>,
    /// All processes together.
    pub whole: Whole,
    /// The stages of a change, in their order.
    pub stages: Vec<StageView>,
    /// The processes, in the order in which they were named.
    pub processes: Vec<Process>,
}

/// Something that is wrong with a process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alarm {
    /// The process: host and port.
    pub process: String,
    /// What is wrong, in words.
    pub what: String,
}

/// All processes together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Whole {
    /// Changes that happened.
    pub changes_per_second: Option<f64>,
    /// Updates that were sent to consoles.
    pub deliveries_per_second: Option<f64>,
    /// Updates that skipped levels in between.
    pub conflated_per_second: Option<f64>,
    /// Announcements that did not follow on a gateway's replica, or were lost.
    pub gaps_per_second: Option<f64>,
    /// Snapshots that gateways requested.
    pub resyncs_per_second: Option<f64>,
    /// Changes that wait for their turn.
    pub waiting_changes: Option<f64>,
    /// Connections that follow a rig, by protocol.
    pub connections: BTreeMap<String, f64>,
    /// Changes that did not happen, by reason.
    pub rejections: BTreeMap<String, Count>,
    /// From the arrival of a change at a gateway until it is durable and the gateway's replica has reached it.
    pub echo: Option<Spread>,
}

/// One stage, for all processes together.
#[derive(Clone, Debug, Serialize)]
pub struct StageView {
    /// The stage's name.
    pub stage: &'static str,
    /// How long the stage takes.
    #[serde(flatten)]
    pub spread: Spread,
    /// Whether this is the slowest stage.
    pub is_slowest: bool,
    /// The process in which the stage takes longest.
    pub slowest_at: Option<String>,
}

/// How long an operation takes. There are no times if it did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// How often it happened.
    pub per_second: f64,
    /// The median.
    pub p50_seconds: Option<f64>,
    /// The 99th percentile.
    pub p99_seconds: Option<f64>,
    /// The bucket of the longest time.
    pub worst: Option<Worst>,
}

impl Spread {
    /// Computes the times from buckets.
    pub fn new(per_second: f64, buckets: &Buckets) -> Self {
        let (p50_seconds, p99_seconds) = (buckets.quantile(0.5), buckets.quantile(0.99));
        Self { per_second, p50_seconds, p99_seconds, worst: buckets.worst() }
    }
}

/// A counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Count {
    /// The count since the process started.
    pub total: f64,
    /// The rate between the two scrapes.
    pub per_second: Option<f64>,
}

/// One process.
#[derive(Clone, Debug, Serialize)]
pub struct Process {
    /// Host and port of the process.
    pub name: String,
    /// The process's answer.
    #[serde(flatten)]
    pub answer: Answer,
}

/// The answer of a process.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// No answer, or one that cannot be read.
    Away {
        /// Why there is no answer.
        away: String,
    },
    /// The state of the process.
    Here(Box<Here>),
}

impl Process {
    /// The state of the process, if it answered.
    pub fn here(&self) -> Option<&Here> {
        match &self.answer {
            Answer::Away { .. } => None,
            Answer::Here(here) => Some(here),
        }
    }
}

/// The state of a process that answers.
#[derive(Clone, Debug, Serialize)]
pub struct Here {
    /// `gateway`, `state` or another role.
    pub role: String,
    /// Its version.
    pub version: String,
    /// How long the process has run.
    pub uptime_seconds: Option<f64>,
    /// Whether the process has restarted since the earlier scrape.
    pub is_restarted: bool,
    /// How many cores the process keeps busy.
    pub cpu_cores: Option<f64>,
    /// Resident memory.
    pub memory_bytes: Option<f64>,
    /// Open files and sockets, as a share of the allowed number.
    pub files_used: Option<f64>,
    /// The figures of a gateway, if the process is one.
    pub gateway: Option<Gateway>,
    /// The figures of a state service, if the process is one.
    pub state: Option<StateService>,
    /// The connection to NATS, if the process uses NATS.
    pub nats: Option<Nats>,
    #[serde(skip)]
    pub(super) timed: Timed,
}

/// Durations as buckets, to be summed over processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Timed {
    pub(super) stages: Vec<(&'static str, f64, Buckets)>,
    pub(super) echo: Option<(f64, Buckets)>,
}

/// The figures of a gateway.
#[derive(Clone, Debug, Serialize)]
pub struct Gateway {
    /// Changes that happened.
    pub changes_per_second: Option<f64>,
    /// Changes that did not happen, by reason.
    pub rejections: BTreeMap<String, Count>,
    /// Changes that wait for their turn.
    pub waiting_changes: Option<f64>,
    /// Connections that follow a rig, by protocol.
    pub connections: BTreeMap<String, f64>,
    /// All open connections.
    pub sockets: Option<f64>,
    /// Updates that were sent to consoles.
    pub deliveries_per_second: Option<f64>,
    /// Updates that skipped levels in between.
    pub conflated_per_second: Option<f64>,
    /// Announcements that did not follow on the gateway's replica, or were lost.
    pub gaps_per_second: Option<f64>,
    /// Snapshots that the gateway requested.
    pub resyncs_per_second: Option<f64>,
    /// Replicas that held a different map from the state service.
    pub divergences: Count,
    /// Beacons and snapshots of a state service whose store does not keep the rig.
    pub foreign_stores: Count,
    /// From the arrival of a change until it is durable and the gateway's replica has reached it.
    pub echo: Option<Spread>,
    /// Rigs that the gateway follows.
    pub followed_rigs: Option<f64>,
    /// Followed rigs without a message from a state service.
    pub stale_rigs: Option<f64>,
    /// The longest time that a followed rig has waited for such a message.
    pub beacon_age_seconds: Option<f64>,
    /// How many revisions consoles are behind, by quantile.
    pub cursor_lag_revisions: BTreeMap<String, f64>,
}

/// The figures of a state service.
#[derive(Clone, Debug, Serialize)]
pub struct StateService {
    /// Entries that were folded.
    pub entries_per_second: Option<f64>,
    /// Changes that were folded.
    pub changes_per_second: Option<f64>,
    /// Saves, by outcome.
    pub saves: BTreeMap<String, Count>,
    /// Requests from gateways that were answered.
    pub questions_per_second: Option<f64>,
    /// How often the service went back to what the store holds.
    pub starts_over: Count,
    /// Places of the log that it passed over, because nothing there can be read.
    pub passed_over: Count,
    /// How often it began a new epoch because the log did not go on.
    pub epochs: Count,
    /// Whether the service announces deltas and answers requests.
    pub is_speaking: Option<bool>,
    /// How many rigs the service holds.
    pub rigs: Option<f64>,
    /// Entries of the log that are not folded yet.
    pub log_lag_revisions: Option<f64>,
    /// How long the oldest unsaved change has been waiting.
    pub store_lag_seconds: Option<f64>,
    /// Entries that are folded and not saved yet.
    pub store_lag_revisions: Option<f64>,
}

/// The connection to NATS.
#[derive(Clone, Debug, Serialize)]
pub struct Nats {
    /// Whether there is a connection.
    pub is_connected: bool,
    /// How often the connection was lost.
    pub cuts: Count,
    /// Attempts to connect that failed, by reason.
    pub refusals: BTreeMap<String, Count>,
}
