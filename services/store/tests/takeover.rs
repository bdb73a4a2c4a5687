//! A database as it was before items had one table: all of it is taken over, and it is used on.
//!
//! One story for both databases: the same show is saved by the tables and the `save` of migration 3, which then become
//! today's, and by today's store. Both hold the same afterwards, row for row.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeMap;

use ghostlight_rig::{Dimmer, Image, Label, Level, Position, Slot, Stamp};
use ghostlight_servers::Postgres;
use ghostlight_store::{Durability, open};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use support::{Folder, Show, goes_on_from, older_migrations, postgres, rig, soon, sqlite, without_digests};

/// Every row that is there, one a line, the same in both databases.
const ROWS: &str = "SELECT concat_ws('|', 'item', rig, kind, key, coalesce(value, 'NULL'), epoch, revision, \
                    coalesce(changed_by, 'NULL'), changed_at) AS line FROM item \
                    UNION ALL SELECT concat_ws('|', 'rig', name, epoch, revision, time) FROM rig \
                    UNION ALL SELECT concat_ws('|', 'position', epoch, revision, stamp) FROM position \
                    UNION ALL SELECT concat_ws('|', 'keyed', rig, key, epoch, revision, fingerprint) FROM keyed";

/// What is saved of a show in two epochs: an image of each. No time is known, as no version that had these tables kept it.
fn images() -> [Image; 2] {
    let mut old = Show::new(10).without_time();
    old.change("main", (0..=10_000).map(|level| (level + 1, Some(level))));
    old.change("main", [(1, None), (65_535, Some(10_000)), (2, Some(1))]).keyed("main", "\"'{}\\,~!", 3, 333);
    let widest = "\u{1d11e}".repeat(40);
    let labels = [
        (1, Some("Front wash")),
        (2, Some("'\"{}\\/ <&> [1] null")),
        (3, Some(&*widest)),
        (4, Some("50")),
        (5, Some(" \u{a0}\u{2028}é ")),
        (6, Some("gone")),
    ];
    old.set("main", labels, 1_250, true).set("main", [(6, None)], 1_205, true);
    old.set("stage", [], 0, false).keyed("stage", "a", 7, 700).keyed("stage", "b", 7, 707);
    let first = Image { stamp: Stamp(1_700_000_000_123_456_789), ..old.whole() };

    let mut new = Show::after(first.clone(), 20).without_time();
    new.change("main", [(2, Some(2)), (4, None), (60_000, Some(5_050))]).keyed("foyer", "b", 1, 1);
    new.set("stage", [(1, Some("spot"))], 10_000, false);
    let second = Image { stamp: Stamp(1_700_000_001_123_456_789), ..new.whole() };
    [first, second]
}

/// What the `save` of migration 3 was given for an image: levels, labels, settings, keyed changes and the rest.
struct OldRows {
    position: [u64; 3],
    rigs: Value,
    levels: Value,
    labels: Value,
    settings: Value,
    keyed: Value,
    oldest_keys: Value,
}

