//! What SQLite promises beyond the contract: every way in which its file can be unusable has its own clear answer, and
//! what goes away again leaves a store that works.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use ghostlight_rig::Position;
use ghostlight_store::{Durability, OpenError, Store, StoreError, open};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use support::disk::{Disk, ReadOnly};
use support::{Folder, Show, goes_on, newer_migrations, older_migrations, soon, uniform, until, url, without_digests};

async fn opened(file: &Path) -> Arc<dyn Store> {
    soon("the store", open(&url(file), Durability::Full)).await.unwrap()
}

/// Opens a store that must not open. The answer names the file.
async fn refused(file: &Path) -> OpenError {
    match soon("the refusal", open(&url(file), Durability::Full)).await {
        Ok(_) => panic!("{} opens", file.display()),
        Err(error) => {
            assert!(error.to_string().contains(&file.display().to_string()), "{error}");
            error
        }
    }
}

/// Why a database cannot be used.
async fn unusable(file: &Path) -> StoreError {
    match refused(file).await {
        OpenError::Unusable { cause, .. } => cause,
        error => panic!("{error:?}"),
    }
}

/// Saves an image in a new database, and closes it in good order.
async fn written(file: &Path) {
    let store = opened(file).await;
    soon("the save", store.save(&uniform(10, 500, 1))).await.unwrap();
    soon("the store to close", store.close()).await;
}

/// Another program's connection to the database.
async fn another(file: &Path) -> SqliteConnection {
    soon("the connection", SqliteConnectOptions::new().filename(file).connect()).await.unwrap()
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str) {
    soon(sql, sqlx::raw_sql(sql).execute(connection)).await.unwrap();
}

#[tokio::test]
async fn what_names_no_store_is_refused() {
    for bad in ["", "ghostlight.db", "sqlite", "sqlite:", "postgres", "postgres:ghostlight", "file:ghostlight.db"] {
        let error = open(bad, Durability::Full).await.err();
        assert_eq!(error, Some(OpenError::Url(bad.to_owned())));
    }
}

#[tokio::test]
async fn a_database_is_in_use_by_one_at_a_time() {
    let folder = Folder::new();
    let first = opened(&folder.file()).await;
    assert_eq!(refused(&folder.file()).await, OpenError::InUse { path: folder.file().display().to_string() });

    let mut show = Show::new(1);
    soon("the save", first.save(&show.change("main", [(1, Some(1))]).whole())).await.unwrap();
    drop(first);
    let second = opened(&folder.file()).await;
    assert_eq!(soon("the load", second.load()).await, Ok(show.whole()), "the first was not disturbed");
}

/// The newcomer loses, whatever name it has for the file, and the show goes on.
#[tokio::test]
async fn a_database_is_in_use_under_every_name_that_it_has() {
    let folder = Folder::new();
    let first = opened(&folder.file()).await;
    let [symlink, hard_link] = ["symlink.db", "hard_link.db"].map(|name| folder.file().with_file_name(name));
    std::os::unix::fs::symlink(folder.file(), &symlink).unwrap();
    fs::hard_link(folder.file(), &hard_link).unwrap();
    for name in [&symlink, &hard_link] {
        assert_eq!(refused(name).await, OpenError::InUse { path: name.display().to_string() });
    }
    let mut show = Show::new(1);
    soon("the save", first.save(&show.change("main", [(1, Some(1))]).whole())).await.unwrap();
    soon("the store to close", first.close()).await;
    drop(first);
    assert_eq!(soon("the load", opened(&symlink).await.load()).await, Ok(show.whole()));
}

/// Nothing is saved into a file that the next start would not find.
#[tokio::test]
async fn a_database_that_is_removed_or_replaced_takes_nothing_until_it_is_back() {
    let folder = Folder::new();
    let store = opened(&folder.file()).await;
    let mut show = Show::new(1);
    soon("the save", store.save(&show.change("main", [(1, Some(1))]).whole())).await.unwrap();
    let saved = show.whole();
    let aside = folder.file().with_file_name("aside.db");
    fs::rename(folder.file(), &aside).unwrap();
    for replaced in [false, true] {
        if replaced {
            fs::write(folder.file(), []).unwrap();
        }
        let moved = StoreError::Moved(folder.file().display().to_string());
        let refused = soon("the save", store.save(&show.change("main", [(2, Some(2))]).whole())).await;
        assert_eq!(refused, Err(moved.clone()), "replaced: {replaced}");
        assert_eq!(soon("the load", store.load()).await, Err(moved));
    }
    fs::rename(&aside, folder.file()).unwrap();
    assert_eq!(soon("the load", store.load()).await, Ok(saved));
    soon("the save", store.save(&show.whole())).await.unwrap();
    soon("the store to close", store.close()).await;
    drop(store);
    assert_eq!(soon("the load", opened(&folder.file()).await.load()).await, Ok(show.whole()));
}

