//! A whole dictionary at once: it is uploaded in parts, and then made the words of its rig by one small change.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::{StreamExt, TryStreamExt, stream};
use ghostlight_proto::{Code, parse_words, without_byte_order_mark};
use ghostlight_rig::kinds::words::Words;
use ghostlight_rig::{Change, Kind, Look, Update, Upload, Word};

use crate::headers::require_type;
use crate::http::{self, Asked};
use crate::outcome::Done;
use crate::refusal::Refusal;
use crate::request_span::{self, Request};
use crate::{Gateway, body};

/// The largest body: the most bytes that the words of a rig may have.
const MAX_BODY_BYTES: usize = 16 << 20;

/// The size of a part. With what a message has beside it, an entry and its delta stay well below the 1 MiB that a bus takes.
const PART_BYTES: usize = 256 << 10;

/// The most parts of an upload that are under way. Each is an entry of its own, and other changes of the rig come in between.
const PARTS_IN_FLIGHT: usize = 4;

/// `PUT /v1/rigs/{rig}/words`: takes the words in the body for those of the rig.
pub(crate) async fn put(State(gateway): State<Arc<Gateway>>, asked: Asked, body: Body) -> Response {
    let route = ("PUT", "/v1/rigs/{rig}/words", "PUT /v1/rigs/{rig}/words");
    request_span::answer(&gateway.instruments, route, &asked.headers, async |request| {
        let (done, count) = upload(&gateway, request, &asked, body).await?;
        Ok(http::answer(&done, format!("{{\"words\":{count}}}").into_bytes()))
    })
    .await
}

/// Uploads the words in a body. Returns how many there are.
async fn upload(gateway: &Gateway, request: &Request, asked: &Asked, body: Body) -> Result<(Done, usize), Refusal> {
    let Ok(_one) = gateway.uploading.clone().try_acquire_owned() else {
        body::linger(gateway, body);
        return Err(Refusal::unavailable("another dictionary is being uploaded to this gateway"));
    };
    if let Err(refusal) = require_type(&asked.headers, &["application/json"]) {
        body::linger(gateway, body);
        return Err(refusal);
    }
    let change = http::conditioned(gateway, request, asked, Change::default())?;
    let body = body::read(gateway, body, MAX_BODY_BYTES).await?;
    // Reading 16 MiB takes longer than the other requests of this thread may wait.
    let read = tokio::task::spawn_blocking(move || read(without_byte_order_mark(&body))).await;
    let (upload, parts, count) = read.map_err(|_| Refusal::unavailable("the words could not be read"))??;
    // A part may make the rig if the upload may.
    let if_made = change.if_made.filter(|must_exist| *must_exist);
    let parts = parts.into_iter().map(|part| send(gateway, asked, Change { if_made, ..part.into() }));
    stream::iter(parts).buffer_unordered(PARTS_IN_FLIGHT).try_collect::<()>().await?;
    let done = http::queue(gateway, asked, Change { dictionary: Some(upload), ..change }).await?;
    Ok((done, count))
}

/// The upload of a body, its parts, and how many words it has.
fn read(body: &[u8]) -> Result<(Upload, Vec<Update>, usize), Refusal> {
    let words = parse_words(body)?;
    let count = words.len();
    check_bound(&words)?;
    let (upload, parts) = Upload::split(words, PART_BYTES).ok_or_else(|| Refusal::too_large(MAX_BODY_BYTES))?;
    Ok((upload, parts, count))
}

/// Refuses words that a rig has no room for, before any part of them is sent.
fn check_bound(words: &BTreeMap<Word, Look>) -> Result<(), Refusal> {
    let Some(bound) = Words::BOUND else { return Ok(()) };
    let bytes: usize = words.iter().map(|(word, look)| Words::bytes(word, look)).sum();
    if words.len() <= bound.items && bytes <= bound.bytes {
        return Ok(());
    }
    let detail = format!("a rig has at most {} words of {} bytes together", bound.items, bound.bytes);
    Err(Refusal::new(Code::RigLimit, detail))
}

/// Sends a part. Whatever becomes of it, no word has changed.
async fn send(gateway: &Gateway, asked: &Asked, part: Change) -> Result<(), Refusal> {
    match http::queue(gateway, asked, part).await {
        Ok(_) => Ok(()),
        Err(refusal) if refusal.code() == Code::UnknownOutcome => {
            Err(Refusal::unavailable("a part of the words was not confirmed in time"))
        }
        Err(refusal) => Err(refusal),
    }
}
