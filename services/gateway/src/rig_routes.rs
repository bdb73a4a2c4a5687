//! A whole rig over HTTP: its levels, labels, grand master and blackout, and its connected consoles.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{ChangeText, StateText, encode_consoles, parse_update, with_output};

use ghostlight_rig::{Levels, RigMap, State as Items};

use crate::cached_body::Rendering;
use crate::headers::JSON;
use crate::http::{self, RigPath};
use crate::refusal::Refusal;
use crate::{Gateway, query, request_span};

/// `GET /v1/rigs/{rig}`: all items of the kinds in `?kinds=`.
pub(crate) async fn get(
    State(gateway): State<Gateway>,
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
pub(crate) async fn patch(
    State(gateway): State<Gateway>,
    RigPath(rig): RigPath,
    headers: HeaderMap,
    body: Body,
) -> Response {
    const TYPES: [&str; 2] = ["application/json", "application/merge-patch+json"];
    let route = ("PATCH", "/v1/rigs/{rig}", "PATCH /v1/rigs/{rig}");
    request_span::answer(&gateway.instruments, route, &headers, async |request| {
        let done = http::change(&gateway, request, rig, &headers, body, &TYPES, parse_update).await?;
        let text = serde_json::to_vec(&ChangeText(&done.update)).expect("a change is JSON");
        Ok(http::answer(&done, text))
    })
    .await
}

/// `GET /v1/rigs/{rig}/consoles`: the connected consoles.
pub(crate) async fn consoles(State(gateway): State<Gateway>, RigPath(rig): RigPath) -> Result<Response, Refusal> {
    let hub = gateway.hubs.get(&rig).await?;
    let shown = hub.presence.watch().borrow().clone();
    let no_cache = HeaderValue::from_static("no-cache");
    Ok(([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, no_cache)], encode_consoles(&shown.roster))
        .into_response())
}
