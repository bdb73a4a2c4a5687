//! Saves of many items in SQLite: they are whole at once, and their rows follow.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;
use std::sync::Arc;

use ghostlight_rig::{Action, Change};
use ghostlight_store::{Durability, Store, open};
use sqlx::Connection;
use support::{Folder, Show, soon, sqlite, uniform, until, url};

async fn opened(file: &Path) -> Arc<dyn Store> {
    soon("the store", open(&url(file), Durability::Full)).await.unwrap()
}

/// How many parts of large saves wait, and how many items are in their table.
async fn pending_and_items(file: &Path) -> (i64, i64) {
    let mut other = sqlite(file).await;
    let counts = sqlx::query_as("SELECT (SELECT count(*) FROM pending), (SELECT count(*) FROM item)");
    let counts = soon("the counts", counts.fetch_one(&mut other)).await.unwrap();
    soon("the connection to close", other.close()).await.unwrap();
    counts
}

/// The items of a large save are put into their table after it. Whenever the store is loaded, it has all of them, and the newest.
#[tokio::test]
async fn a_large_save_is_whole_at_once_and_its_rows_follow() {
    let folder = Folder::new();
    let file = folder.file();
    let all = |level: u16| (1..=20_000_u16).map(move |dimmer| (dimmer, Some(level)));
    let mut show = Show::new(1);
    for round in 1..=5 {
        let store = opened(&file).await;
        soon("a large save", store.save(&show.change("main", all(round)).whole())).await.unwrap();
        // An older row of a part gives way to it.
        soon("a small save", store.save(&show.change("main", [(7, Some(9_000 + round))]).whole())).await.unwrap();
        soon("another large save", store.save(&show.change("stage", all(round)).whole())).await.unwrap();
        assert_eq!(soon("the load", store.load()).await.unwrap(), show.whole());
        soon("a large save", store.save(&show.change("main", all(100 + round)).whole())).await.unwrap();
        // A process that is killed closes nothing.
        drop(store);
        let store = opened(&file).await;
        assert_eq!(soon("the load", store.load()).await.unwrap(), show.whole());
        soon("a small save", store.save(&show.change("main", [(8, None)]).whole())).await.unwrap();
        until("the rows", async || pending_and_items(&file).await == (0, 40_000)).await;
        soon("the store to close", store.close()).await;
    }
}

#[tokio::test]
async fn a_store_that_is_closed_leaves_no_parts() {
    let folder = Folder::new();
    let store = opened(&folder.file()).await;
    let image = uniform(1, 20_000, 1);
    soon("the save", store.save(&image)).await.unwrap();
    soon("the store to close", store.close()).await;
    assert_eq!(pending_and_items(&folder.file()).await, (0, 20_000));
}

/// What is left of a rig in parts does not come back with another rig of its name.
#[tokio::test]
async fn a_removed_rig_leaves_no_parts() {
    let folder = Folder::new();
    let store = opened(&folder.file()).await;
    let mut show = Show::new(1);
    let all = (1..=20_000_u16).map(|dimmer| (dimmer, Some(1)));
    soon("a large save", store.save(&show.change("stage", all).whole())).await.unwrap();
    show.fold("stage", Change { action: Action::Remove, ..Change::default() }).change("stage", [(30_000, Some(2))]);
    soon("the save", store.save(&show.whole())).await.unwrap();
    assert_eq!(pending_and_items(&folder.file()).await, (0, 1));
    assert_eq!(soon("the load", store.load()).await.unwrap().rigs, show.whole().rigs);
}
