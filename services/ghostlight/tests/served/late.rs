//! Changes that a network has held back: what is too old is refused, and nothing of it happens.

use std::time::{Duration, SystemTime};

use reqwest::Client;
use serde_json::json;
use tokio::time::Instant;

use crate::support::{Map, Served, Socket, folder, until};

/// Reads for so long, so that pings are answered.
async fn listen(socket: &mut Socket, time: Duration) {
    let until = Instant::now() + time;
    while let Ok(message) = tokio::time::timeout_at(until, socket.next()).await {
        message.unwrap();
    }
}

async fn shows(served: &Served, level: u16) {
    let wanted: Map = serde_json::from_value(json!({"1": level})).unwrap();
    until(&format!("{wanted:?}"), async || (served.map().await == wanted).then_some(())).await;
}

/// A client that hears nothing for a while and sends then is one whose bytes were held: they come in the same order, and the
/// pings that were sent meanwhile are not answered yet.
#[tokio::test]
async fn a_move_that_was_held_back_is_refused_and_the_next_one_is_not() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-change-age-seconds", "1"]).await;
    for is_full in [true, false] {
        let mut socket =
            if is_full { Socket::full(&served, "phone", None).await } else { Socket::plain(&served).await };
        let set = |seq: u64, level: u16| match is_full {
            true => json!({"type": "set", "seq": seq, "levels": {"1": level}}).to_string(),
            false => json!({"1": level}).to_string(),
        };
        listen(&mut socket, Duration::from_millis(300)).await;
        socket.send(set(1, 10)).await;
        shows(&served, 10).await;
        // Nothing is read, and so no ping is answered.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        socket.send(set(2, 70)).await;
        let refused = loop {
            let message = socket.json().await;
            if message.to_string().contains("code") {
                break message;
            }
        };
        let error = if is_full { &refused } else { &refused["error"] };
        assert_eq!(error["code"], "too_late", "{refused}");
        assert_eq!(served.map().await, serde_json::from_value(json!({"1": 10})).unwrap());
        listen(&mut socket, Duration::from_millis(500)).await;
        socket.send(set(3, 20)).await;
        shows(&served, 20).await;
    }
}

/// Of a script that only writes it is not known how old its changes are.
#[tokio::test]
async fn a_client_that_answers_no_pings_is_not_held_to_it() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-change-age-seconds", "1"]).await;
    let mut socket = Socket::plain(&served).await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    socket.send(json!({"1": 50}).to_string()).await;
    shows(&served, 50).await;
}

#[tokio::test]
async fn a_post_may_say_when_it_was_sent() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let post = async |sent: String| {
        let request = Client::new().post(served.url("/")).header("ghostlight-sent", sent).json(&json!({"1": 50}));
        request.send().await.unwrap().status().as_u16()
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(post((now - Duration::from_secs(9)).as_millis().to_string()).await, 409);
    assert_eq!(post("yesterday".to_owned()).await, 400);
    assert_eq!(served.map().await, serde_json::from_value(json!({})).unwrap());
    assert_eq!(post(now.as_millis().to_string()).await, 200);
    assert_eq!(post((now + Duration::from_secs(60)).as_millis().to_string()).await, 200, "a clock that is ahead");
}
