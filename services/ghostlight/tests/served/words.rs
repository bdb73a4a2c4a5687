//! The words of a rig: set, listed, looked up and said.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::asking::{Answer, ask, call, post};
use crate::support::{Served, Socket, folder};

const WORDS: &str = "/v1/rigs/main/words";
const SAY: &str = "/v1/rigs/main/say";

/// A request with JSON and headers.
async fn send(served: &Served, method: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Client::new().request(method, served.url(path)).json(body);
    ask(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn put(served: &Served, word: &str, look: Value) -> Answer {
    let answer = send(served, "PUT", &format!("{WORDS}/{word}"), &look, &[]).await;
    assert_eq!((answer.status, answer.json()), (200, look), "{answer:?}");
    answer
}

async fn looked_up(served: &Served, text: &str) -> Value {
    let answer = post(served, "/v1/rigs/main/lookup", json!({"text": text}).to_string()).await;
    assert_eq!((answer.status, &answer.json()["text"]), (200, &json!(text)), "{answer:?}");
    json!([answer.json()["topics"], answer.json()["unknown"]])
}

async fn said(served: &Served, body: Value) -> Value {
    let answer = post(served, SAY, body.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let said = answer.json();
    assert_eq!(answer.header("etag"), format!("\"{}\"", said["position"].as_str().unwrap()));
    said
}

#[tokio::test]
async fn a_word_is_set_looked_up_and_removed_and_outlives_a_restart() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let first = put(&served, "Wash", json!({"1": 100, "2": 80})).await;
    put(&served, "front%20WASH", json!({"2": 90, "3": 12.5})).await;
    put(&served, "B%C3%BChne", json!({"4": 40})).await;
    assert_eq!(looked_up(&served, "The WASH, left").await, json!([{"1": 100, "2": 80}, ["the", "left"]]));
    assert_eq!(looked_up(&served, "front-wash & wash!").await, json!([{"1": 100, "2": 90, "3": 12.5}, []]));
    assert_eq!(looked_up(&served, "Bu\u{308}hne").await, json!([{"4": 40}, []]));
    for method in ["GET", "POST"] {
        let answer = send(&served, method, "/get_topics", &json!({"text": "wash blue"}), &[]).await;
        assert_eq!(answer.json(), json!({"text": "wash blue", "topics": {"1": 100, "2": 80}, "unknown": ["blue"]}));
    }

    // One, all, and a page at a time.
    assert_eq!(call(&served, "GET", &format!("{WORDS}/WASH")).await.json(), json!({"1": 100, "2": 80}));
    call(&served, "GET", &format!("{WORDS}/spot")).await.problem(404, "not_found");
    let all = call(&served, "GET", WORDS).await;
    let names = |answer: &Answer| answer.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((names(&all), all.header("link")), (["bühne", "front wash", "wash"].map(str::to_owned).into(), ""));
    assert_eq!(names(&call(&served, "GET", &format!("{WORDS}?prefix=F")).await), ["front wash"]);
    let page = call(&served, "GET", &format!("{WORDS}?limit=2")).await;
    assert_eq!(names(&page), ["bühne", "front wash"]);
    let next = page.header("link").strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    let last = call(&served, "GET", next).await;
    assert_eq!((names(&last), last.header("link")), (vec!["wash".to_owned()], ""));

    // Only if it is as it was.
    let tag = first.header("etag");
    let guarded = [("if-match", tag)];
    put(&served, "wash", json!({"1": 50})).await;
    let stale = send(&served, "PUT", &format!("{WORDS}/wash"), &json!({}), &guarded).await;
    assert_eq!(stale.problem(412, "changed")["changed"], json!({"words": ["wash"]}));
    let gone = call(&served, "DELETE", &format!("{WORDS}/front%20wash")).await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    assert_eq!(looked_up(&served, "front wash").await, json!([{"1": 50}, ["front"]]));

    served.kill().await;
    let served = Served::start(&path, &[]).await;
    assert_eq!(call(&served, "GET", WORDS).await.json(), json!({"bühne": {"4": 40}, "wash": {"1": 50}}));
    assert_eq!(looked_up(&served, "front wash").await, json!([{"1": 50}, ["front"]]));
}

/// So many words of a few dimmers each, all at one level.
fn dictionary(count: usize, level: usize) -> Value {
    let look = |number: usize| json!({(number % 500 + 1).to_string(): level, "512": 12.34, "65535": 100});
    (0..count).map(|number| (format!("word {number}"), look(number))).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_dictionary_is_set_at_once_and_outlives_a_restart() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let old = put(&served, "old", json!({"1": 100})).await;
    let mut console = Socket::open(served.address, "/v1/rigs/main/ws", Some("ghostlight.v1")).await.unwrap();
    console.send(json!({"type": "hello", "client": "a", "kinds": ["words"]}).to_string()).await;
    assert_eq!(console.message("snapshot").await["words"], json!({"old": {"1": 100}}));

    let words = dictionary(20_000, 50);
    let done = send(&served, "PUT", WORDS, &words, &[]).await;
    assert_eq!((done.status, done.json()), (200, json!({"words": 20_000})), "{done:?}");
    assert_eq!(looked_up(&served, "word 7 old").await, json!([{"8": 50, "512": 12.34, "65535": 100}, ["old"]]));
    assert_eq!(call(&served, "GET", WORDS).await.json(), words);
    // A console that asked for words is told of all of them in one step.
    let told = loop {
        let delta = console.message("delta").await;
        match delta.get("words") {
            Some(words) => break words.clone(),
            None => continue,
        }
    };
    let mut expected = words.clone();
    expected["old"] = Value::Null;
    assert_eq!(told, expected);
    let stale = send(&served, "PUT", WORDS, &json!({}), &[("if-match", old.header("etag"))]).await;
    assert_eq!(stale.problem(412, "changed")["changed"]["words"].as_array().unwrap().len(), 100);
    let too_many = send(&served, "PUT", WORDS, &dictionary(100_001, 1), &[]).await;
    assert!(too_many.problem(507, "rig_limit")["detail"].as_str().unwrap().contains("at most 100000 words"));
    let bad = send(&served, "PUT", WORDS, &json!({"a": {"0": 1}, "b": null}), &[]).await;
    assert_eq!(bad.problem(400, "bad_input")["errors"][0]["key"], "words/a");

    served.kill().await;
    let served = Served::start(&path, &[]).await;
    assert_eq!(call(&served, "GET", WORDS).await.json(), words);
    let parts = call(&served, "GET", "/v1/rigs/main?kinds=word_parts").await.json();
    assert_eq!(parts, json!({"word_parts": {}}), "nothing is left of the upload");
    let none = send(&served, "PUT", WORDS, &json!({}), &[]).await;
    assert_eq!((none.json(), call(&served, "GET", WORDS).await.json()), (json!({"words": 0}), json!({})));
}

#[tokio::test]
async fn a_console_that_asks_for_words_is_told_of_them_and_others_are_not() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    put(&served, "wash", json!({"1": 100})).await;
    let mut console = Socket::open(served.address, "/v1/rigs/main/ws", Some("ghostlight.v1")).await.unwrap();
    console.send(json!({"type": "hello", "client": "a", "kinds": ["words"]}).to_string()).await;
    let mut other = Socket::full(&served, "b", None).await;
    assert_eq!(console.message("snapshot").await["words"], json!({"wash": {"1": 100}}));
    assert_eq!(other.message("snapshot").await.get("words"), None);
    console.send(json!({"type": "set", "seq": 1, "words": {"Spot": {"7": 70}, "wash": null}}).to_string()).await;
    let told = console.message("delta").await;
    assert_eq!(told["words"], json!({"spot": {"7": 70}, "wash": null}));
    assert_eq!(other.message("delta").await.get("words"), None);
    console.message("ack").await;
    assert_eq!(looked_up(&served, "wash spot").await, json!([{"7": 70}, ["wash"]]));
}

#[tokio::test]
async fn a_text_changes_the_rig_once_and_says_what_was_understood() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    put(&served, "wash", json!({"21": 100, "22": 50})).await;
    let done = said(&served, json!({"text": "dimmer 3-5 @ 0, wash at 50, 9 + 11 full"})).await;
    let changes = json!({"levels": {"3": 0, "4": 0, "5": 0, "9": 100, "11": 100, "21": 50, "22": 25}});
    assert_eq!((&done["understood"], &done["changes"]), (&json!("3 thru 5 out; wash at 50; 9 + 11 full"), &changes));
    assert_eq!((&done["selection"], &done["notes"], &done["dry_run"]), (&json!("9,11"), &json!([]), &json!(false)));
    assert_eq!(json!(served.map().await), changes["levels"]);

    // A preview changes nothing, and a text that selects only has nothing to change.
    let preview = said(&served, json!({"text": "full", "selection": "3-4", "dry_run": true})).await;
    assert_eq!((&preview["changes"]["levels"], &preview["dry_run"]), (&json!({"3": 100, "4": 100}), &json!(true)));
    assert_eq!(
        (&preview["position"], &preview["notes"]),
        (&done["position"], &json!(["the last selection is 3 thru 4"]))
    );
    let selected = said(&served, json!({"text": "1 thru 3"})).await;
    assert_eq!((&selected["selection"], &selected["position"]), (&json!("1-3"), &done["position"]));
    assert_eq!(json!(served.map().await), changes["levels"]);

    // Plain text, words, labels, and what is recorded.
    let plain = Client::new().post(served.url(&format!("{SAY}?selection=5"))).header("content-type", "text/plain");
    assert_eq!(ask(plain.body("at 33.3; 9 record \"Late Show\" at full; master at 80")).await.status, 200);
    assert_eq!(looked_up(&served, "late show").await, json!([{"9": 100}, []]));
    assert_eq!(served.map().await["5"], 33.3);

    // Once under a key, also where it would mean something else by now; and only if nothing has changed.
    let raise = json!({"text": "9 -10"});
    let keyed = [("idempotency-key", "k")];
    let first = send(&served, "POST", SAY, &raise, &keyed).await.json();
    let again = send(&served, "POST", SAY, &raise, &keyed).await.json();
    assert_eq!((&first["changes"]["levels"], &again["position"]), (&json!({"9": 90}), &first["position"]));
    assert_eq!((again.get("changes"), &again["understood"]), (None, &json!("9 -10")));
    assert_eq!(served.map().await["9"], 90.0);
    send(&served, "POST", SAY, &json!({"text": "9 -20"}), &keyed).await.problem(422, "key_reused");
    let tag = format!("\"{}\"", done["position"].as_str().unwrap());
    let stale = send(&served, "POST", SAY, &json!({"text": "9 out"}), &[("if-match", &tag)]).await;
    assert_eq!(stale.problem(412, "changed")["changed"], json!({"levels": [9]}));

    // A preview is refused where the change would be.
    let preview = json!({"text": "9 out", "dry_run": true});
    let stale = send(&served, "POST", SAY, &preview, &[("if-match", &tag)]).await;
    assert_eq!(stale.problem(412, "changed")["changed"], json!({"levels": [9]}));
    send(&served, "POST", SAY, &preview, &[("if-match", "\"1-999999\"")]).await.problem(412, "changed");
    let current = format!("\"{}\"", first["position"].as_str().unwrap());
    assert_eq!(send(&served, "POST", SAY, &preview, &[("if-match", &current)]).await.status, 200);
    send(&served, "POST", SAY, &preview, &[("if-none-match", "*")]).await.problem(412, "changed");
    send(&served, "POST", "/v1/rigs/mian/say", &preview, &[]).await.problem(404, "not_found");
    assert_eq!(send(&served, "POST", "/v1/rigs/mian/say?create=1", &preview, &[]).await.status, 200);
    send(&served, "POST", "/v1/rigs/mian/say", &preview, &[]).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_text_that_is_not_understood_is_refused_with_its_place() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    put(&served, "wash", json!({"21": 100})).await;
    let before = call(&served, "GET", "/v1/rigs/main").await.body;
    let refused = post(&served, SAY, json!({"text": "1 full\nwosh at 50"}).to_string()).await.problem(400, "bad_input");
    let error = &refused["text_error"];
    for (member, value) in [
        ("kind", json!("unknown_name")),
        ("start", json!(7)),
        ("end", json!(11)),
        ("line", json!(2)),
        ("column", json!(1)),
        ("found", json!("`wosh`")),
        ("nearest", json!("wash")),
        ("underlined", json!("wosh at 50\n^^^^")),
    ] {
        assert_eq!(error[member], value, "{member}: {refused}");
    }
    assert!(refused["detail"].as_str().unwrap().ends_with("did you mean `wash`?"), "{refused}");
    for bad in [json!({"text": "full", "selection": "3-"}), json!({"text": "1 full", "dryrun": true}), json!({})] {
        post(&served, SAY, bad.to_string()).await.problem(400, "bad_input");
    }
    assert_eq!(call(&served, "GET", "/v1/rigs/main").await.body, before);
}
