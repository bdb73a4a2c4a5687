//! All roles in one process: the parts, wired. A value, so that tests start the real thing on port 0.

use std::net::SocketAddr;
use std::sync::Arc;

use ghostlight_bus::memory::{MemoryEcho, MemoryLog};
use ghostlight_gateway::{Gateway, Limits};
use ghostlight_state::{Parts, StartError, StateService};
use ghostlight_store::{Durability, OpenError, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What a server is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The store's URL.
    pub store: String,
    /// What a save must survive.
    pub durability: Durability,
    /// How many rigs may be made.
    pub most_rigs: usize,
    /// The bounds of the gateway.
    pub limits: Limits,
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
    /// Its rigs cannot be loaded, or nothing can be saved.
    #[error("{store}: {cause}")]
    Start {
        /// The store's URL.
        store: String,
        /// Why.
        cause: StartError,
    },
}

/// A server that listens and is ready to run.
pub struct Server {
    listener: TcpListener,
    store: Arc<dyn Store>,
    state: StateService,
    gateway: Gateway,
}

impl Server {
    /// Listens, opens the store and loads the rigs.
    ///
    /// # Errors
    /// [`ServerError`], which says what to do.
    pub async fn start(config: Config) -> Result<Self, ServerError> {
        let Config { listen, store: url, durability, most_rigs, limits } = config;
        let listen_error = |cause| ServerError::Listen { address: listen, cause };
        let listener = TcpListener::bind(listen).await.map_err(listen_error)?;
        let store = ghostlight_store::open(&url, durability).await?;
        let log = Arc::new(MemoryLog::default());
        let echo = Arc::new(MemoryEcho::default());
        let parts = Parts { log: log.clone(), echo: echo.clone(), store: store.clone(), most_rigs };
        let state = StateService::start(parts).await.map_err(|cause| ServerError::Start { store: url, cause })?;
        Ok(Self { listener, store, state, gateway: Gateway::new(log, echo, limits) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system's, if it cannot tell.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// How many rigs it loaded, and how many dimmers with a level.
    pub fn loaded(&self) -> (usize, usize) {
        let rigs = self.state.rigs();
        (rigs.iter().count(), rigs.iter().map(|(_, rig)| rig.map().len()).sum())
    }

    /// Runs until shutdown: the gateway takes nothing more in and finishes what is under way, then the state service
    /// saves the last of it, then the store is closed.
    pub async fn run(self, shutdown: CancellationToken) {
        let gateway_done = CancellationToken::new();
        let state = tokio::spawn(self.state.run(gateway_done.clone()));
        self.gateway.serve(self.listener, shutdown).await;
        gateway_done.cancel();
        if let Err(error) = state.await {
            tracing::error!(%error, "the state service failed");
        }
        self.store.close().await;
    }
}
