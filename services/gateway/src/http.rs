//! Levels over HTTP.

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;

use ghostlight_proto::{BadInput, LevelDetails, LevelsText, STALE_AFTER, Timing, etag, parse_etag, parse_levels};
use ghostlight_rig::{Change, ClientId, Key, Origin, Position, RigMap, RigName, Update};

use crate::hub::Hub;
use crate::outcome::Done;
use crate::problem::Refused;
use crate::request_span::{self, Request, Route};
use crate::{Gateway, body, query};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The rig that the path names; `main` where it names none.
pub(crate) struct RigPath(pub(crate) RigName);

impl<S: Send + Sync> FromRequestParts<S> for RigPath {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = Option::<Path<String>>::from_request_parts(parts, state).await;
        let path = path.map_err(|error| Refused::bad_input(error.body_text()))?;
        let Some(Path(name)) = path else { return Ok(Self(RigName::default())) };
        RigName::new(&name).map(Self).map_err(|error| Refused::bad_input(format!("{name:?}: {error}")))
    }
}

/// `GET /v1/rigs`.
pub(crate) async fn list(State(gateway): State<Gateway>) -> Result<Response, Refused> {
    let list = gateway.hubs.list().await?;
    Ok(([(header::CONTENT_TYPE, JSON)], list).into_response())
}

/// `GET /v1/rigs/{rig}/levels`: every dimmer's level, or what leaves the rig for it; or those of one dimmer. With `detail=1`,
/// who changed each level last and when.
pub(crate) async fn get_levels(
    State(gateway): State<Gateway>,
    RigPath(rig): RigPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let query = query.as_deref();
    let (output, detail) = (query::flag(query, "output")?, query::flag(query, "detail")?);
    let only = query::dimmer(query)?;
    read(&gateway, &rig, &headers, |map| {
        let slots = map.slots().levels.iter().filter(|(dimmer, _)| only.is_none_or(|only| only == **dimmer));
        let levels = slots.filter_map(|(dimmer, slot)| Some((*dimmer, slot.value?, slot)));
        let levels = levels.map(|(dimmer, level, slot)| {
            let level = if output { map.output(level) } else { level };
            (dimmer, level, slot)
        });
        if detail {
            return serde_json::to_vec(&LevelDetails(levels.collect()));
        }
        let levels: BTreeMap<_, _> = levels.map(|(dimmer, level, _)| (dimmer, level)).collect();
        serde_json::to_vec(&LevelsText(&levels))
    })
    .await
}

/// Answers with something of a rig's map, unless the client has the map that is there already.
pub(crate) async fn read(
    gateway: &Gateway,
    rig: &RigName,
    headers: &HeaderMap,
    write: impl FnOnce(&RigMap) -> serde_json::Result<Vec<u8>>,
) -> Result<Response, Refused> {
    let hub = gateway.hubs.get(rig).await?;
    let is_empty = hub.state().replica.map().is_empty();
    // An empty map may be that of a rig that nobody has made: only the state service knows.
    if is_empty && !gateway.hubs.is_made(rig).await? {
        return Err(Refused::not_found(format!("there is no rig {rig}: its first change makes it")));
    }
    // The map and its position are read under one lock: they belong together.
    let (position, text) = {
        let state = hub.state();
        let position = state.replica.position();
        let is_known = is_known(headers, |tag| parse_etag(tag) == Some(position));
        (position, (!is_known).then(|| write(state.replica.map()).unwrap_or_default()))
    };
    let mut response = match text {
        None => StatusCode::NOT_MODIFIED.into_response(),
        Some(text) => ([(header::CONTENT_TYPE, JSON)], text).into_response(),
    };
    response.headers_mut().insert(header::ETAG, header_value(etag(position)));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    mark_stale(&hub, response.headers_mut());
    Ok(response)
}

/// Whether the client has what it asks for already: it names a tag that is the one (RFC 9110, section 13.1.2).
pub(crate) fn is_known(headers: &HeaderMap, is_this: impl Fn(&str) -> bool) -> bool {
    let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    let mut tags = tags.flat_map(|tags| tags.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || is_this(tag.strip_prefix("W/").unwrap_or(tag)))
}

/// Says for how many seconds no state service was heard of, if that makes what is read stale.
fn mark_stale(hub: &Hub, headers: &mut HeaderMap) {
    if let Some(silence) = hub.latest().silence().filter(|silence| *silence >= STALE_AFTER) {
        headers.insert("ghostlight-stale", header_value(silence.as_secs().to_string()));
    }
}

/// `POST /`: a change of levels of the rig `main`.
pub(crate) async fn post_main(State(gateway): State<Gateway>, headers: HeaderMap, body: Body) -> Response {
    post(&gateway, ("POST", "/", "POST /"), RigName::default(), &headers, body).await
}

