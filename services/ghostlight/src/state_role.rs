//! A state service that joins others: it waits for NATS and for its store, and reports what it waits for.

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

/// The pauses between attempts: 50 to 100 ms at first, 1 to 2 s in the end. Jitter adds up to the same again, so that
/// many processes that wait for the same server do not ask at once.
const RETRY: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(1))
    .with_jitter()
    .without_max_times();

/// The progress of a state service.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The position of the log that it has reached.
    pub position: Position,
    /// The number of its rigs.
    pub rigs: usize,
    /// The number of dimmers with a level, in all rigs.
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

/// The parts of a state service that joins others.
pub(crate) struct Waits {
    pub(crate) keeper: Keeper,
    pub(crate) partition: Partition,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) echo: Arc<dyn Echo>,
    pub(crate) instruments: Instruments,
    /// Reports what it waits for.
    pub(crate) awaits: Awaits,
}

/// The reason to wait before anything is known to be missing.
const STARTS: &str = "the state service starts";

/// What a state service waits for, for readiness.
#[derive(Clone, Debug)]
pub(crate) struct Awaits {
    /// `None` once it has started.
    why: Arc<Mutex<Option<String>>>,
    metrics: StateMetrics,
}

impl Awaits {
    /// A state service that waits. Once it has started, readiness depends on its metrics.
    pub(crate) fn new(metrics: StateMetrics) -> Self {
        Self { why: Arc::new(Mutex::new(Some(STARTS.to_owned()))), metrics }
    }

    fn set(&self, why: Option<&str>) {
        *self.why.lock() = why.map(str::to_owned);
    }

    /// Ready if it announces to gateways, with a remark if its store is behind; otherwise the reason.
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

/// A store that has been behind for less than this is not mentioned.
const LAG_TOLERANCE: Duration = Duration::from_secs(2);

/// Starts a state service as soon as everything that it needs is available, and runs it.
///
/// # Errors
/// [`ServerError`] for an error that waiting does not resolve.
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
        // The receiver may be gone.
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

/// How an attempt failed: to be tried again, or for good.
enum Tried {
    Later(String),
    Never(ServerError),
}

/// Repeats an attempt until it succeeds or fails for good; `None` if shutdown comes first.
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
