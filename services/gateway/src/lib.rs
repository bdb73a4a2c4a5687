//! The edge: where consoles connect, over HTTP, WebSocket and server-sent events.
//!
//! The way in: `http` or `ws` turns bytes into a change, `intake` gathers changes into entries and appends them to
//! the log. The way out: the `hub` of a rig follows the echo with a replica, and every connection is a cursor over it
//! (`reader`). A change is answered when it is durable and the hub's replica has reached it: what you are told
//! happened is what you can read.
//!
//! A gateway knows the bus, never a store.

mod batcher;
mod body;
mod delivery_spans;
mod docs;
mod drain;
mod feed;
mod files;
mod following;
mod headers;
mod health;
mod http;
mod hub;
mod hubs;
mod instruments;
mod levels_routes;
mod method;
mod outcome;
mod page;
mod presence;
mod query;
mod refusal;
mod request_span;
mod rig_routes;
mod routes;
mod server;
mod sse;
mod subscriber;
mod subscribers;
mod subscription;
mod ws;

use std::sync::Arc;
use std::time::Duration;

use ghostlight_bus::{Echo, Log};
use ghostlight_telemetry::Telemetry;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::batcher::Appending;
use crate::drain::Stopping;
use crate::hubs::Hubs;
use crate::instruments::Instruments;

pub use routes::{ROUTES, Route};

/// The bounds of a gateway. Each is a setting.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Rigs that are feed on though no connection needs them at the moment.
    pub rigs: usize,
    /// The largest request body or WebSocket message, in bytes.
    pub message_bytes: usize,
    /// A client that takes nothing for so long is closed.
    pub stall: Duration,
    /// A WebSocket that has been silent for so long is pinged; after two and a half times that, it is dead.
    pub ping_every: Duration,
    /// A change whose fate is unknown after so long is answered so.
    pub answer_within: Duration,
    /// Entries of one rig that this gateway has under way at once; what comes meanwhile gathers into the next.
    pub in_flight: usize,
    /// At a shutdown, connections end one by one over so long; zero is all at once.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            rigs: 1_000,
            message_bytes: 1 << 20,
            stall: Duration::from_secs(15),
            ping_every: Duration::from_secs(10),
            answer_within: Duration::from_secs(10),
            in_flight: 4,
            drain: Duration::ZERO,
        }
    }
}

/// A gateway.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) limits: Arc<Limits>,
    pub(crate) hubs: Arc<Hubs>,
    pub(crate) instruments: Arc<Instruments>,
    /// How far it is on its way to its end.
    pub(crate) stopping: Stopping,
    /// Connections, and what outlives a request. Awaited at shutdown.
    pub(crate) tasks: TaskTracker,
}

impl Gateway {
    /// A gateway on this bus. A process has one at most.
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
            instruments: instruments.clone(),
        };
        let hubs = Arc::new(Hubs::new(echo, appending, rigs));
        let counted = Arc::downgrade(&hubs);
        telemetry.metrics.observe_rigs(move || counted.upgrade().map(|hubs| hubs.now()).unwrap_or_default());
        Self { limits: Arc::new(limits), hubs, instruments, stopping: Stopping::new(drain), tasks }
    }

    /// For how long it drains.
    pub fn drain(&self) -> Duration {
        self.limits.drain
    }

    /// Cancelled when it takes nothing more in. Whoever cancels it cuts the drain short.
    pub fn closing(&self) -> CancellationToken {
        self.stopping.over().clone()
    }
}
