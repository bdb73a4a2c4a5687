//! A server that is asked to stop and closes its connections one by one, so that others can take them over.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::json;

use crate::asking::{Wire, ask, post};
use crate::sse::Events;
use crate::support::{Map, Served, Socket, folder, until, within};

/// What a client knows at its end: the last level that it was told is safe, how it was closed, and when.
struct Ended {
    dimmer: usize,
    level: u32,
    code: Option<u16>,
    at: Instant,
}

/// Sets one level after another on a full WebSocket, each when the one before was acknowledged, until it is closed.
async fn set_until_closed(mut socket: Socket, dimmer: usize) -> Ended {
    for level in 1.. {
        let set =
            json!({"type": "set", "seq": level, "levels": {dimmer.to_string(): f64::from(level % 10_000) / 100.0}});
        // It may be closed already; then that is what is read.
        let _ = futures_util::SinkExt::send(&mut socket.0, set.to_string().into()).await;
        loop {
            match socket.next().await {
                Ok(text) if text.contains("\"ack\"") => break,
                Ok(_) => {}
                Err(frame) => {
                    let code = frame.map(|frame| frame.code.into());
                    return Ended { dimmer, level: level - 1, code, at: Instant::now() };
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("levels do not end");
}

/// Sets one level after another by HTTP until nothing is taken any more; answers the last that was.
async fn post_until_refused(url: String, dimmer: usize) -> (usize, u32) {
    let http = Client::new();
    for level in 1.. {
        let body = json!({dimmer.to_string(): f64::from(level % 10_000) / 100.0});
        match http.post(&url).json(&body).send().await {
            Ok(answer) if answer.status() == 200 => {}
            // Over, or gone.
            Ok(answer) => {
                assert_eq!(answer.status(), 503);
                return (dimmer, level - 1);
            }
            Err(_) => return (dimmer, level - 1),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("levels do not end");
}

/// The level that a map holds for a dimmer is no older than the last that was answered.
fn holds(map: &Map, dimmer: usize, level: u32) -> bool {
    let there = (map[&dimmer.to_string()].as_f64().unwrap() * 100.0).round() as u32;
    there >= level
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_closed_one_by_one_and_nothing_that_was_answered_is_lost() {
    const DRAIN: Duration = Duration::from_secs(3);
    const EACH: usize = 20;
    let (_folder, path) = folder();
    let mut served = Served::start(&path, &["--drain-seconds", "3", "--durability", "relaxed"]).await;
    let mut readers = Vec::new();
    let mut setters = Vec::new();
    for number in 1..=EACH {
        let mut plain = Socket::plain(&served).await;
        let mut events = Events::open(&served, "/v1/rigs/main/events", None).await;
        readers.push(tokio::spawn(async move {
            let code = plain.close_code().await;
            (code, Instant::now())
        }));
        readers.push(tokio::spawn(async move {
            while events.next().await.is_some() {}
            (Some(1012), Instant::now())
        }));
        let full = Socket::full(&served, &format!("desk-{number}"), None).await;
        setters.push(tokio::spawn(set_until_closed(full, number)));
    }
    let writers: Vec<_> = (101..=104).map(|dimmer| tokio::spawn(post_until_refused(served.url("/"), dimmer))).collect();
    until("all are under way", async || {
        let map = served.map().await;
        (1..=EACH).chain(101..=104).all(|dimmer| map.contains_key(&dimmer.to_string())).then_some(())
    })
    .await;

    let began = Instant::now();
    served.signal("TERM");
    let mut closes = Vec::new();
    for reader in within("the readers", join_all(readers)).await {
        let (code, at) = reader.unwrap();
        assert_eq!(code, Some(1012));
        closes.push(at - began);
    }
    let setters: Vec<_> = within("the setters", join_all(setters)).await.into_iter().map(Result::unwrap).collect();
    for ended in &setters {
        assert_eq!(ended.code, Some(1012));
        closes.push(ended.at - began);
    }
    let writers: Vec<_> = within("the writers", join_all(writers)).await.into_iter().map(Result::unwrap).collect();
    assert!(served.ended().await.success());
    // That sixty moments are all in one half or within a third of the time does not happen by chance.
    closes.sort();
    let (first, last) = (closes[0], closes[closes.len() - 1]);
    assert!(last >= DRAIN / 2 && last - first >= DRAIN / 3, "{closes:?}");

    let served = Served::start(&path, &[]).await;
    let map = served.map().await;
    let answered = setters.into_iter().map(|ended| (ended.dimmer, ended.level)).chain(writers);
    for (dimmer, level) in answered {
        assert!(level > 0 && holds(&map, dimmer, level), "{dimmer} was at {level}: {map:?}");
    }
}

/// A drain of an hour is under way: the server says so, and serves all the same. A second signal ends it.
#[tokio::test(flavor = "multi_thread")]
async fn while_it_drains_it_serves_and_a_second_signal_cuts_that_short() {
    for second in ["TERM", "INT"] {
        let (_folder, path) = folder();
        let mut served = Served::start(&path, &["--drain-seconds", "3600"]).await;
        let admin = served.admin().await;
        let mut sockets = Vec::new();
        for number in 0..20 {
            sockets.push(Socket::plain(&served).await);
            sockets.push(Socket::full(&served, &format!("desk-{number}"), None).await);
        }
        let mut events = Events::open(&served, "/v1/rigs/main/events", None).await;
        let mut kept = Wire::open(&served).await;
        kept.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        kept.read_until("\r\n\r\nok\n").await;
        let (public, private) = (served.url("/readyz"), format!("{admin}/readyz"));
        for url in [&public, &private] {
            until("it is ready", async || (ask(Client::new().get(url)).await.status == 200).then_some(())).await;
        }

        served.signal("TERM");
        let stopping = until("it says that it stops", async || {
            let answer = ask(Client::new().get(&public)).await;
            (answer.status == 503).then_some(answer)
        })
        .await;
        assert_eq!(stopping.problem(503, "unavailable")["detail"], "the server is stopping");
        let private = ask(Client::new().get(&private)).await;
        assert_eq!((private.status, private.body.as_str()), (503, "the server is stopping\n"));
        assert_eq!(ask(Client::new().get(served.url("/healthz"))).await.status, 200);
        for level in 1..=20 {
            let answer = post(&served, "/", json!({"1": level}).to_string()).await;
            assert_eq!((answer.status, answer.header("connection")), (200, "close"));
        }
        let answered = until("a console that comes now is served, if its moment does not come first", async || {
            let mut late = Socket::open(served.address, "/ws", Some("ghostlight.v1")).await.ok()?;
            late.send(r#"{"type":"hello","client":"late"}"#).await;
            late.send(r#"{"type":"set","seq":1,"levels":{"2":20}}"#).await;
            loop {
                if late.next().await.ok()?.contains("\"ack\"") {
                    return Some(late);
                }
            }
        })
        .await;
        sockets.push(answered);

        served.signal(second);
        for socket in &mut sockets {
            assert_eq!(socket.close_code().await, Some(1012));
        }
        while events.next().await.is_some() {}
        assert_eq!(kept.read_to_end().await, "");
        assert!(served.ended().await.success());
        let served = Served::start(&path, &[]).await;
        assert_eq!(served.map().await, serde_json::from_value::<Map>(json!({"1": 20, "2": 20})).unwrap());
    }
}

#[tokio::test]
async fn with_nobody_left_a_drain_is_over() {
    let (_folder, path) = folder();
    let args = ["--drain-seconds", "3600"];
    let mut nobody = Served::start(&path, &args).await;
    nobody.signal("TERM");
    assert!(nobody.ended().await.success());

    let mut served = Served::start(&path, &args).await;
    let mut last = Wire::open(&served).await;
    last.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    last.read_until("\r\n\r\nok\n").await;
    served.signal("TERM");
    until("it drains", async || (ask(Client::new().get(served.url("/readyz"))).await.status == 503).then_some(()))
        .await;
    // Its answer is the last on its connection, and that was the last connection.
    last.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let answer = last.read_to_end().await;
    assert!(answer.contains("\r\nconnection: close\r\n") && answer.ends_with("\r\n\r\nok\n"), "{answer}");
    assert!(served.ended().await.success());
}
