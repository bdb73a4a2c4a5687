//! Texts of commands: a text is understood against the rig's map and words, and changes the rig once.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ghostlight_command::{Context, Selection, Understood, understand};
use ghostlight_proto::{Say, SayAnswer, Timing, without_byte_order_mark};
use ghostlight_rig::{Change, Position, Said};

use crate::headers::{is_of_type, require_type};
use crate::http::{self, Asked, RigPath};
use crate::hub::Hub;
use crate::outcome::Done;
use crate::refusal::Refusal;
use crate::request_span::{self, Request};
use crate::undo_routes::{StepBack, step_back};
use crate::{Gateway, body, query};

/// `POST /v1/rigs/{rig}/say`: as JSON, or as `text/plain` with `selection=` and `dry_run=` in the query.
pub(crate) async fn post(
    State(gateway): State<Arc<Gateway>>,
    RigPath(rig): RigPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let route = ("POST", "/v1/rigs/{rig}/say", "POST /v1/rigs/{rig}/say");
    request_span::answer(&gateway.instruments, route, &headers, async |request| {
        if let Err(refusal) = require_type(&headers, &["application/json", "text/plain"]) {
            body::linger(&gateway, body);
            return Err(refusal);
        }
        let body = body::read(&gateway, body, gateway.limits.message_bytes).await?;
        let said = if is_of_type(&headers, &["text/plain"]) {
            let (query, text) = (query.as_deref(), body::text(without_byte_order_mark(&body))?.into());
            Say { text, selection: query::text(query, "selection"), dry_run: query::flag(query, "dry_run")? }
        } else {
            Say::parse(without_byte_order_mark(&body))?
        };
        say(&gateway, request, Asked { rig, query: query.as_deref(), headers: &headers }, said).await
    })
    .await
}

/// Understands a text, changes the rig, and answers what was understood.
async fn say(
    gateway: &Gateway,
    request: &Request,
    asked: Asked<'_>,
    Say { text, selection, dry_run }: Say<'_>,
) -> Result<Response, Refusal> {
    let last: Option<Selection> = selection
        .as_deref()
        .map(|selection| selection.parse().map_err(|error| Refusal::bad_input(format!("selection: {error}"))))
        .transpose()?;
    let hub = gateway.hubs.get(&asked.rig).await?;
    let (understood, position) = understood(&hub, &text, last.as_ref())?;
    if let Some(reverse) = understood.reverse {
        return step_back(gateway, request, asked, StepBack { reverse, text: &text, dry_run }).await;
    }
    let changes_nothing = dry_run || understood.update.is_empty();
    let done = if changes_nothing {
        Done { position, update: understood.update, timing: Timing::default(), is_repeated: false }
    } else {
        let said = Some(Said { text: text.clone().into_owned(), selection });
        http::submit(gateway, request, asked, Change { said, ..understood.update.into() }).await?
    };
    // The notes are about levels that a repeat did not set.
    let notes: Vec<_> =
        if done.is_repeated { Vec::new() } else { understood.notes.iter().map(ToString::to_string).collect() };
    let selection = understood.selection.map(|selection| selection.to_string());
    let answer = SayAnswer {
        text: &text,
        understood: &understood.sentence,
        changes: (!done.is_repeated).then_some(&done.update),
        selection: selection.as_deref(),
        notes: &notes,
        position: done.position,
        dry_run,
    };
    Ok(http::answer(&done, serde_json::to_vec(&answer).expect("an answer is JSON")))
}

/// What a text means to the rig as it is at a position.
fn understood(hub: &Hub, text: &str, last: Option<&Selection>) -> Result<(Understood, Position), Refusal> {
    // While the state is locked, the words are those of its map.
    let state = hub.state();
    let words = hub.words();
    let context = Context { view: state.replica.map(), words: &words, last };
    let understood = understand(text, context).map_err(|error| Refusal::not_understood(text, &error))?;
    Ok((understood, state.replica.position()))
}
