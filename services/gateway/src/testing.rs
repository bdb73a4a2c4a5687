//! What the tests of this crate share: a rig as a state service has it, the hub of a gateway that follows it, and a log whose
//! appends are answered by the test.
//!
//! A test passes each announcement on itself. So it decides what is lost, doubled or late, and waits for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use ghostlight_bus::memory::MemoryEcho;
use ghostlight_bus::{Announcement, AppendError, DurableOnce, Entries, Log, LogError};
use ghostlight_proto::{ServerMessage, decode};
use ghostlight_rig::{
    Beacon, Change, ClientId, Delta, Dimmer, Entry, Epoch, Label, Level, LogPosition, LogTime, Look, Origin, Position,
    Received, Revision, Rig, RigName, Snapshot, StoreId, Update, Word,
};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::span;

use crate::batcher::Appending;
use crate::feed::RigFeed;
use crate::hub::Hub;
use crate::instruments::Instruments;
use crate::presence::{RigPresence, random_gateway};

/// The store of the rig.
pub(crate) const OURS: StoreId = StoreId(1);

/// Another store.
pub(crate) const THEIRS: StoreId = StoreId(2);

/// How long a test waits for what must come. Its clock is paused, so nobody waits for that long.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) fn dimmer(number: u16) -> Dimmer {
    Dimmer::new(number).unwrap()
}

pub(crate) fn percent(level: u16) -> Level {
    Level::from_hundredths(level * 100).unwrap()
}

/// Levels of dimmers, in per cent.
pub(crate) fn levels(levels: impl IntoIterator<Item = (u16, u16)>) -> Update {
    Update {
        levels: levels.into_iter().map(|(number, level)| (dimmer(number), Some(percent(level)))).collect(),
        ..Update::default()
    }
}

/// The level of a dimmer, removed.
pub(crate) fn no_level(number: u16) -> Update {
    Update { levels: [(dimmer(number), None)].into(), ..Update::default() }
}

pub(crate) fn label(number: u16, label: &str) -> Update {
    Update { labels: [(dimmer(number), Some(Label::new(label).unwrap()))].into(), ..Update::default() }
}

pub(crate) fn word(word: &str, look: Option<Look>) -> Update {
    Update { words: [(Word::new(word).unwrap(), look)].into(), ..Update::default() }
}

/// A change of a client, which it numbered.
pub(crate) fn by(client: &str, seq: u64, update: Update) -> Change {
    Change { origin: Some(Origin { client: ClientId::new(client).unwrap(), seq }), ..update.into() }
}

/// An entry with these changes, at least one.
pub(crate) fn entry(changes: impl IntoIterator<Item = Change>) -> Entry {
    let mut changes = changes.into_iter();
    let mut entry = Entry::new(changes.next().unwrap());
    changes.for_each(|change| entry.push(change).unwrap());
    entry
}

/// The content of a message.
pub(crate) fn read(text: &Utf8Bytes) -> ServerMessage {
    decode(&Bytes::from(text.clone())).unwrap().message
}

/// The delta in a message.
pub(crate) fn read_delta(text: &Utf8Bytes) -> Delta {
    let ServerMessage::Delta(delta) = read(text) else { panic!("{text} is not a delta") };
    delta
}

/// The snapshot in a message.
pub(crate) fn read_snapshot(text: &Utf8Bytes) -> Snapshot {
    let ServerMessage::Snapshot(snapshot) = read(text) else { panic!("{text} is not a snapshot") };
    snapshot
}

/// A rig as a state service folds it, and what the service sends to gateways.
pub(crate) struct Service {
    pub(crate) name: RigName,
    pub(crate) store: StoreId,
    pub(crate) rig: Rig,
}

impl Service {
    /// A service with an empty rig, at this position.
    pub(crate) fn at(position: Position) -> Self {
        Self { name: RigName::default(), store: OURS, rig: Rig::empty(position) }
    }

    /// A service with an empty rig, in the first epoch.
    pub(crate) fn new() -> Self {
        Self { rig: Rig::new(Epoch(1)), ..Self::at(Position::default()) }
    }

    /// Folds an entry.
    pub(crate) fn fold(&mut self, entry: &Entry) -> Delta {
        let next = Revision(self.rig.position().revision.0 + 1);
        self.rig.apply(next, LogTime(next.0 * 1_000), entry)
    }

    /// Folds an entry of one change, and announces it.
    pub(crate) fn change(&mut self, change: impl Into<Change>) -> Announcement {
        announced(self.fold(&Entry::new(change.into())))
    }

