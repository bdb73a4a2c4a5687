//! Shared by the HTTP routes: the rig of a path, reading a rig's map, changing it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{BadInput, Code, STALE_AFTER, etag, parse_etag, without_byte_order_mark};
use ghostlight_rig::{Change, Item, RigMap, RigName};

use crate::cached_body;
use crate::headers::{
    Conditions, JSON, check_sent, conditions, header_value, idempotency_key, is_known, origin, require_type,
    server_timing,
};
use crate::hub::Hub;
use crate::outcome::Done;
use crate::refusal::Refusal;
use crate::request_span::Request;
use crate::subscription::Rendering;
use crate::{Gateway, body, query};

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

/// Responds with a rendering of a rig's map, which [`body`](cached_body::body) copies and writes, or with 304 if the client has
/// the map of this position.
pub(crate) async fn read<T>(
    gateway: &Gateway,
    rig: &RigName,
    headers: &HeaderMap,
    rendering: Option<Rendering>,
    copy: impl FnOnce(&RigMap) -> T,
    write: impl FnOnce(T) -> Vec<u8>,
) -> Result<Response, Refusal> {
    let hub = hub(gateway, rig, |hub| hub.state().replica.map().is_empty()).await?;
    let position = hub.latest().position;
    let (position, mut response) = if is_known(headers, |tag| parse_etag(tag) == Some(position)) {
        (position, StatusCode::NOT_MODIFIED.into_response())
    } else {
        let (position, text) = cached_body::body(&hub, rendering, copy, write).await;
        (position, ([(header::CONTENT_TYPE, JSON)], text).into_response())
    };
    response.headers_mut().insert(header::ETAG, header_value(etag(position)));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    mark_stale(&hub, response.headers_mut());
    Ok(response)
}

/// The hub of a rig that exists. A rig that `is_empty` may not exist: only the state service knows.
pub(crate) async fn hub(
    gateway: &Gateway,
    rig: &RigName,
    is_empty: impl FnOnce(&Hub) -> bool,
) -> Result<Arc<Hub>, Refusal> {
    let hub = gateway.hubs.get(rig).await?;
    if is_empty(&hub) && !gateway.hubs.is_made(rig).await? {
        return Err(gateway.hubs.no_such_rig(rig).await);
    }
    Ok(hub)
}

/// Adds `Ghostlight-Stale`, the seconds since a state service was last heard, if the map is stale.
pub(crate) fn mark_stale(hub: &Hub, headers: &mut HeaderMap) {
    if let Some(silence) = hub.latest().silence().filter(|silence| *silence >= STALE_AFTER) {
        headers.insert("ghostlight-stale", header_value(silence.as_secs().to_string()));
    }
}

/// Whether a change makes its rig.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MakesRig {
    Never,
    IfMissing,
}

impl MakesRig {
    /// What [`Change::if_made`] of a change to this rig has to be.
    pub(crate) fn if_made(self, rig: &RigName) -> Option<bool> {
        (self == Self::Never && *rig != RigName::default()).then_some(true)
    }
}

/// A request that changes a rig, without its body.
pub(crate) struct Asked {
    pub(crate) rig: RigName,
    /// With `create=1`, the change makes the rig if it does not exist.
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let RigPath(rig) = RigPath::from_request_parts(parts, state).await?;
        Ok(Self { rig, query: parts.uri.query().map(str::to_owned), headers: parts.headers.clone() })
    }
}

impl Asked {
    /// Whether the client states a condition.
    fn has_condition(&self) -> bool {
        [header::IF_MATCH, header::IF_NONE_MATCH].iter().any(|name| self.headers.contains_key(name))
    }
}

/// Queues the change in a request's body and waits for its outcome. `types` are the accepted media types.
pub(crate) async fn change(
    gateway: &Gateway,
    request: &Request,
    asked: &Asked,
    body: Body,
    types: &[&str],
    parse: impl FnOnce(&[u8]) -> Result<Change, BadInput>,
) -> Result<Done, Refusal> {
    if let Err(refusal) = require_type(&asked.headers, types) {
        body::linger(gateway, body);
        return Err(refusal);
    }
    let body = body::read(gateway, body, gateway.limits.message_bytes).await?;
    submit(gateway, request, asked, parse(without_byte_order_mark(&body))?).await
}

