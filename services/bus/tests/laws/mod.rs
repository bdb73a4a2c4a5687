//! The laws of the bus, and what they are told with.
//!
//! The rigs that the laws of the log write to are all in the first of two partitions.

#![allow(dead_code, reason = "every test binary compiles this module and uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

pub(crate) mod echo;
pub(crate) mod log;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join;
use ghostlight_bus::{Announcement, AppendError, Entries, Log, Logged, Read};
use ghostlight_rig::{Change, Dimmer, Entry, Epoch, Level, Levels, Position, RigName, TraceContext};
use tokio::time::timeout;

/// How long a test waits for anything.
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for something that must happen.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Asks a future once whether it is ready.
pub(crate) fn at_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    future.now_or_never()
}

/// A rig's name.
pub(crate) fn rig(name: &str) -> RigName {
    RigName::new(name).unwrap()
}

/// The levels of one dimmer: it is at this many hundredths of a percent, or forgotten.
pub(crate) fn levels(dimmer: u16, hundredths: Option<u16>) -> Levels {
    let level = hundredths.map(|hundredths| Level::from_hundredths(hundredths).unwrap());
    Levels::from([(Dimmer::new(dimmer).unwrap(), level)])
}

/// An entry of one change: dimmer 1 to this many hundredths of a percent.
pub(crate) fn entry(hundredths: u16) -> Entry {
    Entry::new(Change::from(levels(1, Some(hundredths))))
}

/// An announcement of this text, about two traced changes.
pub(crate) fn announcement(text: &str) -> Announcement {
    let trace = |span_id| TraceContext { trace_id: 7 << 100, span_id, is_sampled: true };
    Announcement { text: text.to_owned().into(), fold: Duration::from_micros(7), traces: vec![trace(1), trace(2)] }
}

/// Begins an order that goes on from a position which needs no stamp.
pub(crate) async fn begin(log: &impl Log, stored: Position) -> Position {
    soon("the order to begin", log.begin(stored.into())).await.unwrap().position
}

/// Begins an order and reads it.
pub(crate) async fn begun(log: &impl Log) -> (Position, Box<dyn Entries>) {
    let start = soon("the order to begin", log.begin(Position::default().into())).await.unwrap();
    (start.position, soon("the reader", log.read(start)).await.unwrap())
}

/// The next entry.
pub(crate) async fn next(entries: &mut dyn Entries) -> Logged {
    logged(soon("an entry", entries.next()).await.unwrap())
}

/// What was read is an entry.
pub(crate) fn logged(read: Read) -> Logged {
    match read {
        Read::Entry(logged) => logged,
        Read::PassedOver(place) => panic!("{place:?} is passed over"),
    }
}

/// Appends an entry, reads it and says that it is saved.
pub(crate) async fn pass(
    log: &impl Log,
    epoch: Epoch,
    entries: &mut dyn Entries,
    rig: &RigName,
    entry: &Entry,
) -> (Result<Position, AppendError>, Logged) {
    let saving = async {
        let logged = next(entries).await;
        log.checkpoint(Position { epoch, revision: logged.revision });
        logged
    };
    soon("the append", join(log.append(rig, entry, Position { epoch, ..Position::default() }), saving)).await
}
