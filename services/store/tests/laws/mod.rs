//! The laws of the store. Those that are about the rows of items are in `items.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::FutureExt;
use ghostlight_rig::{Changed, Dimmer, Epoch, Image, Label, Level, LogPosition, Position, Revision, Slot, Stamp};
use ghostlight_store::{Store, StoreError};

use crate::support::{Show, rig, soon, uniform};

mod items;

use items::everything;
pub(crate) use items::{
    a_row_that_cannot_be_read_is_named, an_item_is_one_row_of_text, items_of_an_unknown_kind_are_left_alone,
    items_that_somebody_else_changed_are_noticed, who_changed_an_item_and_when_outlives_a_restart,
};

/// Where a store is.
pub(crate) trait Place {
    /// Opens the store that is there, or a new one. Only one is open at a time.
    fn open(&self) -> impl Future<Output = Arc<dyn Store>>;

    /// Runs SQL on the tables, beside the store.
    fn execute(&self, sql: &str) -> impl Future<Output = ()>;

    /// The texts that a query of one column gives.
    fn asked(&self, sql: &str) -> impl Future<Output = Vec<String>>;
}

async fn load(store: &Arc<dyn Store>) -> Image {
    soon("the load", store.load()).await.unwrap()
}

async fn save(store: &Arc<dyn Store>, image: &Image) {
    soon("the save", store.save(image)).await.unwrap();
}

pub(crate) async fn a_new_store_is_empty(place: &impl Place) {
    let store = place.open().await;
    assert_eq!(load(&store).await, Image::default());
}

pub(crate) async fn what_was_saved_is_loaded(place: &impl Place) {
    let image = everything();
    let store = place.open().await;
    save(&store, &image).await;
    assert_eq!(load(&store).await, image);

    soon("the store to close", store.close()).await;
    drop(store);
    assert_eq!(load(&place.open().await).await, image);
}

pub(crate) async fn a_store_that_was_dropped_has_lost_nothing(place: &impl Place) {
    let mut show = Show::new(1);
    for level in 0..10 {
        let store = place.open().await;
        let cursor = show.revision();
        save(&store, &show.change("main", [(level + 1, Some(level))]).since(cursor)).await;
        drop(store);
        assert_eq!(load(&place.open().await).await, show.whole());
    }
}

pub(crate) async fn a_forgotten_dimmer_stays_known_as_forgotten(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    save(&store, &show.change("main", [(1, Some(5_000)), (2, Some(100)), (3, None)]).whole()).await;
    let cursor = show.revision();
    save(&store, &show.change("main", [(1, None)]).since(cursor)).await;

    let loaded = load(&store).await;
    assert_eq!(loaded, show.whole());
    assert_eq!(loaded.dimmers(), 1, "{loaded:?}");
    let cursor = show.revision();
    save(&store, &show.change("main", [(1, Some(7))]).since(cursor)).await;
    assert_eq!(load(&store).await, show.whole(), "and may come back");
}

/// Changes of one of three rigs that depend on `step` alone: they set, change and forget, with a key now and then.
fn step(show: &mut Show, step: u16) {
    let name = ["main", "stage", "foyer"][usize::from(step * step % 5 % 3)];
    show.by(["desk", "phone"][usize::from(step % 2)]);
    if step % 8 == 5 {
        show.make_up(name, [("look", (!step.is_multiple_of(3)).then_some("dawn")), ("look 2", Some("dusk"))]);
    }
    if step % 6 == 3 {
        show.set(
            name,
            [(step % 5 + 1, (!step.is_multiple_of(4)).then_some("wash"))],
            step * 10,
            step.is_multiple_of(9),
        );
    }
    if step % 4 == 1 {
        show.keyed(name, &format!("key-{step}"), step % 7 + 1, step);
    } else {
        show.change(
            name,
            [(step % 7 + 1, Some(step)), (step * 3 % 11 + 1, (!step.is_multiple_of(3)).then_some(step + 1))],
        );
    }
}

pub(crate) async fn increments_add_up_to_the_whole(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    let mut cursor = show.revision();
    for number in 0..60 {
        step(&mut show, number);
        if number % 5 == 0 || number % 7 == 0 {
            save(&store, &show.since(cursor)).await;
            cursor = show.revision();
            assert_eq!(load(&store).await, show.whole(), "after step {number}");
        }
    }
}

