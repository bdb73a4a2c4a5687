//! A server that is asked to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Client;
use serde_json::json;

use crate::support::{DEADLINE, Served, Socket, command_after, folder, until};

/// Waits; if that takes too long, the failure tells what the server does.
async fn within_or_told<T>(served: &mut Served, what: &str, waited: impl Future<Output = T>) -> T {
    // Shorter than the wait for each message.
    let waited = tokio::time::timeout(DEADLINE * 4 / 5, waited).await;
    waited.unwrap_or_else(|_| panic!("never: {what}; {}", served.standing()))
}

/// Under load, SIGTERM closes WebSockets with 1012, answers what is under way, and loses nothing that was answered.
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_finishes_what_is_under_way() {
    for signal in ["TERM", "INT", "HUP"] {
        let (_folder, path) = folder();
        let mut served = Served::start(&path, &[]).await;
        let answered: Vec<_> = (0..8).map(|_| Arc::new(AtomicU32::new(0))).collect();
        let writers: Vec<_> = answered
            .iter()
            .enumerate()
            .map(|(index, answered)| {
                let (url, answered) = (served.url("/"), answered.clone());
                tokio::spawn(async move {
                    let http = Client::new();
                    for level in 1..=10_000 {
                        let body = json!({ (index + 1).to_string(): f64::from(level) / 100.0 });
                        match http.post(&url).json(&body).send().await {
                            Ok(response) if response.status() == 200 => answered.store(level, Ordering::Release),
                            // Stopping, or gone.
                            Ok(response) => return assert_eq!(response.status(), 503),
                            Err(_) => return,
                        }
                    }
                })
            })
            .collect();
        let under_way = || answered.iter().all(|answered| answered.load(Ordering::Acquire) > 20);
        until("all writers are under way", async || under_way().then_some(())).await;
        // From here on they read: a client that does not is let go.
        let mut watcher = Socket::plain(&served).await;
        let mut setter = Socket::full(&served, "desk", None).await;
        setter.send(r#"{"type":"set","seq":1,"levels":{"100":100}}"#).await;
        served.signal(signal);
        let code = within_or_told(&mut served, "the watcher's end", watcher.close_code()).await;
        assert_eq!(code, Some(1012));
        let mut acked = false;
        let closed = async {
            loop {
                match setter.next().await {
                    Ok(text) => acked |= text.contains("\"ack\""),
                    Err(frame) => break frame.map(|frame| u16::from(frame.code)),
                }
            }
        };
        assert_eq!(within_or_told(&mut served, "the setter's end", closed).await, Some(1012));
        assert!(served.ended().await.success());
        for (writer, answered) in writers.into_iter().zip(&answered) {
            let before = answered.load(Ordering::Acquire);
            let ended = tokio::time::timeout(DEADLINE, writer).await;
            let ended =
                ended.unwrap_or_else(|_| panic!("a writer goes on: {before}, then {answered:?} of its changes"));
            ended.unwrap();
        }

        let served = Served::start(&path, &[]).await;
        let map = served.map().await;
        for (index, answered) in answered.iter().enumerate() {
            let there = (map[&(index + 1).to_string()].as_f64().unwrap() * 100.0).round() as u32;
            assert!(there >= answered.load(Ordering::Acquire));
        }
        assert!(!acked || map["100"] == json!(100));
    }
}

/// `nohup` starts a program that is to outlive its terminal.
#[tokio::test]
async fn a_hangup_that_is_ignored_from_the_start_ends_nothing() {
    let (_folder, path) = folder();
    let log = path.join("log");
    let mut command = command_after("trap '' HUP", &path);
    command.stderr(std::fs::File::create(&log).unwrap());
    let mut served = Served::spawn(command).await;
    served.signal("HUP");
    assert!(served.map().await.is_empty());
    served.signal("TERM");
    assert!(served.ended().await.success());
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("SIGTERM: ending") && !log.contains("SIGHUP"), "{log}");
}

/// With a connection that never finishes, the first signal waits for it; the second does not.
#[tokio::test]
async fn a_second_signal_ends_at_once() {
    use tokio::io::AsyncWriteExt;
    let (_folder, path) = folder();
    let mut served = Served::start(&path, &[]).await;
    let mut endless = tokio::net::TcpStream::connect(served.address).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    endless.write_all(head).await.unwrap();
    let ready = async || Client::new().get(served.url("/healthz")).send().await.is_ok().then_some(());
    until("it runs", ready).await;
    served.signal("TERM");
    until("it accepts nothing more", async || {
        tokio::net::TcpStream::connect(served.address).await.is_err().then_some(())
    })
    .await;
    served.signal("TERM");
    assert_eq!(served.ended().await.code(), Some(1));
}
