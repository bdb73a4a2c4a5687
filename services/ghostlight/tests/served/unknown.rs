//! A store that does not answer: nobody knows then what became of a change, and everyone is told so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ghostlight_bus::memory::{MemoryEcho, MemoryLog};
use ghostlight_gateway::{Gateway, Limits};
use ghostlight_rig::{Image, LogPosition, Position, StoreId};
use ghostlight_state::StateService;
use ghostlight_store::{Durability, Store, StoreError};
use ghostlight_telemetry::Telemetry;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::asking::{Answer, ask};
use crate::described::Description;
use crate::support::{Socket, folder, parts, until, within};

/// A store whose saves wait while it is held.
struct Held {
    store: Arc<dyn Store>,
    held: watch::Receiver<bool>,
}

#[async_trait]
impl Store for Held {
    fn id(&self) -> StoreId {
        self.store.id()
    }

    async fn load(&self) -> Result<Image, StoreError> {
        self.store.load().await
    }

    async fn begin(&self, stored: Position, start: LogPosition) -> Result<(), StoreError> {
        self.store.begin(stored, start).await
    }

    async fn save(&self, image: &Image) -> Result<(), StoreError> {
        let mut held = self.held.clone();
        held.wait_for(|held| !held).await.map_err(|_| StoreError::Locked)?;
        self.store.save(image).await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

/// A change under a key.
async fn post(address: SocketAddr, key: &str, body: Value) -> Answer {
    let request = Client::new().post(format!("http://{address}/")).header("idempotency-key", key);
    ask(request.json(&body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_fate_is_unknown_is_answered_so_and_is_safe_to_repeat() {
    let (_folder, path) = folder();
    let (hold, held) = watch::channel(false);
    let url = format!("sqlite:{}", path.join("rigs.db").display());
    let store = ghostlight_store::open(&url, Durability::Relaxed).await.unwrap();
    let store = Arc::new(Held { store, held });
    let (log, echo) = (Arc::new(MemoryLog::default()), Arc::new(MemoryEcho::default()));
    let parts = parts(&log, &echo, store.clone());
    let state = StateService::start(parts).await.unwrap();
    let gateway = Gateway::new(
        log,
        echo,
        Limits { answer_within: Duration::from_millis(300), ..Limits::default() },
        &Telemetry::default(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let state = tokio::spawn(state.run(stop.clone()));
    let gateway = tokio::spawn(gateway.serve(listener, stop.clone()));

    assert_eq!(post(address, "before", json!({"1": 10})).await.status, 200);
    hold.send(true).unwrap();
    let unknown = post(address, "cue-1", json!({"1": 50})).await;
    unknown.problem(504, "unknown_outcome");
    for path in ["/", "/v1/rigs/{rig}/levels"] {
        Description::new().check("post", path, &unknown);
    }
    let mut socket = Socket::open(address, "/ws", Some("ghostlight.v1")).await.unwrap();
    socket.send(r#"{"type":"hello","client":"desk"}"#).await;
    socket.send(r#"{"type":"set","seq":1,"levels":{"2":20}}"#).await;
    let error = socket.message("error").await;
    assert_eq!((&error["seq"], &error["code"]), (&json!(1), &json!("unknown_outcome")));
    let ready = ask(Client::new().get(format!("http://{address}/readyz"))).await;
    ready.problem(503, "unavailable");

    // It had happened after all; to repeat it says so, and changes nothing that came later.
    hold.send(false).unwrap();
    let repeated = until("the repeat is answered", async || {
        let answer = post(address, "cue-1", json!({"1": 50})).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(post(address, "later", json!({"1": 60})).await.status, 200);
    let again = post(address, "cue-1", json!({"1": 50})).await;
    assert_eq!((again.status, again.json(), again.header("etag")), (200, json!({"1": 50}), repeated.header("etag")));
    let levels = ask(Client::new().get(format!("http://{address}/v1/rigs/main/levels"))).await;
    assert_eq!(levels.json(), json!({"1": 60, "2": 20}));

    stop.cancel();
    assert_eq!(socket.close_code().await, Some(1012));
    let (_, ended) = within("the end", async { tokio::try_join!(gateway, state) }).await.unwrap();
    ended.unwrap();
    store.close().await;
}