pub(crate) async fn an_older_image_saved_again_changes_nothing(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    let mut images = Vec::new();
    for number in 0..20 {
        let cursor = show.revision();
        step(&mut show, number);
        images.push(show.since(cursor));
        images.push(show.whole());
    }
    for image in &images {
        save(&store, image).await;
    }
    for image in images.iter().rev().chain(&images) {
        save(&store, image).await;
        assert_eq!(load(&store).await, show.whole(), "after saving the image of {} again", image.position);
    }
}

pub(crate) async fn two_services_saving_at_once_get_in_nobodys_way(place: &impl Place) {
    let store = place.open().await;
    // Both fold the same log; each saves at its own pace what has changed since its own last save.
    let service = async |every: u16| {
        let mut show = Show::new(1);
        let mut cursor = show.revision();
        for number in 0..60 {
            step(&mut show, number);
            if number % every == every - 1 {
                save(&store, &show.since(cursor)).await;
                cursor = show.revision();
                let loaded = load(&store).await;
                assert!(loaded.position >= Position { epoch: Epoch(1), revision: cursor }, "{}", loaded.position);
                assert_eq!(loaded, replayed(loaded.position.revision), "at {}", loaded.position);
            }
        }
        show.whole()
    };
    let (one, other) = futures_util::future::join(service(3), service(5)).await;
    assert_eq!(one, other);
    assert_eq!(load(&store).await, one);
}

/// What a store that has saved all of a show gives back: it does not tell of removed rigs.
fn kept(show: &Show) -> Image {
    Image { removed: BTreeMap::new(), ..show.whole() }
}

pub(crate) async fn a_removed_rig_is_gone_and_may_be_made_anew(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    for number in 0..20 {
        step(&mut show, number);
    }
    let mut cursor = show.revision();
    save(&store, &show.whole()).await;
    save(&store, &show.remove("stage").since(cursor)).await;
    assert!(!load(&store).await.rigs.contains_key("stage"));
    assert_eq!(load(&store).await, kept(&show), "the others are as before");
    for table in ["rig WHERE name", "item WHERE rig", "keyed WHERE rig", "digest WHERE rig"] {
        let rows = place.asked(&format!("SELECT 'a row' FROM {table} = 'stage'")).await;
        assert!(rows.is_empty(), "{table}: {rows:?}");
    }

    // Made anew, removed and made anew, all in one save.
    cursor = show.revision();
    show.keyed("stage", "key-1", 1, 100)
        .remove("stage")
        .keyed("stage", "key-2", 2, 200)
        .change("stage", [(3, Some(300))]);
    save(&store, &show.since(cursor)).await;
    assert_eq!(load(&store).await, kept(&show));
    assert_eq!(load(&store).await.rigs["stage"].keyed.len(), 1);
}

pub(crate) async fn rigs_of_before_are_not_brought_back(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    let before = show.change("stage", [(1, Some(100))]).keyed("stage", "key", 2, 200).whole();
    let all = show.remove("stage").change("main", [(1, Some(1))]).whole();
    save(&store, &all).await;
    // A service that has folded less saves what it has.
    save(&store, &before).await;
    assert_eq!(load(&store).await, kept(&show));
    save(&store, &all).await;
    assert_eq!(load(&store).await, kept(&show));
}

/// What the store holds when it has got as far as a revision.
fn replayed(revision: Revision) -> Image {
    let mut show = Show::new(1);
    let mut number = 0;
    while show.revision() < revision {
        step(&mut show, number);
        number += 1;
    }
    show.whole()
}

