//! Shared by the HTTP routes: the rig of a path, reading a rig's map, changing it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{BadInput, STALE_AFTER, etag, parse_etag};
use ghostlight_rig::{Change, Position, RigMap, RigName, Update};

use crate::headers::{
    Conditions, JSON, check_sent, conditions, header_value, idempotency_key, is_known, origin, require_type,
    server_timing,
};
use crate::hub::Hub;
use crate::outcome::Done;
use crate::refusal::Refusal;
use crate::request_span::Request;
use crate::{Gateway, body};

/// The rig in the path; `main` if the path names none.
pub(crate) struct RigPath(pub(crate) RigName);

impl<S: Send + Sync> FromRequestParts<S> for RigPath {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Option::<Path<String>>::from_request_parts(parts, state).await;
        let path = path.map_err(|error| Refusal::bad_input(error.body_text()))?;
        let Some(Path(name)) = path else { return Ok(Self(RigName::default())) };
        RigName::new(&name).map(Self).map_err(|error| Refusal::bad_input(format!("{name:?}: {error}")))
    }
}

/// Responds with the text that `write` makes of a rig's map, or with 304 if the client has the map of this position.
pub(crate) async fn read(
    gateway: &Gateway,
    rig: &RigName,
    headers: &HeaderMap,
    write: impl FnOnce(&RigMap) -> Vec<u8>,
) -> Result<Response, Refusal> {
    let (hub, position, text) = take(gateway, rig, headers, write).await?;
    Ok(shown(&hub, position, text))
}

/// What `take` takes of a rig's map, and the map's position; nothing if the client has the map of this position.
pub(crate) async fn take<T>(
    gateway: &Gateway,
    rig: &RigName,
    headers: &HeaderMap,
    take: impl FnOnce(&RigMap) -> T,
) -> Result<(Arc<Hub>, Position, Option<T>), Refusal> {
    let hub = hub(gateway, rig, |hub| hub.state().replica.map().is_empty()).await?;
    // The map and its position are read under one lock, so that they agree.
    let (position, taken) = {
        let state = hub.state();
        let position = state.replica.position();
        let is_known = is_known(headers, |tag| parse_etag(tag) == Some(position));
        (position, (!is_known).then(|| take(state.replica.map())))
    };
    Ok((hub, position, taken))
}

/// The response with the text of a rig's map at a position; 304 without a text.
pub(crate) fn shown(hub: &Hub, position: Position, text: Option<Vec<u8>>) -> Response {
    let mut response = match text {
        None => StatusCode::NOT_MODIFIED.into_response(),
        Some(text) => ([(header::CONTENT_TYPE, JSON)], text).into_response(),
    };
    response.headers_mut().insert(header::ETAG, header_value(etag(position)));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    mark_stale(hub, response.headers_mut());
    response
}

/// The hub of a rig that exists. A rig that `is_empty` may not exist: only the state service knows.
pub(crate) async fn hub(
    gateway: &Gateway,
    rig: &RigName,
    is_empty: impl FnOnce(&Hub) -> bool,
) -> Result<Arc<Hub>, Refusal> {
    let hub = gateway.hubs.get(rig).await?;
    if is_empty(&hub) && !gateway.hubs.is_made(rig).await? {
        return Err(Refusal::not_found(format!("there is no rig {rig}; its first change creates it")));
    }
    Ok(hub)
}

/// Adds `Ghostlight-Stale`, the seconds since a state service was last heard, if the map is stale.
pub(crate) fn mark_stale(hub: &Hub, headers: &mut HeaderMap) {
    if let Some(silence) = hub.latest().silence().filter(|silence| *silence >= STALE_AFTER) {
        headers.insert("ghostlight-stale", header_value(silence.as_secs().to_string()));
    }
}

/// Queues the change in a request's body and waits for its outcome. `types` are the accepted media types.
pub(crate) async fn change(
    gateway: &Gateway,
    request: &Request,
    rig: RigName,
    headers: &HeaderMap,
    body: Body,
    types: &[&str],
    parse: impl FnOnce(&[u8]) -> Result<Update, BadInput>,
) -> Result<Done, Refusal> {
    if let Err(refusal) = require_type(headers, types) {
        body::linger(gateway, body);
        return Err(refusal);
    }
    let body = body::read(gateway, body, gateway.limits.message_bytes).await?;
    ask(gateway, request, rig, headers, parse(&body)?.into()).await
}

/// Queues a change with the conditions, the client and the key of a request, and waits for its outcome.
pub(crate) async fn ask(
    gateway: &Gateway,
    request: &Request,
    rig: RigName,
    headers: &HeaderMap,
    change: Change,
) -> Result<Done, Refusal> {
    let change = asked(gateway, request, headers, change)?;
    let hub = gateway.hubs.get(&rig).await?;
    hub.queue.change(change).await
}

/// A change with the conditions, the client, the key and the trace of a request that has come in time.
pub(crate) fn asked(
    gateway: &Gateway,
    request: &Request,
    headers: &HeaderMap,
    change: Change,
) -> Result<Change, Refusal> {
    let (origin, idempotency_key) = (origin(headers)?, idempotency_key(headers)?);
    let Conditions { if_match, if_made } = conditions(headers)?;
    check_sent(headers, gateway.limits.max_change_age)?;
    if gateway.stopping.is_over() {
        return Err(Refusal::is_stopping());
    }
    let trace = request.received(&gateway.instruments);
    Ok(Change { origin, if_match, if_made, idempotency_key, trace, ..change })
}

/// The answer to a change that happened.
pub(crate) fn answer(done: &Done, text: Vec<u8>) -> Response {
    let mut response = ([(header::CONTENT_TYPE, JSON)], text).into_response();
    response.headers_mut().insert(header::ETAG, header_value(etag(done.position)));
    response.headers_mut().insert("server-timing", server_timing(done.timing));
    response
}
