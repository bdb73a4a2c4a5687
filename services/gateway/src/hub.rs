//! The hub of a rig: the gateway's replica of it, and what every connection reads from.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use ghostlight_bus::{Announcement, Echo};
use ghostlight_proto::{Decoded, ServerMessage, Unread, decode};
use ghostlight_rig::{
    Beacon, Credit, Delta, Item, Position, Received, Replica, Revision, RigName, Snapshot, TraceContext, Verdict,
};
use ghostlight_telemetry::trace::Kind;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::delivery::Delivery;
use crate::following::follow;
use crate::intake::{Appending, Lane};
use crate::presence::{self, RigPresence};
use crate::reader::{CaughtUp, Whole};
use crate::readers::Readers;
use crate::signals::Signals;

/// So many entries are remembered: a gateway asks for the verdicts on its own within the time that a few of its entries
/// take, and a reader that fell behind is soon caught up.
const REMEMBERED_ENTRIES: usize = 4_096;

/// Of so many entries it is remembered whose changes are in them, and a step over more is told without. Somebody who is
/// further behind than that has no fader in the hand whose echo it would have to know.
const CREDITED_ENTRIES: usize = 256;

/// And so is a step in which more was asked for: each item has to be looked up, and each change has to be told.
const CREDITED_ITEMS: usize = 4_096;
const CREDITED_CHANGES: usize = 256;

/// Every state service announces every entry, in the same words. So many of the last deltas are known again by these,
/// without being read.
const KNOWN_AGAIN: usize = 16;

/// Beacons come every second: after three without one, what is shown may be old.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(3);

/// A rig as this gateway knows it.
pub(crate) struct Hub {
    /// Changes of this gateway, on their way.
    pub(crate) lane: Lane,
    /// Which consoles are connected.
    pub(crate) presence: Arc<RigPresence>,
    followed: Arc<Followed>,
    used: Mutex<Instant>,
    /// Ends its tasks with the hub.
    _follows: DropGuard,
}

/// What the following task, the lane and the readers share.
pub(crate) struct Followed {
    kept: Mutex<Kept>,
    latest: watch::Sender<Arc<Latest>>,
    presence: Arc<RigPresence>,
    readers: Arc<Readers>,
    pub(crate) signals: Arc<Signals>,
}

/// What the hub knows.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) replica: Replica,
    folded: VecDeque<Folded>,
    /// The deltas that were heard last, the oldest first.
    heard: VecDeque<Bytes>,
    /// The catching-up text that was made last: readers who fall behind often fall behind together.
    pub(crate) caught_up: Option<CaughtUp>,
    /// And the whole map: after a restart all of them want it.
    pub(crate) whole: Option<Whole>,
}

/// What became of one entry.
#[derive(Clone, Debug)]
pub(crate) struct Folded {
    position: Position,
    prev: Revision,
    /// What became of its changes that were not simply applied, by their index in the entry.
    pub(crate) verdicts: Arc<BTreeMap<usize, Verdict>>,
    /// Whose changes are in it.
    credits: Arc<[Credit]>,
    /// How long the state service took.
    pub(crate) fold: Duration,
    /// When this gateway heard of it.
    pub(crate) heard: Instant,
}

/// One step of the map, in the words of both protocols.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    pub(crate) full: Utf8Bytes,
    /// Empty if there is nothing to say.
    pub(crate) plain: Utf8Bytes,
}

/// The newest that happened, for every reader to see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latest {
    pub(crate) position: Position,
    /// Grows when the map was replaced by one that does not continue it.
    pub(crate) generation: u64,
    /// The last delta, which serves every reader at `prev` or later.
    pub(crate) prev: Revision,
    pub(crate) delta: Option<Texts>,
    /// When that was applied.
    pub(crate) applied: Option<Instant>,
    /// What is told of it, if somebody traces it.
    pub(crate) delivery: Option<Arc<Delivery>>,
    /// The last beacon, if nothing has changed since.
    pub(crate) beacon: Utf8Bytes,
    /// How many beacons there were.
    pub(crate) beacons: u64,
    /// When a state service was last heard of; `None` if never.
    pub(crate) heard: Option<Instant>,
    /// Whether that is so long ago that what is shown may be old.
    pub(crate) is_stale: bool,
}

impl Latest {
    /// How long ago a state service was last heard of; `None` if never.
    pub(crate) fn silence(&self) -> Option<Duration> {
        self.heard.map(|heard| heard.elapsed())
    }

    fn hear(&mut self, signals: &Signals) {
        if self.is_stale {
            signals.was_stale(self.silence().unwrap_or_default());
        }
        self.heard = Some(Instant::now());
        self.is_stale = false;
    }
}

