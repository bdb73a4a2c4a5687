//! Clients that do not read.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Map as JsonMap, Value, json};
use tokio::net::TcpSocket;

use crate::asking::{Wire, post};
use crate::support::{PlainMap, Served, Socket, folder, open_connections, until, within};

const UPGRADE: &str = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Every dimmer at a level, some 600 KB of text.
fn all_at(level: u32) -> String {
    let levels: JsonMap<_, _> = (1..=65_535_u32).map(|dimmer| (dimmer.to_string(), Value::from(level))).collect();
    Value::Object(levels).to_string()
}

/// A connection with little room, on which `request` was asked and nothing is read yet.
async fn asked(served: &Served, request: &str) -> Wire {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    let mut wire = Wire(within("a connection", socket.connect(served.address)).await.unwrap());
    wire.write(request).await;
    within("an answer", wire.0.readable()).await.unwrap();
    wire
}

/// Three thousand changes of a hundred dimmers are some 3 MB of text for each client. Fifty clients that read none of it
/// must cost a cursor each, and the newest map must be what they find when they read at last.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stops_reading_ends_on_the_newest_map_at_no_cost() {
    let (_folder, path) = folder();
    let args =
        ["--durability", "relaxed", "--stall-seconds", "600", "--ping-seconds", "600", "--max-change-age-seconds", "0"];
    let served = Served::start(&path, &args).await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        slow.push(Socket::plain(&served).await);
    }
    let http = Client::new();
    let change = |round: u32| {
        let level = f64::from(round) / 100.0;
        let dimmers = (1..=100).map(|dimmer| (dimmer.to_string(), Value::from(level)));
        Value::Object(dimmers.collect::<JsonMap<_, _>>())
    };
    let post = async |round| {
        let response = http.post(served.url("/")).json(&change(round)).send().await.unwrap();
        assert_eq!(response.status(), 200);
    };
    // The first ones warm up what the server keeps anyway.
    for round in 1..=500 {
        post(round).await;
    }
    let before = served.resident();
    for round in 501..=3_000 {
        post(round).await;
    }
    let grown = served.resident().saturating_sub(before);
    assert!(grown < 2 << 20, "50 clients that read nothing cost {grown} bytes");

    let newest = served.map().await;
    assert_eq!(newest["100"], json!(30));
    for socket in &mut slow {
        let mut map = PlainMap::default();
        let messages = within("the newest map", map.follow_to(socket, &newest)).await;
        assert!(messages < 3_000, "nothing was skipped: the sockets' buffers held {messages} messages");
    }
}

/// Who takes nothing at all for the time that is allowed is let go; who takes slowly is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_let_go() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--durability", "relaxed", "--stall-seconds", "1"]).await;
    let stuck = Socket::plain(&served).await;
    let http = Client::new();
    let connections = || open_connections(served.pid(), served.address.port());
    // Changes until the socket's buffers are full and the second has passed. Much larger ones would be slowed down.
    let mut round = 0_u32;
    until("the stuck client is let go", async || {
        round += 1;
        let dimmers = (10_001..=10_256).map(|dimmer| (dimmer.to_string(), json!(f64::from(round % 90) + 10.01)));
        let change = Value::Object(dimmers.collect::<JsonMap<_, _>>());
        assert_eq!(http.post(served.url("/")).json(&change).send().await.unwrap().status(), 200);
        (connections() == 1).then_some(())
    })
    .await;
    drop(stuck);
}

/// The text of a large map is shared: a client that reads slowly costs a part of it and its buffers in the system.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_read_a_large_map_slowly_share_its_text() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--durability", "relaxed"]).await;
    let map = all_at(50);
    assert_eq!(post(&served, "/", map.clone()).await.status, 200);
    let requests = [
        format!("GET /ws HTTP/1.1\r\nhost: localhost\r\n{UPGRADE}\r\n"),
        "GET /v1/rigs/main/events HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(),
        "GET /v1/rigs/main/levels HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(),
    ];
    for request in requests {
        // The first one warms up what all of them share.
        let first = asked(&served, &request).await;
        let before = served.resident();
        let slow = join_all((0..60).map(|_| asked(&served, &request))).await;
        let grown = served.resident().saturating_sub(before);
        assert!(grown < 60 * map.len() as u64 / 4, "60 clients cost {grown} bytes: {request}");
        drop((first, slow));
    }
}

/// Reads frames of a WebSocket one by one.
struct Frames(Wire);

