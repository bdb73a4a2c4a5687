//! Answers of any size: NATS bounds a message, and a snapshot is never cut short.

use std::time::Duration;

use async_nats::{Client, HeaderMap, Message, StatusCode, Subject, Subscriber};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use ghostlight_proto::subjects;

/// What is left of the largest message for its headers.
const FOR_HEADERS: usize = 4 << 10;

/// An answer is no longer than this: far beyond the largest rig, with a label on each dimmer.
const MAX_BYTES: usize = 64 << 20;

/// A part takes no longer than this to come. The one that is asked may have been stopped, and another one is asked then;
/// how long all parts take is not limited, because a large rig on a slow network is no failure.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends an answer, in as many parts as it takes. Each but the last says how many bytes come after it.
pub(super) async fn send(client: &Client, to: Subject, text: Bytes) {
    let most = client.max_payload().saturating_sub(FOR_HEADERS).max(FOR_HEADERS);
    let mut rest = text;
    while rest.len() > most {
        let part = rest.split_to(most);
        let mut headers = HeaderMap::new();
        headers.insert(subjects::MORE, rest.len().to_string());
        // What cannot be sent is asked for again.
        let _ = client.publish_with_headers(to.clone(), headers, part).await;
    }
    let _ = client.publish(to, rest).await;
}

/// An answer of which the first part is there.
pub(super) struct Begun {
    first: Message,
    rest: Subscriber,
}

/// Waits for the first part of an answer; why not, if nobody gives one.
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

/// Collects an answer; why not, if it is not whole. One whose first part is lost is no message at all: whoever reads it
/// finds that.
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

/// How many bytes come after this part.
fn more(message: &Message) -> Result<usize, &'static str> {
    let Some(more) = message.headers.as_ref().and_then(|headers| headers.get(subjects::MORE)) else { return Ok(0) };
    more.as_str().parse().map_err(|_| "its answer is of another version")
}
