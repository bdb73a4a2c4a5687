//! A server in this process, and runs against it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ghostlight::config::{Config, Edge, Keeper, ServerError};
use ghostlight::server::Server;
use ghostlight_check::{Counts, Options, Pace, Running};
use ghostlight_gateway::Limits;
use ghostlight_store::Durability;
use ghostlight_telemetry::Telemetry;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Every wait ends here: far beyond what anything takes, even on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServerError>>,
}

impl Served {
    /// Starts a server on a free port, with its store in this folder.
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), folder).await
    }

    pub(crate) async fn start_at(listen: SocketAddr, folder: &Path) -> Self {
        let store = format!("sqlite:{}", folder.join("rigs.db").display());
        let limits = Limits {
            connections: 1_000,
            connections_per_address: None,
            refusals: 64,
            rigs: 10,
            message_bytes: 1 << 20,
            stall: Duration::from_secs(15),
            ping_every: Duration::from_secs(10),
            max_change_age: Duration::from_secs(5),
            answer_within: Duration::from_secs(10),
            in_flight: 4,
            drain: Duration::ZERO,
        };
        let keeper = Keeper { store, durability: Durability::Relaxed, most_rigs: 10 };
        let config = Config {
            edge: Some(Edge { listen, limits, access: ghostlight_gateway::Access::default() }),
            keeper: Some(keeper),
            distributed: None,
        };
        let server = Server::start(config, &Telemetry::default()).await.unwrap();
        let address = server.address().unwrap().unwrap();
        let shutdown = CancellationToken::new();
        let (ready, _) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(server.run(shutdown.clone(), ready));
        Self { address, shutdown, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it, and waits for that.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(DEADLINE, self.task).await.unwrap().unwrap().unwrap();
    }
}

/// A run of a few busy clients.
pub(crate) fn options(urls: Vec<String>, seed: u64) -> Options {
    let pace = Pace { converge_within: Duration::from_secs(20), ..Pace::default() };
    Options { urls, clients: 6, rate: 50.0, dimmers: 12, seed, pace, ..Options::default() }
}

/// Waits until so many changes are acknowledged.
pub(crate) async fn acked(running: &Running, changes: u64) {
    counted(running, |counts| counts.acked >= changes).await;
}

/// Waits until the counts of a run are these.
pub(crate) async fn counted(running: &Running, is_enough: impl Fn(&Counts) -> bool) {
    let reached = async {
        while !is_enough(&running.progress().counts) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, reached).await.unwrap_or_else(|_| panic!("{:?}", running.progress()));
}
