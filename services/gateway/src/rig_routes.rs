//! A whole rig over HTTP: its levels, labels, grand master and blackout, and its connected consoles.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{ChangeText, StateText, encode_consoles, parse_state, parse_update, with_output};
use ghostlight_rig::{Action, Change};

use ghostlight_rig::{Levels, RigMap, State as Items};

use crate::headers::JSON;
use crate::http::{self, Asked, RigPath};
use crate::outcome::Done;
use crate::refusal::Refusal;
use crate::subscription::Rendering;
use crate::{Gateway, query, request_span};

/// `GET /v1/rigs/{rig}`: all items of the kinds in `?kinds=`.
pub(crate) async fn get(
    State(gateway): State<Arc<Gateway>>,
    RigPath(rig): RigPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = query.as_deref();
    let (output, kinds) = (query::flag(query, "output")?, query::kinds(query)?);
    let copy = |map: &RigMap| {
        let outputs = || map.outputs().map(|(dimmer, level)| (dimmer, Some(level))).collect::<Levels>();
        (map.slots().state(kinds), output.then(outputs))
    };
    let write = |(state, outputs): (Items, Option<Levels>)| {
        let text = serde_json::to_string(&StateText { state: &state, kinds }).expect("a state is JSON");
        match outputs {
            Some(outputs) => with_output(&text, &outputs).into_bytes(),
            None => text.into_bytes(),
        }
    };
    http::read(&gateway, &rig, &headers, Some(Rendering::Rig { output, kinds }), copy, write).await
}

/// `PATCH /v1/rigs/{rig}`: changes items of any kind, as a merge patch (RFC 7396).
pub(crate) async fn patch(State(gateway): State<Arc<Gateway>>, asked: Asked, body: Body) -> Response {
    const TYPES: [&str; 2] = ["application/json", "application/merge-patch+json"];
    let route = ("PATCH", "/v1/rigs/{rig}", "PATCH /v1/rigs/{rig}");
    request_span::answer(&gateway.instruments, route, &asked.headers, async |request| {
        let parse = |body: &[u8]| parse_update(body).map(Change::from);
        let done = http::change(&gateway, request, &asked, body, &TYPES, parse).await?;
        Ok(changed(&done))
    })
    .await
}

/// `PUT /v1/rigs/{rig}`: makes the rig exactly this, in the kinds in `?kinds=` and those in the body. What `GET` answers to the
/// same query leaves the rig as it was then.
pub(crate) async fn put(State(gateway): State<Arc<Gateway>>, asked: Asked, body: Body) -> Response {
    let route = ("PUT", "/v1/rigs/{rig}", "PUT /v1/rigs/{rig}");
    request_span::answer(&gateway.instruments, route, &asked.headers, async |request| {
        let named = query::kinds(asked.query.as_deref())?;
        let parse = |body: &[u8]| {
            let (update, in_body) = parse_state(body)?;
            Ok(Change { action: Action::Replace(named.or(in_body)), ..update.into() })
        };
        let done = http::change(&gateway, request, &asked, body, &["application/json"], parse).await?;
        Ok(changed(&done))
    })
    .await
}

/// `DELETE /v1/rigs/{rig}`: removes the rig.
pub(crate) async fn delete(State(gateway): State<Arc<Gateway>>, asked: Asked) -> Response {
    let route = ("DELETE", "/v1/rigs/{rig}", "DELETE /v1/rigs/{rig}");
    let asked = Asked { query: None, ..asked };
    request_span::answer(&gateway.instruments, route, &asked.headers, async |request| {
        if asked.headers.contains_key("idempotency-key") {
            let detail = "a removed rig remembers no Idempotency-Key; with If-Match, it is safe to repeat";
            return Err(Refusal::bad_input(detail));
        }
        let removal = Change { action: Action::Remove, ..Change::default() };
        let done = http::submit(&gateway, request, &asked, removal).await?;
        Ok(http::with_outcome(StatusCode::NO_CONTENT.into_response(), &done))
    })
    .await
}

fn changed(done: &Done) -> Response {
    http::answer(done, serde_json::to_vec(&ChangeText(&done.update)).expect("a change is JSON"))
}

/// `GET /v1/rigs/{rig}/consoles`: the connected consoles.
pub(crate) async fn consoles(State(gateway): State<Arc<Gateway>>, RigPath(rig): RigPath) -> Result<Response, Refusal> {
    let hub = gateway.hubs.get(&rig).await?;
    let shown = hub.presence.watch().borrow().clone();
    let no_cache = HeaderValue::from_static("no-cache");
    Ok(([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, no_cache)], encode_consoles(&shown.roster))
        .into_response())
}
