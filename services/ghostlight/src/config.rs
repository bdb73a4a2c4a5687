//! What a server is made from, and why it cannot start.

use std::net::SocketAddr;

use ghostlight_bus::nats::{ConnectError, NatsSettings, StreamSettings};
use ghostlight_gateway::Limits;
use ghostlight_state::{StartError, Superseded};
use ghostlight_store::{Durability, OpenError};

/// What a server is made from: a gateway, a state service, or both.
#[derive(Clone, Debug)]
pub struct Config {
    /// The gateway.
    pub edge: Option<Edge>,
    /// The state service.
    pub keeper: Option<Keeper>,
    /// What joins it with others; without it, both roles are in this process, and it is the only one.
    pub distributed: Option<Distributed>,
}

/// What a gateway is made from.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Its bounds.
    pub limits: Limits,
}

/// What a state service is made from.
#[derive(Clone, Debug)]
pub struct Keeper {
    /// The store's URL.
    pub store: String,
    /// What a save must survive.
    pub durability: Durability,
    /// How many rigs may be made.
    pub most_rigs: usize,
}

/// What joins processes.
#[derive(Clone, Debug)]
pub struct Distributed {
    /// The NATS servers.
    pub nats: NatsSettings,
    /// The stream that is the log, and with it the partition that is kept. A gateway serves all of as many partitions.
    pub stream: StreamSettings,
}

/// A server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Its address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
    /// Its store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// NATS cannot be used as it is set up.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Its rigs cannot be loaded, or nothing can be saved.
    #[error("{store}: {cause}")]
    Start {
        /// The store's URL, without its password.
        store: String,
        /// Why.
        cause: StartError,
    },
    /// Another one has taken its store.
    #[error("{store}: {cause}; several can share a database only when a --bus joins them")]
    Superseded {
        /// The store's URL.
        store: String,
        /// Why.
        cause: Superseded,
    },
    /// It was ended while it waited for the others.
    #[error("ended before it was ready")]
    Ended,
}
