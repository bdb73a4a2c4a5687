//! The roles, built from their parts. The server is a value, so that tests start the real one on port 0.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ghostlight_bus::memory::{MemoryEcho, MemoryLog};
use ghostlight_bus::nats::{Connection, NatsEcho, NatsLog, Refusals};
use ghostlight_gateway::Gateway;
use ghostlight_proto::subjects;
use ghostlight_rig::Partition;
use ghostlight_state::{Instruments, Parts, StateService};
use ghostlight_store::Store;
use ghostlight_telemetry::Telemetry;
use ghostlight_telemetry::metrics::BusNow;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::admin::Ready;
use crate::config::{Config, Distributed, Edge, Keeper, ServerError};
use crate::default_passwords::Examples;
use crate::state_role::{Awaits, Standing, Waits, keep};

/// A server that is listening and can be run.
pub struct Server {
    edge: Option<(TcpListener, Gateway)>,
    state: State,
    /// The connection to other processes, if there are any.
    bus: Option<Connection>,
    examples: Examples,
}

/// The readiness error of a process without a connection to NATS.
const CUT_OFF: &str = "NATS cannot be reached";

/// The state service of a server.
enum State {
    /// This process has no state service.
    Elsewhere,
    /// Loaded, in one process with the gateway.
    Here { state: Box<StateService>, store: Arc<dyn Store>, url: String },
    /// The state service waits for NATS and its store.
    Waits(Box<Waits>),
}

impl Server {
    /// Listens; a single process also opens the store and loads the rigs.
    ///
    /// # Errors
    /// [`ServerError`], which says what to do.
    pub async fn start(config: Config, telemetry: &Telemetry) -> Result<Self, ServerError> {
        let listener = match &config.edge {
            Some(edge) => Some(listen(edge.listen).await?),
            None => None,
        };
        let examples = Examples::among(&config);
        telemetry.metrics.example_passwords.set(examples.count() as u64);
        let (gateway, state, bus) = match &config.distributed {
            Some(distributed) => join(config.edge, config.keeper, distributed, telemetry).await?,
            None => alone(config.edge, config.keeper, telemetry).await?,
        };
        Ok(Self { edge: listener.zip(gateway), state, bus, examples })
    }

    /// The address of its gateway; `None` if it has none.
    ///
    /// # Errors
    /// The system's error, if it cannot tell the address.
    pub fn address(&self) -> std::io::Result<Option<SocketAddr>> {
        self.edge.as_ref().map(|(listener, _)| listener.local_addr()).transpose()
    }

    /// Makes the readiness check of this server.
    pub(crate) fn ready(&self) -> Ready {
        let gateway = self.edge.as_ref().map(|(_, gateway)| gateway.clone());
        let awaits = match &self.state {
            State::Waits(waits) => Some(waits.awaits.clone()),
            State::Elsewhere | State::Here { .. } => None,
        };
        let bus = self.bus.clone();
        // Consoles ask the gateway itself and need not know of passwords.
        let remark = self.examples.remark();
        Arc::new(move || {
            let (gateway, awaits, bus, remark) = (gateway.clone(), awaits.clone(), bus.clone(), remark.clone());
            Box::pin(async move {
                let state = awaits.map_or_else(|| Ok("ready".to_owned()), |awaits| awaits.ready());
                let is_cut_off = bus.is_some_and(|bus| !bus.standing().is_up);
                // Without a connection, asking the gateway would be in vain.
                let ready = match (state, gateway) {
                    (Ok(_), _) if is_cut_off => Err(CUT_OFF.to_owned()),
                    (Err(why), _) if is_cut_off => Err(format!("{why}; {CUT_OFF}")),
                    (Ok(state), Some(gateway)) => gateway.ready().await.map(|()| state),
                    (state, _) => state,
                };
                ready.map(|how| how + &remark).map_err(|why| why + &remark)
            })
        })
    }

    /// The settings with example passwords.
    pub(crate) fn examples(&self) -> &Examples {
        &self.examples
    }

    /// What the state service has loaded; `None` if it still waits or there is none.
    pub fn loaded(&self) -> Option<Standing> {
        match &self.state {
            State::Here { state, .. } => Some(Standing::of(state)),
            State::Elsewhere | State::Waits(_) => None,
        }
    }

    /// How long its gateway drains after a shutdown, and the token that is cancelled when the drain is over; cancelling
    /// it cuts the drain short. `None` if there is no drain.
    pub fn drain(&self) -> Option<(Duration, CancellationToken)> {
        let (_, gateway) = self.edge.as_ref()?;
        let drain = gateway.drain();
        (!drain.is_zero()).then(|| (drain, gateway.closing()))
    }

