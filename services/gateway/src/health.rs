//! Health: whether the process runs, and whether it does its work.

use axum::extract::State;
use axum::http::StatusCode;

use crate::Gateway;
use crate::problem::Refused;

/// `GET /healthz`: the process runs.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: a state service was heard of lately, and the log takes what is appended. That is tried out, not
/// assumed: an empty change to `main` goes the whole way.
pub(crate) async fn ready(State(gateway): State<Gateway>) -> Result<(StatusCode, &'static str), Refused> {
    if gateway.closing.is_cancelled() {
        return Err(Refused::unavailable("the server is stopping"));
    }
    if !gateway.hubs.is_live().await {
        return Err(Refused::unavailable("no state service has been heard of for three seconds"));
    }
    gateway.canary().await?;
    Ok((StatusCode::OK, "ready\n"))
}
