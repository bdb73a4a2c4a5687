//! Levels over HTTP: what is taken, what is answered, and what is refused.

use reqwest::{Body, Client};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::asking::{Answer, Wire, ask, change, get, post};
use crate::support::{Map, Served, folder, within};

const LEVELS: &str = "/v1/rigs/main/levels";

fn map(value: Value) -> Map {
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn a_change_is_answered_with_the_levels_of_the_dimmers_it_names() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for path in ["/", LEVELS] {
        let answer = post(&served, path, r#"{"3": 0.0, "1": 5e1, "2": 12.345}"#).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"1":50,"2":12.35,"3":0}"#));
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(get(&served, LEVELS).await.header("etag"), answer.header("etag"));
        // Only those that are named, and null for one that is forgotten or never was.
        let answer = post(&served, path, r#"{"2": null, "65535": null, "1": 50}"#).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"1":50,"2":null,"65535":null}"#));
        assert_eq!(served.map().await, map(json!({"1": 50, "3": 0})));
        assert_eq!(get(&served, LEVELS).await.header("etag"), answer.header("etag"));
        assert_eq!(post(&served, path, "{}").await.body, "{}");
    }
}

#[tokio::test]
async fn server_timing_tells_how_long_the_stages_took() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let answer = post(&served, "/", r#"{"1": 50}"#).await;
    let stages: Vec<_> = answer.header("server-timing").split(", ").map(|stage| stage.split_once(";dur=")).collect();
    let names: Vec<_> = stages.iter().map(|stage| stage.unwrap().0).collect();
    assert_eq!(names, ["log", "fold", "echo"]);
    let ms: Vec<f64> = stages.iter().map(|stage| stage.unwrap().1.parse().unwrap()).collect();
    assert!(ms.iter().all(|ms| (0.0..10_000.0).contains(ms)), "{ms:?}");
    assert!(ms[0] > 0.0 && ms[1] <= ms[0], "a commit takes time, and it comes after the fold: {ms:?}");
}

#[tokio::test]
async fn only_json_is_taken() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for path in ["/", LEVELS] {
        let bare = || Client::new().post(served.url(path)).body(r#"{"1": 50}"#);
        ask(bare()).await.problem(415, "unsupported_media_type");
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json-seq", ""]
        {
            ask(bare().header("content-type", kind)).await.problem(415, "unsupported_media_type");
        }
    }
    assert_eq!(served.map().await, Map::new());
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"] {
        let request = Client::new().post(served.url("/")).header("content-type", kind);
        assert_eq!(ask(request.body(r#"{"1": 50}"#)).await.status, 200, "{kind}");
    }
}

/// A change of so many bytes.
fn padded(bytes: usize) -> String {
    format!(r#"{{"1":50{}}}"#, " ".repeat(bytes - 8))
}

#[tokio::test]
async fn a_body_has_a_mebibyte_at_most() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    assert_eq!(padded(100).len(), 100);
    for path in ["/", LEVELS] {
        for bytes in [(1 << 20) + 1, 2 << 20, 16 << 20] {
            post(&served, path, padded(bytes)).await.problem(413, "too_large");
            let chunks =
                padded(bytes).into_bytes().chunks(60_000).map(|chunk| Ok::<_, String>(chunk.to_vec())).collect();
            let chunks: Vec<_> = chunks;
            let chunked = Body::wrap_stream(futures_util::stream::iter(chunks));
            ask(change(&served, path, "").body(chunked)).await.problem(413, "too_large");
        }
    }
    assert_eq!(served.map().await, Map::new());
    assert_eq!(post(&served, "/", padded(1 << 20)).await.body, r#"{"1":50}"#);
}

#[tokio::test]
async fn one_bad_key_refuses_all_and_every_bad_one_is_named() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let before = post(&served, "/", r#"{"1": 1}"#).await;
    let cases: &[(&str, &[&str])] = &[
        (r#"{"2": 2, "0": 1}"#, &["0"]),
        (
            r#"{"65536": 1, "-1": 1, "01": 1, "1.0": 1, " 1": 1, "": 1, "a": 1}"#,
            &["65536", "-1", "01", "1.0", " 1", "", "a"],
        ),
        (r#"{"1": -1, "2": 100.01, "3": 200, "4": 1e400, "5": -1e400}"#, &["1", "2", "3", "4", "5"]),
        (r#"{"1": "50", "2": true, "3": [1], "4": {"5": 50}, "6": 50}"#, &["1", "2", "3", "4"]),
        (r#"{"7": 50, "8": 50, "7": 50}"#, &["7"]),
    ];
    for (body, bad) in cases {
        for path in ["/", LEVELS] {
            let problem = post(&served, path, *body).await.problem(400, "bad_input");
            let named: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["key"]).collect();
            assert_eq!(named, *bad, "{body}");
            assert!(problem.get("more_errors").is_none());
            let detail = problem["detail"].as_str().unwrap();
            assert!(bad.iter().all(|key| detail.contains(&format!("{key:?}"))), "{detail}");
        }
    }
    let many: Vec<_> = (0..1_000).map(|n| format!(r#""x{n}": 1"#)).collect();
    let problem = post(&served, "/", format!("{{{}}}", many.join(","))).await.problem(400, "bad_input");
    assert_eq!((problem["errors"].as_array().unwrap().len(), &problem["more_errors"]), (20, &json!(980)));
    let now = get(&served, LEVELS).await;
    assert_eq!((now.header("etag"), now.json()), (before.header("etag"), json!({"1": 1})));
}

#[tokio::test]
async fn what_is_no_object_is_refused() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let nested = format!(r#"{{"1": {}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let braces = "{".repeat(1 << 20);
    let bodies =
        ["", "{", "[]", "50", "null", r#""1""#, r#"{"1": 50}}"#, r#"{"1": 50,}"#, r#"{1: 50}"#, "\u{feff}\u{feff}{}"];
    for body in bodies.into_iter().chain([nested.as_str(), braces.as_str()]) {
        let problem = post(&served, "/", body).await.problem(400, "bad_input");
        assert!(problem["detail"].as_str().unwrap().len() < 500);
    }
    let latin = Client::new().post(served.url("/")).header("content-type", "application/json").body(vec![b'{', 0xe9]);
    ask(latin).await.problem(400, "bad_input");
    assert_eq!(served.map().await, Map::new());
}

#[tokio::test]
async fn what_is_no_rigs_name_is_refused() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let long = "a".repeat(64);
    for name in ["", "Main", "-a", "_a", "a.b", "a%20b", "%C3%A4", "%FF", "a%2Fb", "%00", &long] {
        for place in ["levels", "events", "ws"] {
            get(&served, &format!("/v1/rigs/{name}/{place}")).await.problem(400, "bad_input");
        }
        post(&served, &format!("/v1/rigs/{name}/levels"), "{}").await.problem(400, "bad_input");
    }
    for name in ["0", "a-b_c", &long[1..]] {
        assert_eq!(post(&served, &format!("/v1/rigs/{name}/levels?create=1"), "{}").await.status, 200);
    }
}

#[tokio::test]
async fn the_map_is_sent_only_to_who_does_not_have_it() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    post(&served, "/", r#"{"1": 50, "300": 12.34}"#).await;
    let read = async |path: &str, known: &str| -> Answer {
        let request = Client::new().get(served.url(path)).header("accept", "application/json");
        ask(if known.is_empty() { request } else { request.header("if-none-match", known) }).await
    };
    for path in ["/", LEVELS] {
        let whole = read(path, "").await;
        assert_eq!((whole.status, whole.body.as_str()), (200, r#"{"1":50,"300":12.34}"#));
        assert_eq!(whole.header("content-type"), "application/json");
        let tag = whole.header("etag");
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"1-1\", {tag}"), format!("{tag},\"x\""), "*".into()]
        {
            let answer = read(path, &known).await;
            assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{known}");
            assert_eq!(answer.header("etag"), tag);
        }
        for known in ["\"1-1\"", "\"x\"", tag.trim_matches('"'), "nonsense"] {
            assert_eq!(read(path, known).await.status, 200, "{known}");
        }
        let posted = post(&served, path, r#"{"2": 20}"#).await;
        let changed = read(path, tag).await;
        assert_eq!((changed.status, changed.header("etag")), (200, posted.header("etag")));
        assert_eq!(changed.json(), json!({"1": 50, "2": 20, "300": 12.34}));
        post(&served, path, r#"{"2": null}"#).await;
    }
}

#[tokio::test]
async fn a_bad_idempotency_key_is_refused() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for key in [&b""[..], b"a b", b"\xc3\xa9", b"a\tb", &[b'k'; 129]] {
        let request = change(&served, LEVELS, r#"{"1": 50}"#).header("idempotency-key", key);
        let problem = ask(request).await.problem(400, "bad_input");
        assert!(problem["detail"].as_str().unwrap().to_lowercase().contains("key"), "{problem}");
    }
    let two = change(&served, LEVELS, r#"{"1": 50}"#).header("idempotency-key", "a").header("idempotency-key", "b");
    ask(two).await.problem(400, "bad_input");
    assert_eq!(served.map().await, Map::new());
    let longest = change(&served, LEVELS, r#"{"1": 50}"#).header("idempotency-key", "k".repeat(128));
    assert_eq!(ask(longest).await.status, 200);
}

/// Of two conditions, none may be passed over.
#[tokio::test]
async fn of_two_headers_that_exclude_each_other_none_is_passed_over() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let request = || change(&served, LEVELS, r#"{"1": 50}"#);
    for name in ["idempotency-key", "ghostlight-client", "ghostlight-sent"] {
        ask(request().header(name, "1").header(name, "2")).await.problem(400, "bad_input");
    }
    ask(request().header("if-match", "\"1-1\"").header("if-none-match", "*")).await.problem(400, "bad_input");
    assert_eq!(served.map().await, Map::new());
}

/// A hundred clients at once, each on its own connection: whoever is answered reads what it wrote, and at the end
/// everything is there.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_answered_reads_what_it_wrote() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let clients = (1..=100u32).map(|dimmer| {
        let served = &served;
        async move {
            let http = Client::new();
            let mut last = (0, 0);
            for level in 1..=10u32 {
                let body = json!({ dimmer.to_string(): level, "1000": dimmer % 100 });
                let posted = ask(http.post(served.url("/")).json(&body)).await;
                assert_eq!((posted.status, &posted.json()[dimmer.to_string()]), (200, &json!(level)));
                let read = ask(http.get(served.url(LEVELS))).await;
                assert_eq!(read.json()[dimmer.to_string()], json!(level));
                let (written, seen) = (place(&posted), place(&read));
                assert!(seen >= written && written > last, "{seen:?} after {written:?} after {last:?}");
                last = written;
            }
        }
    });
    within("all changes", futures_util::future::join_all(clients)).await;
    let mut all = served.map().await;
    assert!(all.remove("1000").is_some());
    assert_eq!(all, (1..=100).map(|dimmer: u32| (dimmer.to_string(), json!(10))).collect());
}

/// The epoch and the revision of an answer's ETag.
fn place(answer: &Answer) -> (u64, u64) {
    let (epoch, revision) = answer.header("etag").trim_matches('"').split_once('-').unwrap();
    (epoch.parse().unwrap(), revision.parse().unwrap())
}

/// Several requests in one go on one connection are answered in their order, and the connection stays.
#[tokio::test]
async fn requests_in_one_go_are_answered_in_order() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut wire = Wire::open(&served).await;
    let one = |body: &str| {
        let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
        format!("{head}content-length: {}\r\n\r\n{body}", body.len())
    };
    let all: String = (1..=20).map(|level| one(&format!(r#"{{"1":{level}}}"#))).collect();
    wire.write(&all).await;
    for level in 1..=20 {
        let answer = wire.read_until(&format!(r#"{{"1":{level}}}"#)).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.matches("HTTP/1.1").count() == 1, "{answer}");
    }
    // A refusal does not end the connection either; a head that is none does, after it was answered.
    wire.write(&one(r#"{"0":1}"#)).await;
    assert!(wire.read_until("}]}").await.starts_with("HTTP/1.1 400 "));
    wire.write(&one(r#"{"1":21}"#)).await;
    assert!(wire.read_until(r#"{"1":21}"#).await.starts_with("HTTP/1.1 200 "));
    wire.write("NONSENSE\r\n\r\n").await;
    assert!(wire.read_to_end().await.starts_with("HTTP/1.1 400 "));
}

/// As curl asks before it sends a large body.
#[tokio::test]
async fn who_asks_first_is_told_to_go_on_or_why_not() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let head = |kind: &str| {
        format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-type: {kind}\r\ncontent-length: 8\r\n\r\n"
        )
    };
    let mut wire = Wire::open(&served).await;
    wire.write(&head("application/json")).await;
    wire.read_until("HTTP/1.1 100 Continue\r\n\r\n").await;
    wire.write(r#"{"1":50}"#).await;
    assert!(wire.read_until(r#"{"1":50}"#).await.starts_with("HTTP/1.1 200 OK"));
    let mut wire = Wire::open(&served).await;
    wire.write(&head("text/plain")).await;
    assert!(wire.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 415 "));
    let mut old = Wire::open(&served).await;
    old.write("GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(old.read_to_end().await.starts_with("HTTP/1.0 200 OK"));
}

/// Nobody holds a connection by sending a body that never ends.
#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--stall-seconds", "0.2"]).await;
    let mut wire = Wire::open(&served).await;
    wire.write(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{\"1\":50}",
    )
    .await;
    let answer = wire.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains(r#""code":"too_slow""#), "{answer}");
    assert_eq!(served.map().await, Map::new());
}

/// As `printf … | nc` does: it ends its sending side after the request, and reads.
#[tokio::test]
async fn a_client_that_has_sent_all_that_it_will_send_is_answered() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut wire = Wire::open(&served).await;
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n";
    wire.write(&format!("{head}{{\"1\":50}}")).await;
    within("the end of sending", wire.0.shutdown()).await.unwrap();
    let answer = wire.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n{\"1\":50}"), "{answer}");
    assert_eq!(served.map().await, serde_json::from_value(json!({"1": 50})).unwrap());
}
