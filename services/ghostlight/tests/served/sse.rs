//! Server-sent events: what a page without WebSockets, or curl, follows a rig by.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::{Client, Response};
use serde_json::{Map as JsonMap, Value, json};
use socket2::{SockFilter, SockRef};
use tokio::net::TcpSocket;

use crate::asking::{Wire, get, post};
use crate::replica::FullMap;
use crate::support::{Served, Socket, folder, open_connections, until, within};

const EVENTS: &str = "/v1/rigs/main/events";

/// One event, as the HTML standard dispatches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) text: String,
}

impl Event {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// A stream of events.
pub(crate) struct Events {
    bytes: BoxStream<'static, Vec<u8>>,
    read: Vec<u8>,
}

impl Events {
    /// Follows a rig from the beginning, or from the event that was seen last.
    pub(crate) async fn open(served: &Served, path: &str, last: Option<&str>) -> Self {
        let request = Client::new().get(served.url(path));
        let request = if let Some(id) = last { request.header("last-event-id", id) } else { request };
        let response = within("the stream", request.send()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        Self::read(response)
    }

    fn read(response: Response) -> Self {
        // What breaks off has ended, too.
        let bytes = response.bytes_stream().take_while(|bytes| std::future::ready(bytes.is_ok()));
        Self { bytes: bytes.map(|bytes| bytes.unwrap().to_vec()).boxed(), read: Vec::new() }
    }

    /// The next event; `None` at the end. Comments, which keep the connection alive, are none.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let next = async {
            loop {
                let block = self.block().await?;
                let mut event = Event::default();
                for line in block.lines() {
                    let (field, value) = line.split_once(':').unwrap_or((line, ""));
                    let value = value.strip_prefix(' ').unwrap_or(value);
                    match field {
                        "event" => event.kind = value.to_owned(),
                        "id" => event.id = value.to_owned(),
                        "data" => event.text.push_str(value),
                        "retry" => assert_eq!(value, "1000"),
                        "" => {}
                        other => panic!("{other}"),
                    }
                }
                if !event.text.is_empty() {
                    return Some(event);
                }
            }
        };
        within("an event", next).await
    }

    /// The lines up to the next empty one.
    async fn block(&mut self) -> Option<String> {
        let mut looked_at = 0;
        loop {
            if let Some(end) = self.read[looked_at..].windows(2).position(|two| two == b"\n\n") {
                let rest = self.read.split_off(looked_at + end + 2);
                return String::from_utf8(std::mem::replace(&mut self.read, rest)).ok();
            }
            looked_at = self.read.len().saturating_sub(1);
            self.read.extend(self.bytes.next().await?);
        }
    }

    /// The next event of this kind.
    pub(crate) async fn event(&mut self, kind: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before a {kind}"));
            if event.kind == kind {
                return event;
            }
        }
    }

    /// Takes the next event in, which must be well formed.
    pub(crate) async fn hear(&mut self, map: &mut FullMap) -> Event {
        let event = self.next().await.unwrap_or_else(|| panic!("the stream ended at {map:?}"));
        map.take(&event.json());
        assert_eq!((event.json()["type"].as_str(), &event.id), (Some(&*event.kind), &map.position()));
        event
    }
}

