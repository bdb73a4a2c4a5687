//! What the tests of the state service are told with.

#![allow(dead_code, reason = "every test binary compiles this module and uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

pub(crate) mod log;
pub(crate) mod store;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use ghostlight_bus::memory::{MemoryEcho, MemoryLog};
use ghostlight_bus::{Announcements, AppendError, Echo, Heard, Log, Question};
use ghostlight_proto::{ServerMessage, decode, parse_levels};
use ghostlight_rig::{
    Beacon, Change, Delta, Entry, Image, Interest, Key, Level, LogTime, Partition, Position, RigName, Snapshot,
};
use ghostlight_state::{Instruments, Parts, StartError, StateService, Superseded};
use ghostlight_store::{Durability, Store, open};
use ghostlight_telemetry::Telemetry;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use log::Keeping;
use store::Moody;

/// How long a test waits for anything.
const DEADLINE: Duration = Duration::from_secs(30);

/// The log time of every entry, by the clock of these tests.
pub(crate) const TIME: LogTime = LogTime(1_790_000_000_000_000_000);

/// A clock that stands still.
fn clock() -> Duration {
    Duration::from_nanos(TIME.0)
}

/// Waits for something that must happen.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The answer to an append that is under way.
pub(crate) type Append = JoinHandle<Result<Position, AppendError>>;

/// A state service that runs, and what is around it.
pub(crate) struct Deployment {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) echo: Arc<MemoryEcho>,
    pub(crate) store: Arc<Moody>,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), Superseded>>,
}

impl Deployment {
    /// Starts one on the database in a folder.
    pub(crate) async fn open(folder: &TempDir, most_rigs: usize) -> Self {
        let log = Arc::new(MemoryLog::with_clock(clock));
        Self::on(log.clone(), log, moody(folder).await, most_rigs, Partition::default()).await
    }

    /// Starts one on a store that is open.
    pub(crate) async fn with(store: Arc<Moody>) -> Self {
        let log = Arc::new(MemoryLog::with_clock(clock));
        Self::on(log.clone(), log, store, 10, Partition::default()).await
    }

    /// Starts one that keeps the rigs of a partition.
    pub(crate) async fn of(folder: &TempDir, partition: Partition) -> Self {
        let log = Arc::new(MemoryLog::with_clock(clock));
        Self::on(log.clone(), log, moody(folder).await, 10, partition).await
    }

    /// Starts one whose log keeps what is not saved.
    pub(crate) async fn keeping(folder: &TempDir) -> Self {
        let log = Arc::new(MemoryLog::with_clock(clock));
        Self::on(Arc::new(Keeping(log.clone())), log, moody(folder).await, 10, Partition::default()).await
    }

    async fn on(
        kept: Arc<dyn Log>,
        log: Arc<MemoryLog>,
        store: Arc<Moody>,
        most_rigs: usize,
        partition: Partition,
    ) -> Self {
        let echo = Arc::new(MemoryEcho::default());
        let (echo_of, store_of) = (echo.clone(), store.clone());
        let parts =
            Parts { log: kept, echo: echo_of, store: store_of, most_rigs, partition, instruments: instruments() };
        let service = soon("the start", StateService::start(parts)).await.unwrap();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(service.run(shutdown.clone()));
        Self { log, echo, store, shutdown, running }
    }

    /// Tells it to stop, and goes on at once.
    pub(crate) fn begin_to_close(&self) {
        self.shutdown.cancel();
    }

    /// Stops it in good order.
    pub(crate) async fn close(self) {
        self.begin_to_close();
        soon("the end of the service", self.running).await.unwrap().unwrap();
        soon("the store to close", self.store.close()).await;
    }

    /// Appends an entry, and goes on at once.
    pub(crate) fn append(&self, rig: &str, entry: Entry) -> Append {
        let (log, rig) = (self.log.clone(), name(rig));
        tokio::spawn(async move { log.append(&rig, &entry, Position::default()).await })
    }

    /// Appends a change of levels in the rig `main`, which succeeds.
    pub(crate) async fn set(&self, levels: &str) -> Position {
        answer(self.append("main", entry(levels))).await.unwrap()
    }

    /// Follows a rig.
    pub(crate) async fn follow(&self, rig: &str) -> Follower {
        Follower(soon("the announcements", self.echo.follow(&name(rig))).await.unwrap())
    }

