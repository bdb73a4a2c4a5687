//! The whole of a rig over HTTP: levels, labels, grand master and blackout; and who is connected to it.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{StateText, UpdateText, encode_consoles, parse_update};

use crate::Gateway;
use crate::http::{self, JSON, RigPath, Shows};
use crate::problem::Refused;
use crate::request_span;

/// `GET /v1/rigs/{rig}`: all that it holds.
pub(crate) async fn get(
    State(gateway): State<Gateway>,
    RigPath(rig): RigPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let shows = Shows::asked(query.as_deref())?;
    http::read(&gateway, &rig, &headers, |map| {
        let output = (shows == Shows::Output).then(|| map.outputs().collect());
        serde_json::to_vec(&StateText::new(&map.state(), output.as_ref()))
    })
    .await
}

/// `PATCH /v1/rigs/{rig}`: a change of any of it, as a merge patch (RFC 7396).
pub(crate) async fn patch(
    State(gateway): State<Gateway>,
    RigPath(rig): RigPath,
    headers: HeaderMap,
    body: Body,
) -> Response {
    const KINDS: [&str; 2] = ["application/json", "application/merge-patch+json"];
    let route = ("PATCH", "/v1/rigs/{rig}", "PATCH /v1/rigs/{rig}");
    request_span::answer(&gateway.instruments, route, &headers, async |request| {
        let done = http::change(&gateway, request, rig, &headers, body, &KINDS, parse_update).await?;
        let text = serde_json::to_vec(&UpdateText::from(&done.update)).unwrap_or_default();
        Ok(http::answer(&done, text))
    })
    .await
}

/// `GET /v1/rigs/{rig}/consoles`: who is connected.
pub(crate) async fn consoles(State(gateway): State<Gateway>, RigPath(rig): RigPath) -> Result<Response, Refused> {
    let hub = gateway.hubs.get(&rig).await?;
    let shown = hub.presence.watch().borrow().clone();
    let no_cache = HeaderValue::from_static("no-cache");
    Ok(([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, no_cache)], encode_consoles(&shown.roster))
        .into_response())
}
