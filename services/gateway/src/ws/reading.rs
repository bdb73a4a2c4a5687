//! Reads messages from a WebSocket.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use ghostlight_proto::{BadInput, ClientMessage, Hello, parse_levels};
use ghostlight_rig::{Change, Origin};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::batcher::{Answer, Reply};
use crate::request_span::Request;
use crate::subscription::Protocol;
use crate::ws::ending::{Ending, ending};
use crate::ws::shared::Session;
use crate::ws::upgrade::Socket;

pub(crate) type Stream = SplitStream<Socket>;

/// What a client sent.
pub(crate) enum Incoming {
    Text(Utf8Bytes),
    /// A ping: the client is alive.
    Control,
    /// The answer to a ping, with its payload.
    Pong(Bytes),
}

/// Reads until the session ends, at the latest at its moment in a shutdown; returns why.
pub(crate) async fn run(
    session: &Arc<Session>,
    stream: &mut Stream,
    answers: mpsc::Sender<Answer>,
    mut moment: Pin<&mut impl Future<Output = ()>>,
) -> Ending {
    // Pings go out every `ping_every`: a client that answered neither of the last two is dead.
    let silence = session.gateway.limits.ping_every * 5 / 2;
    loop {
        let incoming = tokio::select! {
            incoming = tokio::time::timeout(silence, next(stream)) => incoming,
            () = session.ended.cancelled() => return Ending::Gone,
            () = &mut moment => return Ending::Stopping,
        };
        let text = match incoming {
            Ok(Ok(Incoming::Text(text))) => text,
            Ok(Ok(Incoming::Control)) => continue,
            Ok(Ok(Incoming::Pong(payload))) => {
                session.pings.answered(&payload);
                continue;
            }
            Ok(Err(ending)) => return ending,
            Err(_) => return Ending::Gone,
        };
        // `take` reserves a place for the answer first: a client that sends faster than it is answered waits in its own
        // socket.
        tokio::select! {
            taken = take(session, &text, &answers) => if taken.is_none() { return Ending::Gone },
            () = session.ended.cancelled() => return Ending::Gone,
        }
    }
}

/// Handles a message; `None` if the writer is gone, so that nothing can be answered.
async fn take(session: &Session, text: &Utf8Bytes, answers: &mpsc::Sender<Answer>) -> Option<()> {
    let place = answers.clone().reserve_owned().await.ok()?;
    let instruments = &session.gateway.instruments;
    let change = change(session, text).map_err(|(seq, error)| (seq, error.into()));
    let change = change.and_then(|(seq, change)| match session.pings.check() {
        Ok(()) => Ok((seq, change)),
        Err(too_late) => Err((seq, too_late)),
    });
    match change {
        Ok((seq, mut change)) => {
            change.if_made = session.if_made;
            let request = Request::begin(instruments, "set", change.trace);
            change.trace = request.received(instruments);
            session.hub.queue.submit(change, session.source, Reply::Connection(place, seq, request)).await;
        }
        Err((seq, refusal)) => {
            let request = Request::begin(instruments, "set", None);
            drop(place.send(Answer { seq, outcome: Err(refusal), request }));
        }
    }
    Some(())
}

/// Parses the change that a client sends.
fn change(session: &Session, text: &Utf8Bytes) -> Result<(Option<u64>, Change), (Option<u64>, BadInput)> {
    if session.protocol == Protocol::Plain {
        let levels = parse_levels(text.as_bytes()).map_err(|error| (None, error))?;
        return Ok((None, levels.into()));
    }
    match ClientMessage::parse(text)? {
        ClientMessage::Set(set) => {
            let origin = session.client.clone().map(|client| Origin { client, seq: set.seq });
            Ok((Some(set.seq), Change { update: set.update, origin, trace: set.trace, ..Change::default() }))
        }
        ClientMessage::Hello(_) => Err((None, BadInput::Form("hello may be sent only once".to_owned()))),
    }
}

/// Parses the first message of the full protocol.
pub(crate) fn hello(text: &Utf8Bytes) -> Result<Hello, Ending> {
    match ClientMessage::parse(text) {
        Ok(ClientMessage::Hello(hello)) => Ok(hello),
        _ => Err(Ending::NoHello),
    }
}

/// The next message, or why there is none.
pub(crate) async fn next(stream: &mut Stream) -> Result<Incoming, Ending> {
    match stream.next().await {
        Some(Ok(Message::Text(text))) => Ok(Incoming::Text(text)),
        Some(Ok(Message::Ping(_) | Message::Frame(_))) => Ok(Incoming::Control),
        Some(Ok(Message::Pong(payload))) => Ok(Incoming::Pong(payload)),
        Some(Ok(Message::Binary(_))) => Err(Ending::Binary),
        Some(Ok(Message::Close(_))) => Err(Ending::Closed),
        None => Err(Ending::Gone),
        Some(Err(error)) => Err(ending(error)),
    }
}
