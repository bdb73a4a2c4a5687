//! Many state services on one database.

use std::sync::Arc;

use futures_util::future::join_all;
use ghostlight_rig::{Image, Position, Revision};
use ghostlight_store::{Durability, Store, StoreError, open};

use crate::support::{LOCKS, Show, goes_on, newer_migrations, soon, uniform, until};
use crate::{another, asked, database, execute, opened};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_start_at_once_bring_the_tables_up_to_date_once() {
    let (_, url) = database("starting").await;
    let starting = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { opened(&url).await.load().await })
    });
    for loaded in soon("all of them", join_all(starting)).await {
        assert_eq!(loaded.unwrap(), Ok(Image::default()));
    }
    let mut other = another(&url).await;
    let versions = asked(&mut other, "SELECT string_agg(version::text, ' ' ORDER BY version) FROM _sqlx_migrations");
    assert_eq!(versions.await, "1 2 3 4 5 6 7");
}

/// The tables are added to under a service that runs, and others of its version start afterwards.
#[tokio::test]
async fn services_go_on_when_a_newer_version_adds_to_the_tables() {
    let (_, url) = database("added").await;
    let running = opened(&url).await;
    let mut show = Show::new(1);
    show.change("main", [(1, Some(1)), (2, Some(2))]);
    soon("the save", running.save(&show.whole())).await.unwrap();
    assert_eq!(soon("the load", running.load()).await.unwrap(), show.whole());

    let mut newer = another(&url).await;
    let migrations = newer_migrations("postgres", 8).await;
    soon("the tables", migrations.run(&mut newer)).await.unwrap();
    execute(&mut newer, "UPDATE item SET fade_ms = 3000; INSERT INTO cue VALUES ('dawn', 5)").await;
    goes_on(&*running, &show).await;

    let (_, other) = database("added_before").await;
    opened(&other).await.save(&show.whole()).await.unwrap();
    soon("the tables", migrations.run(&mut another(&other).await)).await.unwrap();
    goes_on(&*opened(&other).await, &show).await;
    assert_eq!(asked(&mut newer, "SELECT count(*)::text FROM cue").await, "1", "what the newer one has added stays");
    soon("the tables", migrations.run(&mut newer)).await.unwrap();
}

/// What an older service is in the middle of, and what a newer one does to the tables, wait for each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn saves_under_way_and_a_newer_version_that_starts_do_not_hurt_each_other() {
    let (_, url) = database("adding").await;
    let saving = tokio::spawn({
        let url = url.clone();
        async move {
            let store = opened(&url).await;
            let mut show = Show::new(1);
            for number in 0..300 {
                let cursor = show.revision();
                step(&mut show, number);
                store.save(&show.since(cursor)).await.unwrap();
            }
            show.whole()
        }
    });
    let mut newer = another(&url).await;
    let saved = "SELECT count(*)::text FROM pg_class WHERE relname = 'keyed'";
    until("the first save", async || {
        asked(&mut newer, saved).await == "1" && asked(&mut newer, "SELECT count(*)::text FROM rig").await != "0"
    })
    .await;
    soon("the tables", newer_migrations("postgres", 8).await.run(&mut newer)).await.unwrap();
    let whole = soon("all saves", saving).await.unwrap();
    assert_eq!(soon("the load", opened(&url).await.load()).await.unwrap(), whole);
}

/// Those before met no service that saves: no release knew this database.
#[test]
fn every_migration_that_services_may_save_under_waits_for_them_in_their_order() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        let number: u32 = file.file_name().unwrap().to_str().unwrap()[..4].parse().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("--"));
        assert!(number <= 3 || first == Some(LOCKS), "{} does not begin with {LOCKS}", file.display());
    }
}

