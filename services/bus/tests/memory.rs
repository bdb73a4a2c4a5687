//! What the log in memory promises beyond the contract: it is as durable as the store behind its one reader.

mod laws;

use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::join_all;
use ghostlight_bus::memory::MemoryLog;
use ghostlight_bus::{AppendError, Log};
use ghostlight_rig::{Epoch, Position, Revision, Stamp};

use laws::{at_once, begin, begun, entry, next, pass, rig, soon};

#[tokio::test]
async fn an_append_resolves_once_it_is_saved_and_not_before() {
    let log = MemoryLog::default();
    let (start, mut entries) = begun(&log).await;
    let (main, one, two) = (rig("main"), entry(1), entry(2));
    let (mut first, mut second) =
        (log.append(&main, &one, Position::default()), log.append(&main, &two, Position::default()));
    assert_eq!(at_once(&mut first), None, "nobody has read it");
    assert_eq!(at_once(&mut second), None, "nobody has read it");

    let (first_at, second_at) = (next(entries.as_mut()).await.revision, next(entries.as_mut()).await.revision);
    let at = |revision| Position { revision, ..start };
    assert_eq!(at_once(&mut first), None, "it is read, not saved");
    log.checkpoint(start);
    assert_eq!(at_once(&mut first), None, "what came before it is saved");
    log.checkpoint(Position { epoch: Epoch(start.epoch.0 - 1), revision: second_at });
    assert_eq!(at_once(&mut first), None, "another order has got that far");

    log.checkpoint(at(first_at));
    assert_eq!(at_once(&mut first), Some(Ok(at(first_at))));
    assert_eq!(at_once(&mut second), None, "only what came before it is saved");
    log.checkpoint(at(second_at));
    assert_eq!(at_once(&mut second), Some(Ok(at(second_at))));
}

#[tokio::test]
async fn a_new_order_tells_what_became_of_the_appends_that_wait() {
    let log = MemoryLog::default();
    let (start, mut entries) = begun(&log).await;
    let (main, sent) = (rig("main"), [entry(1), entry(2), entry(3)]);
    let mut appends: Vec<_> = sent.iter().map(|entry| log.append(&main, entry, Position::default())).collect();
    assert!(appends.iter_mut().all(|append| at_once(append).is_none()));
    let stored = Position { revision: next(entries.as_mut()).await.revision, ..start };
    // Read as well, and lost with the save that failed. The third was never read.
    next(entries.as_mut()).await;
    drop(entries);
    assert!(appends.iter_mut().all(|append| at_once(append).is_none()), "only the store knows");

    begin(&log, stored).await;
    let answers = soon("the answers", join_all(appends)).await;
    assert_eq!(answers[0], Ok(stored), "the store holds it");
    assert!(matches!(answers[1], Err(AppendError::Unavailable(_))), "{answers:?}");
    assert!(matches!(answers[2], Err(AppendError::Unavailable(_))), "{answers:?}");
}

#[tokio::test]
async fn the_reason_for_which_the_store_fails_is_told_until_the_next_order_is_read() {
    let log = MemoryLog::default();
    let (_, entries) = begun(&log).await;
    let (main, one) = (rig("main"), entry(1));
    let mut waits = log.append(&main, &one, Position::default());
    assert_eq!(at_once(&mut waits), None);
    let refused = |why: &str| Err(AppendError::Unavailable(why.to_owned()));
    log.store_fails("the disk is full");
    drop(entries);
    assert_eq!(soon("the refusal", log.append(&main, &one, Position::default())).await, refused("the disk is full"));

    log.store_fails("the disk is read-only");
    let start = begin(&log, Position::default()).await;
    assert_eq!(soon("the answer", waits).await, refused("the disk is read-only"));
    assert_eq!(
        soon("the refusal", log.append(&main, &one, Position::default())).await,
        refused("the disk is read-only")
    );

    let entries = soon("the reader", log.read(start.into())).await.unwrap();
    assert_eq!(at_once(&mut log.append(&main, &one, Position::default())), None, "it is taken");
    drop(entries);
    let other = "no state service saves changes at the moment";
    assert_eq!(soon("the refusal", log.append(&main, &one, Position::default())).await, refused(other));
}

