//! A client takes back its own changes, over HTTP and by a text, and makes them again.

use serde_json::{Value, json};

use crate::asking::{Answer, ask, call, post};
use crate::support::{Served, Socket, folder};

const SAY: &str = "/v1/rigs/main/say";
const LEVELS: &str = "/v1/rigs/main/levels";
const UNDO: &str = "/v1/rigs/main/undo";
const REDO: &str = "/v1/rigs/main/redo";

async fn send(served: &Served, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
    let request = reqwest::Client::new().post(served.url(path)).body(body.to_owned());
    let request = if body.is_empty() { request } else { request.header("content-type", "application/json") };
    ask(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

/// One client of the rig.
struct By<'a>(&'a Served, &'a str);

impl By<'_> {
    async fn set(&self, levels: Value) {
        let answer = send(self.0, LEVELS, &levels.to_string(), &[("ghostlight-client", self.1)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// What changed, and what the client should know.
    async fn step(&self, path: &str) -> Value {
        let answer = send(self.0, path, "", &[("ghostlight-client", self.1)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        json!([answer.json()["changes"], answer.json()["notes"]])
    }

    async fn undo(&self) -> Value {
        self.step(UNDO).await
    }

    async fn redo(&self) -> Value {
        self.step(REDO).await
    }
}

async fn levels(served: &Served) -> Value {
    call(served, "GET", LEVELS).await.json()
}

#[tokio::test]
async fn each_client_takes_back_its_own_changes_where_they_still_stand() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let (a, b) = (By(&served, "a"), By(&served, "b"));
    a.set(json!({"1": 10, "2": 20, "3": 30})).await;
    b.set(json!({"2": 99})).await;
    let left = "changed by others since, and left as it is: dimmer 2";
    assert_eq!(a.undo().await, json!([{"levels": {"1": null, "3": null}}, [left]]));
    assert_eq!(levels(&served).await, json!({"2": 99}));
    assert_eq!(a.redo().await, json!([{"levels": {"1": 10, "3": 30}}, [left]]));
    assert_eq!(b.undo().await, json!([{"levels": {"2": 20}}, []]));
    assert_eq!(levels(&served).await, json!({"1": 10, "2": 20, "3": 30}));

    let nothing = |what| format!("no change of this client is remembered that could be {what}");
    assert_eq!(b.undo().await, json!([{"levels": {}}, [nothing("undone")]]));
    assert_eq!(By(&served, "c").redo().await, json!([{"levels": {}}, [nothing("redone")]]));
}

#[tokio::test]
async fn a_text_takes_back_what_a_text_and_a_fader_did() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let named = [("ghostlight-client", "booth")];
    let say = async |text: &str| {
        let answer = send(&served, SAY, &json!({"text": text}).to_string(), &named).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    say("1 thru 3 at 40; 1 thru 3 record wash; master at 80").await;
    let mut socket = Socket::full(&served, "booth", None).await;
    for (seq, level) in [(1, 50), (2, 60), (3, 70)] {
        socket.send(json!({"type": "set", "seq": seq, "levels": {"1": level}}).to_string()).await;
        assert_eq!(socket.message("ack").await["seq"], seq);
    }
    // The hand on the fader was one change.
    let preview = send(&served, SAY, &json!({"text": "undo", "dry_run": true}).to_string(), &named).await.json();
    assert_eq!((&preview["changes"], &preview["dry_run"]), (&json!({"levels": {"1": 40}}), &json!(true)));
    let undone = say("please UNDO").await;
    assert_eq!(undone["understood"], "undo");
    assert_eq!((&undone["text"], &undone["changes"]), (&json!("please UNDO"), &json!({"levels": {"1": 40}})));
    let undone = say("undo").await;
    let expected = json!({"levels": {"1": null, "2": null, "3": null}, "master": 100, "words": {"wash": null}});
    assert_eq!(undone["changes"], expected);
    assert_eq!(say("redo").await["changes"]["master"], 80);
    assert_eq!(levels(&served).await, json!({"1": 40, "2": 40, "3": 40}));

    let error = post(&served, SAY, json!({"text": "undo"}).to_string()).await.problem(400, "bad_input");
    assert!(error["detail"].as_str().unwrap().contains("Ghostlight-Client"), "{error}");
    let error = send(&served, SAY, r#"{"text": "1 full, undo"}"#, &named).await.problem(400, "bad_input");
    assert_eq!(error["text_error"]["start"], 8, "{error}");
    send(&served, UNDO, "{}", &named).await.problem(400, "bad_input");
    for query in ["dry_run", "dry_run=", "dry_run=2"] {
        send(&served, &format!("{UNDO}?{query}"), "", &named).await.problem(400, "bad_input");
    }
    // A whole dictionary is not taken back, and neither is what was before it.
    let words = reqwest::Client::new().put(served.url("/v1/rigs/main/words")).header("ghostlight-client", "booth");
    assert_eq!(ask(words.json(&json!({"wash": {"1": 5}}))).await.status, 200);
    assert_eq!(say("undo").await["changes"], json!({"levels": {}}));
}

#[tokio::test]
async fn an_undo_keeps_conditions_and_happens_once_under_a_key() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let a = By(&served, "a");
    a.set(json!({"1": 10})).await;
    let first = call(&served, "GET", LEVELS).await.header("etag").to_owned();
    a.set(json!({"1": 20})).await;
    let stale = [("ghostlight-client", "a"), ("if-match", &*first)];
    send(&served, UNDO, "", &stale).await.problem(412, "changed");
    send(&served, &format!("{UNDO}?dry_run=1"), "", &stale).await.problem(412, "changed");
    let once = [("ghostlight-client", "a"), ("idempotency-key", "k")];
    let done = send(&served, UNDO, "", &once).await;
    assert_eq!(done.json()["changes"], json!({"levels": {"1": 10}}));
    let repeat = send(&served, UNDO, "", &once).await;
    assert_eq!((repeat.status, repeat.header("etag")), (200, done.header("etag")));
    assert_eq!(repeat.json().get("changes"), None, "a repeat took nothing back");
    a.undo().await;
    let repeat = send(&served, UNDO, "", &once).await;
    assert_eq!(repeat.header("etag"), done.header("etag"), "also when nothing is left");
    send(&served, REDO, "", &once).await.problem(422, "key_reused");
    assert_eq!(levels(&served).await, json!({}));
    // A rig that does not exist.
    send(&served, "/v1/rigs/nowhere/undo", "", &once[..1]).await.problem(404, "not_found");
}

#[tokio::test]
async fn undo_in_a_crowd_takes_back_only_ones_own() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let names: Vec<_> = (0..8).map(|number| format!("client-{number}")).collect();
    // Everybody changes a dimmer of its own and the one that all share, and takes both back.
    let rounds = names.iter().enumerate().map(async |(number, name)| {
        let own = (number + 10).to_string();
        let by = By(&served, name);
        for level in 1..=20 {
            by.set(json!({&own: level})).await;
            by.set(json!({&own: 100, "1": level})).await;
            by.undo().await;
            assert_eq!(levels(&served).await[&own], json!(level), "{name}");
        }
        for _ in 0..20 {
            by.undo().await;
        }
        assert_eq!(levels(&served).await.get(&own), None, "{name}");
    });
    futures_util::future::join_all(rounds).await;
}
