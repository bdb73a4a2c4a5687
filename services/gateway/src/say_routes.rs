//! Texts of commands: a text is understood against the rig's map and words, and changes the rig once.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use ghostlight_command::{Context, Selection, Understood, understand};
use ghostlight_proto::{Say, SayAnswer, without_byte_order_mark};
use ghostlight_rig::{Change, Position, Reverse, Said};

use crate::headers::{is_of_type, require_type};
use crate::http::{self, Asked};
use crate::hub::Hub;
use crate::outcome::Done;
use crate::refusal::Refusal;
use crate::request_span::{self, Request, Route};
use crate::{Gateway, body, query, undo};

/// `POST /v1/rigs/{rig}/say`: as JSON, or as `text/plain` with `selection=` and `dry_run=` in the query.
pub(crate) async fn post(State(gateway): State<Arc<Gateway>>, asked: Asked, body: Body) -> Response {
    let route = ("POST", "/v1/rigs/{rig}/say", "POST /v1/rigs/{rig}/say");
    request_span::answer(&gateway.instruments, route, &asked.headers, async |request| {
        if let Err(refusal) = require_type(&asked.headers, &["application/json", "text/plain"]) {
            body::linger(&gateway, body);
            return Err(refusal);
        }
        let body = body::read(&gateway, body, gateway.limits.message_bytes).await?;
        let said = if is_of_type(&asked.headers, &["text/plain"]) {
            let (query, text) = (asked.query.as_deref(), body::text(without_byte_order_mark(&body))?.into());
            Say { text, selection: query::text(query, "selection"), dry_run: query::flag(query, "dry_run")? }
        } else {
            Say::parse(without_byte_order_mark(&body))?
        };
        say(&gateway, request, &asked, said).await
    })
    .await
}

/// `POST /v1/rigs/{rig}/undo`: the text `undo`, with `dry_run=` in the query.
pub(crate) async fn undo(State(gateway): State<Arc<Gateway>>, asked: Asked, body: Body) -> Response {
    let route = ("POST", "/v1/rigs/{rig}/undo", "POST /v1/rigs/{rig}/undo");
    reverse(&gateway, route, Reverse::Undo, &asked, body).await
}

/// `POST /v1/rigs/{rig}/redo`: the text `redo`, with `dry_run=` in the query.
pub(crate) async fn redo(State(gateway): State<Arc<Gateway>>, asked: Asked, body: Body) -> Response {
    let route = ("POST", "/v1/rigs/{rig}/redo", "POST /v1/rigs/{rig}/redo");
    reverse(&gateway, route, Reverse::Redo, &asked, body).await
}

async fn reverse(gateway: &Gateway, route: Route, reverse: Reverse, asked: &Asked, body: Body) -> Response {
    request_span::answer(&gateway.instruments, route, &asked.headers, async |request| {
        if !body::read(gateway, body, gateway.limits.message_bytes).await?.is_empty() {
            return Err(Refusal::bad_input("this request has no body; dry_run=1 is in the query"));
        }
        let dry_run = query::flag(asked.query.as_deref(), "dry_run")?;
        say(gateway, request, asked, Say { text: reverse.name().into(), selection: None, dry_run }).await
    })
    .await
}

/// Understands a text, changes the rig, and answers what was understood.
async fn say(
    gateway: &Gateway,
    request: &Request,
    asked: &Asked,
    Say { text, selection, dry_run }: Say<'_>,
) -> Result<Response, Refusal> {
    let last: Option<Selection> = selection
        .as_deref()
        .map(|selection| selection.parse().map_err(|error| Refusal::bad_input(format!("selection: {error}"))))
        .transpose()?;
    let hub = gateway.hubs.get(&asked.rig).await?;
    let (understood, position) = understood(&hub, &text, last.as_ref())?;
    let Understood { update, reverse, selection: selected, sentence, notes } = understood;
    let said = Some(Said { text: text.clone().into_owned(), selection });
    let (done, notes) = match reverse {
        Some(reverse) => {
            let change = Change { said, ..Change::default() };
            undo::step_back(gateway, request, asked, (reverse, change), dry_run).await?
        }
        None if dry_run || update.is_empty() => {
            let change = http::conditioned(gateway, request, asked, Change { said, ..update.into() })?;
            http::judge(gateway, &hub, asked, &change).await?;
            (Done::nothing(position, change.update), notes)
        }
        None => (http::submit(gateway, request, asked, Change { said, ..update.into() }).await?, notes),
    };
    // The notes are about levels that a repeat did not set.
    let notes: Vec<_> = if done.is_repeated { Vec::new() } else { notes.iter().map(ToString::to_string).collect() };
    let selected = selected.map(|selection| selection.to_string());
    let answer = SayAnswer {
        text: &text,
        understood: &sentence,
        changes: (!done.is_repeated).then_some(&done.update),
        selection: selected.as_deref(),
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
