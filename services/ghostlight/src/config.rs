//! The configuration of a server, and why it cannot start.

use std::net::SocketAddr;

use ghostlight_bus::nats::{ConnectError, NatsSettings, StreamSettings};
use ghostlight_gateway::{Access, Limits};
use ghostlight_state::{StartError, Superseded};
use ghostlight_store::{Durability, OpenError};

/// The configuration of a server: a gateway, a state service, or both.
#[derive(Clone, Debug)]
pub struct Config {
    /// The gateway, if it has one.
    pub edge: Option<Edge>,
    /// The state service, if it has one.
    pub keeper: Option<Keeper>,
    /// The connection to other processes; without it, this process has both roles and is the only one.
    pub distributed: Option<Distributed>,
}

/// The configuration of a gateway.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The address to listen on; port 0 takes a free port.
    pub listen: SocketAddr,
    /// Its limits.
    pub limits: Limits,
    /// Its names, and the origins whose pages may use it.
    pub access: Access,
}

/// The configuration of a state service.
#[derive(Clone, Debug)]
pub struct Keeper {
    /// The store's URL, which may have a password.
    pub store: String,
    /// What a save must survive.
    pub durability: Durability,
    /// The most rigs that may exist.
    pub most_rigs: usize,
}

/// The connection between processes.
#[derive(Clone, Debug)]
pub struct Distributed {
    /// The NATS servers.
    pub nats: NatsSettings,
    /// The stream that is the log, and its partition, which a state service keeps. A gateway serves all partitions.
    pub stream: StreamSettings,
}

/// A server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The server cannot listen on its address.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        cause: std::io::Error,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// NATS cannot be used with these settings.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The rigs cannot be loaded, or the store cannot save.
    #[error("{store}: {cause}")]
    Start {
        /// The store's URL, without its password.
        store: String,
        /// The state service's error.
        cause: StartError,
    },
    /// Another state service has taken the store.
    #[error("{store}: {cause}; several can share a database only when a --bus joins them")]
    Superseded {
        /// The store's URL, without its password.
        store: String,
        /// The state service's error.
        cause: Superseded,
    },
    /// The server ended while it waited for others.
    #[error("ended before it was ready")]
    Ended,
}
