//! A server that goes away, or hangs, and comes back.

use std::time::{Duration, Instant};

use ghostlight_rig::{Image, Revision};
use ghostlight_servers::Postgres;
use ghostlight_store::{Durability, Store, StoreError, open};
use tokio::sync::watch;

use crate::support::disk::Disk;
use crate::support::{Show, soon, uniform};
use crate::{another, database, execute, opened, unusable};

/// A server of the test's own, with a database.
async fn started() -> (Postgres, String) {
    let server = soon("PostgreSQL", Postgres::start()).await.unwrap();
    let url = soon("the database", server.database("show")).await.unwrap();
    (server, url)
}

async fn load(store: &dyn Store) -> Image {
    soon("the load", store.load()).await.unwrap()
}

/// Saves as the state service does: again, until it works.
async fn saved_in_the_end(store: &dyn Store, image: &Image) {
    soon("it is saved", async {
        while store.save(image).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

fn is_unreachable<T: std::fmt::Debug>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unreachable(_)))
}

#[tokio::test]
async fn a_server_that_was_stopped_is_used_again_when_it_is_back() {
    let (mut server, url) = started().await;
    let store = opened(&url).await;
    soon("the save", store.save(&uniform(3, 100, 1))).await.unwrap();

    soon("its end", server.stop()).await.unwrap();
    for _ in 0..3 {
        let answer = soon("the failure", store.save(&uniform(3, 100, 2))).await;
        assert!(is_unreachable(&answer), "{answer:?}");
    }
    let answer = soon("the failure", store.load()).await;
    assert!(is_unreachable(&answer), "{answer:?}");
    assert!(answer.unwrap_err().to_string().contains("is the server running?"));
    let cause = unusable(&url).await;
    assert!(matches!(cause, StoreError::Unreachable(_)), "{cause:?}");

    soon("its start", server.start_again()).await.unwrap();
    saved_in_the_end(&*store, &uniform(3, 100, 3)).await;
    assert_eq!(load(&*store).await, uniform(3, 100, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_under_saves_loses_none() {
    let (mut server, url) = started().await;
    let store = opened(&url).await;
    let (acknowledged, mut saved) = watch::channel(Revision(0));
    let saving = tokio::spawn(async move {
        let mut show = Show::new(1);
        let mut cursor = Revision(0);
        while show.revision() < Revision(2_000) {
            step(&mut show);
            let image = show.since(cursor);
            saved_in_the_end(&*store, &image).await;
            cursor = show.revision();
            acknowledged.send_replace(cursor);
        }
        show.whole()
    });
    for round in 1..=4 {
        let enough = Revision(round * 300);
        soon("some saves", saved.wait_for(|saved| *saved >= enough)).await.unwrap();
        soon("its end", server.kill()).await.unwrap();
        let before = *saved.borrow();
        soon("its start", server.start_again()).await.unwrap();
        let loaded = load(&*opened(&url).await).await;
        assert!(loaded.position.revision >= before, "{} was acknowledged, {} is there", before, loaded.position);
        assert_eq!(loaded, replayed(loaded.position.revision), "at {}", loaded.position);
    }
    let whole = soon("all saves", saving).await.unwrap();
    assert_eq!(load(&*opened(&url).await).await, whole);
}

fn step(show: &mut Show) {
    let number = show.revision().0 as u16;
    show.change("main", [(number % 50 + 1, Some(number)), (number % 7 + 60, None)]);
}

fn replayed(revision: Revision) -> Image {
    let mut show = Show::new(1);
    while show.revision() < revision {
        step(&mut show);
    }
    show.whole()
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_used_again_when_it_goes_on() {
    let (server, url) = started().await;
    let store = opened(&url).await;
    soon("the save", store.save(&uniform(3, 100, 1))).await.unwrap();

    server.pause().unwrap();
    let hung = Instant::now();
    let answer = soon("the failure", store.save(&uniform(3, 100, 2))).await;
    assert!(matches!(answer, Err(StoreError::Late(_))), "{answer:?}");
    // The statement's limit is 5 s.
    assert!(hung.elapsed() < Duration::from_secs(10), "after {:?}", hung.elapsed());
    let (load_again, begin_again) = tokio::join!(store.load(), open(&url, Durability::Full));
    assert!(matches!(load_again, Err(StoreError::Late(_))), "{load_again:?}");
    assert!(begin_again.is_err());
    assert!(hung.elapsed() < Duration::from_secs(20), "after {:?}", hung.elapsed());

    server.resume().unwrap();
    saved_in_the_end(&*store, &uniform(3, 100, 3)).await;
    assert_eq!(load(&*store).await, uniform(3, 100, 3));
}

#[tokio::test]
async fn a_connection_that_was_ended_is_replaced() {
    let (_, url) = database("ended").await;
    let store = opened(&url).await;
    let mut other = another(&url).await;
    for revision in 1..=5 {
        saved_in_the_end(&*store, &uniform(1, 10, revision)).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        execute(&mut other, end).await;
    }
    saved_in_the_end(&*store, &uniform(1, 10, 6)).await;
    assert_eq!(load(&*store).await, uniform(1, 10, 6));
}

#[tokio::test]
async fn what_another_program_holds_is_waited_for_but_not_for_ever() {
    let (_, url) = database("held").await;
    let store = opened(&url).await;
    soon("the save", store.save(&uniform(1, 10, 1))).await.unwrap();
    let mut other = another(&url).await;
    execute(&mut other, "BEGIN; SELECT * FROM position FOR UPDATE").await;
    let answer = soon("the failure", store.save(&uniform(1, 10, 2))).await;
    assert!(matches!(answer, Err(StoreError::Late(_))), "{answer:?}");
    assert_eq!(load(&*store).await, uniform(1, 10, 1), "who reads waits for nobody");

    execute(&mut other, "ROLLBACK").await;
    soon("the save", store.save(&uniform(1, 10, 3))).await.unwrap();
    assert_eq!(load(&*store).await, uniform(1, 10, 3));
}

#[tokio::test]
async fn a_full_disk_fails_until_there_is_room() {
    let disk = Disk::new(24 * 1024);
    let (server, url) = started().await;
    let tables = disk.file("tables");
    std::fs::create_dir(&tables).unwrap();
    owned_by_the_server(&server, &tables);
    let mut other = another(&url).await;
    let make = format!("CREATE TABLESPACE small LOCATION '{}'", tables.display());
    soon("the tablespace", sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&mut other)).await.unwrap();
    execute(&mut other, "CREATE DATABASE narrow TABLESPACE small").await;
    let url = server.url("narrow");

    let store = opened(&url).await;
    let (before, after) = (uniform(3, 100, 1), uniform(3, 5_000, 2));
    soon("the save", store.save(&before)).await.unwrap();
    let ballast = disk.fill();
    assert_eq!(soon("the failure", store.save(&after)).await, Err(StoreError::Full));
    assert_eq!(soon("the failure", store.save(&after)).await, Err(StoreError::Full), "and again");
    assert_eq!(load(&*store).await, before, "nothing of it was saved");

    std::fs::remove_file(ballast).unwrap();
    soon("the save", store.save(&after)).await.unwrap();
    assert_eq!(load(&*store).await, after);
}

/// Gives a folder to whom the server runs as.
fn owned_by_the_server(server: &Postgres, folder: &std::path::Path) {
    use std::os::unix::fs::{MetadataExt, chown};

    let process = std::fs::metadata(format!("/proc/{}", server.pid().unwrap())).unwrap();
    chown(folder, Some(process.uid()), Some(process.gid())).unwrap();
}