#[tokio::test]
async fn what_the_store_of_another_order_holds_releases_nothing() {
    let log = MemoryLog::default();
    let (start, entries) = begun(&log).await;
    let (main, one) = (rig("main"), entry(1));
    let mut append = log.append(&main, &one, Position::default());
    assert_eq!(at_once(&mut append), None);
    drop(entries);

    begin(&log, Position::new(start.epoch.0 - 1, 1_000)).await;
    let answer = soon("the answer", append).await;
    assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn every_beginning_is_a_higher_epoch() {
    let log = MemoryLog::default();
    let far_off = Position::new(90_000_000_000, 7);
    let mut last = Epoch(0);
    for stored in [Position::default(), Position::default(), far_off, far_off, Position::default()] {
        let start = begin(&log, stored).await;
        assert!(start.epoch > last.max(stored.epoch), "{start} after {last} and {stored}");
        assert_eq!(start.revision, Revision(0));
        last = start.epoch;
    }
}

#[tokio::test]
async fn a_dropped_append_lands() {
    let log = MemoryLog::default();
    let (_, mut entries) = begun(&log).await;
    assert_eq!(at_once(&mut log.append(&rig("main"), &entry(1), Position::default())), None);
    assert_eq!(next(entries.as_mut()).await.entry, entry(1));
}

#[tokio::test]
async fn no_more_than_so_many_appends_wait() {
    const MAX: usize = 4_096;
    let log = MemoryLog::default();
    let (start, mut entries) = begun(&log).await;
    let (main, one) = (rig("main"), entry(1));
    let mut waiting: Vec<_> = (0..MAX).map(|_| log.append(&main, &one, Position::default())).collect();
    assert!(waiting.iter_mut().all(|append| at_once(append).is_none()));
    let refused = soon("the refusal", log.append(&main, &one, Position::default())).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");

    // Reading them makes no room, saving one does.
    let first = next(entries.as_mut()).await.revision;
    let refused = soon("the refusal", log.append(&main, &one, Position::default())).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    log.checkpoint(Position { revision: first, ..start });
    let mut room = log.append(&main, &one, Position::default());
    assert_eq!(at_once(&mut room), None, "it is taken in");

    // No revision was spent on what was refused.
    let last = Position { revision: Revision(first.0 + MAX as u64), ..start };
    log.checkpoint(last);
    assert_eq!(soon("the append", room).await, Ok(last));
}

#[tokio::test]
async fn an_order_has_one_reader() {
    let log = MemoryLog::default();
    let (start, entries) = begun(&log).await;
    assert!(log.read(start.into()).await.is_err(), "the entries would be dealt out between two");
    drop(entries);
    assert!(log.read(start.into()).await.is_err(), "what the first took is gone");

    let (start, mut entries) = begun(&log).await;
    let (appended, _) = pass(&log, start.epoch, entries.as_mut(), &rig("main"), &entry(1)).await;
    assert!(appended.is_ok(), "{appended:?}");
}

#[tokio::test]
async fn an_entry_has_the_time_of_the_log_s_clock() {
    let log = MemoryLog::with_clock(|| Duration::from_millis(1_790_000_000_123));
    let (start, mut entries) = begun(&log).await;
    assert_eq!(start.epoch, Epoch(1_790_000_000));
    drop(log.append(&rig("main"), &entry(1), start).now_or_never());
    assert_eq!(next(entries.as_mut()).await.stamp, Stamp(1_790_000_000_123_000_000));

    let since_1970 = || Stamp(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64);
    let (log, before) = (MemoryLog::default(), since_1970());
    let (start, mut entries) = begun(&log).await;
    drop(log.append(&rig("main"), &entry(1), start).now_or_never());
    let stamp = next(entries.as_mut()).await.stamp;
    assert!(before <= stamp && stamp <= since_1970(), "{stamp}");
}

#[tokio::test]
async fn a_reader_counts_what_it_has_not_read() {
    let log = MemoryLog::default();
    let (start, mut entries) = begun(&log).await;
    assert_eq!(entries.behind(), 0);
    for number in 1..=2 {
        drop(log.append(&rig("main"), &entry(number), start).now_or_never());
    }
    assert_eq!(entries.behind(), 2);
    next(entries.as_mut()).await;
    assert_eq!(entries.behind(), 1);
}

#[tokio::test]
async fn an_order_is_read_from_where_it_stands() {
    let log = MemoryLog::default();
    let old = begin(&log, Position::default()).await;
    let start = begin(&log, old).await;
    assert!(log.read(old.into()).await.is_err(), "a newer order has begun");
    assert!(log.read(Position { revision: Revision(1), ..start }.into()).await.is_err(), "that is still to come");
    assert!(log.read(start.into()).await.is_ok());
}

#[tokio::test]
async fn a_reader_learns_that_a_newer_order_has_begun() {
    let log = MemoryLog::default();
    let (_, mut idle) = begun(&log).await;
    let mut reading = idle.next();
    assert!(at_once(&mut reading).is_none(), "there is nothing to read");

    let (start, mut entries) = begun(&log).await;
    let answer = soon("the end of the old reader", reading).await;
    assert!(answer.is_err(), "{answer:?}");
    drop(idle);
    // Neither that nor its going away has touched the new order.
    let (appended, read) = pass(&log, start.epoch, entries.as_mut(), &rig("main"), &entry(1)).await;
    assert!(appended.is_ok(), "{appended:?}");
    assert_eq!(read.entry, entry(1));
}

#[tokio::test]
async fn nothing_is_appended_before_the_order_is_read() {
    let log = MemoryLog::default();
    let main = rig("main");
    refused(&log, 1).await;
    let start = begin(&log, Position::default()).await;
    refused(&log, 2).await;

    let mut entries = soon("the reader", log.read(start.into())).await.unwrap();
    let (appended, read) = pass(&log, start.epoch, entries.as_mut(), &main, &entry(3)).await;
    assert!(appended.is_ok(), "{appended:?}");
    assert_eq!(read.entry, entry(3));
}

#[tokio::test]
async fn nothing_is_appended_after_the_reader_is_gone() {
    let log = MemoryLog::default();
    let (start, mut entries) = begun(&log).await;
    let (appended, _) = pass(&log, start.epoch, entries.as_mut(), &rig("main"), &entry(1)).await;
    assert!(appended.is_ok(), "{appended:?}");
    drop(entries);
    refused(&log, 2).await;
}

#[tokio::test]
async fn what_was_refused_never_appears() {
    let log = MemoryLog::default();
    refused(&log, 1).await;
    let (_, entries) = begun(&log).await;
    drop(entries);
    refused(&log, 2).await;

    let (start, mut entries) = begun(&log).await;
    for number in 3..6 {
        let (_, read) = pass(&log, start.epoch, entries.as_mut(), &rig("main"), &entry(number)).await;
        assert_eq!(read.entry, entry(number));
    }
}

async fn refused(log: &MemoryLog, number: u16) {
    let answer = soon("the refusal", log.append(&rig("main"), &entry(number), Position::default())).await;
    assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
}
