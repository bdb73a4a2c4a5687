//! The gateway: consoles connect to it over HTTP, WebSocket and server-sent events.
//!
//! Inbound: `http` or `ws` parses bytes into a change, and `batcher` gathers changes into entries and appends them to
//! the log. Outbound: the `hub` of a rig follows the echo with a replica, and each connection is a cursor over that
//! replica (`subscriber`). A change is answered once it is durable and the hub's replica has reached it, so a client
//! can read every change that was confirmed to it.
//!
//! A gateway uses the bus, never a store.

mod batcher;
mod body;
mod cached_body;
mod connection;
mod delivery_spans;
mod dictionary_routes;
mod docs;
mod drain;
mod feed;
mod files;
mod following;
mod guard;
mod head_deadline;
mod headers;
mod health;
mod http;
mod http_connection;
pub mod http_listener;
mod hub;
mod hubs;
mod instruments;
mod levels_routes;
mod lookup_routes;
mod method;
mod origin;
mod outcome;
mod pace;
mod page;
mod places;
mod presence;
mod query;
mod refusal;
mod request_span;
mod rig_routes;
mod routes;
mod say_routes;
mod server;
mod sse;
mod subscriber;
mod subscribers;
mod subscription;
mod tcp;
#[cfg(test)]
mod testing;
mod throttle;
mod turns;
mod undo;
mod words_routes;
mod ws;

use std::sync::Arc;
use std::time::Duration;

use ghostlight_bus::{Echo, Log};
use ghostlight_telemetry::Telemetry;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::batcher::Appending;
use crate::drain::Stopping;
use crate::health::Canary;
use crate::hubs::Hubs;
use crate::instruments::Instruments;

pub use guard::Guarded;
pub use origin::{Access, AllowedHost, AllowedOrigin};
pub use routes::{ROUTES, Route};

/// The limits of a gateway. Each is a setting.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most connections that may be open at once.
    pub connections: usize,
    /// The most of them from one address. `None`: half of them, and any number from this machine itself.
    pub connections_per_address: Option<usize>,
    /// The most connections above these that are answered with a refusal at once; the rest are just closed.
    pub refusals: usize,
    /// When the gateway follows this many rigs, it drops the hubs that no connection uses before it adds one.
    pub rigs: usize,
    /// The largest request body or WebSocket message, in bytes.
    pub message_bytes: usize,
    /// A client that reads nothing for this long is disconnected.
    pub stall: Duration,
    /// Each WebSocket is pinged this often; one that is silent for two and a half times as long is dead.
    pub ping_every: Duration,
    /// A change that a client sent longer ago is refused, as far as that is known; zero refuses none.
    pub max_change_age: Duration,
    /// A change whose outcome is not known after this time is answered as unknown.
    pub answer_within: Duration,
    /// The most entries of one rig that are being appended at once; changes that come meanwhile join the next entry.
    pub in_flight: usize,
    /// At a shutdown, connections are closed one by one over this time; zero closes all at once.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: None,
            refusals: 64,
            rigs: 1_000,
            message_bytes: 1 << 20,
            stall: Duration::from_secs(15),
            ping_every: Duration::from_secs(10),
            max_change_age: Duration::from_secs(5),
            answer_within: Duration::from_secs(10),
            in_flight: 4,
            drain: Duration::ZERO,
        }
    }
}

/// A gateway: the HTTP, WebSocket and event-stream interface of every rig.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) limits: Arc<Limits>,
    pub(crate) access: Access,
    pub(crate) hubs: Arc<Hubs>,
    pub(crate) instruments: Arc<Instruments>,
    pub(crate) canary: Arc<Canary>,
    /// Whether the gateway serves, drains or has stopped.
    pub(crate) stopping: Stopping,
    /// Held by an upload of a dictionary: one at a time is in memory.
    pub(crate) uploading: Arc<Semaphore>,
    /// Connections, and tasks that outlive a request. A shutdown waits for them.
    pub(crate) tasks: TaskTracker,
}

impl Gateway {
    /// Makes a gateway on this bus. A process has one gateway at most.
    pub fn new(log: Arc<dyn Log>, echo: Arc<dyn Echo>, limits: Limits, telemetry: &Telemetry) -> Self {
        let tasks = TaskTracker::new();
        let Limits { in_flight, answer_within, rigs, drain, .. } = limits;
        let gateway = presence::random_gateway();
        let instruments = Arc::new(Instruments::new(telemetry));
        let appending = Appending {
            gateway,
            log,
            tasks: tasks.clone(),
            in_flight,
            answer_within,
            pace: Arc::default(),
            instruments: instruments.clone(),
        };
        let hubs = Arc::new(Hubs::new(echo, appending, rigs));
        let counted = Arc::downgrade(&hubs);
        telemetry.metrics.observe_rigs(move || counted.upgrade().map(|hubs| hubs.now()).unwrap_or_default());
        let (limits, canary) = (Arc::new(limits), Arc::default());
        let (access, stopping) = (Access::default(), Stopping::new(drain));
        let uploading = Arc::new(Semaphore::new(1));
        Self { limits, access, hubs, instruments, canary, stopping, uploading, tasks }
    }

    /// A gateway that has these names, and serves pages of these origins.
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// How long a shutdown drains connections.
    pub fn drain(&self) -> Duration {
        self.limits.drain
    }

    /// Cancelled when the gateway accepts nothing more. Cancelling it cuts the drain short.
    pub fn closing(&self) -> CancellationToken {
        self.stopping.over().clone()
    }
}
