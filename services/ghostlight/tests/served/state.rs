//! Labels, the grand master and blackout: a part of the rig, for all consoles alike, and what leaves the rig under them.

use serde_json::{Value, json};

use crate::asking::{Answer, ask, call};
use crate::support::{Served, Socket, folder, within};

/// Changes a rig as a script of this name does.
pub(crate) async fn patch(served: &Served, script: &str, update: &Value) -> Answer {
    let request = reqwest::Client::new().patch(served.url("/v1/rigs/main"));
    let request = request.header("content-type", "application/json").header("ghostlight-client", script);
    let answer = ask(request.body(update.to_string())).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

async fn rig(served: &Served, query: &str) -> Value {
    serde_json::from_str(&call(served, "GET", &format!("/v1/rigs/main{query}")).await.body).unwrap()
}

/// Opens the full protocol on `main` with a hello that says more.
async fn console(served: &Served, hello: Value) -> Socket {
    let mut socket = Socket::open(served.address, "/v1/rigs/main/ws", Some("ghostlight.v1")).await.unwrap();
    socket.send(hello.to_string()).await;
    socket
}

#[tokio::test]
async fn what_one_console_sets_all_see_and_a_killed_server_keeps() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut desk = Socket::full(&served, "desk", None).await;
    let mut plain = Socket::plain(&served).await;
    let snapshot = desk.message("snapshot").await;
    assert_eq!(
        (&snapshot["labels"], &snapshot["master"], &snapshot["blackout"]),
        (&json!({}), &json!(100), &json!(false))
    );
    assert_eq!(plain.json().await, json!({}));

    let update = json!({"levels": {"1": 50}, "labels": {"1": "Front wash", "2": "Ω"}, "master": 80.5});
    let answer = patch(&served, "lights.py", &update).await;
    assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap(), update, "what was named, as it is now");
    let delta = desk.message("delta").await;
    assert_eq!(delta["labels"], json!({"1": "Front wash", "2": "Ω"}));
    assert_eq!((&delta["levels"], &delta["master"], delta.get("blackout")), (&json!({"1": 50}), &json!(80.5), None));
    assert_eq!(delta["origins"], json!([{"client": "lights.py", "seq": 0}]));
    assert_eq!(plain.json().await, json!({"1": 50}), "the plain protocol has levels, as they are set");

    desk.send(json!({"type": "set", "seq": 1, "labels": {"2": null}, "blackout": true}).to_string()).await;
    let ack = desk.message("ack").await;
    let whole = json!({"levels": {"1": 50}, "labels": {"1": "Front wash"}, "master": 80.5, "blackout": true});
    assert_eq!(rig(&served, "").await, whole);
    assert_eq!(call(&served, "GET", "/v1/rigs/main").await.header("etag"), format!("{}", ack["position"]));

    served.kill().await;
    let served = Served::start(&path, &[]).await;
    assert_eq!(rig(&served, "").await, whole, "nothing that was answered is lost");
    let mut desk = Socket::full(&served, "desk", None).await;
    let snapshot = desk.message("snapshot").await;
    let beacon = desk.message("beacon").await;
    assert_ne!(beacon["digests"]["levels"], json!("0000000000000000"));
    let held = ["levels", "labels", "master", "blackout"].map(|member| (member.to_owned(), snapshot[member].clone()));
    assert_eq!(Value::Object(held.into_iter().collect()), whole);
}

