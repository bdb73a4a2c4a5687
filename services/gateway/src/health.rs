//! Health: whether the process runs, and whether it does its work.

use std::time::Duration;

use axum::extract::State;
use ghostlight_proto::Code;

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
pub(crate) async fn ready(State(gateway): State<Gateway>) -> Result<&'static str, Refusal> {
    gateway.ready().await.map_err(Refusal::unavailable)?;
    Ok("ready\n")
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
        match tokio::time::timeout(CANARY_TIMEOUT, self.canary()).await {
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
