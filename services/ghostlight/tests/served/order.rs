//! Order: who sends levels one after the other ends on the last, and nobody sees an older one after a newer one.

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Served, Socket, folder};

const CHANGES: u16 = 5_000;

/// One client sends far more than may be under way at once, without waiting for anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_fader_never_goes_back() {
    let (_folder, path) = folder();
    // On a busy machine, the last of them wait longer than a change may be old.
    let served = Served::start(&path, &["--durability", "relaxed", "--max-change-age-seconds", "0"]).await;
    let mut watcher = Socket::full(&served, "watcher", None).await;
    watcher.message("snapshot").await;
    let (mut sender, mut answers) = Socket::full(&served, "sender", None).await.0.split();
    // A client that does not read is not read either.
    let reading = tokio::spawn(async move { while answers.next().await.is_some() {} });
    let sending = tokio::spawn(async move {
        for level in 1..=CHANGES {
            let level = f64::from(level) / 100.0;
            let set = format!(r#"{{"type":"set","seq":1,"levels":{{"1":{level},"2":{level}}}}}"#);
            sender.send(Message::text(set)).await.unwrap();
        }
        sender
    });
    let (mut shown, mut revision) = (0.0, 0);
    while shown < f64::from(CHANGES) / 100.0 {
        let delta = watcher.message("delta").await;
        let level = delta["levels"]["1"].as_f64().unwrap();
        assert!(level > shown, "{level} after {shown}");
        assert_eq!(delta["levels"]["1"], delta["levels"]["2"], "half a change");
        assert!(delta["revision"].as_u64().unwrap() > revision);
        (shown, revision) = (level, delta["revision"].as_u64().unwrap());
    }
    let _sender = sending.await.unwrap();
    reading.abort();
    assert_eq!(served.map().await, serde_json::from_value(json!({"1": 50, "2": 50})).unwrap());
}
