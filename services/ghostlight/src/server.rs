//! The roles, wired from their parts. A value, so that tests start the real thing on port 0.

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

/// A server that listens and is ready to run.
pub struct Server {
    edge: Option<(TcpListener, Gateway)>,
    state: State,
    /// What joins it with others.
    bus: Option<Connection>,
    examples: Examples,
}

/// Why a process that is to work with others does not.
const CUT_OFF: &str = "NATS cannot be reached";

/// The state service of a server.
enum State {
    /// There is none.
    Elsewhere,
    /// Loaded, in one process with the gateway.
    Here { state: Box<StateService>, store: Arc<dyn Store>, url: String },
    /// It waits for NATS and its store.
    Waits(Box<Waits>),
}

impl Server {
    /// Listens; in one process, opens the store and loads the rigs too.
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

    /// Where its gateway listens; `None` if it has none.
    ///
    /// # Errors
    /// The system's, if it cannot tell.
    pub fn address(&self) -> std::io::Result<Option<SocketAddr>> {
        self.edge.as_ref().map(|(listener, _)| listener.local_addr()).transpose()
    }

    /// Tells whether it does its work, whenever that is asked.
    pub(crate) fn ready(&self) -> Ready {
        let gateway = self.edge.as_ref().map(|(_, gateway)| gateway.clone());
        let awaits = match &self.state {
            State::Waits(waits) => Some(waits.awaits.clone()),
            State::Elsewhere | State::Here { .. } => None,
        };
        let bus = self.bus.clone();
        // Consoles, which ask the gateway itself, need not know of passwords.
        let remark = self.examples.remark();
        Arc::new(move || {
            let (gateway, awaits, bus, remark) = (gateway.clone(), awaits.clone(), bus.clone(), remark.clone());
            Box::pin(async move {
                let state = awaits.map_or_else(|| Ok("ready".to_owned()), |awaits| awaits.ready());
                let is_cut_off = bus.is_some_and(|bus| !bus.standing().is_up);
                // A gateway that is cut off would only ask in vain.
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

    /// Which passwords everybody knows.
    pub(crate) fn examples(&self) -> &Examples {
        &self.examples
    }

    /// What it has loaded already.
    pub fn loaded(&self) -> Option<Standing> {
        match &self.state {
            State::Here { state, .. } => Some(Standing::of(state)),
            State::Elsewhere | State::Waits(_) => None,
        }
    }

    /// For how long its gateway drains after a shutdown, and what is cancelled when that is over; whoever cancels it cuts
    /// the drain short. `None` if nothing drains.
    pub fn drain(&self) -> Option<(Duration, CancellationToken)> {
        let (_, gateway) = self.edge.as_ref()?;
        let drain = gateway.drain();
        (!drain.is_zero()).then(|| (drain, gateway.closing()))
    }

    /// Runs until shutdown: the gateway drains, takes nothing more in and finishes what is under way, then the state
    /// service saves the last of it, then the store is closed. `ready` hears of a state service that had to wait once it
    /// is ready.
    ///
    /// # Errors
    /// [`ServerError`] if the state service cannot work as it is set up.
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

/// Both roles in one process.
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
    Ok((edge.map(|edge| Gateway::new(log, echo, edge.limits, telemetry)), state, None))
}

/// One role or both, joined with others.
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
    Ok((edge.map(|edge| Gateway::new(log, echo, edge.limits, &telemetry)), state, Some(connection)))
}

/// A database's kind, as OpenTelemetry names it.
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