#[tokio::test]
async fn a_stream_begins_with_the_map_and_goes_on_with_what_changes() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let first = post(&served, "/", r#"{"1": 50, "2": 12.34}"#).await;
    let mut events = Events::open(&served, EVENTS, None).await;
    let mut map = FullMap::default();
    let event = events.hear(&mut map).await;
    assert_eq!((event.kind.as_str(), format!("\"{}\"", event.id).as_str()), ("snapshot", first.header("etag")));
    assert_eq!(event.json()["levels"], json!({"1": 50, "2": 12.34}));
    // A beacon says at once that this is current.
    assert_eq!(events.hear(&mut map).await.kind, "beacon");

    // The same texts as on a WebSocket.
    let mut socket = Socket::full(&served, "desk", None).await;
    socket.message("snapshot").await;
    let second = post(&served, "/", r#"{"2": null, "3": 100}"#).await;
    let delta = events.event("delta").await;
    map.take(&delta.json());
    assert_eq!(format!("\"{}\"", delta.id), second.header("etag"));
    assert_eq!(delta.json()["levels"], json!({"2": null, "3": 100}));
    assert_eq!(socket.message("delta").await, delta.json());
    assert_eq!(map.map, served.map().await);
    // One each second: several prove that the stream goes on.
    for _ in 0..2 {
        assert_eq!(events.hear(&mut map).await.kind, "beacon");
    }
}

#[tokio::test]
async fn a_stream_goes_on_where_it_broke_off() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    post(&served, "/", r#"{"1": 10, "2": 20}"#).await;
    let mut events = Events::open(&served, EVENTS, None).await;
    let last = events.next().await.unwrap().id;
    drop(events);
    post(&served, "/", r#"{"2": 25, "3": 30}"#).await;
    post(&served, "/", r#"{"1": null}"#).await;
    post(&served, "/v1/rigs/other/levels?create=1", r#"{"7": 70}"#).await;

    let mut events = Events::open(&served, EVENTS, Some(&last)).await;
    let delta = events.next().await.unwrap();
    assert_eq!(delta.kind, "delta");
    assert_eq!(format!("{}-{}", delta.json()["epoch"], delta.json()["prev"]), last);
    assert_eq!(delta.json()["levels"], json!({"1": null, "2": 25, "3": 30}), "all that was missed, and no more");
    // Who missed nothing hears so.
    let mut current = Events::open(&served, EVENTS, Some(&delta.id)).await;
    let beacon = current.next().await.unwrap();
    assert_eq!((beacon.kind.as_str(), &beacon.id), ("beacon", &delta.id));

    // What is no position of this order is as good as none.
    let epoch = delta.json()["epoch"].as_u64().unwrap();
    let ahead = format!("{epoch}-99999");
    let (before, after) = (format!("{}-1", epoch - 1), format!("{}-1", epoch + 1));
    for unknown in ["nonsense", "", "1", &ahead, &before, &after] {
        let mut events = Events::open(&served, EVENTS, Some(unknown)).await;
        let event = events.next().await.unwrap();
        assert_eq!(event.kind, "snapshot", "{unknown}");
        assert_eq!(event.json()["levels"], json!({"2": 25, "3": 30}));
    }
}

#[tokio::test]
async fn a_stream_of_an_earlier_order_begins_anew() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    post(&served, "/", r#"{"1": 10}"#).await;
    let mut events = Events::open(&served, EVENTS, None).await;
    let last = events.next().await.unwrap();
    served.kill().await;
    // It ends for the reader as well, rather than hang.
    while events.next().await.is_some() {}
    let served = Served::start(&path, &[]).await;
    post(&served, "/", r#"{"1": null, "2": 20}"#).await;
    let mut events = Events::open(&served, EVENTS, Some(&last.id)).await;
    let event = events.next().await.unwrap();
    assert_eq!((event.kind.as_str(), &event.json()["levels"]), ("snapshot", &json!({"2": 20})));
    assert!(event.json()["epoch"].as_u64() > last.json()["epoch"].as_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_readers_hear_the_same() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--durability", "relaxed"]).await;
    let mut readers = Vec::new();
    for _ in 0..2 {
        readers.push((Events::open(&served, EVENTS, None).await, FullMap::default()));
    }
    for round in 0..100 {
        post(&served, "/", format!(r#"{{"{}": {round}, "500": {round}}}"#, round % 7 + 1)).await;
    }
    let newest = served.map().await;
    for (events, map) in &mut readers {
        while map.map != newest {
            events.hear(map).await;
        }
    }
    assert_eq!(readers[0].1.position(), readers[1].1.position());
}

#[tokio::test]
async fn a_rig_that_nobody_has_made_can_be_followed() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut events = Events::open(&served, "/v1/rigs/stage/events", None).await;
    let mut map = FullMap::default();
    assert_eq!(events.hear(&mut map).await.json()["levels"], json!({}));
    get(&served, "/v1/rigs/stage/levels").await.problem(404, "not_found");
    post(&served, "/", r#"{"1": 99}"#).await;
    post(&served, "/v1/rigs/stage/levels?create=1", r#"{"1": 10}"#).await;
    while map.map.is_empty() {
        events.hear(&mut map).await;
    }
    assert_eq!(map.map["1"], json!(10));
}

#[tokio::test]
async fn streams_end_with_the_server() {
    let (_folder, path) = folder();
    let mut served = Served::start(&path, &[]).await;
    let mut streams = Vec::new();
    for rig in ["main", "main", "stage"] {
        let mut events = Events::open(&served, &format!("/v1/rigs/{rig}/events"), None).await;
        events.event("snapshot").await;
        streams.push(events);
    }
    served.signal("TERM");
    for events in &mut streams {
        while events.next().await.is_some() {}
    }
    assert!(served.ended().await.success());
}

/// A change of 256 dimmers, some 3.5 KB of text. A larger one would be slowed down.
fn large(round: u32) -> String {
    let level = json!(f64::from(round % 9_000) / 100.0 + 10.01);
    let levels: JsonMap<_, _> = (10_000..10_256).map(|dimmer: u32| (dimmer.to_string(), level.clone())).collect();
    Value::Object(levels).to_string()
}

/// A reader that has asked for events and takes nothing yet, with little room for them.
async fn stuck(served: &Served) -> Wire {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    let mut wire = Wire(within("a connection", socket.connect(served.address)).await.unwrap());
    wire.write(&format!("GET {EVENTS} HTTP/1.0\r\nhost: localhost\r\n\r\n")).await;
    let head = wire.read_until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.0 200 OK"), "{head}");
    wire
}

/// A reader that falls behind by far more than any buffer skips what is in between and ends on the newest.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_skips_to_the_newest() {
    // Some 2 MB; the system holds less than half of it for the reader.
    const ROUNDS: u32 = 600;
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--durability", "relaxed", "--stall-seconds", "600"]).await;
    let wire = stuck(&served).await;
    for round in 1..=ROUNDS {
        assert_eq!(post(&served, "/", large(round)).await.status, 200);
    }
    let newest = served.map().await;
    let mut events = Events { bytes: pieces(wire), read: Vec::new() };
    let (mut map, mut deltas) = (FullMap::default(), 0);
    while map.map != newest {
        deltas += u32::from(events.hear(&mut map).await.kind == "delta");
    }
    assert!(deltas < ROUNDS - 4, "{deltas} deltas for {ROUNDS} changes: nothing was skipped");
}

/// The bytes of a connection as they come.
fn pieces(wire: Wire) -> BoxStream<'static, Vec<u8>> {
    let pieces = futures_util::stream::unfold(wire, async |wire| {
        let mut piece = vec![0; 64 << 10];
        wire.0.readable().await.ok()?;
        match wire.0.try_read(&mut piece) {
            Ok(0) => None,
            Ok(bytes) => {
                piece.truncate(bytes);
                Some((piece, wire))
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Some((Vec::new(), wire)),
            Err(_) => None,
        }
    });
    pieces.boxed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_let_go() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--durability", "relaxed", "--stall-seconds", "1"]).await;
    let wire = stuck(&served).await;
    let http = Client::new();
    let mut round = 0;
    until("the stuck reader is let go", async || {
        round += 1;
        let request = http.post(served.url("/")).header("content-type", "application/json");
        assert_eq!(request.body(large(round)).send().await.unwrap().status(), 200);
        (open_connections(served.pid(), served.address.port()) == 1).then_some(())
    })
    .await;
    drop(wire);
}

/// The names of the consoles of `main`.
async fn consoles(served: &Served) -> Vec<Value> {
    let list = get(served, "/v1/rigs/main/consoles").await.json();
    list["consoles"].as_array().unwrap().iter().map(|console| console["name"].clone()).collect()
}

async fn nobody_is_there(served: &Served) {
    until("the reader has left the list", async || consoles(served).await.is_empty().then_some(())).await;
}

/// What a reader's system receives is dropped, as if its cable were cut: nothing is acknowledged, and nothing refused.
#[tokio::test]
async fn a_reader_that_vanished_leaves_the_list_of_consoles() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--stall-seconds", "1"]).await;
    let wire = stuck(&served).await;
    assert_eq!(consoles(&served).await, ["event stream"]);
    // BPF_RET | BPF_K: zero bytes of each packet are let in.
    let drop_all = SockFilter::new(0x06, 0, 0, 0);
    SockRef::from(&wire.0).attach_filter(&[drop_all]).unwrap();
    nobody_is_there(&served).await;
    drop(wire);
}

/// A relay that holds bytes has room for some: beacons alone fill the smallest buffer.
#[tokio::test]
async fn a_reader_behind_a_relay_that_holds_bytes_leaves_the_list_of_consoles() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--stall-seconds", "1"]).await;
    let relay = TcpSocket::new_v4().unwrap();
    relay.set_recv_buffer_size(1).unwrap();
    let mut wire = Wire(within("a connection", relay.connect(served.address)).await.unwrap());
    wire.write(&format!("GET {EVENTS} HTTP/1.1\r\nhost: localhost\r\n\r\n")).await;
    within("the head", wire.0.readable()).await.unwrap();
    nobody_is_there(&served).await;
    drop(wire);
}

#[tokio::test]
async fn a_reader_of_an_idle_rig_is_kept() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--stall-seconds", "1"]).await;
    let mut events = Events::open(&served, EVENTS, None).await;
    for _ in 0..4 {
        events.event("beacon").await;
    }
    assert_eq!(consoles(&served).await, ["event stream"]);
}
