//! How WebSockets end, and what they refuse.

use futures_util::{SinkExt, StreamExt};
use reqwest::Client;
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::asking::ask;
use crate::support::{Served, Socket, folder, within};

#[tokio::test]
async fn a_binary_message_is_1003() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut socket = Socket::plain(&served).await;
    socket.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(socket.close_code().await, Some(1003));
}

#[tokio::test]
async fn a_message_over_a_mebibyte_is_1009() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for bytes in [(1 << 20) + 1, 8 << 20] {
        let mut socket = Socket::plain(&served).await;
        // This client reads nothing before it has sent all.
        within("the message is sent", socket.0.send(Message::text(" ".repeat(bytes)))).await.unwrap();
        assert_eq!(socket.close_code().await, Some(1009), "{bytes} bytes");
    }
    let mut socket = Socket::plain(&served).await;
    socket.send(format!(r#"{{"1":7}}{}"#, " ".repeat((1 << 20) - 7))).await;
    assert_eq!(socket.json().await, json!({}));
    assert_eq!(socket.json().await, json!({"1": 7}));
}

/// A browser reports 1006 for a connection that ends without an answer to its close frame.
#[tokio::test]
async fn a_close_frame_is_answered_with_its_code() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for code in [1000, 1001, 3999] {
        for mut socket in [Socket::plain(&served).await, Socket::full(&served, "desk", None).await] {
            let frame = CloseFrame { code: code.into(), reason: "done".into() };
            socket.0.send(Message::Close(Some(frame))).await.unwrap();
            assert_eq!(socket.close_code().await, Some(code));
            let end = within("the end", socket.0.next()).await;
            assert!(end.is_none(), "the connection ends in order: {end:?}");
        }
    }
    // With changes under way, whose answers nobody waits for any more.
    let mut socket = Socket::full(&served, "desk", None).await;
    for seq in 1..=20 {
        socket.send(json!({"type": "set", "seq": seq, "levels": {"1": seq}}).to_string()).await;
    }
    socket.0.send(Message::Close(None)).await.unwrap();
    let end = async {
        loop {
            match socket.0.next().await {
                Some(Ok(_)) => {}
                end => return end,
            }
        }
    };
    let end = within("the end", end).await;
    assert!(end.is_none(), "the connection ends in order: {end:?}");
}

#[tokio::test]
async fn a_key_that_is_no_key_is_refused() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let answer = async |key: Option<&str>| {
        let request =
            Client::new().get(served.url("/ws")).header("connection", "upgrade").header("upgrade", "websocket");
        let request = request.header("sec-websocket-version", "13");
        ask(if let Some(key) = key { request.header("sec-websocket-key", key) } else { request }).await
    };
    // 3, 15 and 17 bytes; then what is not Base64.
    for key in [
        "YWJj",
        "AAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA=",
        "",
        "dGhlIHNhbXBsZSBub25jZQ",
        "not a key at all, is it?",
    ] {
        answer(Some(key)).await.problem(400, "bad_input");
    }
    let without = answer(None).await;
    without.problem(426, "upgrade_required");
    assert_eq!((without.header("upgrade"), without.header("sec-websocket-version")), ("websocket", "13"));
}

#[tokio::test]
async fn a_subprotocol_that_is_not_spoken_is_refused() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for (path, subprotocol) in [("/ws", Some("mqtt")), ("/v1/rigs/main/ws", Some("mqtt")), ("/v1/rigs/main/ws", None)] {
        let Err(Error::Http(response)) = Socket::open(served.address, path, subprotocol).await else {
            panic!("{path} took {subprotocol:?}");
        };
        assert_eq!(response.status(), 400);
        assert!(String::from_utf8_lossy(response.body().as_ref().unwrap()).contains("ghostlight.v1"));
    }
    assert!(Socket::open(served.address, "/ws", Some("ghostlight.v1")).await.is_ok());
}

#[tokio::test]
async fn whoever_does_not_say_hello_is_1008() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut socket = Socket::open(served.address, "/v1/rigs/main/ws", Some("ghostlight.v1")).await.unwrap();
    socket.send(r#"{"type":"set","seq":1,"levels":{"1":50}}"#).await;
    assert_eq!(socket.close_code().await, Some(1008));
}

#[tokio::test]
async fn an_error_keeps_the_connection() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut plain = Socket::plain(&served).await;
    assert_eq!(plain.json().await, json!({}));
    plain.send(r#"{"0": 1, "2": 101}"#).await;
    let error = plain.json().await;
    assert_eq!(error["error"]["code"], "bad_input");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains(r#""0""#) && message.contains(r#""2""#), "{message}");
    plain.send(r#"{"2": 100}"#).await;
    assert_eq!(plain.json().await, json!({"2": 100}));

    let mut full = Socket::full(&served, "desk", None).await;
    full.send(r#"{"type":"set","seq":5,"levels":{"1":-1}}"#).await;
    let error = full.message("error").await;
    assert_eq!((&error["seq"], &error["code"]), (&json!(5), &json!("bad_input")));
    full.send(r#"{"type":"set","seq":6,"levels":{"1":1}}"#).await;
    assert_eq!(full.message("delta").await["origins"], json!([{"client": "desk", "seq": 6}]));
    assert_eq!(full.message("ack").await["seq"], 6);
}

/// A peer whose cable was pulled answers no pings; one that is only idle does.
#[tokio::test]
async fn a_dead_peer_is_let_go_and_an_idle_one_is_kept() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--ping-seconds", "1"]).await;
    let mut idle = Socket::plain(&served).await;
    assert_eq!(idle.json().await, json!({}));
    // This one's client code never runs again, so nobody answers the pings.
    let dead = Socket::plain(&served).await;
    let open = async || crate::support::open_connections(served.pid(), served.address.port());
    let both = open().await;
    assert_eq!(both, 2);
    let idle = tokio::spawn(async move {
        let next = idle.json().await;
        (idle, next)
    });
    crate::support::until("the dead peer is let go", async || (open().await == 1).then_some(())).await;
    let mut other = Socket::plain(&served).await;
    other.send(r#"{"1": 5}"#).await;
    let (_idle, next) = crate::support::within("the idle one hears", idle).await.unwrap();
    assert_eq!(next, json!({"1": 5}));
    drop(dead);
}
