//! The state service while its store is away: what was not saved has happened for nobody, and what was is kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::Duration;

use ghostlight_bus::AppendError;
use ghostlight_proto::ServerMessage;
use ghostlight_rig::{Position, Received, Replica, Verdict};
use ghostlight_store::StoreError;
use tempfile::TempDir;

use support::store::Mood;
use support::{Deployment, Follower, answer, entry, kept, numbers, once, soon};

/// Appends until it is taken, as gateways' clients do.
async fn taken(deployment: &Deployment, levels: &str) -> Position {
    let trying = async {
        loop {
            match answer(deployment.append("main", entry(levels))).await {
                Ok(position) => return position,
                Err(AppendError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => panic!("in one process it is known: {error}"),
            }
        }
    };
    soon("a change to be taken again", trying).await
}

/// A change is refused, and the answer says why.
async fn unavailable(deployment: &Deployment, why: &StoreError) {
    let refused = answer(deployment.append("main", entry(r#"{"5": 5}"#))).await;
    assert_eq!(refused, refusal(why));
}

fn refusal(why: &StoreError) -> Result<Position, AppendError> {
    Err(AppendError::Unavailable(why.for_clients().to_owned()))
}

/// A replica that follows the rig `main` and asks for a snapshot whenever it must.
struct Console<'a> {
    deployment: &'a Deployment,
    follower: Follower,
    replica: Replica,
}

impl<'a> Console<'a> {
    async fn open(deployment: &'a Deployment) -> Self {
        let follower = deployment.follow("main").await;
        let mut replica = Replica::default();
        replica.snapshot(&deployment.snapshot("main").await);
        Self { deployment, follower, replica }
    }

    /// Follows until it shows these levels in hundredths of a percent, in an order newer than `after`.
    async fn shows(&mut self, levels: &[(u16, u16)], after: Option<Position>) {
        let following = async {
            while numbers(&self.replica.to_snapshot()) != levels
                || after.is_some_and(|after| self.replica.position().epoch <= after.epoch)
            {
                let received = match self.follower.next().await {
                    ServerMessage::Delta(delta) => self.replica.delta(&delta),
                    ServerMessage::Beacon(beacon) => self.replica.beacon(&beacon),
                    other => panic!("{other:?}"),
                };
                match received {
                    Received::Gap | Received::NewEpoch => {
                        self.replica.snapshot(&self.deployment.snapshot("main").await);
                    }
                    Received::Diverged => panic!("two maps under {}", self.replica.position()),
                    Received::Foreign => panic!("there is one store"),
                    Received::Applied | Received::Replaced | Received::Had | Received::Behind => {}
                }
            }
        };
        soon(&format!("the levels {levels:?}"), following).await;
    }
}

#[tokio::test]
async fn what_could_not_be_saved_has_happened_for_nobody() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let before = deployment.set(r#"{"1": 50}"#).await;
    let mut console = Console::open(&deployment).await;
    deployment.store.be(Mood::FailsToSave);
    let lost = deployment.append("main", entry(r#"{"1": 99, "2": 99}"#));
    console.shows(&[(1, 9_900), (2, 9_900)], None).await;
    let lost = answer(lost).await;
    assert_eq!(lost, refusal(&StoreError::Full));

    console.shows(&[(1, 5_000)], Some(before)).await;
    assert_eq!(kept(&deployment.stored().await, "main"), [(1, 5_000)]);
    unavailable(&deployment, &StoreError::Full).await;
    assert_eq!(numbers(&deployment.snapshot("main").await), [(1, 5_000)], "it can be read all the while");

    deployment.store.be(Mood::Works);
    let after = taken(&deployment, r#"{"3": 30}"#).await;
    assert!(after.epoch > before.epoch);
    console.shows(&[(1, 5_000), (3, 3_000)], Some(before)).await;
    assert_eq!(kept(&deployment.stored().await, "main"), [(1, 5_000), (3, 3_000)]);
    deployment.close().await;
}

#[tokio::test]
async fn followers_hear_of_the_new_epoch_from_a_beacon() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let before = deployment.set(r#"{"1": 50}"#).await;
    let kept = deployment.follow("main").await.beacon().await.digests;
    let mut follower = deployment.follow("main").await;
    deployment.store.be(Mood::FailsToSave);
    let lost = deployment.append("main", entry(r#"{"1": 99}"#));
    assert_ne!(follower.delta().await.position, before);
    assert_eq!(follower.beacon_of_a_new_epoch(before).await.digests, kept);
    assert!(answer(lost).await.is_err());
}

#[tokio::test]
async fn while_nothing_is_known_of_the_store_an_append_waits() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let before = deployment.set(r#"{"1": 50}"#).await;
    let mut console = Console::open(&deployment).await;
    deployment.store.be(Mood::Fails);
    let waiting = deployment.append("main", entry(r#"{"1": 99}"#));
    deployment.store.more_loads(3).await;
    assert!(!waiting.is_finished(), "it may have been saved");
    unavailable(&deployment, &StoreError::Locked).await;

    deployment.store.be(Mood::Works);
    let lost = answer(waiting).await;
    assert_eq!(lost, refusal(&StoreError::Locked));
    console.shows(&[(1, 5_000)], Some(before)).await;
    taken(&deployment, r#"{"2": 60}"#).await;
    console.shows(&[(1, 5_000), (2, 6_000)], Some(before)).await;
    deployment.close().await;
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_has_happened() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let before = deployment.set(r#"{"1": 50}"#).await;
    let mut console = Console::open(&deployment).await;
    deployment.store.be(Mood::LosesOneAnswer);
    let position = answer(deployment.append("main", once("only-once", r#"{"1": 70}"#))).await.unwrap();
    assert_eq!(position.epoch, before.epoch, "where it stood before the new order began");
    assert!(position > before);
    console.shows(&[(1, 7_000)], Some(before)).await;

    taken(&deployment, r#"{"1": 10}"#).await;
    let mut follower = deployment.follow("main").await;
    answer(deployment.append("main", once("only-once", r#"{"1": 70}"#))).await.unwrap();
    let verdicts = follower.delta().await.verdicts;
    assert_eq!(verdicts.into_values().collect::<Vec<_>>(), [Verdict::Repeated(position)]);
    console.shows(&[(1, 1_000)], Some(before)).await;
    deployment.close().await;
}

#[tokio::test]
async fn of_the_entries_that_wait_only_the_saved_ones_have_happened() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let before = deployment.set(r#"{"1": 50}"#).await;
    let mut console = Console::open(&deployment).await;
    let saves = deployment.store.saves();
    deployment.store.be(Mood::Hangs);
    let saved = deployment.append("main", entry(r#"{"1": 60}"#));
    deployment.store.saves_reach(saves + 1).await;
    let lost = deployment.append("main", entry(r#"{"1": 70}"#));
    console.shows(&[(1, 7_000)], None).await;

    // The save of the first is done and its answer lost; there is none of the second.
    deployment.store.be(Mood::LosesOneAnswer);
    assert!(answer(saved).await.is_ok());
    let lost = answer(lost).await;
    assert_eq!(lost, refusal(&StoreError::Other(String::new())));
    console.shows(&[(1, 6_000)], Some(before)).await;
    assert_eq!(kept(&deployment.stored().await, "main"), [(1, 6_000)]);
    deployment.close().await;
}

#[tokio::test]
async fn one_outage_after_another_loses_nothing_that_was_answered() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::open(&folder, 10).await;
    let mut console = Console::open(&deployment).await;
    let mut last = deployment.snapshot("main").await.position;
    let mut levels = Vec::new();
    for round in 1..=6_u16 {
        deployment.store.be([Mood::FailsToSave, Mood::LosesOneAnswer, Mood::Fails][usize::from(round % 3)]);
        let attempt = deployment.append("main", entry(&format!(r#"{{"{}": 1}}"#, round + 100)));
        // The store is asked what it holds once something has gone wrong.
        deployment.store.more_loads(1).await;
        deployment.store.be(Mood::Works);
        if answer(attempt).await.is_ok() {
            levels.push((round + 100, 100));
        }
        let position = taken(&deployment, &format!(r#"{{"{round}": 100}}"#)).await;
        assert!(position > last, "{position} after {last}");
        last = position;
        levels.push((round, 10_000));
        levels.sort_unstable();
        console.shows(&levels, None).await;
    }
    deployment.close().await;
    assert_eq!(kept(&Deployment::open(&folder, 10).await.stored().await, "main"), levels);
}
