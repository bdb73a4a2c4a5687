//! The state service on the bus of one process and a real database: what it announces, answers and saves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::Duration;

use futures_util::future::join_all;
use ghostlight_bus::{AppendError, Echo, Question};
use ghostlight_proto::{RigSummary, ServerMessage, encode_rigs, parse_levels};
use ghostlight_rig::{Beacon, Delta, Partition, Position, Revision, Rig, Verdict};
use ghostlight_state::StartError;
use ghostlight_store::{Store as _, StoreError};
use tempfile::TempDir;

use support::store::Mood;
use support::{Deployment, TIME, answer, entry, kept, moody, name, numbers, once, refused, soon};

#[tokio::test]
async fn a_change_is_announced_saved_and_answered() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let mut follower = deployment.follow("main").await;
    let first = deployment.set(r#"{"1": 50, "2": 12.34}"#).await;
    assert_eq!(kept(&deployment.stored().await, "main"), [(1, 5_000), (2, 1_234)], "durable once it is answered");
    let second = deployment.set(r#"{"2": null, "3": 100}"#).await;
    assert!(second > first);

    let delta = |position: Position, prev, levels: &str| {
        let update = parse_levels(levels.as_bytes()).unwrap().into();
        Delta { position, prev, time: TIME, update, ..Delta::default() }
    };
    assert_eq!(follower.delta().await, delta(first, Revision(0), r#"{"1": 50, "2": 12.34}"#));
    assert_eq!(follower.delta().await, delta(second, first.revision, r#"{"2": null, "3": 100}"#));
    let stored = deployment.stored().await;
    assert_eq!((stored.position, kept(&stored, "main")), (second, vec![(1, 5_000), (3, 10_000)]));
    deployment.close().await;
}

#[tokio::test]
async fn questions_are_answered() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let begun = deployment.snapshot("main").await;
    assert_eq!(numbers(&begun), [], "the rig `main` is always there");
    let main = deployment.set(r#"{"1": 50, "2": 60}"#).await;
    let stage = answer(deployment.append("stage", entry(r#"{"7": 70}"#))).await.unwrap();

    let snapshot = deployment.snapshot("main").await;
    assert_eq!((snapshot.position, numbers(&snapshot)), (main, vec![(1, 5_000), (2, 6_000)]));
    let snapshot = deployment.snapshot("stage").await;
    assert_eq!((snapshot.position, numbers(&snapshot)), (stage, vec![(7, 7_000)]));
    let rigs = [("main", main, 2), ("stage", stage, 1)];
    let rigs = rigs.map(|(rig, position, dimmers)| RigSummary { name: name(rig), position, dimmers });
    assert_eq!(deployment.list().await, encode_rigs(rigs));
    deployment.close().await;
}

#[tokio::test]
async fn every_rig_is_announced_again_and_again() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let position = deployment.set(r#"{"1": 50}"#).await;
    let mut follower = deployment.follow("main").await;
    let mut rig = Rig::new(position.epoch);
    rig.apply(position.revision, TIME, &entry(r#"{"1": 50}"#));
    for _ in 0..2 {
        let beacon = Beacon { store: deployment.store.id(), ..rig.beacon() };
        assert_eq!(follower.next().await, ServerMessage::Beacon(beacon));
    }
    deployment.close().await;
}

#[tokio::test]
async fn a_rig_that_nobody_has_made_is_announced_to_who_asked_for_it() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 2).await;
    for rig in ["a", "b", "c"] {
        assert_eq!(numbers(&deployment.snapshot(rig).await), []);
    }
    // Not sooner: the first of them may have been announced before the last was asked for.
    let mut followers = [
        deployment.follow("a").await,
        deployment.follow("b").await,
        deployment.follow("c").await,
        deployment.follow("d").await,
    ];
    let here = deployment.snapshot("main").await.position;
    // Twice, so that once all were due.
    for _ in 0..2 {
        assert_eq!(followers[1].beacon().await.position.epoch, here.epoch);
        assert_eq!(followers[2].beacon().await.position.epoch, here.epoch);
    }
    assert!(followers[0].has_heard_all(), "no more of them than there may be rigs, those that were asked for last");
    assert!(followers[3].has_heard_all(), "nobody has asked for it");
    // Whoever hears nothing asks again, and is heard of again.
    deployment.snapshot("a").await;
    assert_eq!(followers[0].beacon().await.position.epoch, here.epoch);

    // Once it is made it takes no room among those that are not.
    let made = answer(deployment.append("a", entry(r#"{"1": 50}"#))).await.unwrap();
    assert_eq!(followers[0].delta().await.position, made);
    assert_eq!(followers[0].beacon().await.position, made);
    deployment.snapshot("b").await;
    assert_eq!(followers[1].beacon().await.position.epoch, here.epoch);
    assert_eq!(followers[2].beacon().await.position.epoch, here.epoch);
    deployment.close().await;
}

#[tokio::test]
async fn there_are_no_more_rigs_than_there_may_be() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 2).await;
    answer(deployment.append("stage", entry(r#"{"1": 1}"#))).await.unwrap();
    let mut follower = deployment.follow("foyer").await;
    let refused = answer(deployment.append("foyer", entry(r#"{"1": 50}"#))).await.unwrap();
    let delta = follower.delta().await;
    assert_eq!(delta.position, refused);
    assert_eq!(delta.verdicts.into_iter().collect::<Vec<_>>(), [(0, Verdict::NoRoom)]);
    assert!(delta.update.is_empty());

    assert!(!deployment.list().await.contains("foyer"));
    assert!(!deployment.stored().await.rigs.contains_key("foyer"));
    answer(deployment.append("stage", entry(r#"{"1": 2}"#))).await.unwrap();
    assert_eq!(kept(&deployment.stored().await, "stage"), [(1, 200)], "those that are there go on");
    deployment.close().await;
}

#[tokio::test]
async fn what_comes_while_a_save_is_under_way_is_saved_at_once() {
    const MANY: u16 = 60;
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let mut follower = deployment.follow("main").await;
    deployment.set(r#"{"1": 1}"#).await;
    let before = deployment.store.saves();
    deployment.store.be(Mood::Hangs);
    let first = deployment.append("main", entry(r#"{"1": 2}"#));
    deployment.store.saves_reach(before + 1).await;

    let appends: Vec<_> =
        (1..=MANY).map(|dimmer| deployment.append("main", entry(&format!(r#"{{"{dimmer}": 100}}"#)))).collect();
    // All are folded and announced although none is saved.
    let mut announced = 0;
    while announced < usize::from(MANY) + 2 {
        follower.delta().await;
        announced += 1;
    }
    assert!(!first.is_finished());
    assert!(appends.iter().all(|append| !append.is_finished()));
    assert_eq!(deployment.store.saves(), before + 1, "one at a time");

    deployment.store.be(Mood::Works);
    answer(first).await.unwrap();
    for answer in soon("the appends", join_all(appends)).await {
        answer.unwrap().unwrap();
    }
    assert_eq!(deployment.store.saves(), before + 2, "all of them in one");
    assert_eq!(kept(&deployment.stored().await, "main"), (1..=MANY).map(|dimmer| (dimmer, 10_000)).collect::<Vec<_>>());
    deployment.close().await;
}

#[tokio::test]
async fn a_restart_keeps_levels_and_keys_and_begins_a_new_epoch() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    deployment.set(r#"{"1": 50, "2": 60, "3": 70}"#).await;
    deployment.set(r#"{"2": null}"#).await;
    let keyed = answer(deployment.append("main", once("only-once", r#"{"1": 55}"#))).await.unwrap();
    answer(deployment.append("stage", entry(r#"{"9": 90}"#))).await.unwrap();
    deployment.close().await;

    let deployment = Deployment::open(&folder, 10).await;
    let snapshot = deployment.snapshot("main").await;
    assert_eq!(numbers(&snapshot), [(1, 5_500), (3, 7_000)]);
    assert!(snapshot.position.epoch > keyed.epoch);
    assert_eq!(numbers(&deployment.snapshot("stage").await), [(9, 9_000)]);

    let mut follower = deployment.follow("main").await;
    deployment.set(r#"{"1": 11}"#).await;
    answer(deployment.append("main", once("only-once", r#"{"1": 55}"#))).await.unwrap();
    follower.delta().await;
    let repeat = follower.delta().await;
    assert_eq!(repeat.verdicts.into_iter().collect::<Vec<_>>(), [(0, Verdict::Repeated(keyed))]);
    assert_eq!(numbers(&deployment.snapshot("main").await), [(1, 1_100), (3, 7_000)]);
    deployment.close().await;
}

#[tokio::test]
async fn what_was_taken_in_is_saved_before_the_service_ends() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let mut follower = deployment.follow("main").await;
    let before = deployment.store.saves();
    deployment.store.be(Mood::Hangs);
    let first = deployment.append("main", entry(r#"{"1": 50}"#));
    deployment.store.saves_reach(before + 1).await;
    let second = deployment.append("main", entry(r#"{"2": 60}"#));
    follower.delta().await;
    follower.delta().await;

    deployment.begin_to_close();
    // It goes on answering until the store has done its part.
    assert_eq!(numbers(&deployment.snapshot("main").await), [(1, 5_000), (2, 6_000)]);
    deployment.store.be(Mood::Works);
    assert!(answer(first).await.is_ok());
    assert!(answer(second).await.is_ok());
    let echo = deployment.echo.clone();
    deployment.close().await;
    assert!(soon("the failure", echo.ask(Question::Rigs)).await.is_err(), "it has ended");

    let stored = Deployment::open(&folder, 10).await.stored().await;
    assert_eq!(kept(&stored, "main"), [(1, 5_000), (2, 6_000)]);
}

#[tokio::test]
async fn what_the_log_keeps_is_saved_later_and_all_at_once() {
    const MANY: u16 = 60;
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::keeping(&folder).await;
    let mut follower = deployment.follow("main").await;
    let before = deployment.store.saves();
    // However long the test takes, for the service no time passes.
    tokio::time::pause();
    let appends: Vec<_> =
        (1..=MANY).map(|dimmer| deployment.append("main", entry(&format!(r#"{{"{dimmer}": 100}}"#)))).collect();
    for _ in 0..MANY {
        follower.delta().await;
    }
    assert_eq!(deployment.store.saves(), before, "announced, and not saved yet");
    tokio::time::resume();
    deployment.store.saves_reach(before + 1).await;
    for answer in soon("the appends", join_all(appends)).await {
        answer.unwrap().unwrap();
    }
    assert_eq!(deployment.store.saves(), before + 1, "all of them in one");

    // The end does not wait for it.
    tokio::time::pause();
    let last = deployment.append("main", entry(r#"{"1": 50}"#));
    follower.delta().await;
    deployment.begin_to_close();
    tokio::task::yield_now().await;
    tokio::time::resume();
    assert!(answer(last).await.is_ok());
    deployment.close().await;
    let stored = Deployment::open(&folder, 10).await.stored().await;
    assert_eq!(kept(&stored, "main")[..2], [(1, 5_000), (2, 10_000)]);
}

#[tokio::test]
async fn a_service_does_not_start_on_a_store_that_fails() {
    let folder = TempDir::new().unwrap();
    let store = moody(&folder).await;
    store.be(Mood::Fails);
    let error = refused(store.clone(), Partition::default()).await;
    assert!(matches!(error, StartError::Store(StoreError::Locked)), "{error:?}");
}

/// The show is at least seen, and goes on without a restart.
#[tokio::test]
async fn a_service_on_a_full_store_shows_levels_and_takes_changes_once_there_is_room() {
    let folder = TempDir::new().unwrap();
    let before = Deployment::open(&folder, 10).await;
    before.set(r#"{"1": 50}"#).await;
    before.close().await;

    let store = moody(&folder).await;
    store.be(Mood::FailsToSave);
    let deployment = Deployment::with(store).await;
    assert_eq!(numbers(&deployment.snapshot("main").await), [(1, 5_000)]);
    let refused = answer(deployment.append("main", entry(r#"{"1": 60}"#))).await;
    assert_eq!(refused, Err(AppendError::Unavailable(StoreError::Full.for_clients().to_owned())));
    deployment.store.be(Mood::Works);
    soon("a change to be taken", async {
        while answer(deployment.append("main", entry(r#"{"1": 60}"#))).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert_eq!(kept(&deployment.stored().await, "main"), [(1, 6_000)]);
    deployment.close().await;
}

/// More than are announced at once.
#[tokio::test]
async fn of_many_rigs_the_last_is_announced_as_often_as_the_first() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 2_000).await;
    let names: Vec<_> = (0..1_500).map(|number| format!("rig-{number:04}")).collect();
    for rig in &names {
        answer(deployment.append(rig, entry(r#"{"1": 50}"#))).await.unwrap();
    }
    let mut followers = [deployment.follow(&names[0]).await, deployment.follow(&names[1_499]).await];
    for _ in 0..3 {
        for follower in &mut followers {
            follower.beacon().await;
        }
    }
    deployment.close().await;
}
