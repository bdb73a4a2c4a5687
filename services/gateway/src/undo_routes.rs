//! Undo and redo: a client takes back its own last change, or makes it again.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ghostlight_command::Note;
use ghostlight_proto::{Code, SayAnswer, Timing};
use ghostlight_rig::{Change, ClientId, Position, Reversal, Reverse, Reversed, Revision, Said};

use crate::http::{self, Asked, RigPath};
use crate::hub::Hub;
use crate::outcome::Done;
use crate::refusal::Refusal;
use crate::request_span::{self, Request};
use crate::{Gateway, body, headers, query};

/// How often a reversal is tried: others may change its items between finding out what stands and the fold.
const MAX_TRIES: usize = 10;

/// `POST /v1/rigs/{rig}/undo`, with `dry_run=` in the query.
pub(crate) async fn undo(
    gateway: State<Arc<Gateway>>,
    rig: RigPath,
    query: RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let route = ("POST", "/v1/rigs/{rig}/undo", "POST /v1/rigs/{rig}/undo");
    post(Reverse::Undo, route, gateway, rig, query, headers, body).await
}

/// `POST /v1/rigs/{rig}/redo`, with `dry_run=` in the query.
pub(crate) async fn redo(
    gateway: State<Arc<Gateway>>,
    rig: RigPath,
    query: RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let route = ("POST", "/v1/rigs/{rig}/redo", "POST /v1/rigs/{rig}/redo");
    post(Reverse::Redo, route, gateway, rig, query, headers, body).await
}

async fn post(
    reverse: Reverse,
    route: request_span::Route,
    State(gateway): State<Arc<Gateway>>,
    RigPath(rig): RigPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    request_span::answer(&gateway.instruments, route, &headers, async |request| {
        let body = body::read(&gateway, body, gateway.limits.message_bytes).await?;
        if !body.is_empty() {
            return Err(Refusal::bad_input("this request has no body; dry_run=1 is in the query"));
        }
        let dry_run = query::flag(query.as_deref(), "dry_run")?;
        let asked = Asked { rig, query: query.as_deref(), headers: &headers };
        step_back(&gateway, request, asked, StepBack { reverse, text: reverse.name(), dry_run }).await
    })
    .await
}

/// What a client asks for.
pub(crate) struct StepBack<'a> {
    pub(crate) reverse: Reverse,
    /// The text that the answer repeats.
    pub(crate) text: &'a str,
    /// Whether only to tell what would change.
    pub(crate) dry_run: bool,
}

/// Takes back the last change of the client that a header names, or makes it again, and answers like a text of commands.
pub(crate) async fn step_back(
    gateway: &Gateway,
    request: &Request,
    asked: Asked<'_>,
    StepBack { reverse, text, dry_run }: StepBack<'_>,
) -> Result<Response, Refusal> {
    let Some(origin) = headers::origin(asked.headers)? else {
        return Err(Refusal::bad_input("whose change? The header Ghostlight-Client names the client"));
    };
    let hub = http::hub(gateway, &asked.rig, |hub| hub.state().replica.map().is_empty()).await?;
    let (done, notes) = if dry_run {
        let (found, position) = found(&hub, reverse, &origin.client);
        let notes = notes(reverse, found.as_ref());
        let update = found.map(|found| found.update).unwrap_or_default();
        (Done { position, update, timing: Timing::default(), is_repeated: false }, notes)
    } else {
        let said = Some(Said { text: reverse.name().to_owned(), selection: None });
        let change = http::conditioned(gateway, request, &asked, Change { said, ..Change::default() })?;
        reversed(gateway, &hub, &asked, reverse, &origin.client, change).await?
    };
    let notes: Vec<_> = notes.iter().map(ToString::to_string).collect();
    let answer = SayAnswer {
        text,
        understood: reverse.name(),
        changes: (!done.is_repeated).then_some(&done.update),
        selection: None,
        notes: &notes,
        position: done.position,
        dry_run,
    };
    Ok(http::answer(&done, serde_json::to_vec(&answer).expect("an answer is JSON")))
}

/// What takes the last change of a client back, or makes it again, at the position of the map; `None` if there is none.
fn found(hub: &Hub, reverse: Reverse, client: &ClientId) -> (Option<Reversed>, Position) {
    let state = hub.state();
    (state.history.find(reverse, client, state.replica.map()), state.replica.position())
}

/// What the client should know.
fn notes(reverse: Reverse, found: Option<&Reversed>) -> Vec<Note> {
    match found {
        None => vec![Note::Nothing(reverse)],
        Some(found) if found.left.is_empty() => Vec::new(),
        Some(found) => vec![Note::Left(found.left.clone())],
    }
}

/// Finds out what stands and changes it, until nobody has changed it in between.
async fn reversed(
    gateway: &Gateway,
    hub: &Hub,
    asked: &Asked<'_>,
    reverse: Reverse,
    client: &ClientId,
    change: Change,
) -> Result<(Done, Vec<Note>), Refusal> {
    let mut tries = 0;
    loop {
        let (found, position) = found(hub, reverse, client);
        let notes = notes(reverse, found.as_ref());
        if found.is_none() && change.idempotency_key.is_none() {
            return Ok((Done { position, update: <_>::default(), timing: <_>::default(), is_repeated: false }, notes));
        }
        let (reversal, update) = match found {
            Some(Reversed { reversal, update, .. }) => (reversal, update),
            // The same request may have taken the last change back before: its key tells.
            None => (Reversal { reverse, of: Revision(0) }, <_>::default()),
        };
        // A client's own condition is about an earlier position, and holds for all after it.
        let if_match = change.if_match.or(Some(position));
        let try_now = Change { reversal: Some(reversal), update, if_match, ..change.clone() };
        tries += 1;
        match hub.queue.change(try_now).await {
            Ok(done) if done.is_repeated => return Ok((done, Vec::new())),
            Ok(done) => return Ok((done, notes)),
            Err(refusal) if refusal.code() == Code::Changed && change.if_match.is_none() => {
                if !gateway.hubs.is_made(&asked.rig).await? {
                    return Err(gateway.hubs.no_such_rig(&asked.rig).await);
                }
                if tries == MAX_TRIES {
                    return Err(Refusal::unavailable("others change the same items all the time"));
                }
            }
            Err(refusal) => return Err(refusal),
        }
    }
}