    pub(crate) fn beacon(&self) -> Announcement {
        let beacon = Beacon { store: self.store, ..self.rig.beacon() };
        Announcement::of(ServerMessage::Beacon(beacon).encode())
    }

    pub(crate) fn snapshot(&self) -> Bytes {
        ServerMessage::Snapshot(Snapshot { store: self.store, ..self.rig.snapshot() }).encode()
    }

    /// Answers the question of a feed for a snapshot.
    pub(crate) fn answer(&self, feed: &RigFeed) {
        feed.take_answer(&self.name, self.snapshot());
    }

    /// Folds an entry of one change, and tells the feed.
    pub(crate) fn tell(&mut self, feed: &RigFeed, change: impl Into<Change>) -> Announcement {
        let announcement = self.change(change);
        assert_eq!(feed.take(&self.name, &announcement), Some(Received::Applied));
        announcement
    }

    /// Tells the feed where the rig is and what it is.
    pub(crate) fn confirm(&self, feed: &RigFeed) -> Announcement {
        let beacon = self.beacon();
        assert_eq!(feed.take(&self.name, &beacon), Some(Received::Had));
        beacon
    }
}

pub(crate) fn announced(delta: Delta) -> Announcement {
    Announcement::of(ServerMessage::Delta(delta).encode())
}

/// A feed that has heard nothing.
pub(crate) fn feed() -> RigFeed {
    feed_with(Arc::new(Instruments::new(&Default::default())))
}

/// A feed that has heard nothing, with these instruments.
pub(crate) fn feed_with(instruments: Arc<Instruments>) -> RigFeed {
    RigFeed::new(Arc::new(RigPresence::new(random_gateway())), instruments)
}

/// Lets a feed have heard of its state service last this long ago.
pub(crate) fn heard_ago(feed: &RigFeed, ago: Duration) {
    let heard = Instant::now().checked_sub(ago).unwrap();
    feed.latest.send_modify(|latest| Arc::make_mut(latest).heard = Some(heard));
}

/// A hub that has heard nothing. Must be made in a runtime.
pub(crate) fn hub(appending: &Appending) -> Arc<Hub> {
    Arc::new(Hub::follow(RigName::default(), Arc::new(MemoryEcho::default()), appending))
}

/// The means of a gateway to append to a log, with this many appends at once.
pub(crate) fn appending(log: Arc<dyn Log>, in_flight: usize) -> Appending {
    Appending {
        gateway: random_gateway(),
        log,
        tasks: Default::default(),
        in_flight,
        answer_within: Duration::from_secs(10),
        pace: Arc::default(),
        instruments: Arc::new(Instruments::new(&Default::default())),
    }
}

/// A log whose appends the test answers.
pub(crate) struct AskedLog(mpsc::UnboundedSender<Append>);

/// An append that waits for its answer.
pub(crate) struct Append {
    pub(crate) entry: Entry,
    /// The newest position that the gateway had seen.
    pub(crate) seen: Position,
    pub(crate) answer: oneshot::Sender<Result<Position, AppendError>>,
}

impl AskedLog {
    /// A log, and its appends in the order in which they began.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Append>) {
        let (asked, appends) = mpsc::unbounded_channel();
        (Self(asked), appends)
    }
}

#[async_trait]
impl Log for AskedLog {
    async fn claim(&self, _: StoreId, _: LogPosition) -> Result<(), LogError> {
        Ok(())
    }

    async fn begin(&self, stored: LogPosition) -> Result<LogPosition, LogError> {
        Ok(stored)
    }

    async fn read(&self, _: LogPosition) -> Result<Box<dyn Entries>, LogError> {
        Err(LogError::Lost("nothing reads this log".to_owned()))
    }

    async fn append(&self, _: &RigName, entry: &Entry, seen: Position) -> Result<Position, AppendError> {
        let (answer, answered) = oneshot::channel();
        let _ = self.0.send(Append { entry: entry.clone(), seen, answer });
        answered.await.unwrap_or(Err(AppendError::Unknown))
    }

    fn checkpoint(&self, _: Position) {}

    fn store_fails(&self, _: &'static str) {}

    fn durable_once(&self) -> DurableOnce {
        DurableOnce::Appended
    }
}

/// How many errors a function logs.
pub(crate) fn errors_logged(run: impl FnOnce()) -> usize {
    let counted = Arc::new(AtomicUsize::new(0));
    tracing::subscriber::with_default(Errors(counted.clone()), run);
    counted.load(Ordering::Relaxed)
}

/// Counts the errors that are logged.
struct Errors(Arc<AtomicUsize>);

impl tracing::Subscriber for Errors {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() == tracing::Level::ERROR
    }

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