/// The `number`th change of a show that all services fold.
fn step(show: &mut Show, number: u16) {
    let name = ["main", "stage", "foyer"][usize::from(number % 3)];
    show.change(name, [(number % 50 + 1, Some(number)), (number % 7 + 60, None)]);
    if number.is_multiple_of(4) {
        show.keyed(name, &format!("key-{number}"), 90, number);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn services_of_their_own_save_the_same_at_once() {
    let (_, url) = database("saving").await;
    let services = (1..=4_u16).map(|every| {
        let url = url.clone();
        tokio::spawn(async move {
            let store = opened(&url).await;
            let mut show = Show::new(1);
            let mut cursor = Revision(0);
            for number in 0..200 {
                step(&mut show, number);
                if number % every == every - 1 {
                    soon("the save", store.save(&show.since(cursor))).await.unwrap();
                    cursor = show.revision();
                }
            }
            soon("the save", store.save(&show.since(cursor))).await.unwrap();
            show.whole()
        })
    });
    let shows = soon("all of them", join_all(services)).await;
    let loaded = soon("the load", opened(&url).await.load()).await.unwrap();
    for show in shows {
        assert_eq!(loaded, show.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_services_that_find_the_same_one_begins() {
    let (_, url) = database("beginning").await;
    let stores = join_all((0..5).map(|_| opened(&url))).await;
    for round in 1..=10 {
        let stored = Position::new(round - 1, 0);
        let begin = |store: Arc<dyn Store>| {
            tokio::spawn(async move { store.begin(stored, Position::new(round, 0).into()).await })
        };
        let begun = soon("all of them", join_all(stores.iter().cloned().map(begin))).await;
        let begun: Vec<_> = begun.into_iter().map(Result::unwrap).collect();
        assert_eq!(begun.iter().filter(|begun| begun.is_ok()).count(), 1, "{begun:?}");
        assert!(begun.iter().all(|begun| matches!(begun, Ok(()) | Err(StoreError::Superseded))), "{begun:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_epoch_that_begins_under_saves_ends_the_old_one() {
    let (_, url) = database("ending").await;
    let (saving, beginning) = (opened(&url).await, opened(&url).await);
    soon("the first epoch", beginning.begin(Position::default(), Position::new(1, 0).into())).await.unwrap();
    for epoch in 1..=30 {
        let (store, mut show) = (saving.clone(), Show::new(epoch));
        let saves = tokio::spawn(async move {
            loop {
                let cursor = show.revision();
                show.change("main", [(1, Some(1))]);
                if let Err(error) = store.save(&show.since(cursor)).await {
                    return error;
                }
            }
        });
        let next = Position::new(epoch + 1, 0);
        let begin = async {
            loop {
                let stored = beginning.load().await.unwrap().position;
                match beginning.begin(stored, next.into()).await {
                    Err(StoreError::Superseded) => {}
                    begun => return begun.unwrap(),
                }
            }
        };
        soon("the next epoch", begin).await;
        assert_eq!(soon("the end of the old one", saves).await.unwrap(), StoreError::Superseded);
        assert_eq!(soon("the load", beginning.load()).await.unwrap().position, next);
    }
}

#[tokio::test]
async fn what_another_has_saved_already_is_not_written_again() {
    let (_, url) = database("twice").await;
    let (first, second) = (opened(&url).await, opened(&url).await);
    let image = uniform(3, 100, 1);
    soon("the save", first.save(&image)).await.unwrap();
    let mut other = another(&url).await;
    let written = "SELECT sum(xmin::text::bigint + xmax::text::bigint)::text FROM item";
    let before = asked(&mut other, written).await;
    soon("the save", second.save(&image)).await.unwrap();
    assert_eq!(asked(&mut other, written).await, before);
}

#[tokio::test]
async fn a_service_has_few_connections_and_ends_them() {
    let (_, url) = database("few").await;
    let store = opened(&url).await;
    let mut other = another(&url).await;
    let image = uniform(3, 50, 1);
    let saves = (0..40).map(|_| store.save(&image));
    for saved in soon("all saves", join_all(saves)).await {
        assert_eq!(saved, Ok(()));
    }
    let connections = "SELECT count(*)::text FROM pg_stat_activity \
                       WHERE application_name = 'ghostlight' AND datname = current_database()";
    assert_eq!(asked(&mut other, connections).await, "3");
    soon("the store to close", store.close()).await;
    until("they are gone", async || asked(&mut other, connections).await == "0").await;
    assert!(matches!(soon("the refusal", store.load()).await, Err(StoreError::Other(_))));
}

/// Notes what holds for the transaction, whenever one saves.
const NOTE: &str = "CREATE TABLE noted (settings text);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO noted
            VALUES (concat_ws(' ', current_setting('synchronous_commit'), current_setting('statement_timeout')));
        RETURN NULL;
    END $$;
    CREATE TRIGGER note AFTER UPDATE ON position FOR EACH ROW EXECUTE FUNCTION note()";

#[tokio::test]
async fn saves_are_as_durable_as_is_asked_for_and_large_ones_may_take_longer() {
    let (_, url) = database("durable").await;
    let full = opened(&url).await;
    let relaxed = soon("the store", open(&url, Durability::Relaxed)).await.unwrap();
    let mut other = another(&url).await;
    execute(&mut other, NOTE).await;
    let large = 30_000;
    for (revision, (store, dimmers, expected)) in
        [(&full, 1, "on 5s"), (&relaxed, 1, "off 5s"), (&full, large, "on 6s"), (&full, 1, "on 5s")].iter().enumerate()
    {
        execute(&mut other, "TRUNCATE noted").await;
        soon("the save", store.save(&uniform(1, *dimmers, revision as u16 + 1))).await.unwrap();
        assert_eq!(asked(&mut other, "SELECT settings FROM noted").await, *expected);
    }
}
