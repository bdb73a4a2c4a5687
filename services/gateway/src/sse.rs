//! Server-sent events: the same texts as on the full WebSocket, for clients that only read.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use ghostlight_proto::parse_position;
use ghostlight_rig::Position;
use ghostlight_telemetry::metrics::{Held, Spoken};

use crate::http::RigPath;
use crate::presence::Present;
use crate::refusal::Refusal;
use crate::subscriber::{Subscriber, Told};
use crate::subscription::{Protocol, Subscription};
use crate::{Gateway, query};

/// How soon a browser connects again after its connection breaks.
const RETRY: Duration = Duration::from_secs(1);

/// Texts up to this many bytes are copied into one piece with their event. A larger text stays shared by all clients.
const JOINED_BYTES: usize = 16 << 10;

/// `GET /v1/rigs/{rig}/events`, of the kinds in `?kinds=`. A `Last-Event-ID` resumes; one that is not a valid position
/// is ignored.
pub(crate) async fn events(
    State(gateway): State<Arc<Gateway>>,
    RigPath(rig): RigPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let kinds = query::kinds(query.as_deref())?;
    let resume = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(parse_position);
    let hub = gateway.hubs.get(&rig).await?;
    let events = Events {
        _present: hub.presence.enter_nameless("event stream", "events"),
        _counted: gateway.instruments.metrics.connections.of(Spoken::Events).hold(),
        reader: Subscriber::new(hub, Subscription { protocol: Protocol::Full, kinds }, resume),
        pieces: VecDeque::new(),
        keep_alive: gateway.limits.ping_every,
        moment: Box::pin(gateway.stopping.moment()),
    };
    let stream = stream::unfold(events, async |mut events| Some((Ok::<_, Infallible>(events.next().await?), events)));
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// The events of one client.
struct Events {
    reader: Subscriber,
    /// What is left of the last event.
    pieces: VecDeque<Bytes>,
    /// A comment is sent after this time without an event.
    keep_alive: Duration,
    moment: Pin<Box<dyn Future<Output = ()> + Send>>,
    _present: Option<Present>,
    _counted: Held,
}

impl Events {
    /// The next bytes of the stream; `None` at its end. It is called only when the client has taken the bytes before: a slow
    /// client skips steps, as on a WebSocket.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(piece) = self.pieces.pop_front() {
            return Some(piece);
        }
        self.reader.sent();
        loop {
            if let Some(told) = self.reader.next() {
                self.pieces = event(told, self.reader.position());
                return self.pieces.pop_front();
            }
            tokio::select! {
                changed = tokio::time::timeout(self.keep_alive, self.reader.changed()) => {
                    if changed.is_err() {
                        return Some(Bytes::from_static(b":\n\n"));
                    }
                }
                () = &mut self.moment => return None,
            }
        }
    }
}

/// An event, in pieces. Its text is one line of JSON.
fn event(told: Told, position: Position) -> VecDeque<Bytes> {
    let (kind, text) = match told {
        Told::Snapshot(text) => ("snapshot", text),
        Told::Delta(text) => ("delta", text),
        Told::Beacon(text) => ("beacon", text),
        Told::Stale(text) => ("stale", text),
    };
    let head = format!("event: {kind}\nid: {position}\nretry: {}\ndata: ", RETRY.as_millis());
    if text.len() <= JOINED_BYTES {
        return [Bytes::from([&head, text.as_str(), "\n\n"].concat())].into();
    }
    [head.into(), text.into(), Bytes::from_static(b"\n\n")].into()
}
