//! A kind of thing that no rig has (`services/rig/src/kinds/made_up.rs`), which is one file and one line in a list, through
//! everything: the fold, the database, HTTP, WebSocket, event streams and the command line.

use serde_json::{Value, json};

use crate::asking::call;
use crate::cli::ask;
use crate::sse::Events;
use crate::state::patch;
use crate::support::{Served, Socket, folder};

const RIG: &str = "/v1/rigs/main";

/// A console that wants these kinds.
async fn console(served: &Served, client: &str, kinds: &Value, resume: Option<&str>) -> Socket {
    let mut socket = Socket::open(served.address, "/v1/rigs/main/ws", Some("ghostlight.v1")).await.unwrap();
    let mut hello = json!({"type": "hello", "client": client, "kinds": kinds});
    if let Some(resume) = resume {
        hello["resume"] = json!(resume);
    }
    socket.send(hello.to_string()).await;
    socket
}

/// The kinds that a message has a member of.
fn kinds_in(message: &Value) -> Vec<&'static str> {
    let kinds = ["levels", "labels", "master", "blackout", "made_up"];
    kinds.into_iter().filter(|kind| message.get(*kind).is_some()).collect()
}

#[tokio::test]
async fn a_new_kind_goes_through_everything_and_only_to_those_who_want_it() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    assert_eq!(ask(&served, &["set", "made_up/one=a b", "1=50", "--client", "desk"]).await.code, Some(0));

    // Over HTTP.
    let wanted = call(&served, "GET", &format!("{RIG}?kinds=made_up,levels")).await;
    assert_eq!(wanted.json(), json!({"levels": {"1": 50}, "made_up": {"one": "a b"}}));
    assert_eq!(kinds_in(&call(&served, "GET", RIG).await.json()), ["levels", "labels", "master", "blackout"]);
    let refused = call(&served, "GET", &format!("{RIG}?kinds=tomorrow")).await;
    assert!(
        refused.status == 400 && refused.body.contains("\\\"tomorrow\\\" is not one of levels"),
        "{}",
        refused.body
    );

    // On the full WebSocket: who wants it, who says nothing, and who wants nothing but the master.
    let mut fan = console(&served, "fan", &json!(["made_up", "tomorrow"]), None).await;
    let mut desk = Socket::full(&served, "desk", None).await;
    let mut master = console(&served, "master", &json!(["master"]), None).await;
    let snapshot = fan.message("snapshot").await;
    assert_eq!((kinds_in(&snapshot), &snapshot["made_up"]), (vec!["made_up"], &json!({"one": "a b"})));
    assert_eq!(kinds_in(&desk.message("snapshot").await), ["levels", "labels", "master", "blackout"]);
    assert_eq!(kinds_in(&master.message("snapshot").await), ["master"]);
    for (socket, kinds) in [
        (&mut fan, vec!["made_up"]),
        (&mut desk, vec!["blackout", "labels", "levels", "master"]),
        (&mut master, vec!["master"]),
    ] {
        let beacon = socket.message("beacon").await;
        assert_eq!(beacon["digests"].as_object().unwrap().keys().collect::<Vec<_>>(), kinds);
    }

    // A change of several kinds: each hears what it wants, and whose it was.
    let change = json!({"type": "set", "seq": 7, "levels": {"2": 20}, "made_up": {"one": null, "two": "c"}});
    fan.send(change.to_string()).await;
    let told = fan.message("delta").await;
    assert_eq!((kinds_in(&told), &told["made_up"]), (vec!["made_up"], &json!({"one": null, "two": "c"})));
    assert_eq!(told["origins"], json!([{"client": "fan", "seq": 7}]), "all that it hears is its own");
    let revision = told["revision"].clone();
    let told = desk.message("delta").await;
    assert_eq!((kinds_in(&told), &told["levels"]), (vec!["levels"], &json!({"2": 20})));
    assert_eq!(told["origins"], json!([{"client": "fan", "seq": 7}]));
    let told = master.message("delta").await;
    assert_eq!((kinds_in(&told), &told["revision"]), (vec![], &revision), "it moves on without a value");
    fan.message("ack").await;

    // Catching up from where one left off, and after a restart: nothing is lost.
    let position = format!("{}-{}", snapshot["epoch"], snapshot["revision"]);
    let mut late = console(&served, "late", &json!(["made_up"]), Some(&position)).await;
    let told = late.message("delta").await;
    assert_eq!((kinds_in(&told), &told["made_up"]), (vec!["made_up"], &json!({"one": null, "two": "c"})));
    served.kill().await;
    let served = Served::start(&path, &[]).await;
    let kept = call(&served, "GET", &format!("{RIG}?kinds=made_up")).await.json();
    assert_eq!(kept, json!({"made_up": {"two": "c"}}));

    // As events.
    let mut events = Events::open(&served, &format!("{RIG}/events?kinds=made_up"), None).await;
    assert_eq!(kinds_in(&events.next().await.unwrap().json()), ["made_up"]);
    patch(&served, "fan", &json!({"made_up": {"three": "d"}, "levels": {"3": 30}})).await;
    loop {
        let event = events.next().await.unwrap();
        if event.kind == "delta" {
            assert_eq!((kinds_in(&event.json()), &event.json()["made_up"]), (vec!["made_up"], &json!({"three": "d"})));
            break;
        }
    }
}

#[tokio::test]
async fn who_changed_a_level_last_and_when_outlives_a_restart() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    assert_eq!(ask(&served, &["set", "1-2=50", "--client", "desk"]).await.code, Some(0));
    patch(&served, "lights.py", &json!({"levels": {"2": 20}})).await;
    let detail = |path: &str| format!("{RIG}/levels?detail=1{path}");
    let before = call(&served, "GET", &detail("")).await.json();
    let told = |dimmer: &str| (before[dimmer]["level"].clone(), before[dimmer]["client"].clone());
    assert_eq!([told("1"), told("2")], [(json!(50), json!("desk")), (json!(20), json!("lights.py"))]);
    let time = |dimmer: &str| before[dimmer]["time"].as_str().unwrap().to_owned();
    assert!(time("1") < time("2") && time("1").starts_with("20") && time("1").ends_with('Z'), "{before}");
    assert_eq!(call(&served, "GET", &detail("&dimmer=2")).await.json(), json!({"2": before["2"]}));
    let refused = call(&served, "GET", &detail("&dimmer=0")).await;
    assert!(refused.status == 400 && refused.body.contains("is not a dimmer number (1 to 65535)"), "{}", refused.body);

    served.kill().await;
    let served = Served::start(&path, &[]).await;
    assert_eq!(call(&served, "GET", &detail("")).await.json(), before);
}
