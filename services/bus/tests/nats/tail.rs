//! A log that has lost its newest entries is known for one, whatever comes after.

use ghostlight_bus::nats::NatsLog;
use ghostlight_bus::{AppendError, Entries, Log, LogError};
use ghostlight_rig::{Entry, LogPosition, Position, Revision};

use crate::laws::{begun, entry, next, rig, soon};
use crate::support::{OnNats, log, log_at, remove_stream, taken};

/// How many entries are not lost.
const KEPT: u16 = 3;

/// A log that is about to lose its newest entries.
struct Losing {
    log: OnNats<NatsLog>,
    entries: Box<dyn Entries>,
    /// Where it begins.
    start: Position,
    /// The last entry that is lost, when it was read.
    last: LogPosition,
    older: tempfile::TempDir,
}

impl Losing {
    /// Appends entries, the last of which are not in a copy of what the server holds, and reads them all.
    async fn prepare() -> Self {
        let mut log = log().await;
        let (start, mut entries) = begun(&log.adapter).await;
        let numbers = 1..=KEPT + 3;
        let mut last = LogPosition::from(start);
        let mut older = None;
        for number in numbers {
            if number == KEPT + 1 {
                log.server.stop().await.unwrap();
                older = Some(log.server.copy_folder().unwrap());
                log.server.start_again().await.unwrap();
            }
            taken(&log.adapter, &entry(number), start).await;
            let logged = next(entries.as_mut()).await;
            assert_eq!(logged.entry, entry(number));
            last = LogPosition { position: Position { revision: logged.revision, ..start }, stamp: logged.stamp };
        }
        Self { log, entries, start, last, older: older.unwrap() }
    }

    /// Sets the server back.
    async fn lose(&mut self) {
        self.log.server.stop().await.unwrap();
        self.log.server.restore_folder(&self.older).unwrap();
        self.log.server.start_again().await.unwrap();
    }

    /// The reader fails, and has read nothing more.
    async fn reader_fails(&mut self) {
        let answer = soon("the end of the reader", self.entries.next()).await;
        assert!(matches!(answer, Err(LogError::Lost(_))), "{answer:?}");
    }

    /// Begins after the loss and reads all that there is: it must be these, in a new epoch.
    async fn goes_on_with(&self, entries: &[Entry]) {
        let mark = soon("the order to begin", self.log.begin(self.last)).await.unwrap();
        assert!(mark.position.epoch > self.start.epoch, "{mark:?}");
        assert_eq!(mark.position.revision, Revision(u64::from(KEPT)), "just before the first that came after the loss");
        let mut reader = soon("the reader", self.log.read(mark)).await.unwrap();
        assert_eq!(reader.end(), Revision(u64::from(KEPT) + entries.len() as u64));
        for entry in entries {
            assert_eq!(next(reader.as_mut()).await.entry, *entry);
        }
        assert_eq!(soon("the order to begin", self.log.begin(mark)).await, Ok(mark), "it goes on from there now");
    }
}

#[tokio::test]
async fn a_reader_learns_that_entries_are_lost_though_none_is_appended() {
    let mut losing = Losing::prepare().await;
    losing.lose().await;
    losing.reader_fails().await;
    losing.goes_on_with(&[]).await;
}

#[tokio::test]
async fn a_reader_learns_that_entries_are_lost_though_more_are_appended_at_once() {
    let mut losing = Losing::prepare().await;
    let after: Vec<_> = (100..120).map(entry).collect();
    losing.lose().await;
    // By somebody who has seen nothing.
    let other = log_at(&losing.log.server.url()).await;
    for entry in &after {
        taken(&other, entry, Position::default()).await;
    }
    losing.reader_fails().await;
    losing.goes_on_with(&after).await;
}

#[tokio::test]
async fn a_reader_that_was_not_asked_meanwhile_learns_it_too() {
    let mut losing = Losing::prepare().await;
    let idle = std::mem::replace(&mut losing.entries, losing.log.read(losing.last).await.unwrap());
    losing.lose().await;
    let after: Vec<_> = (100..120).map(entry).collect();
    let other = log_at(&losing.log.server.url()).await;
    for entry in &after {
        taken(&other, entry, Position::default()).await;
    }
    losing.reader_fails().await;
    losing.entries = idle;
    losing.reader_fails().await;
    losing.goes_on_with(&after).await;
}

#[tokio::test]
async fn an_append_never_answers_a_position_that_was_another_entrys() {
    let mut losing = Losing::prepare().await;
    losing.lose().await;
    let (main, lost) = (rig("main"), KEPT + 1..=KEPT + 3);
    for number in lost.clone() {
        let sent = entry(100 + number);
        let answer = soon("the append", losing.log.append(&main, &sent, losing.last.position)).await;
        assert_eq!(answer, Err(AppendError::Unknown), "it stands at {number}, where another one was");
    }
    // They are there, and come in the new epoch.
    let after: Vec<_> = lost.map(|number| entry(100 + number)).collect();
    losing.reader_fails().await;
    losing.goes_on_with(&after).await;

    // Beyond what was seen, positions are new.
    let answer = soon("the append", losing.log.append(&main, &entry(200), losing.last.position)).await;
    assert_eq!(answer.unwrap().revision, Revision(losing.last.position.revision.0 + 1));
}

#[tokio::test]
async fn a_stream_that_was_made_anew_is_another_order() {
    let log = log().await;
    for more in [0, 2, 3, 5] {
        let (start, mut entries) = begun(&log.adapter).await;
        let mut last = LogPosition::from(start);
        for number in 1..=3 {
            taken(&log.adapter, &entry(number), start).await;
            let logged = next(entries.as_mut()).await;
            last = LogPosition { position: Position { revision: logged.revision, ..start }, stamp: logged.stamp };
        }
        remove_stream(&log.server).await;
        let after: Vec<_> = (100..100 + more).map(entry).collect();
        if more > 0 {
            // Another state service was faster.
            let other = log_at(&log.server.url()).await;
            begun(&other).await;
            for entry in &after {
                taken(&other, entry, Position::default()).await;
            }
        }
        let answer = soon("the end of the reader", entries.next()).await;
        assert!(matches!(answer, Err(LogError::Lost(_))), "{answer:?}");

        let mark = soon("the order to begin", log.begin(last)).await.unwrap();
        assert!(mark.position.epoch > start.epoch, "{mark:?}");
        assert_eq!(mark.position.revision, Revision(0));
        let mut entries = soon("the reader", log.read(mark)).await.unwrap();
        taken(&log.adapter, &entry(200), mark.position).await;
        for entry in after.iter().chain([&entry(200)]) {
            assert_eq!(next(entries.as_mut()).await.entry, *entry);
        }
        remove_stream(&log.server).await;
    }
}
