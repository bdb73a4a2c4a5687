//! Server-sent events: the same texts as on the full WebSocket, for clients that only read.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
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

/// `GET /v1/rigs/{rig}/events`, of the kinds in `?kinds=`. A `Last-Event-ID` resumes; one that is not a valid position
/// is ignored.
pub(crate) async fn events(
    State(gateway): State<Gateway>,
    RigPath(rig): RigPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let kinds = query::kinds(query.as_deref())?;
    let resume = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(parse_position);
    let hub = gateway.hubs.get(&rig).await?;
    let present = hub.presence.enter_nameless("event stream", "events");
    let counted = gateway.instruments.metrics.connections.of(Spoken::Events).hold();
    let subscription = Subscription { protocol: Protocol::Full, kinds };
    let reader = Subscriber::new(hub, subscription, resume);
    let keep_alive = KeepAlive::new().interval(gateway.limits.ping_every);
    Ok(Sse::new(stream(reader, (present, counted), gateway.stopping.moment())).keep_alive(keep_alive))
}

/// The stream is polled only when the client has taken the previous events: a slow client skips steps, as on a
/// WebSocket.
fn stream(
    reader: Subscriber,
    present: (Option<Present>, Held),
    moment: impl Future<Output = ()> + Send,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((reader, present, Box::pin(moment)), async |(mut reader, present, mut moment)| {
        // A poll for the next event means that the previous one was sent.
        reader.sent();
        loop {
            if let Some(told) = reader.next() {
                return Some((Ok(event(&told, reader.position())), (reader, present, moment)));
            }
            tokio::select! {
                () = reader.changed() => {}
                () = &mut moment => return None,
            }
        }
    })
}

fn event(told: &Told, position: Position) -> Event {
    let (kind, text) = match told {
        Told::Snapshot(text) => ("snapshot", text),
        Told::Delta(text) => ("delta", text),
        Told::Beacon(text) => ("beacon", text),
        Told::Stale(text) => ("stale", text),
    };
    Event::default().event(kind).id(position.to_string()).retry(RETRY).data(text.as_str())
}
