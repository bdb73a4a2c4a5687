//! Which consoles are connected: by name, kind and time, told to those who want to hear it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use ghostlight_bus::memory::{MemoryEcho, MemoryLog};
use ghostlight_gateway::{Gateway, Limits};
use ghostlight_state::StateService;
use ghostlight_store::Durability;
use ghostlight_telemetry::Telemetry;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::asking::call;
use crate::sse::Events;
use crate::support::{Served, Socket, folder, parts, until, within};

/// Opens the full protocol on `main` as a console that wants to hear who is there.
async fn console(served: &Served, client: &str, name: &str, kind: &str) -> Socket {
    console_at(served.address, client, name, kind).await
}

async fn console_at(address: SocketAddr, client: &str, name: &str, kind: &str) -> Socket {
    let hello = json!({"type": "hello", "client": client, "name": name, "kind": kind, "want": ["presence"]});
    let mut socket = Socket::open(address, "/v1/rigs/main/ws", Some("ghostlight.v1")).await.unwrap();
    socket.send(hello.to_string()).await;
    socket
}

/// Name and kind of each console in a list, by name: those of one millisecond come in no particular order.
fn listed(list: &Value) -> BTreeSet<(&str, &str)> {
    let consoles = list["consoles"].as_array().unwrap().iter();
    consoles.map(|console| (console["name"].as_str().unwrap(), console["kind"].as_str().unwrap())).collect()
}

/// Reads until the consoles are these; the last list.
async fn follow_to(socket: &mut Socket, consoles: &[(&str, &str)]) -> Value {
    let told = async {
        loop {
            let list = socket.message("presence").await;
            if listed(&list) == consoles.iter().copied().collect() {
                assert_eq!(list["total"], consoles.len());
                return list;
            }
        }
    };
    within(&format!("the consoles {consoles:?}"), told).await
}

#[tokio::test]
async fn consoles_see_each_other_come_and_go() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut booth = console(&served, "c-1", "Booth", "desk").await;
    let alone = follow_to(&mut booth, &[("Booth", "desk")]).await;
    assert_eq!(alone["consoles"][0]["client"], "c-1");
    let since = alone["consoles"][0]["since"].as_u64().unwrap();

    let mut phone = console(&served, "c-2", "Jo's phone", "phone").await;
    let both = follow_to(&mut booth, &[("Booth", "desk"), ("Jo's phone", "phone")]).await;
    assert_eq!(follow_to(&mut phone, &[("Booth", "desk"), ("Jo's phone", "phone")]).await, both);
    assert_eq!(both["consoles"][0]["since"], since);
    assert!(both["consoles"][1]["since"].as_u64().unwrap() >= since);

    // Who gives no name is there too.
    let plain = Socket::plain(&served).await;
    let events = Events::open(&served, "/v1/rigs/main/events", None).await;
    let quiet = Socket::full(&served, "quiet", None).await;
    let all = [
        ("Booth", "desk"),
        ("Jo's phone", "phone"),
        ("quiet", "script"),
        ("plain WebSocket", "plain"),
        ("event stream", "events"),
    ];
    let list = follow_to(&mut booth, &all).await;
    assert!(list["consoles"][3].get("client").is_none(), "those with a client's name come first");
    let asked: Value = serde_json::from_str(&call(&served, "GET", "/v1/rigs/main/consoles").await.body).unwrap();
    assert_eq!((&asked["consoles"], &asked["total"]), (&list["consoles"], &list["total"]));
    let elsewhere: Value = serde_json::from_str(&call(&served, "GET", "/v1/rigs/other/consoles").await.body).unwrap();
    assert_eq!(elsewhere, json!({"total": 0, "consoles": []}), "each rig has its own");

    drop((plain, events, phone));
    follow_to(&mut booth, &[("Booth", "desk"), ("quiet", "script")]).await;
    drop(quiet);
    follow_to(&mut booth, &[("Booth", "desk")]).await;
    drop(booth);
    until("nobody is there", async || {
        let body = call(&served, "GET", "/v1/rigs/main/consoles").await.body;
        (body == r#"{"total":0,"consoles":[]}"#).then_some(())
    })
    .await;
}

/// A list is bounded, the number is not; and who does not ask is not told.
#[tokio::test]
async fn a_crowd_is_counted() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut booth = console(&served, "c-1", "Booth", "desk").await;
    let mut crowd = Vec::new();
    for number in 0..100 {
        crowd.push(Socket::full(&served, &format!("phone-{number}"), None).await);
    }
    let all = async {
        loop {
            let list = booth.message("presence").await;
            if list["total"] == 101 {
                break list;
            }
        }
    };
    let list = within("the crowd is counted", all).await;
    assert_eq!((list["consoles"].as_array().unwrap().len(), &list["consoles"][0]["name"]), (64, &json!("Booth")));
    // Two beacons later nobody of the crowd has heard of it.
    for _ in 0..2 {
        while crowd[0].json().await["type"] != "beacon" {}
    }
    let heard = crowd[0].json().await;
    assert!(["beacon", "delta"].contains(&heard["type"].as_str().unwrap()), "{heard}");
}

/// A gateway in this process.
async fn gateway(log: Arc<MemoryLog>, echo: Arc<MemoryEcho>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let gateway = Gateway::new(log, echo, Limits::default(), &Telemetry::default());
    (address, tokio::spawn(gateway.serve(listener, CancellationToken::new())))
}

/// Two gateways on one bus: each tells the other who is connected to it, and one that is gone without a word is forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn consoles_at_other_gateways_are_there_too() {
    let (_folder, path) = folder();
    let url = format!("sqlite:{}", path.join("rigs.db").display());
    let store = ghostlight_store::open(&url, Durability::Relaxed).await.unwrap();
    let (log, echo) = (Arc::new(MemoryLog::default()), Arc::new(MemoryEcho::default()));
    let parts = parts(&log, &echo, store.clone());
    let state = StateService::start(parts).await.unwrap();
    let stop = CancellationToken::new();
    let state = tokio::spawn(state.run(stop.clone()));
    let (one, _one_runs) = gateway(log.clone(), echo.clone()).await;
    // The other has a runtime of its own, to end it as a kill does: nobody gets to say goodbye.
    let (other_log, other_echo) = (log.clone(), echo.clone());
    let (told, other) = tokio::sync::oneshot::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let killed = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (address, runs) = gateway(other_log, other_echo).await;
            told.send(address).unwrap();
            let end = tokio::task::spawn_blocking(move || ended.recv());
            tokio::select! { _ = runs => {}, _ = end => {} }
        });
        runtime.shutdown_background();
    });
    let other = within("the other gateway", other).await.unwrap();

    let mut booth = console_at(one, "c-1", "Booth", "desk").await;
    let mut phone = console_at(other, "c-2", "Phone", "phone").await;
    for socket in [&mut booth, &mut phone] {
        follow_to(socket, &[("Booth", "desk"), ("Phone", "phone")]).await;
    }
    let plain = Socket::open(other, "/ws", None).await.unwrap();
    follow_to(&mut booth, &[("Booth", "desk"), ("Phone", "phone"), ("plain WebSocket", "plain")]).await;
    drop(plain);
    follow_to(&mut booth, &[("Booth", "desk"), ("Phone", "phone")]).await;
    end.send(()).unwrap();
    follow_to(&mut booth, &[("Booth", "desk")]).await;
    killed.join().unwrap();
    stop.cancel();
    within("the end", state).await.unwrap().unwrap();
    store.close().await;
}