    /// Asks for a rig's map.
    pub(crate) async fn snapshot(&self, rig: &str) -> Snapshot {
        let text = soon("the answer", self.echo.ask(Question::Snapshot(name(rig), Interest::default()))).await.unwrap();
        match decode(&text).unwrap().message {
            ServerMessage::Snapshot(snapshot) => snapshot,
            other => panic!("{other:?}"),
        }
    }

    /// Asks for the list of rigs.
    pub(crate) async fn list(&self) -> String {
        let text = soon("the answer", self.echo.ask(Question::Rigs)).await.unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    }

    /// What the database holds.
    pub(crate) async fn stored(&self) -> Image {
        soon("the load", self.store.inner.load()).await.unwrap()
    }
}

/// A store in a folder, which does as it is told.
pub(crate) async fn moody(folder: &TempDir) -> Arc<Moody> {
    let url = format!("sqlite:{}", folder.path().join("ghostlight.db").display());
    Arc::new(Moody::new(soon("the store", open(&url, Durability::Relaxed)).await.unwrap()))
}

/// What nobody looks at.
fn instruments() -> Instruments {
    Instruments::new(&Telemetry::default(), "sqlite")
}

/// Why a service does not start on a store.
pub(crate) async fn refused(store: Arc<Moody>, partition: Partition) -> StartError {
    let (log, echo) = (Arc::new(MemoryLog::with_clock(clock)), Arc::new(MemoryEcho::default()));
    let started = StateService::start(Parts { log, echo, store, most_rigs: 10, partition, instruments: instruments() });
    soon("the refusal", started).await.err().expect("it does not start")
}

/// What became of an append.
pub(crate) async fn answer(append: Append) -> Result<Position, AppendError> {
    soon("the append", append).await.unwrap()
}

/// Someone who hears all that is announced about a rig.
pub(crate) struct Follower(Box<dyn Announcements>);

impl Follower {
    /// The next announcement.
    pub(crate) async fn next(&mut self) -> ServerMessage {
        match soon("an announcement", self.0.next()).await {
            Some(Heard::Announcement(announcement)) => decode(&announcement.text).unwrap().message,
            other => panic!("heard {other:?}"),
        }
    }

    /// The next delta.
    pub(crate) async fn delta(&mut self) -> Delta {
        self.find(|message| if let ServerMessage::Delta(delta) = message { Some(delta) } else { None }).await
    }

    /// The next beacon.
    pub(crate) async fn beacon(&mut self) -> Beacon {
        self.find(|message| if let ServerMessage::Beacon(beacon) = message { Some(beacon) } else { None }).await
    }

    /// The first beacon of a newer epoch than this position's.
    pub(crate) async fn beacon_of_a_new_epoch(&mut self, old: Position) -> Beacon {
        let newer = |message| match message {
            ServerMessage::Beacon(beacon) if beacon.position.epoch > old.epoch => Some(beacon),
            _ => None,
        };
        self.find(newer).await
    }

    /// Whether nothing has been announced that it has not heard.
    pub(crate) fn has_heard_all(&mut self) -> bool {
        self.0.next().now_or_never().is_none()
    }

    async fn find<T>(&mut self, wanted: impl Fn(ServerMessage) -> Option<T>) -> T {
        let finding = async {
            loop {
                if let Some(found) = wanted(self.next().await) {
                    return found;
                }
            }
        };
        soon("the announcement", finding).await
    }
}

/// A rig's name.
pub(crate) fn name(rig: &str) -> RigName {
    RigName::new(rig).unwrap()
}

/// An entry of one change, from the JSON text of its levels.
pub(crate) fn entry(levels: &str) -> Entry {
    Entry::new(Change::from(parse_levels(levels.as_bytes()).unwrap()))
}

/// An entry of one change that happens once.
pub(crate) fn once(key: &str, levels: &str) -> Entry {
    let idempotency_key = Some(Key::new(key).unwrap());
    Entry::new(Change { idempotency_key, ..Change::from(parse_levels(levels.as_bytes()).unwrap()) })
}

/// The levels of a snapshot, as numbers: dimmer and hundredths of a percent.
pub(crate) fn numbers(snapshot: &Snapshot) -> Vec<(u16, u16)> {
    snapshot.state.levels.iter().map(|(dimmer, level)| (dimmer.get(), level.hundredths())).collect()
}

/// The levels of one rig in an image, as numbers.
pub(crate) fn kept(image: &Image, rig: &str) -> Vec<(u16, u16)> {
    let slots = image.rigs.get(rig).into_iter().flat_map(|rig| &rig.slots.levels);
    slots.filter_map(|(dimmer, slot)| Some((dimmer.get(), slot.value.map(Level::hundredths)?))).collect()
}