#[tokio::test]
async fn what_leaves_the_rig_is_the_product_for_those_who_ask() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    patch(&served, "a", &json!({"levels": {"1": 50, "2": 12.34, "3": 100}, "master": 50})).await;
    let mut node = console(&served, json!({"type": "hello", "client": "node", "want": ["output"]})).await;
    let mut desk = Socket::full(&served, "desk", None).await;
    let snapshot = node.message("snapshot").await;
    assert_eq!(snapshot["output"], json!({"1": 25, "2": 6.17, "3": 50}));
    assert_eq!(snapshot["levels"], json!({"1": 50, "2": 12.34, "3": 100}), "the map keeps what was set");
    assert_eq!(desk.message("snapshot").await.get("output"), None, "only for those who ask");

    patch(&served, "a", &json!({"levels": {"1": 0.01, "3": null}})).await;
    let delta = node.message("delta").await;
    assert_eq!((&delta["levels"], &delta["output"]), (&json!({"1": 0.01, "3": null}), &json!({"1": 0.01, "3": null})));
    assert_eq!(delta["origins"], json!([{"client": "a", "seq": 0}]));
    patch(&served, "a", &json!({"master": 100})).await;
    let delta = node.message("delta").await;
    assert_eq!((&delta["levels"], &delta["output"]), (&Value::Null, &json!({"1": 0.01, "2": 12.34})));
    patch(&served, "a", &json!({"blackout": true, "labels": {"2": "spot"}})).await;
    assert_eq!(node.message("delta").await["output"], json!({"1": 0, "2": 0}));
    patch(&served, "a", &json!({"levels": {"2": 100}})).await;
    assert_eq!(node.message("delta").await["output"], json!({"2": 0}), "nothing leaves it in blackout");

    let levels = async |query| call(&served, "GET", &format!("/v1/rigs/main/levels{query}")).await.body;
    assert_eq!(levels("").await, r#"{"1":0.01,"2":100}"#);
    assert_eq!(levels("?output=0").await, r#"{"1":0.01,"2":100}"#);
    assert_eq!(levels("?output=1").await, r#"{"1":0,"2":0}"#);
    assert_eq!(rig(&served, "?output=1").await["output"], json!({"1": 0, "2": 0}));
    for _ in 0..3 {
        assert_eq!(desk.message("delta").await.get("output"), None);
    }
    // A whole map has no more in it than the rig has, though the gateway goes on knowing what was forgotten.
    let mut late = console(&served, json!({"type": "hello", "client": "late", "want": ["output"]})).await;
    assert_eq!(late.message("snapshot").await["output"], json!({"1": 0, "2": 0}));
}

/// A console that was away hears who set what meanwhile, as far as it still counts.
#[tokio::test]
async fn who_set_what_is_told_to_those_who_catch_up() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut desk = Socket::full(&served, "desk", None).await;
    let snapshot = desk.message("snapshot").await;
    let left_off = format!("{}-{}", snapshot["epoch"], snapshot["revision"]);
    drop(desk);

    patch(&served, "a", &json!({"levels": {"1": 10, "2": 20}, "master": 50})).await;
    patch(&served, "b", &json!({"levels": {"2": 21}, "labels": {"9": "spot"}})).await;
    let nameless = reqwest::Client::new().post(served.url("/")).header("content-type", "application/json");
    assert_eq!(ask(nameless.body(r#"{"3": 30}"#)).await.status, 200);
    patch(&served, "c", &json!({"master": 60, "blackout": false})).await;

    let mut desk = Socket::full(&served, "desk", Some(&left_off)).await;
    let delta = within("the rest", desk.json()).await;
    assert_eq!((&delta["type"], &delta["prev"]), (&json!("delta"), &snapshot["revision"]));
    assert_eq!(delta["levels"], json!({"1": 10, "2": 21, "3": 30}));
    let origins = json!([
        {"client": "a", "seq": 0, "items": {"levels": [1]}},
        {"client": "b", "seq": 0, "items": {"levels": [2], "labels": [9]}},
        {"client": "c", "seq": 0, "items": {"master": true, "blackout": true}},
    ]);
    assert_eq!(delta["origins"], origins, "dimmer 3 was set by somebody without a name");

    // Somebody who was away for long hears what has changed, and no names.
    for level in 0..300 {
        patch(&served, "d", &json!({"levels": {"4": level % 101}})).await;
    }
    let mut desk = Socket::full(&served, "desk", Some(&left_off)).await;
    let delta = within("the rest", desk.json()).await;
    assert_eq!(delta["levels"], json!({"1": 10, "2": 21, "3": 30, "4": 299 % 101}));
    assert_eq!((&delta["type"], &delta["origins"]), (&json!("delta"), &json!([])));
}

#[tokio::test]
async fn one_bad_label_refuses_all_and_names_every_bad_key() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let before = call(&served, "GET", "/v1/rigs/main").await;
    let bad = json!({"levels": {"1": 50, "x": 1}, "labels": {"1": "ok", "2": "", "3": "c".repeat(41)}, "blackout": 1});
    let request = reqwest::Client::new().patch(served.url("/v1/rigs/main")).header("content-type", "application/json");
    let answer = ask(request.body(bad.to_string())).await;
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &problem["code"]), (400, &json!("bad_input")));
    let keys: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["x", "labels/2", "labels/3", "blackout"]);
    let after = call(&served, "GET", "/v1/rigs/main").await;
    assert_eq!((after.body.as_str(), after.header("etag")), (before.body.as_str(), before.header("etag")));
}