/// `POST /v1/rigs/{rig}/levels`: a change of levels.
pub(crate) async fn post_levels(
    State(gateway): State<Gateway>,
    RigPath(rig): RigPath,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let route = ("POST", "/v1/rigs/{rig}/levels", "POST /v1/rigs/{rig}/levels");
    post(&gateway, route, rig, &headers, body).await
}

async fn post(gateway: &Gateway, route: Route, rig: RigName, headers: &HeaderMap, body: Body) -> Response {
    request_span::answer(&gateway.instruments, route, headers, async |request| {
        let parse = |body: &[u8]| parse_levels(body).map(Update::from);
        let done = change(gateway, request, rig, headers, body, &["application/json"], parse).await?;
        let text = serde_json::to_vec(&LevelsText(&done.update.levels)).unwrap_or_default();
        Ok(answer(&done, text))
    })
    .await
}

/// Takes in what a request asks for, and waits for its outcome.
pub(crate) async fn change(
    gateway: &Gateway,
    request: &Request,
    rig: RigName,
    headers: &HeaderMap,
    body: Body,
    kinds: &[&str],
    parse: impl FnOnce(&[u8]) -> Result<Update, BadInput>,
) -> Result<Done, Refused> {
    if let Err(refused) = require_kind(headers, kinds) {
        body::linger(gateway, body);
        return Err(refused);
    }
    let body = body::read(gateway, body).await?;
    let update = parse(&body)?;
    let (origin, if_match, idempotency_key) = (origin(headers)?, if_match(headers)?, idempotency_key(headers)?);
    if gateway.stopping.is_over() {
        return Err(Refused::unavailable("the server is stopping"));
    }
    let hub = gateway.hubs.get(&rig).await?;
    let trace = request.received(&gateway.instruments);
    Ok(hub.queue.change(Change { update, origin, if_match, idempotency_key, trace }).await?)
}

/// The answer to a change that happened.
pub(crate) fn answer(done: &Done, text: Vec<u8>) -> Response {
    let mut response = ([(header::CONTENT_TYPE, JSON)], text).into_response();
    response.headers_mut().insert(header::ETAG, header_value(etag(done.position)));
    response.headers_mut().insert("server-timing", server_timing(done.timing));
    response
}

fn require_kind(headers: &HeaderMap, kinds: &[&str]) -> Result<(), Refused> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    let title = "The body's type is not understood; nothing happened";
    let detail = "send application/json: curl wants -H 'content-type: application/json', or --json";
    Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", title, detail))
}

/// A header that may come once: of two that differ, neither may be passed over.
fn only_one(headers: &HeaderMap, name: HeaderName) -> Result<Option<&HeaderValue>, Refused> {
    let mut values = headers.get_all(&name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Refused::bad_input(format!("{name} comes more than once"))),
        (value, None) => Ok(value),
    }
}

/// The position in `If-Match`. A `*` asks for nothing: a rig's map is always there.
fn if_match(headers: &HeaderMap) -> Result<Option<Position>, Refused> {
    match only_one(headers, header::IF_MATCH)?.map(HeaderValue::to_str) {
        None | Some(Ok("*")) => Ok(None),
        Some(Ok(tag)) if parse_etag(tag).is_some() => Ok(parse_etag(tag)),
        _ => Err(Refused::bad_input("If-Match is * or one ETag that this server gave, \"epoch-revision\"")),
    }
}

/// What the client calls itself in `Ghostlight-Client`, for others to see whose change it was. Its changes have no number.
fn origin(headers: &HeaderMap) -> Result<Option<Origin>, Refused> {
    let Some(client) = only_one(headers, HeaderName::from_static("ghostlight-client"))? else { return Ok(None) };
    let client = std::str::from_utf8(client.as_bytes()).ok().and_then(|client| ClientId::new(client).ok());
    let problem = "Ghostlight-Client is 1 to 64 characters of UTF-8, none of them a control character";
    client.map(|client| Some(Origin { client, seq: 0 })).ok_or_else(|| Refused::bad_input(problem))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<Key>, Refused> {
    let Some(key) = only_one(headers, HeaderName::from_static("idempotency-key"))? else { return Ok(None) };
    let key = key.to_str().map_err(|_| Refused::bad_input("Idempotency-Key is not visible ASCII"))?;
    Key::new(key).map(Some).map_err(|error| Refused::bad_input(error.to_string()))
}

/// The stages in milliseconds, as the Server-Timing draft of the W3C writes them.
fn server_timing(timing: Timing) -> HeaderValue {
    let [log, fold, echo] = timing.as_ms();
    header_value(format!("log;dur={log:.3}, fold;dur={fold:.3}, echo;dur={echo:.3}"))
}

/// What is written here is ASCII.
fn header_value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
