//! A server that is killed while it works.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reqwest::Client;
use serde_json::json;

use crate::support::{Map, PlainMap, Served, Socket, folder, until, within};

const ROUNDS: u16 = 20;
const WRITERS: u16 = 8;

/// Eight writers, each with a dimmer of its own, count up while the server is killed and started again, twenty times.
/// Whatever was answered must be there after the restart, and whoever watched must end on what is there.
#[tokio::test(flavor = "multi_thread")]
async fn every_answered_change_outlives_a_kill() {
    let (_folder, path) = folder();
    let mut served = Served::start(&path, &[]).await;
    let listen = served.address.to_string();
    let answered = Arc::new(Mutex::new(BTreeMap::<u16, u16>::new()));
    for round in 0..ROUNDS {
        let mut watcher = Socket::plain(&served).await;
        let writers: Vec<_> = (1..=WRITERS)
            .map(|dimmer| tokio::spawn(count_up(served.url("/"), dimmer, round, answered.clone())))
            .collect();
        // Long enough that each has been answered in this round, and a little more in odd rounds.
        let enough = (round + 1) * 200 + 3 * (round % 4) + 1;
        let all_under_way = || answered.lock().unwrap().values().filter(|&&level| level >= enough).count();
        until("all writers are under way", async || (all_under_way() == usize::from(WRITERS)).then_some(())).await;
        served.kill().await;
        for writer in writers {
            within("a writer notices", writer).await.unwrap();
        }
        // What the watcher saw last may have been lost: it reads to the end, and then connects again.
        let mut seen = PlainMap::default();
        while let Ok(text) = watcher.next().await {
            seen.assign(serde_json::from_str(&text).unwrap());
        }

        served = Served::start_at(&listen, &path, &[]).await;
        let map = served.map().await;
        for (dimmer, level) in answered.lock().unwrap().iter() {
            let there = map.get(&dimmer.to_string()).and_then(serde_json::Value::as_f64).unwrap_or(-1.0);
            assert!(there * 100.0 >= f64::from(*level) - 0.5, "round {round}: dimmer {dimmer} was {level}, is {there}");
        }
        let mut watcher = Socket::plain(&served).await;
        let whole: Map = serde_json::from_value(watcher.json().await).unwrap();
        assert_eq!(whole, map);
    }
}

/// Sets a dimmer to one hundredth more each time, until the server is gone.
async fn count_up(url: String, dimmer: u16, round: u16, answered: Arc<Mutex<BTreeMap<u16, u16>>>) {
    let http = Client::new();
    for level in (round + 1) * 200.. {
        let body = json!({ dimmer.to_string(): f64::from(level) / 100.0 });
        let Ok(response) = http.post(&url).json(&body).send().await else { return };
        if response.status() != 200 {
            return;
        }
        answered.lock().unwrap().insert(dimmer, level);
    }
}

/// A client of the full protocol resumes by position: within an epoch with what it missed, after a restart with the
/// whole map, whatever it saw before.
#[tokio::test]
async fn a_client_resumes_with_what_it_missed() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut socket = Socket::full(&served, "desk", None).await;
    let snapshot = socket.message("snapshot").await;
    socket.send(r#"{"type":"set","seq":1,"levels":{"1":10,"2":20}}"#).await;
    let position = socket.message("ack").await["position"].as_str().unwrap().to_owned();
    drop(socket);

    let http = Client::new();
    http.post(served.url("/")).json(&json!({"2": 25, "3": 30})).send().await.unwrap();
    http.post(served.url("/")).json(&json!({"1": null})).send().await.unwrap();
    let mut socket = Socket::full(&served, "desk", Some(&position)).await;
    let delta = socket.json().await;
    assert_eq!(delta["type"], "delta");
    assert_eq!(format!("{}-{}", delta["epoch"], delta["prev"]), position);
    assert_eq!(delta["levels"], json!({"1": null, "2": 25, "3": 30}));
    // One that missed nothing hears at once that this is so.
    let now = format!("{}-{}", delta["epoch"], delta["revision"]);
    let mut current = Socket::full(&served, "desk", Some(&now)).await;
    assert_eq!(current.json().await["type"], "beacon");
    // A position that never was is as good as none.
    let mut ahead = Socket::full(&served, "desk", Some(&format!("{}-99999", delta["epoch"]))).await;
    assert_eq!(ahead.json().await["type"], "snapshot");

    let listen = served.address.to_string();
    served.kill().await;
    let served = Served::start_at(&listen, &path, &[]).await;
    let mut socket = Socket::full(&served, "desk", Some(&now)).await;
    let resumed = socket.json().await;
    assert_eq!((&resumed["type"], &resumed["levels"]), (&json!("snapshot"), &json!({"2": 25, "3": 30})));
    assert!(resumed["epoch"].as_u64() > snapshot["epoch"].as_u64());
}
