//! The contract of `GET /` and `POST /`.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Instant;

use ghostlight_compare::peer::Peer;
use ghostlight_compare::protocol::{Event, Role};
use serde_json::{Value, json};

use crate::promises::{Levels, TIMEOUT};

/// What is no change.
const WRONG: &[&str] = &[
    "",
    "[]",
    "7",
    "null",
    r#"{"0":1}"#,
    r#"{"65536":1}"#,
    r#"{"1":101}"#,
    r#"{"1":-1}"#,
    r#"{"1":"a"}"#,
    r#"{"a":1}"#,
    r#"{"1":true}"#,
];

pub(crate) fn keeps_its_contract(peer: &Peer) {
    let (mut listener, _) = peer.connect(Role::Listener).unwrap();
    let change = r#"{"1": 100, "65535": 0, "3": 50}"#;
    let (status, body) = ask(peer, "POST", change);
    assert_eq!((status, body), (200, json!({ "1": 100, "65535": 0, "3": 50 })), "the answer is what was posted");
    let mut told = 0;
    let expected = [(1, 10_000), (65_535, 0), (3, 5_000)].map(|(dimmer, level)| Event::Level { dimmer, level });
    listener
        .until(Instant::now() + TIMEOUT, |event| {
            told += usize::from(expected.contains(&event));
            told == expected.len()
        })
        .unwrap();
    let before = map_of(peer);
    for wrong in WRONG {
        assert_eq!(ask(peer, "POST", wrong).0, 400, "{wrong}");
    }
    assert_eq!(map_of(peer), before, "what is wrong changes nothing");
    // A new connection for each change, which the server closes.
    let (mut writer, _) = peer.connect(Role::Once).unwrap();
    writer.set(3, 5_050).unwrap();
    writer.until(Instant::now() + TIMEOUT, |event| event == Event::Answered).unwrap();
    assert_eq!(map_of(peer)[&3], 5_050);
}

/// The map by `GET /`.
pub(crate) fn map_of(peer: &Peer) -> Levels {
    let (status, body) = ask(peer, "GET", "");
    assert_eq!(status, 200, "{body}");
    let level = |level: &Value| (level.as_f64().unwrap() * 100.0).round() as u16;
    let levels = body.as_object().unwrap().iter();
    levels.map(|(dimmer, of)| (dimmer.parse().unwrap(), level(of))).collect()
}

/// The status, and the body if it is JSON.
pub(crate) fn ask(peer: &Peer, method: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, peer.port())).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    let head = format!("{method} / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept: application/json\r\n", peer.port());
    let length =
        format!("Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all([&head, &length, body].concat().as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = if head.to_lowercase().contains("transfer-encoding: chunked") {
        // One chunk, and the last one.
        body.split_once("\r\n").and_then(|(_, body)| body.split_once("\r\n")).map_or(body, |(body, _)| body)
    } else {
        body
    };
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}
