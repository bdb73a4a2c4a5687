//! How WebSockets end, and what they refuse.

use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{Served, Socket, folder};

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
    let mut socket = Socket::plain(&served).await;
    // The server may close before it has read all of it.
    let _ = socket.0.send(Message::text(" ".repeat((1 << 20) + 1))).await;
    assert_eq!(socket.close_code().await, Some(1009));
    let mut socket = Socket::plain(&served).await;
    socket.send(format!(r#"{{"1":7}}{}"#, " ".repeat((1 << 20) - 7))).await;
    assert_eq!(socket.json().await, json!({}));
    assert_eq!(socket.json().await, json!({"1": 7}));
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
    let served = Served::start(&path, &["--ping-seconds", "0.2"]).await;
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