impl Frames {
    async fn open(served: &Served) -> Self {
        let mut wire = asked(served, &format!("GET /ws HTTP/1.1\r\nhost: localhost\r\n{UPGRADE}\r\n")).await;
        let head = wire.read_until("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        Self(wire)
    }

    /// The first byte of the next frame, with its opcode, and the payload.
    async fn next(&mut self) -> (u8, Vec<u8>) {
        let frame = async {
            let mut read = async |count: usize| {
                let mut bytes = vec![0; count];
                tokio::io::AsyncReadExt::read_exact(&mut self.0.0, &mut bytes).await.unwrap();
                bytes
            };
            let head = read(2).await;
            let length = match head[1] {
                126 => read(2).await.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
                127 => panic!("a frame of 64 KiB or more"),
                short => usize::from(short),
            };
            (head[0], read(length).await)
        };
        within("a frame", frame).await
    }

    /// Answers a ping.
    async fn pong(&mut self, payload: &[u8]) {
        // A client masks what it sends; a mask of zeros leaves it as it is.
        let head = [0x8a, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
        tokio::io::AsyncWriteExt::write_all(&mut self.0.0, &[&head, payload].concat()).await.unwrap();
    }
}

const PING: u8 = 0x89;

/// A client that reads a large map slowly finds pings between its parts. As long as it answers them it is kept, however long
/// the map takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_that_answers_pings_reads_a_large_map_to_its_end() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--durability", "relaxed", "--ping-seconds", "4"]).await;
    assert_eq!(post(&served, "/", all_at(50)).await.status, 200);
    let mut frames = Frames::open(&served).await;
    let (mut text, mut pings) = (Vec::new(), 0);
    let began = std::time::Instant::now();
    loop {
        let (head, payload) = frames.next().await;
        if head == PING {
            pings += 1;
            frames.pong(&payload).await;
            continue;
        }
        let opcode = if text.is_empty() { 1 } else { 0 };
        assert_eq!(head & 0x0f, opcode, "a text, and then what continues it");
        text.extend(payload);
        if head & 0x80 != 0 {
            break;
        }
        // Slower than the map can be sent in the time after which a silent client is let go, 10 s.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(10), "the map was read too fast to show anything");
    assert!(pings > 0);
    assert_eq!(serde_json::from_slice::<Value>(&text).unwrap()["65535"], 50);
}

/// Silence ends a session also in the middle of a message.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_and_answers_no_ping_is_let_go() {
    let (_folder, path) = folder();
    let args = ["--durability", "relaxed", "--ping-seconds", "1", "--stall-seconds", "600"];
    let served = Served::start(&path, &args).await;
    assert_eq!(post(&served, "/", all_at(50)).await.status, 200);
    let wire = asked(&served, &format!("GET /ws HTTP/1.1\r\nhost: localhost\r\n{UPGRADE}\r\n")).await;
    until("the client is let go", async || {
        let mut bytes = [0; 64];
        let _ = wire.0.try_read(&mut bytes);
        (open_connections(served.pid(), served.address.port()) == 0).then_some(())
    })
    .await;
}

/// More changes wait than the queue of a rig holds. Who sent them waits, and nobody is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_changes_is_answered_to_the_last_one() {
    const SOCKETS: u64 = 140;
    const CHANGES: u64 = 32;
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let flood = (0..SOCKETS).map(|socket| {
        let served = &served;
        async move {
            let path = "/v1/rigs/main/ws";
            let mut console = Socket::open(served.address, path, Some("ghostlight.v1")).await.unwrap();
            let hello = json!({ "type": "hello", "client": format!("console-{socket}"), "kinds": ["blackout"] });
            console.send(hello.to_string()).await;
            for seq in 1..=CHANGES {
                let levels = json!({ (socket + 1).to_string(): seq });
                console.send(json!({ "type": "set", "seq": seq, "levels": levels }).to_string()).await;
            }
            let mut unanswered: BTreeSet<_> = (1..=CHANGES).collect();
            while !unanswered.is_empty() {
                let message = console.json().await;
                assert_ne!(message["type"], "error", "{message}");
                if message["type"] == "ack" {
                    assert!(unanswered.remove(&message["seq"].as_u64().unwrap()), "{message}");
                }
            }
        }
    });
    join_all(flood).await;
    let map = served.map().await;
    assert!((1..=SOCKETS).all(|dimmer| map[&dimmer.to_string()] == CHANGES), "{map:?}");
}