pub(crate) async fn a_new_epoch_wins_over_a_higher_revision(place: &impl Place) {
    let store = place.open().await;
    let mut old = Show::new(10);
    old.change("main", [(1, Some(100)), (2, Some(200)), (3, None)]).keyed("main", "old", 4, 400).change("stage", []);
    old.set("main", [(1, Some("wash")), (2, Some("spot"))], 5_000, true);
    for number in 0..50 {
        old.change("main", [(1, Some(number))]);
    }
    save(&store, &old.whole()).await;

    // A new order begins, and says so before anything has happened in it.
    let stored = load(&store).await;
    let stored_at = stored.position;
    let mut new = Show::after(stored, 20);
    soon("the epoch", store.begin(stored_at, Position::new(20, 0).into())).await.unwrap();
    let begun = load(&store).await;
    assert_eq!(begun.position, Position::new(20, 0));
    assert_eq!(begun.rigs.keys().collect::<Vec<_>>(), [&rig("main"), &rig("stage")]);
    let main = &begun.rigs["main"];
    assert_eq!(main.position, old.whole().rigs["main"].position, "where its last entry stood");
    assert!(main.slots.levels.values().all(|slot| slot.revision == Revision(0)), "older than all to come: {main:?}");
    assert_eq!(main.keyed, old.whole().rigs["main"].keyed);

    // Revisions begin anew, below those of the old order.
    new.change("main", [(1, Some(7_777))]).keyed("main", "new", 5, 500);
    new.set("main", [(2, None)], 10_000, false);
    save(&store, &new.whole()).await;
    // A service that has not noticed yet: nothing of the old order is saved any more, not even where it hits nothing new.
    old.set("main", [(2, Some("late"))], 0, true)
        .change("main", [(9, Some(900))])
        .keyed("main", "late", 6, 600)
        .change("late", [(1, Some(1))]);
    assert_eq!(soon("the refusal", store.save(&old.whole())).await, Err(StoreError::Superseded));
    let loaded = load(&store).await;
    assert!(!loaded.rigs.contains_key("late"), "{loaded:?}");
    assert!(!loaded.rigs["main"].slots.levels.contains_key(&Dimmer::new(9).unwrap()), "{loaded:?}");
    assert_eq!(loaded.position, Position::new(20, 3));
    let main = &loaded.rigs["main"];
    assert_eq!(main.position, Position::new(20, 3));
    let labels: Vec<_> =
        main.slots.labels.iter().map(|(d, s)| (d.get(), s.value.as_ref().map(Label::as_str), s.revision.0)).collect();
    assert_eq!(labels, [(1, Some("wash"), 0), (2, None, 3)]);
    let newest = Revision(3);
    let changed = Changed { by: None, at: loaded.time };
    assert_eq!(main.slots.master, Some(Slot { value: Some(Level::FULL), revision: newest, changed: changed.clone() }));
    assert_eq!(main.slots.blackout, Some(Slot { value: Some(false), revision: newest, changed }));
    let slots: Vec<_> =
        main.slots.levels.iter().map(|(d, s)| (d.get(), s.value.map(Level::hundredths), s.revision.0)).collect();
    let expected = [(1, Some(7_777), 1), (2, Some(200), 0), (3, None, 0), (4, Some(400), 0), (5, Some(500), 2)];
    assert_eq!(slots, expected);
    let keys: Vec<_> = main.keyed.iter().map(|(key, keyed)| (key.as_str(), keyed.position.epoch.0)).collect();
    assert_eq!(keys, [("old", 10), ("new", 20)]);
}

pub(crate) async fn an_epoch_begins_once(place: &impl Place) {
    let store = place.open().await;
    let at = Position::new;
    let begin = |stored, start| {
        let store = store.clone();
        async move { soon("the beginning", store.begin(stored, start)).await }
    };
    let superseded = Err(StoreError::Superseded);
    assert_eq!(begin(at(1, 1), at(2, 0).into()).await, superseded, "a new store stands nowhere");
    let mark = LogPosition { position: at(10, 40), stamp: Stamp(1_700_000_000_123_456_789) };
    assert_eq!(begin(at(0, 0), mark).await, Ok(()));
    assert_eq!(load(&store).await.mark(), mark);
    assert_eq!(begin(at(0, 0), at(11, 0).into()).await, superseded, "another has begun");
    assert_eq!(begin(at(10, 39), at(11, 0).into()).await, superseded, "another has saved");

    // Of many that find the same, one begins.
    let starts = (0..8).map(|number| at(20 + number, number));
    let begun = futures_util::future::join_all(starts.clone().map(|start| begin(at(10, 40), start.into()))).await;
    let winners: Vec<_> = starts.zip(&begun).filter(|(_, begun)| begun.is_ok()).map(|(start, _)| start).collect();
    assert_eq!(winners.len(), 1, "{begun:?}");
    assert_eq!(begun.iter().filter(|begun| **begun == superseded).count(), 7, "{begun:?}");
    assert_eq!(load(&store).await.position, winners[0]);
}

