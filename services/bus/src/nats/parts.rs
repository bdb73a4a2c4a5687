//! Answers of any size: NATS bounds a message, and a snapshot is never cut short.

use async_nats::{Client, HeaderMap, StatusCode, Subject, Subscriber};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use ghostlight_proto::subjects;

/// What is left of the largest message for its headers.
const FOR_HEADERS: usize = 4 << 10;

/// An answer is no longer than this: far beyond the largest rig, with a label on each dimmer.
const MOST_BYTES: usize = 64 << 20;

/// Sends an answer, in as many parts as it takes.
pub(super) async fn send(client: &Client, to: Subject, text: Bytes) {
    let most = client.max_payload().saturating_sub(FOR_HEADERS).max(FOR_HEADERS);
    let mut rest = text;
    while rest.len() > most {
        let part = rest.split_to(most);
        let mut headers = HeaderMap::new();
        headers.insert(subjects::MORE, "1");
        // What cannot be sent is asked for again.
        let _ = client.publish_with_headers(to.clone(), headers, part).await;
    }
    let _ = client.publish(to, rest).await;
}

/// Collects an answer; why not, if nobody gives one.
pub(super) async fn collect(answers: &mut Subscriber) -> Result<Bytes, &'static str> {
    let mut text = BytesMut::new();
    while let Some(message) = answers.next().await {
        if message.status == Some(StatusCode::NO_RESPONDERS) {
            return Err("none is there");
        }
        let is_last = message.headers.is_none_or(|headers| headers.get(subjects::MORE).is_none());
        if is_last && text.is_empty() {
            return Ok(message.payload);
        }
        text.extend_from_slice(&message.payload);
        if is_last {
            return Ok(text.freeze());
        }
        if text.len() > MOST_BYTES {
            return Err("its answer is too long");
        }
    }
    Err("the connection has ended")
}