#[tokio::test]
async fn nobody_else_reads_a_new_database() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let _store = opened(&folder.file()).await;
    assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_would_not_be_kept_or_is_meant_otherwise_is_refused() {
    for bad in ["sqlite::memory:", "sqlite:file:x?mode=memory", "sqlite://x.db", "sqlite:///var/lib/x.db"] {
        let error = open(bad, Durability::Full).await.err();
        assert!(matches!(&error, Some(OpenError::Settings { url, .. }) if url == bad), "{bad}: {error:?}");
    }
}

#[tokio::test]
async fn a_folder_is_no_database() {
    let folder = Folder::new();
    fs::create_dir(folder.file()).unwrap();
    assert_eq!(unusable(&folder.file()).await, StoreError::Other("it is a folder".to_owned()));
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_not_made() {
    let folder = Folder::new();
    let file = folder.file().join("ghostlight.db");
    let cause = unusable(&file).await;
    assert!(matches!(&cause, StoreError::Other(why) if why.contains("No such file or directory")), "{cause:?}");
    assert!(!folder.file().exists());
}

#[tokio::test]
async fn what_is_no_database_is_said_to_be_damaged_and_left_alone() {
    let folder = Folder::new();
    let noise: Vec<u8> = (0..40_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(folder.file(), &noise).unwrap();
    let cause = unusable(&folder.file()).await;
    assert!(matches!(cause, StoreError::Corrupt(_)), "{cause:?}");
    assert!(fs::read(folder.file()).unwrap() == noise, "it has been written to");
}

#[tokio::test]
async fn a_truncated_database_is_damaged() {
    let folder = Folder::new();
    written(&folder.file()).await;
    let whole = fs::metadata(folder.file()).unwrap().len();
    fs::File::options().write(true).open(folder.file()).unwrap().set_len(whole / 2).unwrap();
    let cause = unusable(&folder.file()).await;
    assert!(matches!(cause, StoreError::Corrupt(_)), "{cause:?}");
}

#[tokio::test]
async fn a_database_with_a_damaged_page_is_damaged() {
    let folder = Folder::new();
    written(&folder.file()).await;
    let pages = fs::metadata(folder.file()).unwrap().len() / 4_096;
    let mut file = fs::File::options().write(true).open(folder.file()).unwrap();
    for page in pages / 2..pages {
        file.seek(SeekFrom::Start(page * 4_096)).unwrap();
        file.write_all(&[0xa5; 4_096]).unwrap();
    }
    drop(file);
    let cause = unusable(&folder.file()).await;
    assert!(matches!(cause, StoreError::Corrupt(_)), "{cause:?}");
}

/// Going back: the file was used by a newer version, which has added to its tables.
#[tokio::test]
async fn a_database_that_a_newer_version_has_added_to_is_used_as_before() {
    let folder = Folder::new();
    let mut show = Show::new(1);
    show.change("main", [(1, Some(1)), (2, Some(2))]);
    let store = opened(&folder.file()).await;
    soon("the save", store.save(&show.whole())).await.unwrap();
    soon("the store to close", store.close()).await;
    drop(store);
    let mut newer = another(&folder.file()).await;
    soon("the tables", newer_migrations("sqlite", 10).await.run(&mut newer)).await.unwrap();
    execute(&mut newer, "UPDATE item SET fade_ms = 3000; INSERT INTO cue VALUES ('dawn', 5)").await;

    goes_on(&*opened(&folder.file()).await, &show).await;
    let cues = soon("the cues", sqlx::query_scalar::<_, i64>("SELECT count(*) FROM cue").fetch_one(&mut newer)).await;
    assert_eq!(cues.unwrap(), 1, "what the newer one has added stays");
    soon("the tables", newer_migrations("sqlite", 10).await.run(&mut newer)).await.unwrap();
}

#[tokio::test]
async fn a_database_that_only_newer_versions_can_use_is_left_to_them() {
    let folder = Folder::new();
    written(&folder.file()).await;
    let mut newer = another(&folder.file()).await;
    soon("the tables", newer_migrations("sqlite", 1_000).await.run(&mut newer)).await.unwrap();
    soon("the connection to close", newer.close()).await.unwrap();
    let cause = unusable(&folder.file()).await;
    assert!(
        matches!(&cause, StoreError::Other(why) if why.contains("newer Ghostlight (its tables are at version 1000)"))
    );
}

/// Levels of a version that knew nothing else are there after the upgrade, and what is new can be saved beside them.
#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date() {
    let folder = Folder::new();
    let options = SqliteConnectOptions::new().filename(folder.file()).create_if_missing(true);
    let mut old = soon("the connection", options.connect()).await.unwrap();
    soon("the tables", older_migrations("sqlite", 1).await.run(&mut old)).await.unwrap();
    let save = r#"INSERT INTO save (epoch, revision, rigs, levels, keyed, oldest_keys)
        VALUES (1, 2, '[["main",2]]', '[["main",1,5000,1],["main",2,null,2]]', '[]', '[]')"#;
    execute(&mut old, save).await;
    soon("the connection to close", old.close()).await.unwrap();

    let store = opened(&folder.file()).await;
    let loaded = soon("the load", store.load()).await.unwrap();
    let mut show = Show::new(1).without_time();
    show.change("main", [(1, Some(5_000))]).change("main", [(2, None)]);
    assert_eq!(loaded, without_digests(show.whole()));
    show.set("main", [(1, Some("Front wash"))], 8_000, true);
    soon("the save", store.save(&show.whole())).await.unwrap();
    assert_eq!(soon("the load", store.load()).await.unwrap(), show.whole());
}

/// A small show never fills the write-ahead log. A copy of the file alone has all of it, a moment after the last save.
#[tokio::test]
async fn when_no_saves_come_the_file_alone_has_everything() {
    let (folder, copy) = (Folder::new(), Folder::new());
    let store = opened(&folder.file()).await;
    let log = folder.file().with_extension("db-wal");
    let mut show = Show::new(1);
    for level in 1..=3 {
        soon("the save", store.save(&show.change("main", [(1, Some(level))]).whole())).await.unwrap();
        assert!(log.metadata().unwrap().len() > 0, "it is in the log first");
        until("the log to be empty", async || log.metadata().unwrap().len() == 0).await;
        std::fs::copy(folder.file(), copy.file()).unwrap();
        let copied = opened(&copy.file()).await;
        assert_eq!(soon("the load", copied.load()).await.unwrap(), show.whole());
        soon("the store to close", copied.close()).await;
    }
}

/// Levels can be read, though nothing can be saved. It takes saves again once there is room, without a restart.
#[tokio::test]
async fn on_a_read_only_disk_levels_are_read_and_nothing_is_saved() {
    let disk = Disk::new(4_096);
    let file = disk.file("ghostlight.db");
    let before = uniform(3, 100, 1);
    let store = opened(&file).await;
    soon("the save", store.save(&before)).await.unwrap();
    // As a process that is killed leaves them.
    let left = [file.clone(), file.with_extension("db-wal")].map(|path| (fs::read(&path).unwrap(), path));
    let id = store.id();
    soon("the store to close", store.close()).await;
    drop(store);
    left.iter().for_each(|(bytes, path)| fs::write(path, bytes).unwrap());
    disk.make_read_only();
    let store = opened(&file).await;
    assert_eq!(store.id(), id);
    for _ in 0..2 {
        assert_eq!(soon("the load", store.load()).await, Ok(before.clone()));
        let begun = store.begin(before.position, Position::new(9, 0).into());
        assert_eq!(soon("the failure", begun).await, Err(StoreError::ReadOnly));
        assert_eq!(soon("the failure", store.save(&uniform(3, 100, 2))).await, Err(StoreError::ReadOnly));
    }
    drop(store);
    assert_eq!(unusable(&disk.file("another.db")).await, StoreError::ReadOnly);
}

#[tokio::test]
async fn on_a_full_disk_levels_are_read_until_there_is_room_to_save() {
    let disk = Disk::new(1_024);
    let file = disk.file("ghostlight.db");
    let (before, after) = (uniform(3, 100, 1), uniform(3, 100, 2));
    let store = opened(&file).await;
    soon("the save", store.save(&before)).await.unwrap();
    soon("the store to close", store.close()).await;
    drop(store);
    let ballast = disk.fill();
    let store = opened(&file).await;
    assert_eq!(soon("the load", store.load()).await, Ok(before.clone()));
    assert_eq!(soon("the failure", store.save(&after)).await, Err(StoreError::Full));
    fs::remove_file(ballast).unwrap();
    assert_eq!(soon("the load", store.load()).await, Ok(before), "a load finds out that there is room");
    soon("the save", store.save(&after)).await.unwrap();
    drop(store);
    assert_eq!(soon("the load", opened(&file).await.load()).await, Ok(after));
}

/// Items are read in parts of 2,048.
#[tokio::test]
async fn all_items_are_loaded_wherever_a_part_of_them_ends() {
    for (rigs, dimmers) in [(1, 2_047), (1, 2_048), (1, 2_049), (2, 1_024), (3, 2_048), (5, 1_000)] {
        let folder = Folder::new();
        let (store, kept) = (opened(&folder.file()).await, uniform(rigs, dimmers, 1));
        soon("the save", store.save(&kept)).await.unwrap();
        assert_eq!(soon("the load", store.load()).await, Ok(kept), "{rigs} rigs of {dimmers} dimmers");
    }
}

#[tokio::test]
async fn a_read_only_file_is_read() {
    let folder = Folder::new();
    written(&folder.file()).await;
    let _read_only = ReadOnly::new(&folder.file());
    let store = opened(&folder.file()).await;
    let image = soon("the load", store.load()).await.unwrap();
    assert!(image.dimmers() > 0);
    assert_eq!(soon("the failure", store.save(&image)).await, Err(StoreError::ReadOnly));
}

#[tokio::test]
async fn a_locked_database_fails_until_it_is_released() {
    let folder = Folder::new();
    let store = opened(&folder.file()).await;
    let (before, after) = (uniform(3, 10, 1), uniform(3, 10, 2));
    soon("the save", store.save(&before)).await.unwrap();

    let mut other = another(&folder.file()).await;
    execute(&mut other, "BEGIN EXCLUSIVE").await;
    assert_eq!(soon("the failure", store.save(&after)).await, Err(StoreError::Locked));
    assert_eq!(soon("the failure", store.save(&after)).await, Err(StoreError::Locked), "and again");
    assert_eq!(soon("the load", store.load()).await, Ok(before), "nothing of it was saved");

    execute(&mut other, "ROLLBACK").await;
    soon("the save", store.save(&after)).await.unwrap();
    assert_eq!(soon("the load", store.load()).await, Ok(after));
}

#[tokio::test]
async fn a_database_that_is_locked_does_not_open() {
    let folder = Folder::new();
    written(&folder.file()).await;
    let mut other = another(&folder.file()).await;
    execute(&mut other, "BEGIN EXCLUSIVE").await;
    assert_eq!(unusable(&folder.file()).await, StoreError::Locked);

    execute(&mut other, "ROLLBACK").await;
    assert_eq!(soon("the load", opened(&folder.file()).await.load()).await, Ok(uniform(10, 500, 1)));
}

#[tokio::test]
async fn a_database_that_another_program_keeps_to_itself_is_locked() {
    let folder = Folder::new();
    written(&folder.file()).await;
    let mut other = another(&folder.file()).await;
    execute(&mut other, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT").await;
    assert_eq!(unusable(&folder.file()).await, StoreError::Locked);

    soon("the connection to close", other.close()).await.unwrap();
    assert_eq!(soon("the load", opened(&folder.file()).await.load()).await, Ok(uniform(10, 500, 1)));
}

#[tokio::test]
async fn a_full_disk_fails_until_there_is_room() {
    let disk = Disk::new(1_024);
    let file = disk.file("ghostlight.db");
    let store = opened(&file).await;
    let (before, after) = (uniform(3, 100, 1), uniform(3, 1_000, 2));
    soon("the save", store.save(&before)).await.unwrap();

    let ballast = disk.fill();
    assert_eq!(soon("the failure", store.save(&after)).await, Err(StoreError::Full));
    assert_eq!(soon("the failure", store.save(&after)).await, Err(StoreError::Full), "and again");
    assert_eq!(soon("the load", store.load()).await, Ok(before.clone()), "nothing of it was saved");

    fs::remove_file(ballast).unwrap();
    assert_eq!(soon("the load", store.load()).await, Ok(before), "nor was it left over");
    soon("the save", store.save(&after)).await.unwrap();
    drop(store);
    assert_eq!(soon("the load", opened(&file).await.load()).await, Ok(after));
}

#[tokio::test]
async fn what_did_not_fit_is_not_there_for_the_next_process_either() {
    let disk = Disk::new(1_024);
    let file = disk.file("ghostlight.db");
    let store = opened(&file).await;
    let before = uniform(3, 100, 1);
    soon("the save", store.save(&before)).await.unwrap();
    let ballast = disk.fill();
    assert_eq!(soon("the failure", store.save(&uniform(3, 1_000, 2))).await, Err(StoreError::Full));
    drop(store);

    fs::remove_file(ballast).unwrap();
    assert_eq!(soon("the load", opened(&file).await.load()).await, Ok(before));
}

#[tokio::test]
async fn a_full_disk_takes_no_new_database() {
    let disk = Disk::new(64);
    disk.fill();
    assert_eq!(unusable(&disk.file("ghostlight.db")).await, StoreError::Full);
}
