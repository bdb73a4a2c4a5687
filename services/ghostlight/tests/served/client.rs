//! The Rust client on the real server.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use ghostlight_client::{ApiError, Client, Follower, News, Options, Pace, Saying, SetError, State};
use ghostlight_proto::{parse_levels, parse_look, parse_update};
use ghostlight_rig::{ClientId, Dimmer, Key, Level, Levels, RigName, Word};
use serde_json::json;
use std::time::Duration;

use crate::asking::post;
use crate::support::{Map, Served, folder, within};

type Held = BTreeMap<Dimmer, Level>;

fn levels(json: &str) -> Levels {
    parse_levels(json.as_bytes()).unwrap()
}

/// What the server answers, as the client holds it.
async fn truth(served: &Served) -> Held {
    held(&served.map().await)
}

fn held(map: &Map) -> Held {
    let text = serde_json::to_string(map).unwrap();
    levels(&text).into_iter().map(|(dimmer, level)| (dimmer, level.unwrap())).collect()
}

async fn connect(served: &Served, name: &str) -> Client {
    // Soon back after a restart, so that the test is.
    let pace = Pace { backoff_most: Duration::from_millis(200), ..Pace::default() };
    let options = Options { client_id: ClientId::new(name).unwrap(), pace, ..Options::default() };
    within("a connection", Client::connect(&served.url(""), options)).await.unwrap()
}

async fn reaches(client: &Client, state: State) {
    let mut status = client.status();
    within("the client's state", status.wait_for(|status| status.state == state)).await.unwrap();
}

