//! Compare-and-set and idempotent retries over HTTP.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::{Served, folder};

async fn read(http: &Client, served: &Served) -> (String, f64) {
    let response = http.get(served.url("/v1/rigs/main/levels")).send().await.unwrap();
    let etag = response.headers()["etag"].to_str().unwrap().to_owned();
    let map: Value = response.json().await.unwrap();
    (etag, map["7"].as_f64().unwrap_or(0.0))
}

/// The clients of one dimmer need time that grows with the square of their number.
const CROWD_DEADLINE: Duration = Duration::from_secs(120);

/// Fifty clients each add one hundredth of a percent, ten times.
#[tokio::test(flavor = "multi_thread")]
async fn no_increment_is_lost() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--durability", "relaxed"]).await;
    let url = served.url("/v1/rigs/main/levels");
    let increments = (0..50).map(|_| async {
        let http = Client::new();
        let (mut etag, mut level) = read(&http, &served).await;
        let mut done = 0;
        while done < 10 {
            let next = ((level * 100.0).round() + 1.0) / 100.0;
            let post = http.post(&url).header("if-match", &etag).json(&json!({"7": next}));
            let response = post.send().await.unwrap();
            match response.status() {
                StatusCode::OK => {
                    // What was answered is enough to go on from.
                    etag = response.headers()["etag"].to_str().unwrap().to_owned();
                    level = response.json::<Value>().await.unwrap()["7"].as_f64().unwrap();
                    done += 1;
                }
                StatusCode::PRECONDITION_FAILED => {
                    let problem: Value = response.json().await.unwrap();
                    assert_eq!(problem["changed"], json!({"levels": [7]}));
                    (etag, level) = read(&http, &served).await;
                }
                other => panic!("{other}"),
            }
        }
    });
    let all = futures_util::future::join_all(increments);
    tokio::time::timeout(CROWD_DEADLINE, all).await.expect("all increments");
    assert_eq!(read(&Client::new(), &served).await.1, 5.0);
}

#[tokio::test]
async fn if_match_looks_at_the_dimmers_that_are_named() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let http = Client::new();
    let url = served.url("/v1/rigs/main/levels");
    let post = |body: Value, tag: String| http.post(&url).header("if-match", tag).json(&body).send();
    let (start, _) = read(&http, &served).await;
    assert_eq!(post(json!({"1": 1}), start.clone()).await.unwrap().status(), 200);
    // Dimmer 2 is as it was; dimmer 1 is not, and so neither is touched.
    assert_eq!(post(json!({"2": 2}), start.clone()).await.unwrap().status(), 200);
    assert_eq!(post(json!({"1": 3, "3": 3}), start.clone()).await.unwrap().status(), 412);
    assert_eq!(served.map().await, serde_json::from_value(json!({"1": 1, "2": 2})).unwrap());
    assert_eq!(post(json!({"1": 4}), "*".to_owned()).await.unwrap().status(), 200);
    // Of another epoch nothing is known, and a tag that was never given matches nothing.
    for unknown in ["\"1-1\"", "\"x\"", "1-1", "W/\"1-1\"", "\"a\", \"b\"", ""] {
        assert_eq!(post(json!({"9": 1}), unknown.to_owned()).await.unwrap().status(), 412, "{unknown}");
    }
    // A proxy that compresses answers weakens their tags; a list holds if one of its tags does.
    let (now, _) = read(&http, &served).await;
    for tag in [format!("W/{now}"), format!("\"x\", {start} , {now}")] {
        let (before, _) = read(&http, &served).await;
        assert_eq!(post(json!({"1": 5}), tag.replace(&now, &before)).await.unwrap().status(), 200, "{tag}");
    }
    assert_eq!(post(json!({"1": 6}), format!("W/{now}")).await.unwrap().status(), 412);
}

/// `If-Match: *` wants a rig that is there, `If-None-Match: *` one that is not.
#[tokio::test]
async fn a_rig_can_be_made_once_and_changed_only_if_it_is_there() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let http = Client::new();
    let post = async |rig: &str, header: &str, value: &str| {
        let url = served.url(&format!("/v1/rigs/{rig}/levels"));
        let answer = http.post(url).header(header, value).json(&json!({"1": 50})).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, problem) = post("foyer", "if-match", "*").await;
    assert_eq!((status, &problem["changed"]), (412, &json!({"levels": [1]})));
    assert_eq!(http.get(served.url("/v1/rigs/foyer")).send().await.unwrap().status(), 404, "it was not made");
    assert_eq!(post("foyer", "if-none-match", "*").await.0, 200);
    let (status, problem) = post("foyer", "if-none-match", "*").await;
    assert_eq!((status, &problem["code"]), (412, &json!("changed")));
    assert_eq!(post("foyer", "if-match", "*").await.0, 200);
    // Nothing is passed over.
    for tag in ["\"1-1\"", "*, \"1-1\"", "x"] {
        assert_eq!(post("foyer", "if-none-match", tag).await.0, 400, "{tag}");
    }
}

#[tokio::test]
async fn a_retry_changes_nothing_even_after_a_restart() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let http = Client::new();
    let post = async |served: &Served, key: &str, body: Value| {
        let url = served.url("/v1/rigs/main/levels");
        let response = http.post(url).header("idempotency-key", key).json(&body).send().await.unwrap();
        let etag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        (response.status().as_u16(), etag, response.json::<Value>().await.unwrap())
    };
    let first = post(&served, "cue-12", json!({"1": 50, "2": 60})).await;
    assert_eq!((first.0, &first.2), (200, &json!({"1": 50, "2": 60})));
    assert_eq!(post(&served, "other", json!({"1": 70})).await.0, 200);
    assert_eq!(post(&served, "cue-12", json!({"1": 50, "2": 60})).await, first);
    assert_eq!(post(&served, "cue-12", json!({"1": 51})).await.0, 422);
    served.kill().await;

    let served = Served::start(&path, &[]).await;
    assert_eq!(post(&served, "cue-12", json!({"2": 60.0, "1": 5e1})).await, first);
    assert_eq!(post(&served, "cue-12", json!({"1": 51})).await.0, 422);
    assert_eq!(served.map().await, serde_json::from_value(json!({"1": 70, "2": 60})).unwrap());
}
