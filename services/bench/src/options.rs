//! What to measure, and how long.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The memory that an idle WebSocket client costs the server.
    Memory,
    /// Changes by HTTP POST, over one connection and over 100.
    Http,
    /// Look-ups of the words of a text over 100 connections.
    Lookup,
    /// One WebSocket client that waits for its own echo, back to back and at 60 a second.
    Echo,
    /// 60 and 500 changes a second to many WebSocket clients.
    Fanout,
    /// Many WebSocket clients, each setting its own dimmer as fast as it is acknowledged.
    Writers,
}

impl Measure {
    /// All measures, in the order in which they run: memory first, while the server's heap is fresh.
    pub const ALL: [Self; 6] = [Self::Memory, Self::Http, Self::Lookup, Self::Echo, Self::Fanout, Self::Writers];

    /// The measure's name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Http => "http",
            Self::Lookup => "lookup",
            Self::Echo => "echo",
            Self::Fanout => "fanout",
            Self::Writers => "writers",
        }
    }
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|measure| measure.name() == name).ok_or_else(|| format!("one of {}", names()))
    }
}

/// How much one round does: until the time is over or the count is reached, whichever comes first.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// The time before the counted time.
    pub warm_up: Duration,
    /// The counted time.
    pub lasting: Duration,
    /// The most requests, echoes, changes or sets that are counted.
    pub most: u64,
    /// How long an answer may take, and the newest map until all clients have it.
    pub patience: Duration,
}

/// The yardstick beside Ghostlight.
#[derive(Clone, Debug)]
pub enum Yardstick {
    /// No yardstick.
    None,
    /// This executable, started as `<executable> bench-peer`: it calls [`bare_peer`](crate::bare_peer).
    Spawn(PathBuf),
    /// A bare peer that is already running.
    At(SocketAddr),
}

/// The NATS servers of a measured deployment.
#[derive(Clone, Debug)]
pub struct NatsServers {
    /// Their URLs, `nats://host:port`, separated by commas; with `user:password@` or `token@` if they require one.
    pub urls: String,
    /// The monitoring port of one of them, as `http://host:port`, from which its settings are read.
    pub monitoring: Option<String>,
}

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server to measure, as `http://host:port`.
    pub url: String,
    /// A second Ghostlight to measure it against in the same run, for instance with another `--durability`.
    pub against: Option<String>,
    /// The NATS servers of the measured deployment, to measure it beside NATS alone.
    pub nats: Option<NatsServers>,
    /// Whether any of these servers may be on another machine.
    pub allow_remote: bool,
    /// The server's process, to read its CPU time and memory. If it is not given, it is found through its port.
    pub pid: Option<u32>,
    /// The yardstick that is measured in the same run.
    pub yardstick: Yardstick,
    /// The measures to run.
    pub only: Vec<Measure>,
    /// How many rounds each measure has, each against every contender in turn.
    pub rounds: u32,
    /// How much one round does.
    pub effort: Effort,
    /// The number of WebSocket clients of `fanout` and `memory`.
    pub clients: usize,
    /// The number of WebSocket clients of `writers`.
    pub writers: usize,
}
