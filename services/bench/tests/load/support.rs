//! What the tests measure: the bare peer, and a stand-in for a server that answers wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use futures_util::{SinkExt, StreamExt};
use ghostlight_bench::{Effort, Failure, Measure, Measured, Options, Report, Yardstick};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast;

/// What the stand-in does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    PostLevel,
    PostStatus,
    EchoLevel,
    NoEcho,
    EchoRefused,
    OlderAfterNewer,
    NewestMissing,
    AckOfAnother,
    AckNotKept,
    SetRefused,
}

/// A short run of one measure: 200 of whatever it counts, and 2 rounds.
pub(crate) fn brief(measure: Measure, server: SocketAddr, yardstick: Yardstick) -> Options {
    let effort = Effort {
        warm_up: Duration::ZERO,
        lasting: Duration::from_secs(20),
        most: 200,
        patience: Duration::from_secs(20),
    };
    Options {
        url: format!("http://{server}"),
        against: None,
        nats: None,
        allow_remote: false,
        pid: None,
        yardstick,
        only: vec![measure],
        rounds: 2,
        effort,
        clients: 20,
        writers: 10,
    }
}

/// Measures a stand-in.
pub(crate) async fn measure(measure: Measure, wrong: Wrong) -> Result<Report, Failure> {
    let mut options = brief(measure, stand_in(wrong).await, Yardstick::None);
    (options.effort.most, options.rounds) = (20, 1);
    if matches!(wrong, Wrong::NoEcho | Wrong::NewestMissing) {
        (options.effort.lasting, options.effort.patience) = (Duration::from_millis(500), Duration::from_millis(500));
    }
    run(&options).await
}

/// Measures, and is not ended.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    ghostlight_bench::run(options, std::future::pending()).await
}

/// How often each side was answered.
pub(crate) fn answers(measured: &Measured) -> Vec<(&str, u64)> {
    measured.sides.iter().map(|side| (side.name, side.answers)).collect()
}

/// Starts a bare peer. It ends with the test's runtime.
pub(crate) async fn bare() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(ghostlight_bench::serve_bare(listener, std::future::pending()));
    address
}

struct Server {
    wrong: Wrong,
    map: Mutex<BTreeMap<String, Value>>,
    every: broadcast::Sender<String>,
}

/// Starts a stand-in.
async fn stand_in(wrong: Wrong) -> SocketAddr {
    let server = Server { wrong, map: Mutex::default(), every: broadcast::Sender::new(1_024) };
    let app = Router::new()
        .route("/", post(posted).get(map))
        .route(
            "/ws",
            any(async |State(server), upgrade: WebSocketUpgrade| {
                upgrade.on_upgrade(async |socket| drop(plain(server, socket).await))
            }),
        )
        .route(
            "/v1/rigs/main/ws",
            any(async |State(server), upgrade: WebSocketUpgrade| {
                let upgrade = upgrade.protocols(["ghostlight.v1"]);
                upgrade.on_upgrade(async |socket| drop(full(server, socket).await))
            }),
        )
        .with_state(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    address
}

async fn posted(State(server): State<Arc<Server>>, Json(mut levels): Json<Map<String, Value>>) -> Response {
    match server.wrong {
        Wrong::PostLevel => levels.values_mut().for_each(|level| *level = json!(1.23)),
        Wrong::PostStatus => return (axum::http::StatusCode::SERVICE_UNAVAILABLE, "{}").into_response(),
        _ => {}
    }
    Json(levels).into_response()
}

async fn map(State(server): State<Arc<Server>>) -> Json<BTreeMap<String, Value>> {
    Json(server.map.lock().unwrap().clone())
}

/// Hands on to everyone what one sends, and spoils it.
async fn plain(server: Arc<Server>, socket: WebSocket) -> Result<(), axum::Error> {
    let mut every = server.every.subscribe();
    let (mut sink, mut stream) = socket.split();
    sink.send(Message::text("{}")).await?;
    let (mut seen, mut first) = (0, None);
    loop {
        tokio::select! {
            sent = stream.next() => match sent.transpose()? {
                Some(Message::Text(text)) => drop(server.every.send(text.to_string())),
                Some(_) => {}
                None => return Ok(()),
            },
            Ok(text) = every.recv() => {
                seen += 1;
                let first = first.get_or_insert_with(|| text.clone()).clone();
                let text = match (server.wrong, seen) {
                    (Wrong::NoEcho, _) | (Wrong::NewestMissing, 10..) => continue,
                    (Wrong::EchoLevel, _) => r#"{"60005":99.99}"#.to_owned(),
                    (Wrong::EchoRefused, _) => r#"{"error":{"code":"unavailable","message":"no"}}"#.to_owned(),
                    (Wrong::OlderAfterNewer, 10) => first,
                    _ => text,
                };
                sink.send(Message::text(text)).await?;
            }
        }
    }
}

/// The full protocol, as far as writers need it.
async fn full(server: Arc<Server>, mut socket: WebSocket) -> Result<(), axum::Error> {
    let snapshot = r#"{"type":"snapshot","epoch":1,"revision":0,"levels":{}}"#;
    while let Some(Message::Text(text)) = socket.recv().await.transpose()? {
        let Ok(message) = serde_json::from_str::<Value>(&text) else { return Ok(()) };
        let seq = message["seq"].as_u64().unwrap_or_default();
        if message["type"] == "hello" {
            socket.send(Message::text(snapshot)).await?;
            continue;
        }
        if server.wrong != Wrong::AckNotKept {
            let levels = message["levels"].as_object().cloned().unwrap_or_default();
            server.map.lock().unwrap().extend(levels);
        }
        let delta = r#"{"type":"delta","epoch":1,"prev":0,"revision":1,"levels":{},"origins":[]}"#;
        socket.send(Message::text(delta)).await?;
        let answer = match server.wrong {
            Wrong::SetRefused => format!(r#"{{"type":"error","seq":{seq},"code":"unavailable","message":"no"}}"#),
            Wrong::AckOfAnother => format!(r#"{{"type":"ack","seq":{},"position":"1-1"}}"#, seq + 1),
            _ => format!(r#"{{"type":"ack","seq":{seq},"position":"1-1"}}"#),
        };
        socket.send(Message::text(answer)).await?;
    }
    Ok(())
}
