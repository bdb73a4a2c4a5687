//! A state service that joins others: it waits for NATS and for its store, and says what it waits for.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ghostlight_bus::{Echo, Log, LogError};
use ghostlight_rig::{Partition, Position};
use ghostlight_state::{Instruments, Parts, StartError, StateService};
use ghostlight_store::{Durability, OpenError, Store};
use ghostlight_telemetry::metrics::StateMetrics;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::config::{Keeper, ServerError};

/// The pauses between attempts: 50 to 100 ms, in the end 1 to 2 s. Jitter adds up to as much again, so that many that wait for
/// the same server do not ask all at once.
const RETRY: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(1))
    .with_jitter()
    .without_max_times();

/// Where a state service stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The log's position that it has got to.
    pub position: Position,
    /// How many rigs there are.
    pub rigs: usize,
    /// How many dimmers with a level.
    pub dimmers: usize,
}

impl Standing {
    pub(crate) fn of(state: &StateService) -> Self {
        let rigs = state.rigs();
        Self {
            position: rigs.position(),
            rigs: rigs.count(),
            dimmers: rigs.iter().map(|(_, rig)| rig.map().len()).sum(),
        }
    }
}

/// What a state service that joins others is made from.
pub(crate) struct Waits {
    pub(crate) keeper: Keeper,
    pub(crate) partition: Partition,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) echo: Arc<dyn Echo>,
    pub(crate) instruments: Instruments,
    /// Others see there what it waits for.
    pub(crate) awaits: Awaits,
}

/// What it says before it knows of anything that is missing.
const STARTS: &str = "the state service starts";

/// What a state service waits for, or whether it stands.
#[derive(Clone, Debug)]
pub(crate) struct Awaits {
    /// `None` once it has started.
    why: Arc<Mutex<Option<String>>>,
    metrics: StateMetrics,
}

impl Awaits {
    /// It waits, and is seen by what it counts once it has started.
    pub(crate) fn new(metrics: StateMetrics) -> Self {
        Self { why: Arc::new(Mutex::new(Some(STARTS.to_owned()))), metrics }
    }

    fn set(&self, why: Option<&str>) {
        *self.why.lock() = why.map(str::to_owned);
    }

    /// Whether gateways hear of it, and how far it is; otherwise why not.
    pub(crate) fn ready(&self) -> Result<String, String> {
        if let Some(why) = &*self.why.lock() {
            return Err(format!("waiting: {why}"));
        }
        if self.metrics.speaking.get() == 0 {
            return Err("the state service has not caught up with the log".to_owned());
        }
        match self.metrics.store_lag.waited() {
            lag if lag < LAG_TOLERANCE => Ok("ready".to_owned()),
            lag => Ok(format!(
                "ready; the store has been behind for {} s, and the log keeps what it misses",
                lag.as_secs()
            )),
        }
    }
}

/// A store that is further behind than that is worth a word.
const LAG_TOLERANCE: Duration = Duration::from_secs(2);

/// Runs a state service as soon as what it needs is there.
///
/// # Errors
/// [`ServerError`] if waiting does not help.
pub(crate) async fn keep(
    Waits { keeper, partition, log, echo, instruments, awaits }: Waits,
    shutdown: CancellationToken,
    ready: oneshot::Sender<Standing>,
) -> Result<(), ServerError> {
    let Keeper { store: url, durability, most_rigs } = &keeper;
    let Some(store) = patiently(&shutdown, &awaits, || open(url.clone(), *durability).boxed()).await? else {
        return Ok(());
    };
    awaits.set(Some(STARTS));
    let parts = Parts { log, echo, store: store.clone(), most_rigs: *most_rigs, partition, instruments };
    let started = patiently(&shutdown, &awaits, || start(url.clone(), parts.clone()).boxed()).await;
    if let Ok(Some(state)) = started {
        awaits.set(None);
        // Nobody may want to know.
        let _ = ready.send(Standing::of(&state));
        let ran = state.run(shutdown).await;
        store.close().await;
        return ran.map_err(|cause| ServerError::Superseded { store: ghostlight_url::redacted(url), cause });
    }
    store.close().await;
    started.map(drop)
}

async fn open(url: String, durability: Durability) -> Result<Arc<dyn Store>, Tried> {
    ghostlight_store::open(&url, durability).await.map_err(|error| match error {
        OpenError::Url(_) | OpenError::Settings { .. } => Tried::Never(error.into()),
        error => Tried::Later(error.to_string()),
    })
}

async fn start(url: String, parts: Parts) -> Result<StateService, Tried> {
    StateService::start(parts).await.map_err(|cause| match cause {
        StartError::Foreign { .. } => Tried::Never(ServerError::Start { store: ghostlight_url::redacted(&url), cause }),
        StartError::Log(LogError::Unfit(_) | LogError::Foreign(_)) => {
            Tried::Never(ServerError::Start { store: "--bus".into(), cause })
        }
        cause => Tried::Later(cause.to_string()),
    })
}

/// Why a try failed.
enum Tried {
    Later(String),
    Never(ServerError),
}

/// Tries until it works, until it cannot, or until shutdown: then there is nothing.
async fn patiently<T>(
    shutdown: &CancellationToken,
    awaits: &Awaits,
    mut attempt: impl FnMut() -> BoxFuture<'static, Result<T, Tried>>,
) -> Result<Option<T>, ServerError> {
    let mut pauses = RETRY.build();
    let mut told = String::new();
    loop {
        let Some(tried) = shutdown.run_until_cancelled(attempt()).await else { return Ok(None) };
        match tried {
            Ok(there) => return Ok(Some(there)),
            Err(Tried::Never(error)) => return Err(error),
            Err(Tried::Later(why)) if why != told => {
                tracing::warn!(%why, "waiting");
                awaits.set(Some(&why));
                told = why;
            }
            Err(Tried::Later(_)) => {}
        }
        let pause = pauses.next().expect("attempts have no end");
        if shutdown.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return Ok(None);
        }
    }
}