impl OldRows {
    fn of(image: &Image) -> Self {
        let (mut rigs, mut levels, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        let (mut settings, mut keyed, mut oldest_keys) = (Vec::new(), Vec::new(), Vec::new());
        for (name, rig) in &image.rigs {
            let name = name.as_str();
            rigs.push(json!([name, rig.position.revision.0]));
            levels.extend(old(name, &rig.slots.levels, |level: &Level| json!(level.hundredths())));
            labels.extend(old(name, &rig.slots.labels, |label: &Label| json!(label.as_str())));
            let master = rig.slots.master.iter().map(|slot| (slot.value.unwrap().hundredths(), slot.revision.0));
            settings.extend(master.map(|(value, revision)| json!([name, "master", value, revision])));
            let blackout = rig.slots.blackout.iter().map(|slot| (u16::from(slot.value.unwrap()), slot.revision.0));
            settings.extend(blackout.map(|(value, revision)| json!([name, "blackout", value, revision])));
            keyed.extend(rig.keyed.iter().map(|(key, one)| {
                let fingerprint = format!("{:016x}", one.fingerprint.0);
                json!([name, key.as_str(), one.position.revision.0, fingerprint, u8::from(one.applied)])
            }));
            oldest_keys.extend(rig.oldest_key.map(|oldest| json!([name, oldest.epoch.0, oldest.revision.0])));
        }
        let position = [image.position.epoch.0, image.position.revision.0, image.stamp.0];
        let array = Value::Array;
        let (rigs, levels, labels) = (array(rigs), array(levels), array(labels));
        let (settings, keyed, oldest_keys) = (array(settings), array(keyed), array(oldest_keys));
        Self { position, rigs, levels, labels, settings, keyed, oldest_keys }
    }

    /// The values of a statement that saves them.
    fn values(&self, cast: &str) -> String {
        let [epoch, revision, stamp] = self.position;
        let rows = [&self.rigs, &self.levels, &self.labels, &self.settings, &self.keyed, &self.oldest_keys];
        let rows = rows.map(|rows| format!("'{}'{cast}", rows.to_string().replace('\'', "''")));
        format!("{epoch}, {revision}, {stamp}, 0, 0, {}", rows.join(", "))
    }
}

/// The rows of items by dimmer.
fn old<T>(rig: &str, slots: &BTreeMap<Dimmer, Slot<T>>, value: impl Fn(&T) -> Value) -> impl Iterator<Item = Value> {
    slots.iter().map(move |(dimmer, slot)| json!([rig, dimmer.get(), slot.value.as_ref().map(&value), slot.revision.0]))
}

/// Saves the same with today's store, and gives what it then holds.
async fn saved_today(url: &str) -> Image {
    let store = soon("the store", open(url, Durability::Full)).await.unwrap();
    let [first, second] = images();
    soon("the save", store.save(&first)).await.unwrap();
    soon("the epoch", store.begin(first.position, Position::new(20, 0).into())).await.unwrap();
    soon("the save", store.save(&second)).await.unwrap();
    let image = soon("the load", store.load()).await.unwrap();
    soon("the store to close", store.close()).await;
    image
}

/// Opens a database of the older tables, compares what was taken over, and goes on with it.
async fn taken_over(url: &str, expected: &Image) {
    let store = soon("the store", open(url, Durability::Full)).await.unwrap();
    let found = soon("the load", store.load()).await.unwrap();
    // The stamp is the least that the log time can be.
    assert_eq!(found.time.0, found.stamp.0);
    assert_eq!(Image { time: expected.time, ..found.clone() }, *expected);
    let main = &found.rigs["main"].slots;
    assert!(main.levels.len() > 10_000 && main.labels.len() == 6, "{} levels", main.levels.len());
    assert_eq!(main.levels[&Dimmer::new(1_235).unwrap()].value.unwrap().hundredths(), 1_234);
    assert_eq!(found.rigs.keys().collect::<Vec<_>>(), [&rig("foyer"), &rig("main"), &rig("stage")]);

    goes_on_from(&*store, found).await;
    soon("the store to close", store.close()).await;
    drop(store);
    let store = soon("the store", open(url, Durability::Full)).await.unwrap();
    assert_eq!(soon("the load", store.load()).await.unwrap().position.epoch.0, 21, "and is used on");
}

#[tokio::test]
async fn an_sqlite_file_of_before_is_taken_over() {
    let (folder, today) = (Folder::new(), Folder::new());
    let mut before = sqlite(&folder.file()).await;
    soon("the tables", older_migrations("sqlite", 3).await.run(&mut before)).await.unwrap();
    for image in images() {
        let columns = "epoch, revision, stamp, since_epoch, since_revision, rigs, levels, labels, settings, keyed, \
                       oldest_keys";
        let save = format!("INSERT INTO save ({columns}) VALUES ({})", OldRows::of(&image).values(""));
        soon("the save", sqlx::raw_sql(AssertSqlSafe(save)).execute(&mut before)).await.unwrap();
    }
    drop(before);
    let expected = saved_today(&today.url()).await;

    soon("the store", open(&folder.url(), Durability::Full)).await.unwrap().close().await;
    let (mut taken, mut saved) = (sqlite(&folder.file()).await, sqlite(&today.file()).await);
    let rows = format!("{ROWS} ORDER BY 1");
    let taken: Vec<String> = sqlx::query_scalar(AssertSqlSafe(&*rows)).fetch_all(&mut taken).await.unwrap();
    let saved: Vec<String> = sqlx::query_scalar(AssertSqlSafe(&*rows)).fetch_all(&mut saved).await.unwrap();
    assert_same(&taken, &saved);
    taken_over(&folder.url(), &without_digests(expected)).await;
}

#[tokio::test]
async fn a_postgresql_database_of_before_is_taken_over() {
    let server = soon("PostgreSQL", Postgres::shared()).await.unwrap();
    let url = soon("the database", server.database("before")).await.unwrap();
    let today = soon("the database", server.database("today")).await.unwrap();
    let mut before = postgres(&url).await;
    soon("the tables", older_migrations("postgres", 3).await.run(&mut before)).await.unwrap();
    for image in images() {
        let save = format!("SELECT save({})", OldRows::of(&image).values("::jsonb"));
        let answer = sqlx::query_scalar::<_, String>(AssertSqlSafe(save)).fetch_one(&mut before);
        assert_eq!(soon("the save", answer).await.unwrap(), "saved");
    }
    let expected = saved_today(&today).await;

    soon("the store", open(&url, Durability::Full)).await.unwrap().close().await;
    let (mut taken, mut saved) = (postgres(&url).await, postgres(&today).await);
    let rows = format!("{ROWS} ORDER BY 1");
    let taken: Vec<String> = sqlx::query_scalar(AssertSqlSafe(&*rows)).fetch_all(&mut taken).await.unwrap();
    let saved: Vec<String> = sqlx::query_scalar(AssertSqlSafe(&*rows)).fetch_all(&mut saved).await.unwrap();
    assert_same(&taken, &saved);
    taken_over(&url, &without_digests(expected)).await;
}

/// Tells the first row that differs: there are ten thousand.
fn assert_same(taken: &[String], saved: &[String]) {
    assert!(saved.len() > 10_000, "{} rows", saved.len());
    for (taken, saved) in taken.iter().zip(saved) {
        assert_eq!(taken, saved);
    }
    assert_eq!(taken.len(), saved.len());
}
