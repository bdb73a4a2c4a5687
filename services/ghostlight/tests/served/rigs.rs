//! Rigs as a whole: they are made if that is asked for, replaced and removed.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::asking::{Answer, ask, call, get, post};
use crate::cli::{self, Ran, program};
use crate::sse::Events;
use crate::support::{Served, Socket, folder};

const FULL: Option<&str> = Some("ghostlight.v1");

/// A request with a JSON body, still to be sent.
fn request(served: &Served, method: &str, path: &str, body: impl Into<String>) -> RequestBuilder {
    let request = Client::new().request(Method::from_bytes(method.as_bytes()).unwrap(), served.url(path));
    request.header("content-type", "application/json").body(body.into())
}

async fn put(served: &Served, path: &str, body: impl Into<String>) -> Answer {
    ask(request(served, "PUT", path, body)).await
}

async fn names(served: &Served) -> Vec<String> {
    let list = get(served, "/v1/rigs").await.json();
    list["rigs"].as_array().unwrap().iter().map(|rig| rig["name"].as_str().unwrap().to_owned()).collect()
}

/// The first message of a type, over a WebSocket of the full protocol.
async fn greeted(served: &Served, path: &str) -> (Socket, Value) {
    let mut socket = Socket::open(served.address, path, FULL).await.unwrap();
    socket.send(r#"{"type":"hello","client":"desk"}"#).await;
    let snapshot = socket.message("snapshot").await;
    (socket, snapshot)
}

#[tokio::test]
async fn a_rig_is_made_only_if_that_is_asked_for() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    assert_eq!(post(&served, "/v1/rigs/stage/levels?create=1", "{}").await.status, 200);
    for (method, place) in [("POST", "/levels"), ("PATCH", ""), ("PUT", ""), ("DELETE", "")] {
        let refused = ask(request(&served, method, &format!("/v1/rigs/stagr{place}"), "{}")).await;
        let problem = refused.problem(404, "not_found");
        assert!(problem["detail"].as_str().unwrap().contains("there is stage"), "{problem}");
    }
    get(&served, "/v1/rigs/stagr").await.problem(404, "not_found");
    post(&served, "/v1/rigs/stage/levels?create=yes", "{}").await.problem(400, "bad_input");
    let (mut socket, snapshot) = greeted(&served, "/v1/rigs/stagr/ws").await;
    assert_eq!(snapshot["missing"], true);
    socket.send(r#"{"type":"set","seq":1,"levels":{"1":50}}"#).await;
    let error = socket.message("error").await;
    assert_eq!((&error["seq"], &error["code"]), (&json!(1), &json!("not_found")), "{error}");
    assert_eq!(names(&served).await, ["main", "stage"]);

    let (mut maker, _) = greeted(&served, "/v1/rigs/stagr/ws?create=1").await;
    maker.send(r#"{"type":"set","seq":1,"levels":{"1":50}}"#).await;
    maker.message("ack").await;
    assert_eq!(socket.message("delta").await.get("missing"), None, "it exists now");
    assert_eq!(names(&served).await, ["main", "stage", "stagr"]);
    assert_eq!(put(&served, "/v1/rigs/foyer?create=1", "{}").await.status, 200);
    let new = request(&served, "PUT", "/v1/rigs/attic", "{}").header("if-none-match", "*");
    assert_eq!(ask(new).await.status, 200);
}

#[tokio::test]
async fn put_makes_a_rig_exactly_this_and_takes_what_get_answers() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let set = r#"{"levels":{"1":50,"2":12.34},"labels":{"1":"Wash"},"master":80,"blackout":true}"#;
    put(&served, "/v1/rigs/main", set).await;
    let whole = async || get(&served, "/v1/rigs/main").await.json();
    let before = whole().await;
    for query in ["", "?output=1", "?kinds=levels", "?kinds=levels,master,blackout&output=1", "?kinds="] {
        let was = get(&served, &format!("/v1/rigs/main{query}")).await;
        let other = r#"{"levels":{"1":1,"7":70},"labels":{"7":"Spot"},"master":10,"blackout":false}"#;
        ask(request(&served, "PATCH", "/v1/rigs/main", other)).await;
        // Some editors, and PowerShell, begin a file with a byte order mark.
        let restored = put(&served, &format!("/v1/rigs/main{query}"), format!("\u{feff}{}", was.body)).await;
        assert_eq!(restored.status, 200, "{restored:?}");
        assert_eq!(get(&served, &format!("/v1/rigs/main{query}")).await.json(), was.json(), "{query}");
        put(&served, "/v1/rigs/main", set).await;
        assert_eq!(whole().await, before, "{query}");
    }
    let (mut socket, _) = greeted(&served, "/v1/rigs/main/ws").await;
    let done = put(&served, "/v1/rigs/main", r#"{"levels":{"2":20}}"#).await;
    let delta = socket.message("delta").await;
    assert_eq!(format!("\"{}-{}\"", delta["epoch"], delta["revision"]), done.header("etag"), "it is one change");
    assert_eq!(delta["levels"], json!({"1": null, "2": 20}));
    assert_eq!(whole().await, json!({"levels": {"2": 20}, "labels": {}, "master": 100, "blackout": false}));

    // Anything that has changed keeps a conditional one from replacing it.
    let tag = done.header("etag").to_owned();
    post(&served, "/", r#"{"9": 90}"#).await;
    let late = ask(request(&served, "PUT", "/v1/rigs/main", "{}").header("if-match", tag)).await;
    assert_eq!(late.problem(412, "changed")["changed"], json!({"levels": [9]}));
    put(&served, "/v1/rigs/main", r#"{"levels":{"0":1}}"#).await.problem(400, "bad_input");
    put(&served, "/v1/rigs/main", r#"{"outputs":{}}"#).await.problem(400, "bad_input");
    assert_eq!(whole().await["levels"], json!({"2": 20, "9": 90}));
}

#[tokio::test]
async fn a_removed_rig_is_gone_for_all_and_may_be_made_anew() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-rigs", "2"]).await;
    let made = post(&served, "/v1/rigs/stage/levels?create=1", r#"{"1":50,"2":20}"#).await;
    post(&served, "/v1/rigs/stage/levels", r#"{"1":51}"#).await;
    let (mut socket, _) = greeted(&served, "/v1/rigs/stage/ws").await;
    let mut events = Events::open(&served, "/v1/rigs/stage/events", None).await;
    let late = request(&served, "DELETE", "/v1/rigs/stage", "").header("if-match", made.header("etag"));
    ask(late).await.problem(412, "changed");
    let keyed = request(&served, "DELETE", "/v1/rigs/stage", "").header("idempotency-key", "k");
    ask(keyed).await.problem(400, "bad_input");

    assert_eq!(call(&served, "DELETE", "/v1/rigs/stage").await.status, 204);
    // The change that was refused was told too, and changed nothing.
    let mut delta = socket.message("delta").await;
    while delta.get("levels").is_none() {
        delta = socket.message("delta").await;
    }
    assert_eq!((&delta["missing"], &delta["levels"]), (&json!(true), &json!({"1": null, "2": null})));
    while !events.next().await.unwrap().text.contains("\"missing\":true") {}
    get(&served, "/v1/rigs/stage").await.problem(404, "not_found");
    call(&served, "DELETE", "/v1/rigs/stage").await.problem(404, "not_found");
    assert_eq!(names(&served).await, ["main"]);
    // A fader that is still in a hand does not bring it back.
    socket.send(r#"{"type":"set","seq":1,"levels":{"1":52}}"#).await;
    assert_eq!(socket.message("error").await["code"], "not_found");

    // Its place is free, and its name too: what is made anew is another rig.
    assert_eq!(post(&served, "/v1/rigs/foyer/levels?create=1", "{}").await.status, 200);
    assert_eq!(call(&served, "DELETE", "/v1/rigs/foyer").await.status, 204);
    assert_eq!(post(&served, "/v1/rigs/stage/levels?create=1", r#"{"3":30}"#).await.status, 200);
    assert_eq!(socket.message("delta").await["levels"], json!({"3": 30}));
    let old =
        request(&served, "PATCH", "/v1/rigs/stage", r#"{"levels":{"1":1}}"#).header("if-match", made.header("etag"));
    ask(old).await.problem(412, "changed");

    // All of this outlives the server.
    assert_eq!(call(&served, "DELETE", "/v1/rigs/main").await.status, 204, "which empties it");
    served.kill().await;
    let served = Served::start(&path, &[]).await;
    assert_eq!(names(&served).await, ["main", "stage"]);
    assert_eq!(get(&served, "/v1/rigs/stage/levels").await.json(), json!({"3": 30}));
}

/// A command against this server, in this folder.
async fn command(served: &Served, folder: &std::path::Path, args: &[&str]) -> Ran {
    let mut command = program(args);
    command.current_dir(folder).args(["--url", &served.url("")]);
    cli::run(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_lists_makes_copies_renames_and_removes_rigs() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let main = r#"{"levels":{"1":50},"labels":{"1":"Wash"},"master":80,"blackout":false}"#;
    put(&served, "/v1/rigs/main", main).await;
    let run = async |args: &[&str]| command(&served, &path, &[&["rigs"], args].concat()).await;
    let refused = async |args: &[&str], why: &str| {
        let ran = run(args).await;
        assert_eq!((ran.code, ran.err.contains(why)), (Some(1), true), "{args:?}: {ran:?}");
    };
    assert_eq!(run(&["create", "stage"]).await.code, Some(0));
    refused(&["create", "stage"], "there is a rig stage already").await;
    assert_eq!(run(&["copy", "main", "before-the-show"]).await.code, Some(0));
    assert_eq!(get(&served, "/v1/rigs/before-the-show").await.json(), serde_json::from_str::<Value>(main).unwrap());
    refused(&["copy", "main", "stage"], "there is a rig stage already").await;
    refused(&["copy", "min", "other"], "there is no rig min (there is main)").await;
    assert_eq!(run(&["rename", "stage", "foyer"]).await.code, Some(0));
    refused(&["rename", "main", "other"], "main always exists").await;
    let table = run(&["list"]).await.out;
    let names: Vec<_> = table.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["rig", "before-the-show", "foyer", "main"]);
    assert!(run(&["list", "--json"]).await.out.starts_with("{\"rigs\":["));
    refused(&["delete", "nobody", "foyer"], "there is no rig nobody").await;
    assert_eq!(run(&["delete", "main"]).await.code, Some(0), "which empties it");
    assert_eq!(self::names(&served).await, ["before-the-show", "main"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_is_imported_exactly() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let whole = r#"{"levels":{"1":50,"2":12.34},"labels":{"1":"Wash"},"master":80,"blackout":true}"#;
    put(&served, "/v1/rigs/stage?create=1", whole).await;
    let words = r#"{"wash":{"1":100}}"#;
    put(&served, "/v1/rigs/stage/words", words).await;
    let run = async |args: &[&str]| command(&served, &path, args).await;
    let piped = run(&["export"]).await;
    assert!(piped.out.contains("wash") && !piped.out.contains("word_parts"), "the parts of an upload: {piped:?}");
    assert_eq!(run(&["export", "show.json"]).await.code, Some(0));
    assert_eq!(std::fs::read_to_string(path.join("show.json")).unwrap(), piped.out);
    assert_eq!(run(&["export", "show.json"]).await.code, Some(1), "a file is not overwritten");
    assert_eq!(run(&["export", "--rig", "nobody", "other.json"]).await.code, Some(1));
    assert!(!path.join("other.json").exists());

    call(&served, "DELETE", "/v1/rigs/stage").await;
    post(&served, "/", r#"{"9":90}"#).await;
    post(&served, "/v1/rigs/foyer/levels?create=1", r#"{"3":30}"#).await;
    std::fs::write(path.join("show.json"), format!("\u{feff}{}", piped.out)).unwrap();
    let imported = run(&["import", "show.json"]).await;
    assert_eq!((imported.code, imported.err.trim()), (Some(0), "2 rigs imported: main, stage"), "{imported:?}");
    assert_eq!(get(&served, "/v1/rigs/stage").await.json(), serde_json::from_str::<Value>(whole).unwrap());
    assert_eq!(get(&served, "/v1/rigs/stage/words").await.body, words);
    assert_eq!(get(&served, "/v1/rigs/main/levels").await.body, "{}", "what was set since is removed");
    assert_eq!(get(&served, "/v1/rigs/foyer/levels").await.json(), json!({"3": 30}), "other rigs stay");
    // One bad rig, and nothing is done.
    let spoilt = piped.out.replace("12.34", "101").replace("\"master\":100", "\"master\":1");
    std::fs::write(path.join("spoilt.json"), spoilt).unwrap();
    let refused = run(&["import", "spoilt.json"]).await;
    assert_eq!((refused.code, refused.err.contains("the rig stage")), (Some(1), true), "{refused:?}");
    assert_eq!(get(&served, "/v1/rigs/main").await.json()["master"], 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_listener_gives_a_backup_while_changes_go_on() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--admin", "127.0.0.1:0"]).await;
    post(&served, "/", r#"{"1":50}"#).await;
    post(&served, "/v1/rigs/stage/levels?create=1", r#"{"2":20}"#).await;
    let backup = Client::new().get(format!("{}/v1/backup", served.admin().await)).send().await.unwrap();
    assert_eq!(
        (backup.status().as_u16(), &backup.headers()["content-type"]),
        (200, &"application/vnd.sqlite3".parse().unwrap())
    );
    let copy = backup.bytes().await.unwrap();
    assert_eq!(post(&served, "/", r#"{"1":60}"#).await.status, 200);
    let left: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("backup")), "{left:?}");
    served.kill().await;

    let (_other, other) = folder();
    std::fs::write(other.join("rigs.db"), copy).unwrap();
    let served = Served::start(&other, &[]).await;
    assert_eq!(get(&served, "/v1/rigs/main/levels").await.json(), json!({"1": 50}));
    assert_eq!(names(&served).await, ["main", "stage"]);
}