    /// Runs until shutdown: the gateway drains, accepts nothing more and finishes what is under way; then the state
    /// service saves the rest, and the store is closed. `ready` receives the progress of a state service that had to
    /// wait, once it is ready.
    ///
    /// # Errors
    /// [`ServerError`] if the state service cannot work with its settings.
    pub async fn run(self, shutdown: CancellationToken, ready: oneshot::Sender<Standing>) -> Result<(), ServerError> {
        let gateway_done = CancellationToken::new();
        let failed = CancellationToken::new();
        let state = tokio::spawn(run_state(self.state, gateway_done.clone(), failed.clone(), ready));
        match self.edge {
            Some((listener, gateway)) => {
                let closing = gateway.closing();
                let mut serving = pin!(gateway.serve(listener, shutdown));
                tokio::select! {
                    () = serving.as_mut() => {}
                    () = failed.cancelled() => {
                        closing.cancel();
                        serving.await;
                    }
                }
            }
            None => {
                failed.run_until_cancelled(shutdown.cancelled()).await;
            }
        }
        gateway_done.cancel();
        state.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the state service failed");
            Err(ServerError::Ended)
        })
    }
}

/// Builds both roles in one process.
async fn alone(
    edge: Option<Edge>,
    keeper: Option<Keeper>,
    telemetry: &Telemetry,
) -> Result<(Option<Gateway>, State, Option<Connection>), ServerError> {
    let (log, echo) = (Arc::new(MemoryLog::default()), Arc::new(MemoryEcho::default()));
    let state = match keeper {
        None => State::Elsewhere,
        Some(Keeper { store: url, durability, most_rigs }) => {
            let store = ghostlight_store::open(&url, durability).await?;
            let instruments = Instruments::new(telemetry, database(&url));
            let partition = Partition::default();
            let (log, echo) = (log.clone(), echo.clone());
            let parts = Parts { log, echo, store: store.clone(), most_rigs, partition, instruments };
            let state = StateService::start(parts).await;
            let url = ghostlight_url::redacted(&url);
            let state = state.map_err(|cause| ServerError::Start { store: url.clone(), cause })?;
            State::Here { state: Box::new(state), store, url }
        }
    };
    Ok((edge.map(|edge| Gateway::new(log, echo, edge.limits, telemetry).with_access(edge.access)), state, None))
}

/// Builds one role or both, joined with other processes.
async fn join(
    edge: Option<Edge>,
    keeper: Option<Keeper>,
    distributed: &Distributed,
    telemetry: &Telemetry,
) -> Result<(Option<Gateway>, State, Option<Connection>), ServerError> {
    let telemetry = telemetry.over("nats", distributed.stream.partition.among());
    let connection = Connection::open("ghostlight", &distributed.nats).await?;
    let watched = connection.clone();
    telemetry.metrics.observe_bus(move || bus_now(&watched));
    let log = Arc::new(NatsLog::new(connection.clone(), distributed.stream.clone()));
    let partition = distributed.stream.partition;
    let echo = Arc::new(NatsEcho::new(connection.clone(), partition));
    let state = match keeper {
        None => State::Elsewhere,
        Some(keeper) => {
            let instruments = Instruments::new(&telemetry, database(&keeper.store));
            let awaits = Awaits::new(instruments.metrics().clone());
            tracing::info!(%partition, stream = subjects::stream(partition), "this process keeps the rigs of one partition");
            let (log, echo) = (log.clone(), echo.clone());
            State::Waits(Box::new(Waits { keeper, partition, log, echo, instruments, awaits }))
        }
    };
    Ok((
        edge.map(|edge| Gateway::new(log, echo, edge.limits, &telemetry).with_access(edge.access)),
        state,
        Some(connection),
    ))
}

/// The kind of database, as OpenTelemetry names it.
fn database(url: &str) -> &'static str {
    if url.starts_with("sqlite:") { "sqlite" } else { "postgresql" }
}

fn bus_now(connection: &Connection) -> BusNow {
    let standing = connection.standing();
    let Refusals { logins, certificates, others } = standing.refusals;
    BusNow { is_connected: standing.is_up, cuts: standing.cuts, logins, certificates, unreachable: others }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServerError> {
    TcpListener::bind(address).await.map_err(|cause| ServerError::Listen { address, cause })
}

/// Runs the state service, if there is one; `failed` is cancelled if it cannot work.
async fn run_state(
    state: State,
    shutdown: CancellationToken,
    failed: CancellationToken,
    ready: oneshot::Sender<Standing>,
) -> Result<(), ServerError> {
    let ran = match state {
        State::Elsewhere => Ok(()),
        State::Here { state, store, url } => {
            let ran = state.run(shutdown).await;
            store.close().await;
            ran.map_err(|cause| ServerError::Superseded { store: url, cause })
        }
        State::Waits(waits) => keep(*waits, shutdown, ready).await,
    };
    if ran.is_err() {
        failed.cancel();
    }
    ran
}
