//! The levels of a rig over HTTP, and the list of rigs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{LevelDetails, LevelsText, parse_levels};
use ghostlight_rig::{Change, Dimmer, Level, RigMap, Slot};

use crate::headers::JSON;
use crate::http::{self, Asked, RigPath};
use crate::refusal::Refusal;
use crate::request_span::{self, Route};
use crate::subscription::Rendering;
use crate::{Gateway, query};

/// `GET /v1/rigs`.
pub(crate) async fn list_rigs(State(gateway): State<Arc<Gateway>>) -> Result<Response, Refusal> {
    let list = gateway.hubs.list().await?;
    Ok(([(header::CONTENT_TYPE, JSON)], list).into_response())
}

/// `GET /v1/rigs/{rig}/levels`: the level of every dimmer or of one, or with `output=1` its output. With `detail=1`,
/// also who changed each level last and when.
pub(crate) async fn get_levels(
    State(gateway): State<Arc<Gateway>>,
    RigPath(rig): RigPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = query.as_deref();
    let (output, detail) = (query::flag(query, "output")?, query::flag(query, "detail")?);
    let only = query::dimmer(query)?;
    let copy = |map: &RigMap| {
        let all = &map.slots().levels;
        let slots = match only {
            Some(dimmer) => all.range(dimmer..=dimmer),
            None => all.range(..),
        };
        let levels = slots.filter_map(|(dimmer, slot)| Some((*dimmer, slot.value?, slot.clone())));
        let shown = |level| if output { map.output(level) } else { level };
        levels.map(|(dimmer, level, slot)| (dimmer, shown(level), slot)).collect::<Vec<_>>()
    };
    let write = |levels: Vec<(Dimmer, Level, Slot<Level>)>| {
        let levels = levels.iter().map(|(dimmer, level, slot)| (*dimmer, *level, slot));
        if detail {
            return serde_json::to_vec(&LevelDetails(levels.collect())).expect("details are JSON");
        }
        let levels: BTreeMap<_, _> = levels.map(|(dimmer, level, _)| (dimmer, level)).collect();
        serde_json::to_vec(&LevelsText(&levels)).expect("levels are JSON")
    };
    let rendering = only.is_none().then_some(Rendering::Levels { output, detail });
    http::read(&gateway, &rig, &headers, rendering, copy, write).await
}

/// `POST /`: changes levels of the rig `main`.
pub(crate) async fn post_main(State(gateway): State<Arc<Gateway>>, asked: Asked, body: Body) -> Response {
    post(&gateway, ("POST", "/", "POST /"), &Asked { query: None, ..asked }, body).await
}

/// `POST /v1/rigs/{rig}/levels`: changes levels.
pub(crate) async fn post_levels(State(gateway): State<Arc<Gateway>>, asked: Asked, body: Body) -> Response {
    let route = ("POST", "/v1/rigs/{rig}/levels", "POST /v1/rigs/{rig}/levels");
    post(&gateway, route, &asked, body).await
}

async fn post(gateway: &Gateway, route: Route, asked: &Asked, body: Body) -> Response {
    request_span::answer(&gateway.instruments, route, &asked.headers, async |request| {
        let parse = |body: &[u8]| parse_levels(body).map(Change::from);
        let done = http::change(gateway, request, asked, body, &["application/json"], parse).await?;
        let text = serde_json::to_vec(&LevelsText(&done.update.levels)).expect("levels are JSON");
        Ok(http::answer(&done, text))
    })
    .await
}
