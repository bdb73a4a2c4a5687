//! A stream has the changes of one store.

use ghostlight_bus::{Log, LogError};
use ghostlight_rig::{LogPosition, Position, Stamp, StoreId};

use crate::laws::{begin, begun, entry, next, soon};
use crate::support::{log, log_at, stream, taken, until};

const OURS: StoreId = StoreId(0xaaaa);
const THEIRS: StoreId = StoreId(0xbbbb);

fn empty() -> LogPosition {
    LogPosition::default()
}

#[tokio::test]
async fn a_stream_belongs_to_the_store_that_it_was_made_for() {
    let log = log().await;
    soon("the claim", log.claim(OURS, empty())).await.unwrap();
    let (start, _entries) = begun(&log.adapter).await;
    let another = log_at(&log.server.url()).await;
    let stands_elsewhere = LogPosition { position: Position::new(start.epoch.0, 7), stamp: Stamp(1) };
    for stored in [empty(), stands_elsewhere] {
        let refused = soon("the refusal", another.claim(THEIRS, stored)).await.unwrap_err();
        let said = refused.to_string();
        for part in ["GHOSTLIGHT", &OURS.to_string(), &THEIRS.to_string(), "--store", "ghostlight adopt"] {
            assert!(said.contains(part), "{part} is missing: {said}");
        }
    }
    // Another service with the same store, and the same one again.
    soon("the claim", another.claim(OURS, empty())).await.unwrap();
    soon("the claim", log_at(&log.server.url()).await.claim(OURS, stands_elsewhere)).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_names_no_store_is_not_for_an_empty_one() {
    let log = log().await;
    let (start, mut entries) = begun(&log.adapter).await;
    taken(&log.adapter, &entry(1), start).await;
    let logged = next(entries.as_mut()).await;
    let another = log_at(&log.server.url()).await;
    let refused = soon("the refusal", another.claim(THEIRS, empty())).await.unwrap_err();
    assert!(matches!(&refused, LogError::Foreign(foreign) if foreign.theirs.is_none()), "{refused:?}");
    let mark = LogPosition { position: Position { revision: logged.revision, ..start }, stamp: logged.stamp };
    soon("the claim", log.claim(OURS, mark)).await.unwrap();
    let refused = soon("the refusal", another.claim(THEIRS, mark)).await.unwrap_err();
    assert!(matches!(&refused, LogError::Foreign(foreign) if foreign.theirs == Some(OURS)), "{refused:?}");
    assert_eq!(soon("the order to begin", log.begin(mark)).await, Ok(mark));
    // Nothing else of the stream has changed.
    let state = stream(&log.server.url()).await.cached_info().state.clone();
    assert_eq!((state.first_sequence, state.last_sequence), (1, 1));
}

#[tokio::test]
async fn a_stream_is_given_to_another_store_only_while_nobody_reads_it() {
    let log = log().await;
    soon("the claim", log.claim(OURS, empty())).await.unwrap();
    let (_start, mut entries) = begun(&log.adapter).await;
    let url = log.server.url();
    let has_consumer = until("a consumer", async || stream(&url).await.cached_info().state.consumer_count > 0);
    tokio::select! {
        read = entries.next() => panic!("there is nothing to read: {read:?}"),
        () = has_consumer => {}
    }
    let another = log_at(&log.server.url()).await;
    // The service reads on meanwhile: that keeps its consumer.
    let refused = tokio::select! {
        read = entries.next() => panic!("there is nothing to read: {read:?}"),
        refused = soon("the refusal", another.adopt(THEIRS)) => refused.unwrap_err(),
    };
    assert!(matches!(&refused, LogError::Unfit(why) if why.contains("stop all state services")), "{refused:?}");

    // As if that service had been cut off meanwhile: it learns of it as soon as it looks.
    let stream = stream(&log.server.url()).await;
    let mut config = stream.cached_info().config.clone();
    config.metadata.insert("ghostlight_store".to_owned(), THEIRS.to_string());
    let client = soon("the connection", async_nats::connect(log.server.url())).await.unwrap();
    soon("the change", async_nats::jetstream::new(client).update_stream(config)).await.unwrap();
    let ended = soon("the end of the reader", entries.next()).await;
    assert!(matches!(&ended, Err(LogError::Foreign(foreign)) if foreign.theirs == Some(THEIRS)), "{ended:?}");
    drop(entries);
    let refused = soon("the refusal", log.begin(empty())).await.unwrap_err();
    assert!(matches!(refused, LogError::Foreign(_)), "{refused:?}");
    soon("the claim", another.claim(THEIRS, empty())).await.unwrap();
    begin(&another, Position::default()).await;
}
