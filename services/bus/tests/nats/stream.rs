//! The stream is made once, checked, and goes on from where a store stands, or says that it does not.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use futures_util::future::join_all;
use ghostlight_bus::nats::{NatsLog, StreamSettings};
use ghostlight_bus::{Entries, Log, LogError};
use ghostlight_rig::{LogPosition, Position, Revision};

use crate::laws::{begun, entry, next, soon};
use crate::support::{connection, entries_held, held, log, log_at, server, stream, taken, until};

/// Appends entries and reads them; the marks that they leave.
async fn pass(
    log: &NatsLog,
    start: Position,
    entries: &mut dyn Entries,
    numbers: impl Iterator<Item = u16>,
) -> Vec<LogPosition> {
    let mut marks = Vec::new();
    for number in numbers {
        taken(log, &entry(number), start).await;
        let logged = next(entries).await;
        marks.push(LogPosition { position: Position { revision: logged.revision, ..start }, stamp: logged.stamp });
    }
    marks
}

#[tokio::test]
async fn state_services_that_begin_at_once_make_one_stream() {
    let server = server().await;
    let url = server.url();
    let logs = join_all((0..8).map(|_| log_at(&url))).await;
    let begun = join_all(logs.iter().map(|log| log.begin(LogPosition::default())));
    for mark in soon("the orders to begin", begun).await {
        assert_eq!(mark.unwrap().position.revision, Revision(0));
    }
    for (log, number) in logs.iter().zip(1..) {
        let appended = taken(log, &entry(number), Position::default()).await;
        assert_eq!(appended.revision, Revision(u64::from(number)));
    }
    assert_eq!(entries_held(&server.url()).await, (1..=8).map(entry).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_that_is_not_as_it_should_be_is_told_with_all_that_differs() {
    let server = server().await;
    let client = async_nats::connect(server.url()).await.unwrap();
    let config = Config {
        name: "GHOSTLIGHT".to_owned(),
        subjects: vec!["ghostlight.>".to_owned()],
        storage: StorageType::Memory,
        retention: RetentionPolicy::Interest,
        discard: DiscardPolicy::Old,
        max_bytes: 4_096,
        max_age: Duration::from_secs(600),
        duplicate_window: Duration::from_secs(60),
        ..Config::default()
    };
    async_nats::jetstream::new(client).create_stream(config).await.unwrap();
    let settings = StreamSettings { replicas: 3, ..StreamSettings::default() };
    let log = NatsLog::new(connection(&server.url()).await, settings);
    let Err(LogError::Unfit(why)) = soon("the refusal", log.begin(LogPosition::default())).await else {
        panic!("it is taken");
    };
    for differs in [
        "subjects is ghostlight.>, not ghostlight.*.changes",
        "storage is Memory, not File",
        "retention is Interest, not Limits",
        "discard is Old, not New",
        "replicas is 1, not 3",
        "max_bytes is 4096, not 1073741824",
        "max_age is 600s, not 604800s",
        "duplicate_window is 60s, not 120s",
    ] {
        assert!(why.contains(differs), "{differs}: {why}");
    }
}

#[tokio::test]
async fn state_services_that_want_different_streams_are_told() {
    let server = server().await;
    let make = async |settings: StreamSettings| NatsLog::new(connection(&server.url()).await, settings);
    let first = make(StreamSettings::default()).await;
    soon("the order to begin", first.begin(LogPosition::default())).await.unwrap();
    let second = make(StreamSettings { max_bytes: 1 << 20, ..StreamSettings::default() }).await;
    let answer = soon("the refusal", second.begin(LogPosition::default())).await;
    let Err(LogError::Unfit(why)) = answer else { panic!("{answer:?}") };
    assert!(why.contains("max_bytes is 1073741824, not 1048576") && !why.contains("max_age"), "{why}");
}

#[tokio::test]
async fn an_old_backup_of_the_store_begins_a_new_epoch_with_what_the_stream_still_has() {
    let log = log().await;
    let (start, mut entries) = begun(&log.adapter).await;
    let marks = pass(&log.adapter, start, entries.as_mut(), 1..=6).await;
    stream(&log.server.url()).await.purge().sequence(5).await.unwrap();
    // What follows the fourth is all there; what follows the third is not.
    assert_eq!(soon("the order to begin", log.begin(marks[3])).await, Ok(marks[3]));
    let mark = soon("the order to begin", log.begin(marks[1])).await.unwrap();
    assert!(mark.position.epoch > start.epoch, "{mark:?}");
    assert_eq!(mark.position.revision, Revision(4), "before the first that there is");
    let mut entries = soon("the reader", log.read(mark)).await.unwrap();
    for number in 5..=6 {
        assert_eq!(next(entries.as_mut()).await.entry, entry(number));
    }
}

#[tokio::test]
async fn a_reader_that_is_behind_what_the_stream_still_has_fails() {
    let log = log().await;
    let (start, mut entries) = begun(&log.adapter).await;
    let marks = pass(&log.adapter, start, entries.as_mut(), 1..=6).await;
    stream(&log.server.url()).await.purge().sequence(5).await.unwrap();
    let mut behind = soon("the reader", log.read(marks[1])).await.unwrap();
    let answer = soon("the end of the reader", behind.next()).await;
    assert!(matches!(answer, Err(LogError::Gone(_))), "{answer:?}");
}

#[tokio::test]
async fn an_idle_stream_whose_entries_were_let_go_of_is_the_same_order() {
    let log = log().await;
    let (start, mut entries) = begun(&log.adapter).await;
    let last = pass(&log.adapter, start, entries.as_mut(), 1..=3).await[2];
    stream(&log.server.url()).await.purge().await.unwrap();
    assert_eq!(held(&log.server.url()).await, []);
    goes_on(&log.adapter, last, entries.as_mut()).await;
    assert_eq!(entries_held(&log.server.url()).await, [entry(100)]);
}

#[tokio::test]
async fn an_idle_stream_whose_entries_were_too_old_is_the_same_order() {
    let server = server().await;
    let settings = StreamSettings { max_age: Duration::from_secs(1), ..StreamSettings::default() };
    let log = NatsLog::new(connection(&server.url()).await, settings);
    let (start, mut entries) = begun(&log).await;
    let last = pass(&log, start, entries.as_mut(), 1..=3).await[2];
    // The reader looks after the stream all the while.
    let reading = async {
        let read = entries.next().await;
        panic!("{read:?}")
    };
    let ageing = until("the entries to go", async || stream(&server.url()).await.cached_info().state.messages == 0);
    tokio::select! {
        () = reading => {}
        () = ageing => {}
    }
    goes_on(&log, last, entries.as_mut()).await;
}

/// The order goes on from a mark: for who begins, for who read it before, and for who reads it now.
async fn goes_on(log: &NatsLog, last: LogPosition, entries: &mut dyn Entries) {
    assert_eq!(soon("the order to begin", log.begin(last)).await, Ok(last));
    let mut new = soon("the reader", log.read(last)).await.unwrap();
    assert_eq!(new.end(), last.position.revision);
    let appended = taken(log, &entry(100), last.position).await;
    assert_eq!(appended, Position { revision: Revision(last.position.revision.0 + 1), ..last.position });
    for entries in [entries, new.as_mut()] {
        assert_eq!(next(entries).await.entry, entry(100));
    }
}