impl Hub {
    /// A hub that follows its rig from now on.
    pub(crate) fn follow(rig: RigName, echo: Arc<dyn Echo>, appending: &Appending) -> Self {
        let latest = watch::Sender::new(Arc::default());
        let presence = Arc::new(RigPresence::new(appending.gateway.clone()));
        let followed = Arc::new(Followed {
            kept: Mutex::default(),
            latest,
            presence: presence.clone(),
            readers: Arc::default(),
            signals: appending.signals.clone(),
        });
        let lane = Lane::start(rig.clone(), followed.clone(), appending);
        let ended = CancellationToken::new();
        let tells = presence::tell(rig.clone(), echo.clone(), presence.clone());
        tokio::spawn(ended.clone().run_until_cancelled_owned(tells));
        tokio::spawn(ended.clone().run_until_cancelled_owned(follow(rig, echo, followed.clone())));
        let used = Mutex::new(Instant::now());
        Self { lane, presence, followed, used, _follows: ended.drop_guard() }
    }

    /// Somebody needs it.
    pub(crate) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long ago somebody needed it.
    pub(crate) fn unused_for(&self) -> Duration {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Watches what is newest.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Latest>> {
        self.followed.latest.subscribe()
    }

    /// Who reads it.
    pub(crate) fn readers(&self) -> &Arc<Readers> {
        &self.followed.readers
    }

    /// What can be seen of the gateway.
    pub(crate) fn signals(&self) -> &Signals {
        &self.followed.signals
    }

    /// What is newest.
    pub(crate) fn latest(&self) -> Arc<Latest> {
        self.followed.latest.borrow().clone()
    }

    /// What the hub knows; not to be held across an await.
    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.followed.kept()
    }

    /// Waits until the replica stands at a position or later.
    pub(crate) async fn reached(&self, position: Position) {
        self.followed.reached(position).await;
    }
}

impl Kept {
    /// Whose changes are in the step from a revision to where the replica stands, as far as their values still count;
    /// none if that is not remembered.
    pub(crate) fn credits_since(&self, from: Revision) -> Vec<Credit> {
        let map = self.replica.map();
        let mut at = self.replica.position();
        let mut newest_first = Vec::new();
        let mut items = 0;
        for folded in self.folded.iter().rev().take(CREDITED_ENTRIES) {
            items += folded.credits.iter().map(|credit| credit.items.len()).sum::<usize>();
            let changes = newest_first.len() + folded.credits.len();
            if folded.position != at || items > CREDITED_ITEMS || changes > CREDITED_CHANGES {
                break;
            }
            let stands = |item: &Item| map.revision_of(*item) == Some(folded.position.revision);
            newest_first.extend(folded.credits.iter().rev().map(|Credit { origin, items }| Credit {
                origin: origin.clone(),
                items: items.iter().copied().filter(stands).collect(),
            }));
            at.revision = folded.prev;
            if at.revision <= from {
                newest_first.reverse();
                return newest_first;
            }
        }
        Vec::new()
    }
}

impl Followed {
    /// Waits until the replica stands at a position or later.
    pub(crate) async fn reached(&self, position: Position) {
        // The sender is here, so the wait can only end by reaching.
        let _ = self.latest.subscribe().wait_for(|latest| latest.position >= position).await;
    }

    /// Where the replica stands.
    pub(crate) fn position(&self) -> Position {
        self.latest.borrow().position
    }

    /// What became of an entry; `None` if that announcement was missed.
    pub(crate) fn folded(&self, position: Position) -> Option<Folded> {
        let kept = self.kept();
        let index = kept.folded.binary_search_by_key(&position, |folded| folded.position).ok()?;
        kept.folded.get(index).cloned()
    }

    // Held to fold one message in or to read, never across an await.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message in and shows it to the readers; `None` if it is not from a state service.
    pub(crate) fn take(&self, rig: &RigName, announcement: &Announcement) -> Option<Received> {
        let text = &announcement.text;
        if self.kept().heard.iter().rev().any(|heard| heard == text) {
            return Some(Received::Had);
        }
        let Decoded { message, levels } = match decode(text) {
            Ok(decoded) => decoded,
            // Newer versions have more to say to each other.
            Err(error @ Unread::UnknownType(_)) => {
                tracing::debug!(%rig, %error, "an announcement is passed over");
                return None;
            }
            // If it was part of the map, the next one shows that.
            Err(error) => {
                tracing::warn!(%rig, %error, "an announcement cannot be read; it is passed over");
                return None;
            }
        };
        match message {
            ServerMessage::Delta(delta) => Some(self.take_delta(delta, announcement, levels)),
            ServerMessage::Beacon(beacon) => Some(self.take_beacon(rig, &beacon, text)),
            ServerMessage::Snapshot(snapshot) => Some(self.take_snapshot(&snapshot)),
            ServerMessage::Roster { gateway, roster } => {
                self.presence.heard(gateway, roster);
                None
            }
            ServerMessage::Presence(_)
            | ServerMessage::Ack(_)
            | ServerMessage::Error(_)
            | ServerMessage::Stale { .. } => None,
        }
    }

