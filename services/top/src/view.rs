//! What is to be seen, without a word on how: durations in seconds, rates a second.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::buckets::{Buckets, Worst};

/// All processes between two scrapes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct View {
    /// What is wrong.
    pub alarms: Vec<Alarm>,
    /// All processes together.
    pub whole: Whole,
    /// The stages of the way of a change, in the order of the way.
    pub stages: Vec<StageView>,
    /// Each process, in the order in which they were named.
    pub processes: Vec<Process>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alarm {
    /// With which process.
    pub process: String,
    /// What.
    pub what: String,
}

/// All processes together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Whole {
    /// Changes that happened.
    pub changes_per_second: Option<f64>,
    /// Steps that consoles were sent.
    pub deliveries_per_second: Option<f64>,
    /// Those of them that skipped levels in between.
    pub conflated_per_second: Option<f64>,
    /// Announcements that were lost.
    pub gaps_per_second: Option<f64>,
    /// Snapshots that were asked for.
    pub resyncs_per_second: Option<f64>,
    /// Changes that wait for their turn.
    pub waiting_changes: Option<f64>,
    /// Connections that follow a rig, by protocol.
    pub connections: BTreeMap<String, f64>,
    /// Changes that did not happen, by why.
    pub rejections: BTreeMap<String, Count>,
    /// From when a change comes to a gateway to when it is durable and to be read there.
    pub echo: Option<Spread>,
}

/// One stage, of all processes together.
#[derive(Clone, Debug, Serialize)]
pub struct StageView {
    /// Which.
    pub stage: &'static str,
    /// How long it takes.
    #[serde(flatten)]
    pub spread: Spread,
    /// Whether no other stage takes longer.
    pub is_slowest: bool,
    /// The process in which it takes longest.
    pub slowest_at: Option<String>,
}

/// How long something takes; no times if it did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// How often it happened.
    pub per_second: f64,
    /// Half of them took no longer.
    pub p50_seconds: Option<f64>,
    /// 99 of 100 took no longer.
    pub p99_seconds: Option<f64>,
    /// The slowest of all.
    pub worst: Option<Worst>,
}

impl Spread {
    /// What the buckets say.
    pub fn new(per_second: f64, buckets: &Buckets) -> Self {
        let (p50_seconds, p99_seconds) = (buckets.quantile(0.5), buckets.quantile(0.99));
        Self { per_second, p50_seconds, p99_seconds, worst: buckets.worst() }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Count {
    /// Since the process started.
    pub total: f64,
    /// Between the two scrapes.
    pub per_second: Option<f64>,
}

/// One process.
#[derive(Clone, Debug, Serialize)]
pub struct Process {
    /// Where it was asked: host and port.
    pub name: String,
    /// What it answered.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What a process answered.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Nothing that can be read.
    Away {
        /// Why.
        away: String,
    },
    /// How it stands.
    Here(Box<Here>),
}

impl Process {
    /// How it stands, if it answered.
    pub fn here(&self) -> Option<&Here> {
        match &self.answer {
            Answer::Away { .. } => None,
            Answer::Here(here) => Some(here),
        }
    }
}

/// A process that answers.
#[derive(Clone, Debug, Serialize)]
pub struct Here {
    /// The part that it plays.
    pub role: String,
    /// Its version.
    pub version: String,
    /// For how long it has run.
    pub uptime_seconds: Option<f64>,
    /// Whether it is another process than at the earlier scrape.
    pub is_restarted: bool,
    /// How many cores it keeps busy.
    pub cpu_cores: Option<f64>,
    /// Memory in use.
    pub memory_bytes: Option<f64>,
    /// Open files and sockets, of those that may be open.
    pub files_used: Option<f64>,
    /// If it is a gateway, what it does as one.
    pub gateway: Option<Gateway>,
    /// If it is a state service, what it does as one.
    pub state: Option<StateService>,
    /// The connection to NATS, where there is to be one.
    pub nats: Option<Nats>,
    #[serde(skip)]
    pub(super) timed: Timed,
}

/// How long things took, to be added up over processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Timed {
    pub(super) stages: Vec<(&'static str, f64, Buckets)>,
    pub(super) echo: Option<(f64, Buckets)>,
}

/// What a gateway does.
#[derive(Clone, Debug, Serialize)]
pub struct Gateway {
    /// Changes that happened.
    pub changes_per_second: Option<f64>,
    /// Changes that did not, by why.
    pub rejections: BTreeMap<String, Count>,
    /// Changes that wait for their turn.
    pub waiting_changes: Option<f64>,
    /// Connections that follow a rig, by protocol.
    pub connections: BTreeMap<String, f64>,
    /// All open connections.
    pub sockets: Option<f64>,
    /// Steps that consoles were sent.
    pub deliveries_per_second: Option<f64>,
    /// Those of them that skipped levels in between.
    pub conflated_per_second: Option<f64>,
    /// Announcements that were lost.
    pub gaps_per_second: Option<f64>,
    /// Snapshots that were asked for.
    pub resyncs_per_second: Option<f64>,
    /// Replicas that held another map than the state service.
    pub divergences: Count,
    /// From when a change comes to when it is durable and to be read here.
    pub echo: Option<Spread>,
    /// Rigs that are followed.
    pub followed_rigs: Option<f64>,
    /// Those of them of which no state service is heard.
    pub stale_rigs: Option<f64>,
    /// How long ago one was heard.
    pub beacon_age_seconds: Option<f64>,
    /// How many revisions consoles are behind, by quantile.
    pub cursor_lag_revisions: BTreeMap<String, f64>,
}

/// What a state service does.
#[derive(Clone, Debug, Serialize)]
pub struct StateService {
    /// Entries that were folded.
    pub entries_per_second: Option<f64>,
    /// Changes that were folded.
    pub changes_per_second: Option<f64>,
    /// Saves, by what became of them.
    pub saves: BTreeMap<String, Count>,
    /// Questions of gateways that were answered.
    pub questions_per_second: Option<f64>,
    /// How often it went back to what the store holds.
    pub starts_over: Count,
    /// Places of the log that it passed over, because nothing there can be read.
    pub passed_over: Count,
    /// How often it began a new epoch because the log did not go on.
    pub epochs: Count,
    /// Whether gateways hear of it.
    pub is_speaking: Option<bool>,
    /// How many rigs there are.
    pub rigs: Option<f64>,
    /// Entries of the log that are not folded.
    pub log_lag_revisions: Option<f64>,
    /// How long the oldest change that is not saved waits.
    pub store_lag_seconds: Option<f64>,
    /// Entries that are folded and not saved.
    pub store_lag_revisions: Option<f64>,
}

/// The connection to NATS.
#[derive(Clone, Debug, Serialize)]
pub struct Nats {
    /// Whether there is one.
    pub is_connected: bool,
    /// How often it was lost.
    pub cuts: Count,
    /// Attempts that failed, by why.
    pub refusals: BTreeMap<String, Count>,
}
