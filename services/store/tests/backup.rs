//! Backups of a database file, and their way back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use ghostlight_rig::Image;
use ghostlight_store::{BackupError, Durability, OpenError, backup, open, restore};
use support::{Folder, Show, soon, sqlite, url};

/// What a database holds.
async fn content(file: &Path) -> Image {
    let store = soon("the store", open(&url(file), Durability::Full)).await.unwrap();
    let image = soon("the load", store.load()).await.unwrap();
    soon("the store to close", store.close()).await;
    image
}

/// A database with this level, which nobody uses.
async fn saved(file: &Path, level: u16) -> Image {
    let store = soon("the store", open(&url(file), Durability::Full)).await.unwrap();
    let mut show = Show::new(1);
    soon("the save", store.save(&show.change("main", [(1, Some(level))]).whole())).await.unwrap();
    soon("the store to close", store.close()).await;
    show.whole()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_of_one_moment_while_saves_go_on() {
    let folder = Folder::new();
    let store = soon("the store", open(&folder.url(), Durability::Relaxed)).await.unwrap();
    let mut show = Show::new(1);
    // Two rigs that are always changed together, first one and then the other.
    let mut change = |level| {
        show.change("main", (1..=200).map(|dimmer| (dimmer, Some(level))));
        show.change("stage", (1..=200).map(|dimmer| (dimmer, Some(level)))).whole()
    };
    soon("the save", store.save(&change(0))).await.unwrap();
    let saving = async {
        for level in 1..=100 {
            soon("the save", store.save(&change(level))).await.unwrap();
        }
    };
    let copying = async {
        for number in 0..5 {
            let file = folder.file().with_extension(format!("backup-{number}"));
            let image = soon("the backup", backup(&folder.url(), &file)).await.unwrap();
            let levels = image.rigs.values().flat_map(|rig| rig.slots.levels.values().map(|slot| slot.value));
            let mut levels: Vec<_> = levels.collect();
            assert_eq!(levels.len(), 400);
            levels.dedup();
            assert_eq!(levels.len(), 1, "it is not of one moment");
            assert_eq!(content(&file).await, image);
        }
    };
    tokio::join!(saving, copying);
    assert_eq!(soon("the load", store.load()).await.unwrap(), show.whole(), "the store is as it was");
}

#[tokio::test]
async fn a_backup_overwrites_nothing_and_leaves_nothing_if_it_fails() {
    let folder = Folder::new();
    saved(&folder.file(), 1).await;
    let taken = folder.file().with_extension("taken");
    fs::write(&taken, "mine").unwrap();
    let failed = soon("the failure", backup(&folder.url(), &taken)).await.unwrap_err();
    assert!(matches!(failed, BackupError::Exists(_)), "{failed}");
    assert_eq!(fs::read(&taken).unwrap(), b"mine");
    let before = files(folder.file().parent().unwrap());

    let new = folder.file().with_extension("new");
    let missing = url(&folder.file().with_extension("missing"));
    let failed = soon("the failure", backup(&missing, &new)).await.unwrap_err();
    assert!(failed.to_string().contains("missing"), "{failed}");
    let mut other = sqlite(&folder.file()).await;
    soon("the change", sqlx::query("UPDATE item SET value = '99'").execute(&mut other)).await.unwrap();
    let failed = soon("the failure", backup(&folder.url(), &new)).await.unwrap_err();
    assert!(failed.to_string().contains("the levels of the rig main are not those that were saved"), "{failed}");
    drop(other);
    assert!(!new.exists());
    assert!(files(folder.file().parent().unwrap()).starts_with(&before[..1]));
    let server = "postgres://ghostlight@127.0.0.1/ghostlight";
    let failed = soon("the failure", backup(server, &new)).await.unwrap_err();
    assert!(failed.to_string().contains("pg_dump"), "{failed}");
}

#[tokio::test]
async fn a_restored_backup_takes_the_place_of_the_store_which_keeps_another_name() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let before = saved(&folder.file(), 10).await;
    let then = saved(&elsewhere.file(), 20).await;
    let store = soon("the store", open(&folder.url(), Durability::Full)).await.unwrap();
    let failed = soon("the failure", restore(&elsewhere.file(), &folder.url())).await.unwrap_err();
    assert!(matches!(failed, BackupError::Open(OpenError::InUse { .. })), "{failed}");
    soon("the store to close", store.close()).await;
    drop(store);

    let restored = soon("the restore", restore(&elsewhere.file(), &folder.url())).await.unwrap();
    assert_eq!(restored.image, then);
    assert_eq!(content(&folder.file()).await, then);
    assert_eq!(content(&restored.before.unwrap()).await, before, "what was there is not lost");
    assert_eq!(content(&elsewhere.file()).await, then, "the backup stays");

    let new = elsewhere.file().with_extension("new");
    let restored = soon("the restore", restore(&folder.file(), &url(&new))).await.unwrap();
    assert_eq!((restored.before, content(&new).await), (None, then));
}

#[tokio::test]
async fn what_is_no_backup_changes_nothing() {
    let folder = Folder::new();
    let before = saved(&folder.file(), 10).await;
    let bad = folder.file().with_extension("bad");
    fs::write(&bad, "this is not a database, and long enough to be looked at".repeat(100)).unwrap();
    for file in [bad.clone(), folder.file().with_extension("missing")] {
        let failed = soon("the failure", restore(&file, &folder.url())).await.unwrap_err();
        assert!(failed.to_string().contains(file.extension().unwrap().to_str().unwrap()), "{failed}");
        assert_eq!(content(&folder.file()).await, before);
    }
    let new = folder.file().with_extension("new");
    assert!(soon("the failure", restore(&bad, &url(&new))).await.is_err());
    assert!(!new.exists());
    assert_eq!(files(folder.file().parent().unwrap()), [bad, folder.file()]);
}
