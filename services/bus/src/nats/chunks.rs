//! Splits answers into parts, because NATS limits the size of a message and a snapshot must never be cut short.

use std::time::Duration;

use async_nats::{Client, HeaderMap, Message, StatusCode, Subject, Subscriber};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use ghostlight_proto::subjects;

/// The space in the largest message that is left for headers.
const FOR_HEADERS: usize = 4 << 10;

/// The longest answer: far beyond the largest rig with a label on each dimmer.
const MAX_BYTES: usize = 64 << 20;

/// The longest wait for one part. The state service that was asked may have stopped, and then another one is asked. The
/// time for all parts is not limited, because a large rig on a slow network is not a failure.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends an answer in as many parts as it needs. Each part except the last says how many bytes follow it.
pub(super) async fn send(client: &Client, to: Subject, text: Bytes) {
    let most = client.max_payload().saturating_sub(FOR_HEADERS).max(FOR_HEADERS);
    let mut rest = text;
    while rest.len() > most {
        let part = rest.split_to(most);
        let mut headers = HeaderMap::new();
        headers.insert(subjects::MORE, rest.len().to_string());
        // If a part cannot be sent, the question is asked again.
        let _ = client.publish_with_headers(to.clone(), headers, part).await;
    }
    let _ = client.publish(to, rest).await;
}

/// An answer whose first part has arrived.
pub(super) struct Begun {
    first: Message,
    rest: Subscriber,
}

/// Waits for the first part of an answer; fails with the reason if nobody answers.
pub(super) async fn begun(mut answers: Subscriber) -> Result<Begun, &'static str> {
    let first = next(&mut answers).await?;
    if first.status == Some(StatusCode::NO_RESPONDERS) {
        return Err("none is there");
    }
    Ok(Begun { first, rest: answers })
}

async fn next(answers: &mut Subscriber) -> Result<Message, &'static str> {
    let message = tokio::time::timeout(CHUNK_TIMEOUT, answers.next()).await.map_err(|_| "it takes too long")?;
    message.ok_or("the connection has ended")
}

/// Collects an answer; fails with the reason if it is incomplete. An answer without its first part is not a valid
/// message, which its reader notices.
pub(super) async fn collect(Begun { first: mut message, mut rest }: Begun) -> Result<Bytes, &'static str> {
    let (mut text, mut due) = (BytesMut::new(), None);
    loop {
        let more = more(&message)?;
        if due.is_some_and(|due| due != message.payload.len() + more) {
            return Err("a part of its answer was lost");
        }
        if more == 0 && text.is_empty() {
            return Ok(message.payload);
        }
        text.extend_from_slice(&message.payload);
        if more == 0 {
            return Ok(text.freeze());
        }
        if text.len() + more > MAX_BYTES {
            return Err("its answer is too long");
        }
        due = Some(more);
        message = next(&mut rest).await?;
    }
}

/// How many bytes follow this part.
fn more(message: &Message) -> Result<usize, &'static str> {
    let Some(more) = message.headers.as_ref().and_then(|headers| headers.get(subjects::MORE)) else { return Ok(0) };
    more.as_str().parse().map_err(|_| "its answer is of another version")
}
