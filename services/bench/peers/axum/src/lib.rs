//! Dimmers on axum: a map that all clients share, over HTTP and WebSocket.

mod change;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde_json::Number;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, broadcast};

pub use crate::change::Change;

/// How many messages a client may be behind before it is disconnected.
const MAX_BEHIND: usize = 1_024;

/// Keeps what must outlive the process.
pub trait Store: Send + 'static {
    /// Saves a change before anybody is told of it.
    fn save(&mut self, change: &Change) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// What only the memory keeps.
impl Store for () {
    async fn save(&mut self, _: &Change) -> anyhow::Result<()> {
        Ok(())
    }
}

struct Rig<S> {
    store: S,
    levels: BTreeMap<u16, Number>,
    listeners: broadcast::Sender<Utf8Bytes>,
}

/// The lock orders the changes: who holds it saves, merges and announces.
type Shared<S> = Arc<Mutex<Rig<S>>>;

/// Serves a map with what the store had at the start, at a port of the loopback.
///
/// # Errors
/// The port is taken.
pub async fn serve<S: Store>(port: u16, store: S, levels: BTreeMap<u16, Number>) -> anyhow::Result<()> {
    let listeners = broadcast::Sender::new(MAX_BEHIND);
    let rig = Arc::new(Mutex::new(Rig { store, levels, listeners }));
    let app =
        Router::new().route("/", get(read::<S>).post(change::<S>)).route("/ws", any(upgrade::<S>)).with_state(rig);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    // Nagle's algorithm would hold small messages back. If it cannot be turned off, they come later.
    axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), app).await?;
    Ok(())
}

async fn read<S: Store>(State(rig): State<Shared<S>>) -> Json<BTreeMap<u16, Number>> {
    Json(rig.lock().await.levels.clone())
}

async fn change<S: Store>(State(rig): State<Shared<S>>, body: Bytes) -> Result<Json<Change>, StatusCode> {
    let change = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    merge(&rig, &change).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(change))
}

async fn merge<S: Store>(rig: &Shared<S>, change: &Change) -> anyhow::Result<()> {
    let text = serde_json::to_string(change)?;
    let mut rig = rig.lock().await;
    rig.store.save(change).await?;
    rig.levels.extend(change.levels());
    // Nobody may be listening.
    drop(rig.listeners.send(text.into()));
    Ok(())
}

async fn upgrade<S: Store>(State(rig): State<Shared<S>>, upgrade: WebSocketUpgrade) -> Response {
    // Ends with the connection, whatever the reason.
    upgrade.on_upgrade(async move |socket| drop(listen(&rig, socket).await))
}

async fn listen<S: Store>(rig: &Shared<S>, mut socket: WebSocket) -> anyhow::Result<()> {
    let (map, mut changes) = {
        let rig = rig.lock().await;
        (serde_json::to_string(&rig.levels)?, rig.listeners.subscribe())
    };
    socket.send(Message::Text(map.into())).await?;
    loop {
        tokio::select! {
            // An error is a client that is too far behind.
            text = changes.recv() => socket.send(Message::Text(text?)).await?,
            message = socket.recv() => match message.transpose()? {
                Some(Message::Text(text)) => merge(rig, &serde_json::from_str(&text)?).await?,
                Some(Message::Close(_)) | None => return Ok(()),
                Some(_) => {}
            },
        }
    }
}
