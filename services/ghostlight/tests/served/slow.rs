//! Clients that do not read.

use reqwest::Client;
use serde_json::{Map as JsonMap, Value, json};

use crate::support::{PlainMap, Served, Socket, folder, within};

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
    let connections = || crate::support::open_connections(served.pid(), served.address.port());
    // Changes as large as they may be, until the socket's buffers are full and the second has passed.
    let mut round = 0;
    crate::support::until("the stuck client is let go", async || {
        round += 1;
        let dimmers = (1..=20_000).map(|dimmer| (dimmer.to_string(), Value::from(round % 100)));
        let change = Value::Object(dimmers.collect::<JsonMap<_, _>>());
        assert_eq!(http.post(served.url("/")).json(&change).send().await.unwrap().status(), 200);
        (connections() == 1).then_some(())
    })
    .await;
    drop(stuck);
}