/// Follows until the map is this one, as a reader who keeps a copy does.
async fn follow_to(follower: &mut Follower, copy: &mut Held, map: &Held) {
    while copy != map {
        let change = within("a change", follower.changed()).await.unwrap();
        match change.news {
            News::State(state) => *copy = state.levels,
            News::Update(update) => {
                for (dimmer, level) in update.levels {
                    match level {
                        Some(level) => drop(copy.insert(dimmer, level)),
                        None => drop(copy.remove(&dimmer)),
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_client_reads_what_it_wrote_and_what_others_did() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    post(&served, "/", r#"{"1": 10}"#).await;
    let (desk, other) = (connect(&served, "desk").await, connect(&served, "other").await);
    assert_eq!(desk.levels(), truth(&served).await);
    let mut follower = other.follow();
    let mut copy = Held::new();
    follow_to(&mut follower, &mut copy, &desk.levels()).await;

    let position = desk.set(levels(r#"{"1": null, "2": 33.33}"#)).await.unwrap();
    assert_eq!(desk.levels(), held(&serde_json::from_value(json!({"2": 33.33})).unwrap()), "read your writes");
    assert!(desk.position() >= Some(position));
    let change = within("a change", follower.changed()).await.unwrap();
    assert_eq!((change.position, change.news), (position, News::Update(levels(r#"{"1": null, "2": 33.33}"#).into())));
    assert!(change.origins.iter().all(|origin| desk.is_own(origin) && !other.is_own(origin)));
    assert_eq!(change.origins.len(), 1);

    // As many as may be under way at once happen in the order in which they were asked for.
    let few = (1..=64u32).map(|level| desk.set(levels(&format!(r#"{{"3": {level}}}"#))));
    assert!(within("all answers", join_all(few)).await.into_iter().map(Result::unwrap).is_sorted());
    assert_eq!(served.map().await["3"], json!(64));
    // Many at once are answered each; one that is asked for after an answer stands after it.
    let many = (1..=500u32).map(|level| desk.set(levels(&format!(r#"{{"3": {}}}"#, f64::from(level) / 10.0))));
    let positions: Vec<_> = within("all answers", join_all(many)).await.into_iter().map(Result::unwrap).collect();
    let last = desk.set(levels(r#"{"3": 77}"#)).await.unwrap();
    assert!(positions.iter().all(|position| *position < last));
    assert_eq!(served.map().await["3"], json!(77));

    let options = Options { rig: RigName::new("stage").unwrap(), create: true, ..Options::default() };
    let stage = Client::connect(&served.url(""), options).await.unwrap();
    stage.set(levels(r#"{"1": 1}"#)).await.unwrap();
    assert_eq!(served.map().await.get("1"), None);
    stage.shutdown().await;
}

#[tokio::test]
async fn a_client_holds_all_of_the_rig() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let (desk, other) = (connect(&served, "desk").await, connect(&served, "other").await);
    let update = parse_update(br#"{"levels": {"1": 50}, "labels": {"1": "wash"}, "master": 50, "blackout": false}"#);
    let position = desk.change(update.unwrap()).await.unwrap();
    let mut follower = other.follow();
    while other.position() < Some(position) {
        within("a change", follower.changed()).await.unwrap();
    }
    assert_eq!(other.rig(), desk.rig());
    assert_eq!((other.rig().master.hundredths(), other.rig().labels.len()), (5_000, 1));
    assert_eq!(other.output().into_values().map(Level::hundredths).collect::<Vec<_>>(), [2_500]);
    desk.change(parse_update(br#"{"blackout": true, "labels": {"1": null}}"#).unwrap()).await.unwrap();
    assert_eq!(desk.output().into_values().map(Level::hundredths).collect::<Vec<_>>(), [0]);
    assert!(desk.rig().blackout && desk.rig().labels.is_empty(), "{:?}", desk.rig());
    assert_eq!(desk.levels().len(), 1, "what is set stays");
}

/// Kill -9 under load, several times: what was said to have happened is there, what was said not to have happened is
/// not, of the rest nobody said anything; and the follower ends on the true map.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_knows_what_it_does_not_know_after_a_kill() {
    const WRITERS: u32 = 8;
    let (_folder, path) = folder();
    let mut served = Served::start(&path, &[]).await;
    let listen = served.address.to_string();
    let client = Arc::new(connect(&served, "desk").await);
    let mut follower = client.follow();
    let mut copy = Held::new();
    let mut unknown = 0;
    for round in 0..5u32 {
        let (begun, under_way) = tokio::sync::mpsc::unbounded_channel();
        let firsts = (0..WRITERS).map(|writer| round * 10_000 + writer * 1_000 + 1);
        let writers: Vec<_> = firsts.map(|first| tokio::spawn(write(client.clone(), first, begun.clone()))).collect();
        drop(begun);
        wait_for(under_way, 100).await;
        served.kill().await;
        let mut outcomes = Vec::new();
        for writer in writers {
            outcomes.extend(within("a writer notices", writer).await.unwrap());
        }
        reaches(&client, State::Offline).await;
        assert_eq!(client.set(levels(r#"{"65535": 1}"#)).await, Err(SetError::Offline));

        served = Served::start_at(&listen, &path, &[]).await;
        reaches(&client, State::Live).await;
        let map = served.map().await;
        for (dimmer, outcome) in outcomes {
            let there = map.contains_key(&dimmer.to_string());
            match outcome {
                Ok(()) => assert!(there, "round {round}: {dimmer} was acknowledged and is lost"),
                Err(SetError::Offline) => assert!(!there, "round {round}: {dimmer} was not sent and is there"),
                Err(SetError::Unknown) => unknown += 1,
                Err(refused) => panic!("round {round}: {refused:?}"),
            }
        }
        assert!(!map.contains_key("65535"));
        follow_to(&mut follower, &mut copy, &held(&map)).await;
        assert_eq!(client.levels(), held(&map));
    }
    assert!(unknown > 0, "no kill came while a change was under way");
    client.set(levels(r#"{"65535": 1}"#)).await.unwrap();
    follow_to(&mut follower, &mut copy, &truth(&served).await).await;
}

/// Sets one dimmer after another, up to a thousand, until that fails, and tells what became of each.
async fn write(
    client: Arc<Client>,
    first: u32,
    begun: tokio::sync::mpsc::UnboundedSender<()>,
) -> Vec<(u32, Result<(), SetError>)> {
    let mut outcomes = Vec::new();
    for dimmer in first..first + 1_000 {
        let outcome = client.set(levels(&format!(r#"{{"{dimmer}": 50}}"#))).await.map(drop);
        let failed = outcome.is_err();
        outcomes.push((dimmer, outcome));
        if failed {
            break;
        }
        let _ = begun.send(());
    }
    outcomes
}

/// Waits until so many changes were answered.
async fn wait_for(mut answered: tokio::sync::mpsc::UnboundedReceiver<()>, count: usize) {
    for _ in 0..count {
        within("the writers are under way", answered.recv()).await.unwrap();
    }
}

/// A server that stops in good order answers what is under way, and the client is back on its successor.
#[tokio::test]
async fn a_client_finds_the_next_server() {
    let (_folder, path) = folder();
    let mut served = Served::start(&path, &[]).await;
    let listen = served.address.to_string();
    let client = connect(&served, "desk").await;
    client.set(levels(r#"{"1": 10}"#)).await.unwrap();
    served.signal("TERM");
    assert!(served.ended().await.success());
    reaches(&client, State::Offline).await;
    assert_eq!(client.levels().len(), 1, "what was known is still shown");
    let served = Served::start_at(&listen, &path, &[]).await;
    post(&served, "/", r#"{"1": null, "2": 20}"#).await;
    let mut follower = client.follow();
    follow_to(&mut follower, &mut Held::new(), &truth(&served).await).await;
    reaches(&client, State::Live).await;
    client.set(levels(r#"{"3": 30}"#)).await.unwrap();
    assert_eq!(served.map().await, serde_json::from_value::<Map>(json!({"2": 20, "3": 30})).unwrap());
}

#[tokio::test]
async fn the_client_says_texts_and_reads_and_sets_words() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let client = connect(&served, "booth").await;
    let (rig, wash) = (RigName::default(), Word::new("Front wash").unwrap());
    let look = parse_look(br#"{"1": 100, "2": 80}"#).unwrap();
    client.api().set_word(&rig, &wash, &look).await.unwrap();
    client.set(levels(r#"{"7": 30}"#)).await.unwrap();
    let held =
        |json: &str| levels(json).into_iter().filter_map(|(dimmer, level)| Some((dimmer, level?))).collect::<Held>();

    let preview = Saying { dry_run: true, ..Saying::default() };
    let said = client.say("front wash at 50", &preview).await.unwrap();
    assert_eq!(said.changes, Some(levels(r#"{"1": 50, "2": 40}"#).into()));
    assert_eq!(client.levels(), held(r#"{"7": 30}"#), "it was only a preview");
    let once = Saying { idempotency_key: Some(Key::new("k").unwrap()), ..Saying::default() };
    let said = client.say("front wash at 50", &once).await.unwrap();
    assert_eq!((said.understood.as_str(), said.notes.len()), ("front wash at 50", 0));
    assert_eq!(client.levels(), held(r#"{"1": 50, "2": 40, "7": 30}"#), "the map has it");
    let again = client.say("front wash at 50", &once).await.unwrap();
    assert_eq!((again.changes, again.position), (None, said.position));
    let last = Saying { selection: said.selection, ..Saying::default() };
    client.say("full", &last).await.unwrap();
    assert_eq!(client.levels(), held(r#"{"1": 100, "2": 80, "7": 30}"#), "each its share of the word's look");
    // Both changes of this client, by a text and over the WebSocket.
    client.say("undo", &Saying::default()).await.unwrap();
    client.say("undo", &Saying::default()).await.unwrap();
    client.say("undo", &Saying::default()).await.unwrap();
    assert_eq!(client.levels(), BTreeMap::new());

    let error = client.say("wosh at 50", &Saying::default()).await.unwrap_err();
    let ApiError::Refused(problem) = &error else { panic!("{error}") };
    assert_eq!(problem.text_error.as_ref().unwrap().start, 0, "{error}");
    let found = client.lookup("Front-wash, please!").await.unwrap();
    assert_eq!((found.levels, found.unknown), (held(r#"{"1": 100, "2": 80}"#), vec!["please".to_owned()]));
    client.api().set_words(&rig, &[(Word::new("a/b ä").unwrap(), look)].into()).await.unwrap();
    assert_eq!(client.words("A/").await.unwrap().len(), 1);
    client.api().delete_word(&rig, &Word::new("A/B Ä").unwrap()).await.unwrap();
    assert_eq!(client.words("").await.unwrap(), BTreeMap::new());
    let error = client.api().words(&RigName::new("nowhere").unwrap(), "").await.unwrap_err();
    assert_eq!(error.status(), Some(404));
    client.shutdown().await;
}
