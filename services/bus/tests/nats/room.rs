//! A stream that is full refuses; what is saved makes room.

use ghostlight_bus::nats::{NatsLog, StreamSettings};
use ghostlight_bus::{AppendError, Entries, Log};
use ghostlight_rig::{Change, Dimmer, Entry, Level, Levels, Position, Revision};
use ghostlight_servers::NatsServer;

use crate::laws::{begun, logged, next, rig, soon};
use crate::support::{connection, entries_held, held, remove_stream, server, until};

/// How much the stream keeps: some ten of the entries below.
const MAX_BYTES: u64 = 64 << 10;

/// An entry of some kilobytes, unlike any other.
fn large(number: u16) -> Entry {
    let level = |dimmer| Level::from_hundredths(if dimmer == 1 { number } else { 5_000 });
    Entry::new(Change::from((1..=512).map(|dimmer| (Dimmer::new(dimmer).unwrap(), level(dimmer))).collect::<Levels>()))
}

struct Small {
    server: NatsServer,
    log: NatsLog,
    start: Position,
    entries: Box<dyn Entries>,
    /// How many were appended so far.
    appended: u16,
}

impl Small {
    async fn new() -> Self {
        let server = server().await;
        let settings = StreamSettings { max_bytes: MAX_BYTES, ..StreamSettings::default() };
        let log = NatsLog::new(connection(&server.url()).await, settings);
        let (start, entries) = begun(&log).await;
        Self { server, log, start, entries, appended: 0 }
    }

    /// Appends until the stream is full.
    async fn fill(&mut self) {
        loop {
            match self.append().await {
                Ok(_) => {}
                Err(AppendError::Unavailable(_)) => return,
                Err(error) => panic!("{error}"),
            }
            assert!(self.appended < 1_000, "it takes everything");
        }
    }

    async fn append(&mut self) -> Result<Position, AppendError> {
        let (main, sent) = (rig("main"), large(self.appended + 1));
        let appended = soon("the append", self.log.append(&main, &sent, self.start)).await;
        self.appended += u16::from(appended.is_ok());
        appended
    }

    /// Reads entries, as a state service goes on to do. They must be these.
    async fn read(&mut self, numbers: std::ops::RangeInclusive<u16>) {
        for number in numbers {
            let logged = next(self.entries.as_mut()).await;
            assert_eq!((logged.revision, logged.entry), (Revision(number.into()), large(number)));
        }
    }

    /// Says that entries up to this one are saved, and goes on reading until there is room for one more.
    async fn save(&mut self, number: u16) {
        self.log.checkpoint(Position { revision: Revision(number.into()), ..self.start });
        let (main, sent) = (rig("main"), large(self.appended + 1));
        let room = until("room for one more", async || self.log.append(&main, &sent, self.start).await.is_ok());
        let read = tokio::select! {
            read = self.entries.next() => read,
            () = room => soon("an entry", self.entries.next()).await,
        };
        self.appended += 1;
        assert_eq!(logged(read.unwrap()).entry, sent);
    }
}

#[tokio::test]
async fn a_full_stream_refuses_and_loses_nothing_until_what_is_saved_makes_room() {
    let mut small = Small::new().await;
    small.fill().await;
    let full = small.appended;
    assert!(full > 5, "{full}");
    small.read(1..=full).await;
    for _ in 0..3 {
        assert!(matches!(small.append().await, Err(AppendError::Unavailable(_))), "it is read, not saved");
    }
    assert_eq!(entries_held(&small.server.url()).await, (1..=full).map(large).collect::<Vec<_>>());

    small.save(full).await;
    assert_eq!(held(&small.server.url()).await, [(Revision(u64::from(full) + 1), large(full + 1))]);
    small.fill().await;
    assert!(small.appended >= 2 * full, "there is room for as many as before");
}

#[tokio::test]
async fn room_is_made_of_what_is_saved_and_nothing_else() {
    let mut small = Small::new().await;
    small.fill().await;
    let full = small.appended;
    small.read(1..=full).await;
    small.save(2).await;
    let held: Vec<_> = held(&small.server.url()).await.into_iter().map(|(revision, _)| revision).collect();
    assert_eq!(held, (3..=u64::from(full) + 1).map(Revision).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_another_order_has_saved_makes_no_room() {
    let mut small = Small::new().await;
    small.fill().await;
    let full = small.appended;
    small.read(1..=full).await;
    let other = Position { epoch: ghostlight_rig::Epoch(small.start.epoch.0 - 1), revision: Revision(full.into()) };
    small.log.checkpoint(other);
    // Two rounds of the reader's checks: on a slow machine it may pass by mistake, never fail by mistake.
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(2_500), small.entries.next()).await;
    assert!(waiting.is_err(), "{waiting:?}");
    assert_eq!(held(&small.server.url()).await.len(), usize::from(full));
}

#[tokio::test]
async fn a_stream_that_was_made_anew_has_its_room_again() {
    let mut small = Small::new().await;
    small.fill().await;
    let full = small.appended;
    small.read(1..=full).await;
    small.save(full).await;
    remove_stream(&small.server).await;
    soon("the end of the reader", small.entries.next()).await.unwrap_err();

    let last = Position { revision: Revision(small.appended.into()), ..small.start };
    let mark = soon("the order to begin", small.log.begin(last.into())).await.unwrap();
    (small.start, small.entries) = (mark.position, soon("the reader", small.log.read(mark)).await.unwrap());
    small.appended = 0;
    small.fill().await;
    let full = small.appended;
    small.read(1..=full).await;
    small.save(full).await;
}
