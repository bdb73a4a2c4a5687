//! Health: whether the process runs, and whether it does its work.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use ghostlight_proto::Code;
use ghostlight_rig::{Change, RigName};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::Gateway;
use crate::refusal::Refusal;

/// How long the log may take for an empty change. A real change may take longer, but a readiness probe must not wait
/// that long: it must hear why changes do not go through.
const CANARY_TIMEOUT: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process runs.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: a state service was heard lately, and the log accepts appends. To test the log, it sends an empty
/// change to `main` the whole way. With several partitions it checks only the one of `main`: a gateway that serves most
/// rigs must not lose its consoles because one partition is down.
pub(crate) async fn ready(State(gateway): State<Arc<Gateway>>) -> Result<&'static str, Refusal> {
    gateway.ready().await.map_err(Refusal::unavailable)?;
    Ok("ready\n")
}

/// How long an empty change that went through counts: whoever asks for readiness must not cost a write to the disk each time.
const CANARY_INTERVAL: Duration = Duration::from_secs(1);

/// The last empty change: when its outcome was known, and the outcome.
#[derive(Debug, Default)]
pub(crate) struct Canary(Mutex<Option<(Instant, Result<(), String>)>>);

impl Canary {
    /// The outcome of `check`, or the last one. Who asks while another checks gets the other's outcome. After that, a success
    /// counts for [`CANARY_INTERVAL`], and a failure does not count, so that the end of an outage is noticed at once.
    async fn outcome(&self, check: impl Future<Output = Result<(), String>>) -> Result<(), String> {
        let asked = Instant::now();
        let mut last = self.0.lock().await;
        if let Some((at, outcome)) = &*last
            && (*at > asked || (outcome.is_ok() && at.elapsed() < CANARY_INTERVAL))
        {
            return outcome.clone();
        }
        let outcome = check.await;
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

impl Gateway {
    /// Checks that a state service was heard lately and that the log accepts appends.
    ///
    /// # Errors
    /// The reason, if the gateway is not ready.
    pub async fn ready(&self) -> Result<(), String> {
        if self.stopping.has_begun() {
            return Err("the server is stopping".to_owned());
        }
        if !self.hubs.is_live().await {
            return Err("no state service has been heard of for three seconds".to_owned());
        }
        self.canary.outcome(self.append_nothing()).await
    }

    /// Sends an empty change to `main` the whole way.
    async fn append_nothing(&self) -> Result<(), String> {
        let appending = async {
            let hub = self.hubs.get(&RigName::default()).await?;
            hub.queue.change(Change::default()).await
        };
        match tokio::time::timeout(CANARY_TIMEOUT, appending).await {
            Ok(Ok(_)) => Ok(()),
            Err(_) => Err("the log does not answer in time".to_owned()),
            Ok(Err(refusal)) => Err(match refusal.code() {
                Code::Unavailable => refusal.detail().to_owned(),
                Code::UnknownOutcome => "the log does not answer in time".to_owned(),
                _ => "the log refuses what is appended".to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_who_ask_at_once_share_one_empty_change_and_a_success_counts_for_a_second() {
        let (canary, sent) = (Canary::default(), AtomicU32::new(0));
        let check = async || {
            tokio::time::sleep(Duration::from_millis(10)).await;
            match sent.fetch_add(1, Ordering::Relaxed) {
                1 => Err("the disk is full".to_owned()),
                _ => Ok(()),
            }
        };
        let many = async || join_all((0..100).map(|_| canary.outcome(check()))).await;
        assert_eq!(many().await, vec![Ok(()); 100]);
        assert_eq!((many().await, sent.load(Ordering::Relaxed)), (vec![Ok(()); 100], 1));
        tokio::time::sleep(CANARY_INTERVAL).await;
        assert_eq!(many().await, vec![Err("the disk is full".to_owned()); 100]);
        assert_eq!(many().await, vec![Ok(()); 100], "the end of an outage is noticed at once");
        assert_eq!(sent.into_inner(), 3);
    }
}
