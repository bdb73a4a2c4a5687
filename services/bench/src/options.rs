//! What to measure, and how long.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// One of the measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// What an idle WebSocket client costs the server in memory.
    Memory,
    /// Changes by HTTP POST, over one connection and over 100.
    Http,
    /// One WebSocket client that awaits its own echo, back to back and at 60 a second.
    Echo,
    /// 60 and 500 changes a second to many WebSocket clients.
    Fanout,
    /// Many WebSocket clients, each setting its own dimmer as fast as it is acknowledged.
    Writers,
}

impl Measure {
    /// All of them, in the order in which they run: memory first, while the server's heap is fresh.
    pub const ALL: [Self; 5] = [Self::Memory, Self::Http, Self::Echo, Self::Fanout, Self::Writers];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Http => "http",
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
    /// What comes before and is not counted.
    pub warm_up: Duration,
    /// What is counted.
    pub lasting: Duration,
    /// The most requests, echoes, changes or sets that are counted.
    pub most: u64,
    /// How long the newest map may take to everyone, and an answer.
    pub patience: Duration,
}

/// What Ghostlight is measured beside.
#[derive(Clone, Debug)]
pub enum Yardstick {
    /// Nothing.
    None,
    /// This executable, started as `<executable> bench-peer`: it calls [`bare_peer`](crate::bare_peer).
    Spawn(PathBuf),
    /// A bare peer that runs already.
    At(SocketAddr),
}

/// The NATS servers that join the roles of a measured deployment.
#[derive(Clone, Debug)]
pub struct NatsServers {
    /// Their URLs, `nats://host:port`, separated by commas; with `user:password@` or `token@` if they want one.
    pub urls: String,
    /// Where one of them tells how it is set up, as `http://host:port`: its monitoring port.
    pub monitoring: Option<String>,
}

/// A whole run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server to measure, as `http://host:port`.
    pub url: String,
    /// A second Ghostlight to measure it against in the same run, for instance with another `--durability`.
    pub against: Option<String>,
    /// What joins the measured deployment, to measure it beside what NATS does alone.
    pub nats: Option<NatsServers>,
    /// Whether any of them may be on another machine.
    pub allow_remote: bool,
    /// The server's process, to read its CPU time and memory; found through its port if not given.
    pub pid: Option<u32>,
    /// What runs beside it.
    pub yardstick: Yardstick,
    /// The measures.
    pub only: Vec<Measure>,
    /// Rounds of each measure, each against every server in turn.
    pub rounds: u32,
    /// What one round does.
    pub effort: Effort,
    /// WebSocket clients of `fanout` and `memory`.
    pub clients: usize,
    /// WebSocket clients of `writers`.
    pub writers: usize,
}