    fn take_delta(&self, delta: Delta, announcement: &Announcement, levels: Bytes) -> Received {
        let Announcement { text, fold, traces } = announcement;
        let heard = Instant::now();
        let mut kept = self.kept();
        let received = kept.replica.delta(&delta);
        if received != Received::Applied {
            return received;
        }
        if kept.heard.len() == KNOWN_AGAIN {
            kept.heard.pop_front();
        }
        kept.heard.push_back(text.clone());
        if kept.folded.len() == REMEMBERED_ENTRIES {
            kept.folded.pop_front();
        }
        let Delta { position, prev, update, origins, verdicts } = delta;
        let (verdicts, credits) = (Arc::new(verdicts), origins.into());
        kept.folded.push_back(Folded { position, prev, verdicts, credits, fold: *fold, heard });
        if let Some(old) = kept.folded.iter_mut().rev().nth(CREDITED_ENTRIES) {
            old.credits = Arc::default();
        }
        let plain = if update.levels.is_empty() { Utf8Bytes::default() } else { utf8(levels) };
        let texts = Texts { full: utf8(text.clone()), plain };
        let traces = self.applied(traces, position, heard);
        let delivery = Delivery::begin(&self.signals.tracer, traces, self.readers.count()).map(Arc::new);
        self.show(&kept, |latest| {
            latest.hear(&self.signals);
            latest.position = position;
            latest.prev = prev;
            latest.delta = Some(texts);
            latest.applied = Some(heard);
            latest.delivery = delivery;
            latest.beacon = Utf8Bytes::default();
        });
        received
    }

    /// Tells those who trace the changes of a delta that it is applied here; where they stand then.
    fn applied(&self, traces: &[TraceContext], position: Position, heard: Instant) -> Vec<TraceContext> {
        let apply = |trace: &TraceContext| {
            let mut span = self.signals.tracer.child("apply", Kind::Consumer, *trace, heard)?;
            span.set("messaging.operation.type", "process");
            span.set("ghostlight.position", position.to_string());
            Some(span.context())
        };
        traces.iter().filter_map(apply).collect()
    }

    fn take_beacon(&self, rig: &RigName, beacon: &Beacon, text: &Bytes) -> Received {
        let mut kept = self.kept();
        let received = kept.replica.beacon(beacon);
        if received == Received::Diverged {
            self.signals.metrics.divergences.add_one();
            tracing::error!(%rig, position = %beacon.position, "this replica held another map than the state service");
        }
        self.show(&kept, |latest| {
            latest.hear(&self.signals);
            if beacon.position == latest.position && received == Received::Had {
                latest.beacon = utf8(text.clone());
                latest.beacons += 1;
            }
        });
        received
    }

    fn take_snapshot(&self, snapshot: &Snapshot) -> Received {
        let mut kept = self.kept();
        let received = kept.replica.snapshot(snapshot);
        self.show(&kept, |latest| {
            latest.hear(&self.signals);
            if matches!(received, Received::Applied | Received::Replaced) {
                latest.position = snapshot.position;
                latest.delta = None;
                latest.applied = Some(Instant::now());
                latest.delivery = None;
                latest.beacon = Utf8Bytes::default();
                latest.generation += u64::from(received == Received::Replaced);
            }
        });
        received
    }

    /// Tells the readers if no state service was heard of for long.
    pub(crate) fn note_silence(&self) {
        let kept = self.kept();
        let latest = self.latest.borrow().clone();
        let is_silent = latest.silence().is_some_and(|silence| silence >= STALE_AFTER);
        if is_silent && !latest.is_stale {
            self.show(&kept, |latest| latest.is_stale = true);
        }
    }

    /// Shows the readers what is newest. What is kept stays locked meanwhile, so that whoever locks it finds both alike;
    /// showing only wakes readers, it runs none of their code.
    fn show(&self, _kept: &MutexGuard<'_, Kept>, change: impl FnOnce(&mut Latest)) {
        self.latest.send_modify(|latest| change(Arc::make_mut(latest)));
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let latest = self.latest.borrow();
        if latest.is_stale {
            self.signals.was_stale(latest.silence().unwrap_or_default());
        }
    }
}

/// What `decode` has read is UTF-8.
fn utf8(text: Bytes) -> Utf8Bytes {
    Utf8Bytes::try_from(text).unwrap_or_default()
}
