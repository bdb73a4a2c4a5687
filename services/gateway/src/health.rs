//! Health: whether the process runs, and whether it does its work.

use std::time::Duration;

use axum::extract::State;
use ghostlight_proto::Code;

use crate::Gateway;
use crate::refusal::Refusal;

/// How long the log may take to take an empty change. A change may take longer; who asks whether changes go through does
/// not wait for that, and is to hear why they do not.
const CANARY_TIMEOUT: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process runs.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: a state service was heard of lately, and the log takes what is appended. That is tried out, not
/// assumed: an empty change to `main` goes the whole way. Of several partitions it tells how that of `main` works: a
/// gateway that serves most rigs is not to be taken from the consoles because one partition is away.
pub(crate) async fn ready(State(gateway): State<Gateway>) -> Result<&'static str, Refusal> {
    gateway.ready().await.map_err(Refusal::unavailable)?;
    Ok("ready\n")
}

impl Gateway {
    /// Whether a state service was heard of lately, and the log takes what is appended.
    ///
    /// # Errors
    /// Why not.
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
