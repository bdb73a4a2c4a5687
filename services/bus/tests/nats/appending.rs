//! An append answers in time and truly, whatever becomes of the server or of the way to it.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join;
use ghostlight_bus::nats::{NatsEcho, NatsLog, StreamSettings};
use ghostlight_bus::{AppendError, Echo, Heard, Log};
use ghostlight_rig::{Partition, Position, Revision};
use ghostlight_servers::Proxy;
use tokio::time::Instant;

use crate::laws::{begun, entry, next, rig, soon};
use crate::support::{connection, entries_held, held, log, log_at, server, taken, until};

/// Far more than an answer takes that waits for nothing.
const AT_ONCE: Duration = Duration::from_millis(500);

#[tokio::test]
async fn an_entry_whose_acknowledgement_is_lost_lands_once() {
    let server = server().await;
    let proxy = Proxy::to(server.address()).unwrap();
    let log = log_at(&format!("nats://{}", proxy.address())).await;
    let (start, mut entries) = begun(&log).await;
    for number in 1..=5 {
        let (main, sent) = (rig("main"), entry(number));
        proxy.mute();
        let append = log.append(&main, &sent, start);
        let losing = async {
            until("the entry to land", async || entries_held(&server.url()).await.contains(&sent)).await;
            proxy.cut();
            proxy.heal();
        };
        let (appended, ()) = soon("the append", join(append, losing)).await;
        let logged = next(entries.as_mut()).await;
        assert_eq!((&logged.entry, logged.revision), (&sent, Revision(u64::from(number))));
        assert_eq!(appended, Ok(Position { revision: logged.revision, ..start }));
    }
    assert_eq!(entries_held(&server.url()).await, (1..=5).map(entry).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_entry_whose_acknowledgement_does_not_come_lands_once() {
    let server = server().await;
    let proxy = Proxy::to(server.address()).unwrap();
    let log = log_at(&format!("nats://{}", proxy.address())).await;
    let (start, _) = begun(&log).await;
    let (main, sent) = (rig("main"), entry(1));
    proxy.mute();
    let began = Instant::now();
    let mut append = log.append(&main, &sent, start);
    // Long enough for the server to be given up.
    let waited = tokio::time::timeout(Duration::from_millis(2_500), &mut append).await;
    assert!(waited.is_err(), "{waited:?}");
    proxy.heal();
    assert_eq!(soon("the append", append).await, Ok(Position { revision: Revision(1), ..start }));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let next = taken(&log, &entry(2), start).await;
    assert_eq!(held(&server.url()).await, [(Revision(1), sent), (next.revision, entry(2))]);
}

#[tokio::test]
async fn while_the_server_is_away_appends_are_refused_and_readers_go_on_after() {
    let mut server = server().await;
    let connection = connection(&server.url()).await;
    let log = NatsLog::new(connection.clone(), StreamSettings::default());
    let (start, mut entries) = begun(&log).await;
    let main = rig("main");
    let mut follower =
        soon("the announcements", NatsEcho::new(connection, Partition::default()).follow(&main)).await.unwrap();
    let mut lasting = Vec::new();
    for round in 0..3 {
        let (before, refused, after) = (entry(round * 10), entry(round * 10 + 1), entry(round * 10 + 2));
        soon("the append", log.append(&main, &before, start)).await.unwrap();
        server.stop().await.unwrap();
        // What is sent before the client knows may be sent again.
        assert_eq!(soon("the loss", follower.next()).await, Some(Heard::Missed));

        let began = Instant::now();
        let answer = soon("the refusal", log.append(&main, &refused, start)).await;
        assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        // Whoever comes later need not wait so long.
        let began = Instant::now();
        let answer = soon("the refusal", log.append(&main, &refused, start)).await;
        assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());

        server.start_again().await.unwrap();
        let began = Instant::now();
        taken(&log, &after, start).await;
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        for sent in [before, after] {
            assert_eq!(next(entries.as_mut()).await.entry, sent);
            lasting.push(sent);
        }
    }
    assert_eq!(entries_held(&server.url()).await, lasting);
}

#[tokio::test]
async fn an_append_bridges_a_restart_of_the_server() {
    let mut log = log().await;
    let (start, mut entries) = begun(&log.adapter).await;
    log.server.stop().await.unwrap();
    let (main, sent) = (rig("main"), entry(1));
    let append = log.adapter.append(&main, &sent, start);
    let (appended, started) = soon("the append", join(append, log.server.start_again())).await;
    started.unwrap();
    assert_eq!(appended, Ok(Position { revision: Revision(1), ..start }));
    assert_eq!(next(entries.as_mut()).await.entry, sent);
}

#[tokio::test]
async fn an_append_to_a_server_that_is_held_answers_in_time_and_lands_once_at_most() {
    let log = log().await;
    let (start, mut entries) = begun(&log.adapter).await;
    let (main, held, next_one) = (rig("main"), entry(1), entry(2));
    log.server.pause().unwrap();
    let began = Instant::now();
    let answer = soon("the answer", log.append(&main, &held, start)).await;
    assert_eq!(answer, Err(AppendError::Unknown), "the server has it, and may go on");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());

    log.server.resume().unwrap();
    taken(&log.adapter, &next_one, start).await;
    let read = [next(entries.as_mut()).await.entry, next(entries.as_mut()).await.entry];
    assert!(read.contains(&held) && read.contains(&next_one), "{read:?}");
    assert_eq!(entries_held(&log.server.url()).await, read);
}

#[tokio::test]
async fn an_append_to_a_server_that_was_held_for_a_while_lands_once() {
    let log = log().await;
    let (start, mut entries) = begun(&log.adapter).await;
    let mut lasting = Vec::new();
    // Shorter than an acknowledgement is waited for, and longer.
    for (number, hold) in [(1, Duration::from_secs(1)), (2, Duration::from_secs(3))] {
        let (main, sent) = (rig("main"), entry(number));
        log.server.pause().unwrap();
        let mut append = log.append(&main, &sent, start);
        let waited = tokio::time::timeout(hold, &mut append).await;
        assert!(waited.is_err(), "{waited:?}");
        log.server.resume().unwrap();
        let appended = soon("the append", append).await;
        let logged = next(entries.as_mut()).await;
        assert_eq!(appended, Ok(Position { revision: logged.revision, ..start }));
        assert_eq!(logged.entry, sent);
        lasting.push((logged.revision, sent));
    }
    assert_eq!(held(&log.server.url()).await, lasting);
}

#[tokio::test]
async fn an_append_that_nobody_acknowledges_answers_within_its_time() {
    let server = server().await;
    let deaf = async_nats::connect(server.url()).await.unwrap();
    let mut heard = deaf.subscribe("ghostlight.*.changes").await.unwrap();
    deaf.flush().await.unwrap();
    let log = log_at(&server.url()).await;
    let (main, sent) = (rig("main"), entry(1));
    let began = Instant::now();
    let answer = soon("the answer", log.append(&main, &sent, Position::default())).await;
    assert_eq!(answer, Err(AppendError::Unknown));
    assert!(began.elapsed() < Duration::from_millis(9_900), "{:?}", began.elapsed());

    // It was tried again and again, under one id.
    heard.unsubscribe().await.unwrap();
    let ids: Vec<_> =
        heard.map(|message| message.headers.unwrap().get("Nats-Msg-Id").unwrap().to_string()).collect().await;
    assert!(ids.len() > 2 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}
