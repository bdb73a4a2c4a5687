//! Consoles of every kind on one rig: what each is told, and that all end on the same map.

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use reqwest::Client;
use serde_json::{Map as JsonMap, Value, json};
use tokio::net::TcpSocket;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::asking::{ask, change, get, post};
use crate::replica::FullMap;
use crate::sse::Events;
use crate::store_faults::Tmpfs;
use crate::support::{Map, PlainMap, Served, Socket, folder, until, within};

/// A change of the full protocol.
fn set(seq: u64, levels: &Value) -> String {
    json!({"type": "set", "seq": seq, "levels": levels}).to_string()
}

fn map(value: Value) -> Map {
    serde_json::from_value(value).unwrap()
}

/// A script, two kinds of WebSocket and a stream of events: each changes something, as far as it can, and all of them
/// show the same, the one that asked for it included.
#[tokio::test]
async fn every_kind_of_console_shows_the_same_map() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    post(&served, "/", r#"{"1": 1, "9": 9}"#).await;
    let (mut plain, mut plain_map) = (Socket::plain(&served).await, PlainMap::default());
    let (mut full, mut full_map) = (Socket::full(&served, "desk", None).await, FullMap::default());
    let (mut events, mut events_map) = (Events::open(&served, "/v1/rigs/main/events", None).await, FullMap::default());

    post(&served, "/", r#"{"1": 10}"#).await;
    plain.send(r#"{"2": 20, "9": null}"#).await;
    full.send(set(1, &json!({"3": 33.33}))).await;
    post(&served, "/v1/rigs/main/levels", r#"{"4": 0}"#).await;
    let all = map(json!({"1": 10, "2": 20, "3": 33.33, "4": 0}));
    until("all of it is there", async || (served.map().await == all).then_some(())).await;
    plain_map.follow_to(&mut plain, &all).await;
    full_map.follow_to(&mut full, &all).await;
    assert_eq!(full_map.acks, [1]);
    while events_map.map != all || events_map.proofs == 0 {
        events.hear(&mut events_map).await;
    }
    assert_eq!(format!("\"{}\"", full_map.position()), get(&served, "/v1/rigs/main/levels").await.header("etag"));
    assert_eq!(full_map.position(), events_map.position());
}

#[tokio::test]
async fn a_console_knows_its_own_echo() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let (mut desk, mut other) = (Socket::full(&served, "desk", None).await, Socket::full(&served, "other", None).await);
    let mut plain = Socket::plain(&served).await;
    for socket in [&mut desk, &mut other] {
        socket.message("snapshot").await;
    }
    assert_eq!(plain.json().await, json!({}));

    desk.send(set(7, &json!({"1": 50, "2": null}))).await;
    let delta = desk.message("delta").await;
    assert_eq!(delta["origins"], json!([{"client": "desk", "seq": 7}]));
    assert_eq!(delta["levels"], json!({"1": 50, "2": null}));
    let ack = desk.message("ack").await;
    assert_eq!(ack["position"], format!("{}-{}", delta["epoch"], delta["revision"]));
    assert_eq!(other.message("delta").await, delta, "everyone hears who it was");
    assert_eq!(plain.json().await, json!({"1": 50, "2": null}));

    // The same level again is a change too, which is echoed; and so is nothing at all, which is acknowledged.
    desk.send(set(8, &json!({"1": 50}))).await;
    assert_eq!(desk.message("delta").await["origins"], json!([{"client": "desk", "seq": 8}]));
    desk.send(set(9, &json!({}))).await;
    assert_eq!(desk.message("ack").await["seq"], 8);
    assert_eq!(desk.message("ack").await["seq"], 9);
    // Who has no name has no origin, and the plain sender gets its echo as the others do.
    plain.send(r#"{"3": 30}"#).await;
    assert_eq!(plain.json().await, json!({"1": 50}));
    assert_eq!(plain.json().await, json!({"3": 30}));
    let delta = loop {
        let delta = other.message("delta").await;
        if delta["levels"] == json!({"3": 30}) {
            break delta;
        }
    };
    assert_eq!(delta["origins"], json!([]));
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_changes_nothing() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut full = Socket::full(&served, "desk", None).await;
    full.message("snapshot").await;
    let long = "c".repeat(65);
    for (message, seq) in [
        (r#"{"type":"hello","client":"desk"}"#, json!(null)),
        (r#"{"type":"snapshot","seq":1}"#, json!(1)),
        (r#"{"type":"set","levels":{"1":50}}"#, json!(null)),
        (r#"{"type":"set","seq":9007199254740992,"levels":{"1":50}}"#, json!(9_007_199_254_740_992u64)),
        (r#"{"type":"set","seq":-1,"levels":{"1":50}}"#, json!(null)),
        (r#"{"type":"set","seq":2}"#, json!(2)),
        (r#"{"type":"set","seq":2,"levels":{"1":50,"1":51}}"#, json!(2)),
        (r#"{"type":"set","seq":2,"levels":[]}"#, json!(2)),
        (r#"{"type":"set","seq":2,"levels":{"1":50},"rig":"other"}"#, json!(2)),
        (r#"{"seq":2,"levels":{"1":50}}"#, json!(null)),
        (r#"{"1":50}"#, json!(null)),
        ("", json!(null)),
        ("ping", json!(null)),
    ] {
        full.send(message).await;
        let error = full.message("error").await;
        assert_eq!(error["code"], "bad_input", "{message}");
        assert_eq!(error.get("seq").unwrap_or(&Value::Null), &seq, "{message}: {error}");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()));
    }
    full.send(set(3, &json!({"2": 2}))).await;
    assert_eq!(full.message("ack").await["seq"], 3);
    assert_eq!(served.map().await, map(json!({"2": 2})));
    for hello in
        [format!(r#"{{"type":"hello","client":"{long}"}}"#), r#"{"type":"hello","client":"a","resume":"x"}"#.into()]
    {
        let mut socket = Socket::open(served.address, "/ws", Some("ghostlight.v1")).await.unwrap();
        socket.send(hello).await;
        assert_eq!(socket.close_code().await, Some(1008));
    }
}

/// Sixty writers of three kinds at once, over each other's dimmers. Whoever is answered finds its own change shown
/// before; at the end all replicas hold one map, and digests prove it.
#[tokio::test(flavor = "multi_thread")]
async fn many_writers_converge() {
    const CHANGES: u64 = 20;
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let served = &served;
    let full = (0..30u64).map(|writer| async move {
        let mut socket = Socket::full(served, &format!("desk-{writer}"), None).await;
        let mut map = FullMap::default();
        for seq in 0..CHANGES {
            let own = 1_000 + writer;
            socket.send(set(seq, &json!({ own.to_string(): seq, (seq % 7 + 1).to_string(): writer }))).await;
            while map.acks.last() != Some(&seq) {
                map.hear(&mut socket).await;
            }
            assert_eq!(map.map[&own.to_string()], json!(seq), "the answer came before the change was shown");
        }
        (socket, map)
    });
    let plain = (0..15u64).map(|writer| async move {
        let mut socket = Socket::plain(served).await;
        let mut map = PlainMap::default();
        for level in 0..CHANGES {
            let own = (2_000 + writer).to_string();
            socket.send(json!({ own.as_str(): level, (level % 7 + 1).to_string(): writer }).to_string()).await;
            while map.0.get(&own) != Some(&json!(level)) {
                map.assign(socket.json().await);
            }
        }
        (socket, map)
    });
    let scripts = (0..15u64).map(|writer| async move {
        let http = Client::new();
        for level in 0..CHANGES {
            let body = json!({ (3_000 + writer).to_string(): level, (level % 7 + 1).to_string(): writer });
            assert_eq!(ask(http.post(served.url("/")).json(&body)).await.status, 200);
        }
    });
    let all = async { tokio::join!(join_all(full), join_all(plain), join_all(scripts)) };
    let (full, plain, _) = within("all changes", all).await;
    let newest = served.map().await;
    assert_eq!(newest.len(), 7 + 60);
    for (mut socket, mut map) in plain {
        map.follow_to(&mut socket, &newest).await;
    }
    let mut positions = Vec::new();
    for (mut socket, mut map) in full {
        map.follow_to(&mut socket, &newest).await;
        assert_eq!(map.acks, (0..CHANGES).collect::<Vec<_>>());
        positions.push(map.position());
    }
    positions.dedup();
    assert_eq!(positions.len(), 1, "{positions:?}");
}

/// Whoever sends without reading is held back, not cut off, and every change is answered in the end.
#[tokio::test]
async fn changes_sent_in_one_go_are_all_answered() {
    const CHANGES: u64 = 200;
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut full = Socket::full(&served, "desk", None).await;
    let mut plain = Socket::plain(&served).await;
    for seq in 1..=CHANGES {
        full.send(set(seq, &json!({ seq.to_string(): 10, "1000": f64::from(seq as u32) / 100.0 }))).await;
        plain.send(json!({ (seq + 300).to_string(): 20, "2000": f64::from(seq as u32) / 100.0 }).to_string()).await;
    }
    let mut newest: Map = (1..=CHANGES).map(|seq| (seq.to_string(), json!(10))).collect();
    newest.extend((1..=CHANGES).map(|seq| ((seq + 300).to_string(), json!(20))));
    newest.extend([("1000".to_owned(), json!(2)), ("2000".to_owned(), json!(2))]);
    let mut map = FullMap::default();
    map.follow_to(&mut full, &newest).await;
    while map.acks.len() < CHANGES as usize {
        map.hear(&mut full).await;
    }
    assert_eq!(map.acks, (1..=CHANGES).collect::<Vec<_>>(), "each once, and in their order");
    PlainMap::default().follow_to(&mut plain, &newest).await;
}

#[tokio::test]
async fn a_follower_of_a_rig_that_nobody_has_made_hears_its_first_change() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut follower = Socket::open(served.address, "/v1/rigs/stage/ws", Some("ghostlight.v1")).await.unwrap();
    follower.send(r#"{"type":"hello","client":"desk"}"#).await;
    let mut map = FullMap::default();
    assert_eq!(map.hear(&mut follower).await["levels"], json!({}));
    // It is proved to be current while it waits.
    while map.proofs < 2 {
        map.hear(&mut follower).await;
    }
    // What happens elsewhere in between is none of its business.
    post(&served, "/", r#"{"1": 99}"#).await;
    post(&served, "/v1/rigs/stage/levels?create=1", r#"{"1": 10, "2": null}"#).await;
    map.follow_to(&mut follower, &self::map(json!({"1": 10}))).await;
    // And it makes one itself.
    let mut maker = Socket::open(served.address, "/v1/rigs/foyer/ws?create=1", Some("ghostlight.v1")).await.unwrap();
    maker.send(r#"{"type":"hello","client":"desk"}"#).await;
    maker.send(set(1, &json!({"5": 50}))).await;
    FullMap::default().follow_to(&mut maker, &self::map(json!({"5": 50}))).await;
    assert_eq!(get(&served, "/v1/rigs/foyer/levels").await.json(), json!({"5": 50}));
}

/// When what was shown turns out not to have been kept, a new order begins, and everyone who is connected is brought
/// back to what was kept: once, as a snapshot of a later epoch.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_epoch_reaches_everyone_who_is_connected() {
    let disk = Tmpfs::mount("2m");
    let path = disk.0.path();
    let served = Served::start(path, &[]).await;
    assert_eq!(post(&served, "/", r#"{"1": 1}"#).await.status, 200);
    let (mut full, mut full_map) = (Socket::full(&served, "desk", None).await, FullMap::default());
    let (mut events, mut events_map) = (Events::open(&served, "/v1/rigs/main/events", None).await, FullMap::default());
    full_map.hear(&mut full).await;
    events.hear(&mut events_map).await;
    let first = full_map.epoch;
    std::fs::write(path.join("ballast"), vec![0; 4 << 20]).expect_err("the disk is full now");
    let mut kept = map(json!({"1": 1}));
    until("a change is refused", async || {
        let next: Map = (0..500).map(|n| ((kept.len() + n + 1).to_string(), json!(kept.len() % 100))).collect();
        let answer = post(&served, "/", serde_json::to_string(&next).unwrap()).await;
        if answer.status != 200 {
            return Some(());
        }
        kept.extend(next);
        None
    })
    .await;
    while full_map.epoch == first || full_map.map != kept {
        full_map.hear(&mut full).await;
    }
    while events_map.epoch == first || events_map.map != kept {
        events.hear(&mut events_map).await;
    }
    // Changes are refused over the WebSocket as well, until there is room.
    std::fs::remove_file(path.join("ballast")).unwrap();
    let mut seq = 0;
    let taken = async {
        loop {
            seq += 1;
            full.send(set(seq, &json!({"9": 99}))).await;
            let answer = loop {
                let message = full.json().await;
                if message["seq"] == seq {
                    break message;
                }
                full_map.take(&message);
            };
            match answer["type"].as_str() {
                Some("ack") => return full_map.take(&answer),
                _ => assert_eq!(answer["code"], "unavailable", "{answer}"),
            }
        }
    };
    within("changes are taken again", taken).await;
    kept.insert("9".to_owned(), json!(99));
    full_map.follow_to(&mut full, &kept).await;
    assert_eq!(served.map().await, kept);
    while events_map.map != kept {
        events.hear(&mut events_map).await;
    }
}

/// A client whose receive buffer holds but a little.
async fn narrow(served: &Served) -> Socket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = within("a connection", socket.connect(served.address)).await.unwrap();
    let mut request = format!("ws://{}/ws", served.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "ghostlight.v1".parse().unwrap());
    Socket(tokio_tungstenite::client_async(request, MaybeTlsStream::Plain(stream)).await.unwrap().0)
}

/// A ping that comes while the largest snapshot is on its way is answered next, before any change that came after.
#[tokio::test(flavor = "multi_thread")]
async fn a_ping_does_not_wait_behind_what_comes_after_a_snapshot() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--durability", "relaxed"]).await;
    let all: JsonMap<_, _> = (1..=65_535).map(|dimmer: u32| (dimmer.to_string(), json!(12.34))).collect();
    let all = Value::Object(all);
    assert_eq!(post(&served, "/", all.to_string()).await.status, 200);
    let mut socket = narrow(&served).await;
    socket.send(r#"{"type":"hello","client":"phone"}"#).await;
    // Some of it has come, so the rest is on its way.
    let MaybeTlsStream::Plain(stream) = socket.0.get_ref() else { panic!("no plain stream") };
    within("the snapshot begins", stream.readable()).await.unwrap();
    within("the ping goes out", socket.0.send(Message::Ping("are you there?".into()))).await.unwrap();
    for level in 0..10 {
        let request = change(&served, "/", format!(r#"{{"7": {level}}}"#));
        assert_eq!(ask(request).await.status, 200);
    }
    let mut map = FullMap::default();
    // It comes between the parts of the snapshot, or behind it and the beacon that comes with every snapshot.
    let pong = async {
        loop {
            match socket.0.next().await.unwrap().unwrap() {
                Message::Pong(pong) => return pong,
                Message::Text(text) if map.proofs == 0 && !text.contains("delta") => {
                    map.take(&serde_json::from_str(&text).unwrap());
                }
                other => panic!("{other} came before the pong"),
            }
        }
    };
    assert_eq!(within("the pong", pong).await, "are you there?");
    if map.map.is_empty() {
        map.take(&socket.message("snapshot").await);
    }
    assert_eq!(Value::from_iter(map.map.clone()), all);
    let newest = served.map().await;
    map.follow_to(&mut socket, &newest).await;
}