pub(crate) async fn an_increment_to_more_than_is_there_is_refused(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    save(&store, &show.change("main", [(1, Some(100))]).whole()).await;
    let before = load(&store).await;
    let cursor = show.change("main", [(2, Some(200))]).revision();
    let increment = show.change("main", [(3, Some(300))]).since(cursor);
    assert_eq!(soon("the refusal", store.save(&increment)).await, Err(StoreError::Behind), "dimmer 2 is not in it");
    let later = Image { position: Position::new(2, 9), since: Position::new(2, 0), ..Image::default() };
    assert_eq!(soon("the refusal", store.save(&later)).await, Err(StoreError::Behind), "its epoch has not begun");
    assert_eq!(load(&store).await, before);

    save(&store, &show.since(before.position.revision)).await;
    save(&store, &increment).await;
    assert_eq!(load(&store).await, show.whole());
}

pub(crate) async fn keyed_changes_come_back_in_order_and_are_forgotten_in_order(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    for (number, key) in ["z", "a", "m", "b"].into_iter().enumerate() {
        show.keyed("main", key, 1, number as u16).keyed("stage", key, 2, number as u16);
    }
    let mut image = show.whole();
    save(&store, &image).await;
    assert_eq!(keys(&load(&store).await, "main"), ["z", "a", "m", "b"]);

    // The rig `main` remembers no more than the last two, and then a third.
    let cursor = show.revision();
    let third = image.rigs["main"].keyed[2].1.position;
    image = show.keyed("main", "c", 1, 9).since(cursor);
    image.rigs.get_mut("main").unwrap().oldest_key = Some(third);
    save(&store, &image).await;
    let loaded = load(&store).await;
    assert_eq!(keys(&loaded, "main"), ["m", "b", "c"]);
    assert_eq!(loaded.rigs["main"].oldest_key, Some(third));
    assert_eq!(keys(&loaded, "stage"), ["z", "a", "m", "b"], "another rig has a memory of its own");
}

fn keys<'a>(image: &'a Image, name: &str) -> Vec<&'a str> {
    image.rigs[name].keyed.iter().map(|(key, _)| key.as_str()).collect()
}

pub(crate) async fn a_load_never_shows_half_a_save(place: &impl Place) {
    let store = place.open().await;
    let saving = async {
        for revision in 1..=30 {
            save(&store, &uniform(3, 100, revision)).await;
        }
    };
    let loading = async {
        let mut seen = BTreeSet::new();
        while !seen.contains(&30) {
            seen.extend(only_level(&load(&store).await));
        }
    };
    soon("all saves and the loads between", futures_util::future::join(saving, loading)).await;
}

/// The one level at which every dimmer of a [`uniform`] image stands, or `None` if it is empty.
fn only_level(image: &Image) -> Option<u16> {
    let slots = image.rigs.values().flat_map(|rig| rig.slots.levels.values());
    let levels: BTreeSet<u16> = slots.map(|slot| slot.value.unwrap().hundredths()).collect();
    let level = levels.first().copied()?;
    assert_eq!(*image, uniform(3, 100, level), "half of a save");
    Some(level)
}

pub(crate) async fn a_dropped_save_saved_all_or_nothing(place: &impl Place) {
    let mut store = place.open().await;
    save(&store, &uniform(3, 100, 1)).await;
    for revision in 2..20 {
        // Begun, and dropped after as many turns as the round says.
        let image = uniform(3, 100, revision);
        let mut saving = store.save(&image);
        for _ in 0..revision {
            if (&mut saving).now_or_never().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(saving);
        if revision % 3 == 0 {
            // Where a process that was killed left off, the next one goes on.
            drop(store);
            store = place.open().await;
        }
        let level = only_level(&load(&store).await).unwrap();
        assert!((revision - 1..=revision).contains(&level), "{level} after {revision}");
        save(&store, &image).await;
        assert_eq!(load(&store).await, image);
    }
}
