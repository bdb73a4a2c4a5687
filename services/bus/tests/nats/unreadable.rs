//! What is no entry in the stream is passed over, by every reader alike.

use bytes::Bytes;
use ghostlight_bus::nats::NatsLog;
use ghostlight_bus::{Entries, Log, LogError, PassedOver, Read};
use ghostlight_proto::{encode_entry, subjects};
use ghostlight_rig::{LogPosition, Partitions, Position, Revision, Stamp};

use crate::laws::{begun, entry, next, rig, soon};
use crate::support::{OnNats, log, stream, taken};

/// Puts a message into the stream, past the adapter.
async fn put(log: &OnNats<NatsLog>, subject: &str, payload: Bytes) {
    let client = soon("the connection", async_nats::connect(log.server.url())).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let published = soon("the publish", jetstream.publish(subject.to_owned(), payload)).await.unwrap();
    soon("the acknowledgement", published.into_future()).await.unwrap();
}

async fn passed_over(entries: &mut dyn Entries) -> PassedOver {
    match soon("a place", entries.next()).await.unwrap() {
        Read::PassedOver(place) => place,
        Read::Entry(logged) => panic!("{logged:?} is an entry"),
    }
}

#[tokio::test]
async fn what_is_not_an_entry_is_passed_over_by_every_reader() {
    let log = log().await;
    let (start, mut entries) = begun(&log.adapter).await;
    let main = subjects::changes(&rig("main"), Partitions::default());
    taken(&log.adapter, &entry(1), start).await;
    put(&log, &main, "oops".into()).await;
    put(&log, &main.replace("main", "MAIN"), encode_entry(&entry(2))).await;
    put(&log, &main, Bytes::new()).await;
    taken(&log.adapter, &entry(3), start).await;
    let mut late = soon("the reader", log.read(start.into())).await.unwrap();
    for entries in [entries.as_mut(), late.as_mut()] {
        assert_eq!(next(entries).await.entry, entry(1));
        for (place, why) in
            [(2, "rig main cannot be read"), (3, "MAIN.changes\" does not name a rig"), (4, "cannot be read")]
        {
            let PassedOver { revision, stamp, why: said } = passed_over(entries).await;
            assert!(revision == Revision(place) && stamp != Stamp::default() && said.contains(why), "{said}");
        }
        let last = next(entries).await;
        assert_eq!((last.revision, last.entry), (Revision(5), entry(3)));
    }
}

#[tokio::test]
async fn what_only_a_newer_version_understands_is_waited_for() {
    let log = log().await;
    let (start, mut entries) = begun(&log.adapter).await;
    let needed = r#"{"needs":["fade"],"changes":[{"fade":{"1":{"to":50}},"levels":7}]}"#;
    put(&log, &subjects::changes(&rig("main"), Partitions::default()), needed.into()).await;
    for _ in 0..2 {
        let answer = soon("the end of the reader", entries.next()).await;
        assert!(matches!(&answer, Err(LogError::Gone(why)) if why.contains("it needs \"fade\"")), "{answer:?}");
        entries = soon("the reader", log.read(start.into())).await.unwrap();
    }
}

#[tokio::test]
async fn a_hole_is_passed_over_and_the_order_goes_on_from_it() {
    let log = log().await;
    let (start, mut entries) = begun(&log.adapter).await;
    let mut marks = Vec::new();
    for number in 1..=5 {
        taken(&log.adapter, &entry(number), start).await;
        let logged = next(entries.as_mut()).await;
        marks.push(LogPosition { position: Position { revision: logged.revision, ..start }, stamp: logged.stamp });
    }
    for deleted in 2..=3 {
        assert!(stream(&log.server.url()).await.delete_message(deleted).await.unwrap());
    }
    let mut late = soon("the reader", log.read(start.into())).await.unwrap();
    assert_eq!(next(late.as_mut()).await.entry, entry(1));
    let hole = passed_over(late.as_mut()).await;
    assert!(hole.revision == Revision(3) && hole.why.contains("no entries 2 to 3"), "{hole:?}");
    assert_eq!(next(late.as_mut()).await.entry, entry(4));
    assert_eq!(next(late.as_mut()).await.entry, entry(5));
    // A store that stands at a place that was deleted goes on from there.
    let mark = marks[2];
    assert_eq!(soon("the order to begin", log.begin(mark)).await, Ok(mark));
    let mut late = soon("the reader", log.read(mark)).await.unwrap();
    assert_eq!(next(late.as_mut()).await.entry, entry(4));
    // Those who read on are not disturbed.
    taken(&log.adapter, &entry(6), start).await;
    assert_eq!(next(entries.as_mut()).await.entry, entry(6));
}
