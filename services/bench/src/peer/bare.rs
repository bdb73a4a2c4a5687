//! A bare server: the same runtime, axum and WebSocket settings as Ghostlight, without a map, a log or a store.

use std::future::Future;
use std::io::{self, Write};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post, put};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Map, Value};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};

use crate::lookup::ANSWER;

/// How many messages a client may be behind before it misses some: two seconds at 500 a second.
const BEHIND: usize = 1_024;

/// The state that the clients share.
struct Hall {
    /// Every message to everyone, in order.
    every: broadcast::Sender<Utf8Bytes>,
    /// The newest message to everyone: the least work of a server that skips outdated messages.
    newest: watch::Sender<Utf8Bytes>,
}

/// Serves the bare peer on a free port of the loopback, and prints its address to stdout. Ends when stdin ends, so that
/// it never outlives the run that started it.
///
/// # Errors
/// If it cannot listen or print the address.
pub async fn bare_peer() -> io::Result<()> {
    // Best effort: if the limit is too low, clients fail to connect.
    drop(rlimit::increase_nofile_limit(u64::MAX));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    io::stdout().flush()?;
    let stdin_ends = async {
        let mut ignored = [0; 64];
        while matches!(tokio::io::stdin().read(&mut ignored).await, Ok(1..)) {}
    };
    tokio::select! {
        served = serve_bare(listener, std::future::pending()) => served,
        () = stdin_ends => Ok(()),
    }
}

/// Serves the bare peer until `end` resolves.
///
/// # Errors
/// Never at present: a listener that fails for a while is tried again.
pub async fn serve_bare(listener: TcpListener, end: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let hall = Arc::new(Hall { every: broadcast::Sender::new(BEHIND), newest: watch::Sender::default() });
    let app = Router::new()
        .route("/", post(answer))
        .route("/v1/rigs/main/lookup", post(look_up))
        .route("/v1/rigs/main/words/{word}", put(set_word).delete(remove_word))
        .route("/ws", any(every))
        .route("/ws/newest", any(newest))
        .with_state(hall);
    // Nagle's algorithm would distort the measures. If it cannot be turned off, the peer serves with it.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).with_graceful_shutdown(end).await
}

async fn answer(Json(levels): Json<Map<String, Value>>) -> Json<Map<String, Value>> {
    Json(levels)
}

/// Answers what Ghostlight looks up, from a constant.
async fn look_up(_: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], ANSWER)
}

/// Sets no word.
async fn set_word(Json(look): Json<Map<String, Value>>) -> Json<Map<String, Value>> {
    Json(look)
}

async fn remove_word() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn every(State(hall): State<Arc<Hall>>, upgrade: WebSocketUpgrade) -> Response {
    sized(upgrade).on_upgrade(async move |socket| {
        let receiver = hall.every.subscribe();
        let (sink, stream) = socket.split();
        let writer = tokio::spawn(write_every(sink, receiver));
        read(stream, |text| drop(hall.every.send(text))).await;
        writer.abort();
    })
}

async fn newest(State(hall): State<Arc<Hall>>, upgrade: WebSocketUpgrade) -> Response {
    sized(upgrade).on_upgrade(async move |socket| {
        let receiver = hall.newest.subscribe();
        let (sink, stream) = socket.split();
        let writer = tokio::spawn(write_newest(sink, receiver));
        read(stream, |text| drop(hall.newest.send(text))).await;
        writer.abort();
    })
}

fn sized(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.read_buffer_size(4_096).write_buffer_size(0)
}

async fn read(mut stream: SplitStream<WebSocket>, mut on: impl FnMut(Utf8Bytes)) {
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Text(text) = message {
            on(text);
        }
    }
}

/// Sends a map first, as Ghostlight does: an empty one.
async fn greet(sink: &mut SplitSink<WebSocket, Message>) -> Result<(), axum::Error> {
    sink.send(Message::Text(Utf8Bytes::from_static("{}"))).await
}

async fn write_every(mut sink: SplitSink<WebSocket, Message>, mut receiver: broadcast::Receiver<Utf8Bytes>) {
    let mut sent = greet(&mut sink).await;
    while sent.is_ok() {
        sent = match receiver.recv().await {
            Ok(text) => sink.send(Message::Text(text)).await,
            Err(broadcast::error::RecvError::Lagged(_)) => continue,
            Err(broadcast::error::RecvError::Closed) => return,
        };
    }
}

async fn write_newest(mut sink: SplitSink<WebSocket, Message>, mut receiver: watch::Receiver<Utf8Bytes>) {
    let mut sent = greet(&mut sink).await;
    while sent.is_ok() && receiver.changed().await.is_ok() {
        let text = receiver.borrow_and_update().clone();
        sent = sink.send(Message::Text(text)).await;
    }
}