/// Queues a change and waits for its outcome. Its conditions and its origin are those in the headers.
///
/// A rig is made only if that is asked for, by `?create=1` or `If-None-Match: *`: a typo in a name must not make one, nor may a
/// console bring back a rig that was just removed. The default rig always exists. The fold decides, so that no other change
/// comes between.
pub(crate) async fn submit(
    gateway: &Gateway,
    request: &Request,
    asked: &Asked,
    change: Change,
) -> Result<Done, Refusal> {
    let change = conditioned(gateway, request, asked, change)?;
    queue(gateway, asked, change).await
}

/// Queues a change that has its conditions, and waits for its outcome.
pub(crate) async fn queue(gateway: &Gateway, asked: &Asked, change: Change) -> Result<Done, Refusal> {
    let asks_only_for_rig = asks_only_for_rig(asked, &change);
    let hub = gateway.hubs.get(&asked.rig).await?;
    match hub.queue.change(change).await {
        Err(refusal) if refusal.code() == Code::Changed && asks_only_for_rig => {
            Err(gateway.hubs.no_such_rig(&asked.rig).await)
        }
        outcome => outcome,
    }
}

/// A change with the conditions, the client, the key and the trace of a request that has come in time.
pub(crate) fn conditioned(
    gateway: &Gateway,
    request: &Request,
    Asked { rig, query, headers }: &Asked,
    change: Change,
) -> Result<Change, Refusal> {
    let (origin, idempotency_key) = (origin(headers)?, idempotency_key(headers)?);
    let Conditions { if_match, if_made } = conditions(headers)?;
    let create = query::flag(query.as_deref(), "create")?;
    check_sent(headers, gateway.limits.max_change_age)?;
    if gateway.stopping.is_over() {
        return Err(Refusal::is_stopping());
    }
    let trace = request.received(&gateway.instruments);
    let makes_rig = if create { MakesRig::IfMissing } else { MakesRig::Never };
    let if_made = if_made.or(makes_rig.if_made(rig));
    Ok(Change { origin, if_match, if_made, idempotency_key, trace, ..change })
}

/// Judges the conditions of a change that is not made, at the position of the map, as the fold would.
pub(crate) async fn judge(gateway: &Gateway, hub: &Hub, asked: &Asked, change: &Change) -> Result<(), Refusal> {
    let items = || change.update.items();
    if let Some(wanted) = change.if_made {
        let is_made = !hub.state().replica.map().is_empty() || gateway.hubs.is_made(&asked.rig).await?;
        if is_made != wanted && asks_only_for_rig(asked, change) {
            return Err(gateway.hubs.no_such_rig(&asked.rig).await);
        }
        if is_made != wanted {
            return Err(Refusal::changed(&items().collect::<Vec<_>>()));
        }
    }
    let Some(if_match) = change.if_match else { return Ok(()) };
    let state = hub.state();
    let (map, position) = (state.replica.map(), state.replica.position());
    let is_comparable = if_match.epoch == position.epoch && if_match <= position;
    let has_changed = |item: &Item| !is_comparable || map.changed_after(item, if_match.revision);
    let changed: Vec<_> = items().filter(has_changed).collect();
    if changed.is_empty() { Ok(()) } else { Err(Refusal::changed(&changed)) }
}

/// Whether the only condition is that the rig has been made. The parts of a dictionary have shown that it is.
fn asks_only_for_rig(asked: &Asked, change: &Change) -> bool {
    change.if_made == Some(true) && change.dictionary.is_none() && !asked.has_condition()
}

/// The answer to a change that happened.
pub(crate) fn answer(done: &Done, text: Vec<u8>) -> Response {
    with_outcome(([(header::CONTENT_TYPE, JSON)], text).into_response(), done)
}

/// The response to a change that happened, with its position and the time that it took.
pub(crate) fn with_outcome(mut response: Response, done: &Done) -> Response {
    response.headers_mut().insert(header::ETAG, header_value(etag(done.position)));
    response.headers_mut().insert("server-timing", server_timing(done.timing));
    response
}
