//! Many rigs, and what is bounded.

use reqwest::Client;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::asking::{Wire, ask, get, post};
use crate::support::{Served, Socket, folder, open_connections, until, within};

fn names(list: &Value) -> Vec<&str> {
    list["rigs"].as_array().unwrap().iter().map(|rig| rig["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn rigs_are_made_by_their_first_change_and_kept_apart() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    assert_eq!(names(&get(&served, "/v1/rigs").await.json()), ["main"]);
    let mut main = Socket::plain(&served).await;
    assert_eq!(main.json().await, json!({}));
    get(&served, "/v1/rigs/stage/levels").await.problem(404, "not_found");

    let made = post(&served, "/v1/rigs/stage/levels?create=1", r#"{"1": 10, "2": 20}"#).await;
    post(&served, "/v1/rigs/foyer/levels?create=1", r#"{"1": 30}"#).await;
    post(&served, "/v1/rigs/stage/levels?create=1", r#"{"2": null}"#).await;
    post(&served, "/v1/rigs/main/levels", r#"{"1": 50}"#).await;
    assert_eq!(main.json().await, json!({"1": 50}), "nothing is heard of other rigs");
    let levels = async |rig: &str| get(&served, &format!("/v1/rigs/{rig}/levels")).await.json();
    assert_eq!(levels("stage").await, json!({"1": 10}));
    assert_eq!(levels("foyer").await, json!({"1": 30}));
    assert_eq!(levels("main").await, json!({"1": 50}));
    // A position of one rig is also in the order of the others; this dimmer of main has changed after it.
    let request = Client::new().post(served.url("/")).header("if-match", made.header("etag"));
    ask(request.json(&json!({"1": 1}))).await.problem(412, "changed");

    let list = get(&served, "/v1/rigs").await.json();
    assert_eq!(names(&list), ["foyer", "main", "stage"]);
    for rig in list["rigs"].as_array().unwrap() {
        let answer = get(&served, &format!("/v1/rigs/{}/levels", rig["name"].as_str().unwrap())).await;
        assert_eq!(answer.header("etag"), format!("\"{}\"", rig["position"].as_str().unwrap()));
        assert_eq!(rig["dimmers"], answer.json().as_object().unwrap().len());
    }
    served.kill().await;
    let served = Served::start(&path, &[]).await;
    assert_eq!(names(&get(&served, "/v1/rigs").await.json()), ["foyer", "main", "stage"]);
    assert_eq!(get(&served, "/v1/rigs/stage/levels").await.json(), json!({"1": 10}));
}

/// A rig whose dimmers were all forgotten is still there, after a restart too.
#[tokio::test]
async fn a_rig_without_levels_is_a_rig() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    post(&served, "/v1/rigs/stage/levels?create=1", r#"{"1": 10}"#).await;
    post(&served, "/v1/rigs/stage/levels?create=1", r#"{"1": null}"#).await;
    assert_eq!(get(&served, "/v1/rigs/stage/levels").await.body, "{}");
    served.kill().await;
    let served = Served::start(&path, &[]).await;
    let levels = get(&served, "/v1/rigs/stage/levels").await;
    assert_eq!((levels.status, levels.body.as_str()), (200, "{}"));
}

#[tokio::test]
async fn no_more_rigs_are_made_than_may_be() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-rigs", "2"]).await;
    assert_eq!(post(&served, "/v1/rigs/stage/levels?create=1", r#"{"1": 10}"#).await.status, 200);
    post(&served, "/v1/rigs/foyer/levels?create=1", r#"{"1": 10}"#).await.problem(507, "rig_limit");
    // What was refused has left nothing behind.
    get(&served, "/v1/rigs/foyer/levels").await.problem(404, "not_found");
    assert_eq!(names(&get(&served, "/v1/rigs").await.json()), ["main", "stage"]);
    for rig in ["main", "stage"] {
        assert_eq!(post(&served, &format!("/v1/rigs/{rig}/levels?create=1"), r#"{"2": 20}"#).await.status, 200);
    }
    // Over a WebSocket too, and the connection stays.
    let mut socket = Socket::open(served.address, "/v1/rigs/foyer/ws?create=1", Some("ghostlight.v1")).await.unwrap();
    socket.send(r#"{"type":"hello","client":"desk"}"#).await;
    socket.send(r#"{"type":"set","seq":1,"levels":{"1":50}}"#).await;
    let error = socket.message("error").await;
    assert_eq!((&error["code"], &error["seq"]), (&json!("rig_limit"), &json!(1)));
    drop(socket);
    served.kill().await;

    // What is there stays there, if fewer are allowed later.
    let served = Served::start(&path, &["--max-rigs", "1"]).await;
    assert_eq!(get(&served, "/v1/rigs/stage/levels").await.json(), json!({"1": 10, "2": 20}));
}

/// With consoles on every rig that may be, a change to one more is refused for what it is, and all that is there works.
#[tokio::test]
async fn rigs_that_are_followed_leave_room_for_the_answer() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-rigs", "2"]).await;
    assert_eq!(post(&served, "/v1/rigs/stage/levels?create=1", r#"{"1": 10}"#).await.status, 200);
    let mut followers = Vec::new();
    for rig in ["main", "stage"] {
        let path = format!("/v1/rigs/{rig}/ws");
        let mut socket = Socket::open(served.address, &path, Some("ghostlight.v1")).await.unwrap();
        socket.send(r#"{"type":"hello","client":"desk"}"#).await;
        socket.message("snapshot").await;
        followers.push(socket);
    }
    post(&served, "/v1/rigs/foyer/levels?create=1", r#"{"1": 10}"#).await.problem(507, "rig_limit");
    get(&served, "/v1/rigs/foyer/levels").await.problem(404, "not_found");
}

/// Whoever follows rigs that nobody has made takes nothing from those that are there.
#[tokio::test]
async fn followers_of_unmade_rigs_do_not_shut_out_main() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-rigs", "2"]).await;
    let mut followers = Vec::new();
    for rig in 0..10 {
        let path = format!("/v1/rigs/nobody-{rig}/ws");
        if let Ok(mut socket) = Socket::open(served.address, &path, Some("ghostlight.v1")).await {
            socket.send(r#"{"type":"hello","client":"desk"}"#).await;
            followers.push(socket);
        }
    }
    assert!(followers.len() >= 2);
    assert_eq!(post(&served, "/", r#"{"1": 10}"#).await.status, 200);
    assert_eq!(get(&served, "/readyz").await.status, 200);
}

/// Whoever follows a rig that may not be made goes on hearing that its map is current.
#[tokio::test]
async fn a_refused_rig_is_still_followed() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-rigs", "1"]).await;
    let mut socket = Socket::open(served.address, "/v1/rigs/foyer/ws?create=1", Some("ghostlight.v1")).await.unwrap();
    socket.send(r#"{"type":"hello","client":"desk"}"#).await;
    socket.send(r#"{"type":"set","seq":1,"levels":{"1":50}}"#).await;
    socket.message("error").await;
    // Two may have been under way before.
    for _ in 0..4 {
        socket.message("beacon").await;
    }
}

/// However many names were asked for in vain, whoever follows a rig before it is made hears that its map is current.
#[tokio::test]
async fn names_asked_for_in_vain_are_not_awaited() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-rigs", "3"]).await;
    for rig in 0..10 {
        get(&served, &format!("/v1/rigs/nobody-{rig}/levels")).await.problem(404, "not_found");
    }
    let mut socket = Socket::open(served.address, "/v1/rigs/foyer/ws?create=1", Some("ghostlight.v1")).await.unwrap();
    socket.send(r#"{"type":"hello","client":"desk"}"#).await;
    for _ in 0..4 {
        socket.message("beacon").await;
    }
}

/// Nor do they cost memory, however many they are.
#[tokio::test]
async fn names_asked_for_in_vain_cost_nothing() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-rigs", "50"]).await;
    let http = Client::new();
    let ask_for = async |names: std::ops::Range<u32>| {
        for name in names {
            let levels = http.get(served.url(&format!("/v1/rigs/nobody-{name}/levels")));
            assert_eq!(within("an answer", levels.send()).await.unwrap().status(), 404);
        }
    };
    // The first names bring what is kept anyway.
    ask_for(0..500).await;
    let before = served.resident();
    ask_for(500..3_000).await;
    let grown = served.resident().saturating_sub(before);
    assert!(grown < 8 << 20, "2,500 names cost {grown} bytes");
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_until_another_closes() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-connections", "3"]).await;
    let open = || open_connections(served.pid(), served.address.port());
    let mut sockets = vec![Socket::plain(&served).await, Socket::plain(&served).await];
    // One that is only open counts too.
    let idle = Wire::open(&served).await;
    until("three connections", async || (open() == 3).then_some(())).await;

    let refused = get(&served, "/").await;
    refused.problem(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    // A large request is told as well, and so is a WebSocket.
    post(&served, "/", " ".repeat(1 << 20)).await.problem(503, "unavailable");
    let Err(Error::Http(response)) = Socket::open(served.address, "/ws", None).await else { panic!("there was room") };
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"1".parse().unwrap()));

    drop(idle);
    until("there is room", async || (get(&served, "/healthz").await.status == 200).then_some(())).await;
    sockets.clear();
    until("there is room for two", async || {
        sockets = Vec::new();
        for _ in 0..2 {
            sockets.push(Socket::open(served.address, "/ws", None).await.ok()?);
        }
        Some(())
    })
    .await;
    assert_eq!(sockets[0].json().await, json!({}));
}
