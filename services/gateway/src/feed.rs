//! The feed of a hub: the replica of one rig and what every reader of it shares.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ghostlight_bus::Announcement;
use ghostlight_command::Dictionary;
use ghostlight_proto::{Decoded, STALE_AFTER, ServerMessage, Unread, decode};
use ghostlight_rig::{
    Attribution, Beacon, Delta, Interest, Item, Position, Received, Replica, Revision, RigMap, RigName, Snapshot,
    StoreId, TraceContext, Update, Verdict,
};
use ghostlight_telemetry::trace::Kind;
use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::delivery_spans::Delivery;
use crate::instruments::Instruments;
use crate::presence::RigPresence;
use crate::subscribers::Subscribers;
use crate::subscription::{CachedBody, CaughtUp, Texts, Whole};

/// How many entries are remembered. A gateway needs the verdicts on its own entries for the time that a few entries
/// take, and a reader that fell behind soon catches up.
const REMEMBERED_ENTRIES: usize = 4_096;

/// The origins of changes are kept for this many entries; a step over more is sent without origins. A client that is
/// further behind has no fader in hand whose echo it would have to recognise.
const ATTRIBUTED_ENTRIES: usize = 256;

/// A step with more items or changes than these is also sent without origins: each item is looked up, and each change
/// is written out.
const ATTRIBUTED_ITEMS: usize = 4_096;
const ATTRIBUTED_CHANGES: usize = 256;

/// Every state service announces every entry, in the same bytes. A copy of one of this many last deltas is recognised
/// by its bytes and not decoded.
const KNOWN_AGAIN: usize = 16;

/// The feed of one rig, shared by the following task, the queue and the readers.
pub(crate) struct RigFeed {
    state: Mutex<FeedState>,
    pub(crate) latest: watch::Sender<Arc<Latest>>,
    /// The rig's words, ready to be looked up. They are those of the replica: whoever holds the state's lock finds both in
    /// agreement.
    words: RwLock<Dictionary>,
    presence: Arc<RigPresence>,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) instruments: Arc<Instruments>,
}

/// The state of a feed, under one lock.
#[derive(Default)]
pub(crate) struct FeedState {
    pub(crate) replica: Replica,
    folded: VecDeque<Folded>,
    /// The store of the last alarm: the alarm about it is logged once.
    alarmed: StoreId,
    /// The last deltas received, the oldest first.
    heard: VecDeque<Bytes>,
    /// The catch-up step that was encoded last: readers that fall behind often fall behind together.
    pub(crate) caught_up: Option<CaughtUp>,
    /// The whole map that was encoded last: after a restart, all readers need it.
    pub(crate) whole: Option<Whole>,
    /// The body that was encoded last for a `GET`.
    pub(crate) body: Option<CachedBody>,
}

/// The announced outcome of one entry.
#[derive(Clone, Debug)]
pub(crate) struct Folded {
    position: Position,
    prev: Revision,
    /// The verdicts on changes that were not simply applied, by their index in the entry.
    pub(crate) verdicts: Arc<BTreeMap<usize, Verdict>>,
    /// The origins of its changes and the items that each of them set.
    attributions: Arc<[Attribution]>,
    /// How long the state service took to fold the entry.
    pub(crate) fold: Duration,
    /// When this gateway received the announcement.
    pub(crate) heard: Instant,
}

/// The newest state of the feed, which every reader watches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latest {
    pub(crate) position: Position,
    /// Grows when a snapshot replaces the map and does not continue it.
    pub(crate) generation: u64,
    /// The revision before the last delta: the delta serves every reader at this revision or later.
    pub(crate) prev: Revision,
    pub(crate) delta: Option<Texts>,
    /// The kinds of the items that the delta sets.
    pub(crate) delta_kinds: Interest,
    /// When the last delta or snapshot was applied.
    pub(crate) applied: Option<Instant>,
    /// The delivery of the last delta, if it is traced.
    pub(crate) delivery: Option<Arc<Delivery>>,
    /// The last beacon, if the map has not changed since; otherwise empty.
    pub(crate) beacon: Utf8Bytes,
    /// The kinds whose digests the beacon has.
    pub(crate) beacon_kinds: Interest,
    /// How many beacons have confirmed the map.
    pub(crate) beacons: u64,
    /// When a message of a state service last came; `None` if never.
    pub(crate) heard: Option<Instant>,
    /// Whether that is longer ago than [`STALE_AFTER`], so that the map may be old.
    pub(crate) is_stale: bool,
}

impl Latest {
    /// How long ago a message of a state service last came; `None` if never.
    pub(crate) fn silence(&self) -> Option<Duration> {
        self.heard.map(|heard| heard.elapsed())
    }

    fn hear(&mut self, instruments: &Instruments) {
        if self.is_stale {
            instruments.was_stale(self.silence().unwrap_or_default());
        }
        self.heard = Some(Instant::now());
        self.is_stale = false;
    }
}

impl FeedState {
    /// The origins of the changes from `from` to the replica's position, with the items whose values still count; empty
    /// if some of these entries are not remembered.
    pub(crate) fn attributions_since(&self, from: Revision) -> Vec<Attribution> {
        let map = self.replica.map();
        let mut at = self.replica.position();
        let mut newest_first = Vec::new();
        let mut items = 0;
        for folded in self.folded.iter().rev().take(ATTRIBUTED_ENTRIES) {
            items += folded.attributions.iter().map(|attribution| attribution.items.len()).sum::<usize>();
            let changes = newest_first.len() + folded.attributions.len();
            if folded.position != at || items > ATTRIBUTED_ITEMS || changes > ATTRIBUTED_CHANGES {
                break;
            }
            let stands = |item: &Item| map.revision_of(item) == Some(folded.position.revision);
            newest_first.extend(folded.attributions.iter().rev().map(|Attribution { origin, items }| Attribution {
                origin: origin.clone(),
                items: items.iter().filter(|item| stands(item)).cloned().collect(),
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

impl RigFeed {
    /// Makes the feed of a rig, with an empty replica.
    pub(crate) fn new(presence: Arc<RigPresence>, instruments: Arc<Instruments>) -> Self {
        let latest = watch::Sender::new(Arc::default());
        let (state, words, subscribers) = Default::default();
        Self { state, latest, words, presence, subscribers, instruments }
    }

    /// Waits until the replica has reached a position.
    pub(crate) async fn reached(&self, position: Position) {
        // `self` owns the sender, so the wait can only end when the position is reached.
        let _ = self.latest.subscribe().wait_for(|latest| latest.position >= position).await;
    }

    /// The position of the replica.
    pub(crate) fn position(&self) -> Position {
        self.latest.borrow().position
    }

    /// The outcome of an entry; `None` if its announcement was missed.
    pub(crate) fn folded(&self, position: Position) -> Option<Folded> {
        let state = self.state();
        let index = state.folded.binary_search_by_key(&position, |folded| folded.position).ok()?;
        state.folded.get(index).cloned()
    }

    // Held to apply one message or to read, never across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, FeedState> {
        self.state.lock()
    }

    /// The rig's words. Held to look up one text, never across an await.
    pub(crate) fn words(&self) -> RwLockReadGuard<'_, Dictionary> {
        self.words.read()
    }

    /// Changes words as a delta does.
    fn change_words(&self, update: &Update) {
        if update.words.is_empty() {
            return;
        }
        let mut words = self.words.write();
        for (word, look) in &update.words {
            match look {
                Some(look) => words.insert(word.clone(), look.clone()),
                None => words.remove(word),
            };
        }
    }

    /// Takes over the words of a map that was replaced. Looking up goes on until they are ready.
    fn replace_words(&self, map: &RigMap) {
        let new: Vec<_> =
            map.slots().words.iter().filter_map(|(word, slot)| Some((word, slot.value.as_ref()?))).collect();
        let is_same = new.iter().copied().eq(self.words.read().iter());
        if !is_same {
            let ready = new.into_iter().map(|(word, look)| (word.clone(), look.clone())).collect();
            *self.words.write() = ready;
        }
    }

    /// Applies an announcement and shows it to the readers; `None` if it cannot be read or is not from a state service.
    pub(crate) fn take(&self, rig: &RigName, announcement: &Announcement) -> Option<Received> {
        let text = &announcement.text;
        if self.state().heard.iter().rev().any(|heard| heard == text) {
            return Some(Received::Had);
        }
        let Decoded { message, levels } = match decode(text) {
            Ok(decoded) => decoded,
            // Newer versions may send messages of types that this one does not know.
            Err(error @ Unread::UnknownType(_)) => {
                tracing::debug!(%rig, %error, "an announcement is passed over");
                return None;
            }
            // If it was a delta, the next one shows the gap.
            Err(error) => {
                tracing::warn!(%rig, %error, "an announcement cannot be read; it is passed over");
                return None;
            }
        };
        match message {
            ServerMessage::Delta(delta) => Some(self.take_delta(delta, announcement, levels)),
            ServerMessage::Beacon(beacon) => Some(self.take_beacon(rig, &beacon, text)),
            // It was not asked for: whoever may publish to gateways could replace their maps.
            ServerMessage::Snapshot(_) => {
                tracing::warn!(%rig, "a snapshot that nobody asked for is passed over");
                None
            }
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

    /// Takes the answer of a state service to a question for a snapshot.
    pub(crate) fn take_answer(&self, rig: &RigName, text: Bytes) {
        match decode(&text) {
            Ok(Decoded { message: ServerMessage::Snapshot(snapshot), .. }) => drop(self.take_snapshot(rig, &snapshot)),
            Ok(_) => {
                tracing::warn!(%rig, "the answer to a question for a snapshot is not a snapshot; it is passed over");
            }
            Err(error) => tracing::warn!(%rig, %error, "a snapshot cannot be read; it is passed over"),
        }
    }

    /// Nothing has confirmed for long where the replica stands: the snapshot that is asked for now replaces its map.
    pub(crate) fn doubt(&self) {
        self.state().replica.doubt();
    }

    fn take_delta(&self, delta: Delta, announcement: &Announcement, levels: Bytes) -> Received {
        let Announcement { text, fold, traces } = announcement;
        let heard = Instant::now();
        let mut state = self.state();
        let received = state.replica.delta(&delta);
        if received != Received::Applied {
            return received;
        }
        if state.heard.len() == KNOWN_AGAIN {
            state.heard.pop_front();
        }
        state.heard.push_back(text.clone());
        if state.folded.len() == REMEMBERED_ENTRIES {
            state.folded.pop_front();
        }
        let Delta { position, prev, update, origins, verdicts, dictionary, .. } = delta;
        let (verdicts, attributions) = (Arc::new(verdicts), origins.into());
        state.folded.push_back(Folded { position, prev, verdicts, attributions, fold: *fold, heard });
        if let Some(old) = state.folded.iter_mut().rev().nth(ATTRIBUTED_ENTRIES) {
            old.attributions = Arc::default();
        }
        match dictionary {
            Some(_) => self.replace_words(state.replica.map()),
            None => self.change_words(&update),
        }
        let kinds = update.kinds();
        let plain = if update.levels.is_empty() { Utf8Bytes::default() } else { utf8(levels) };
        // Only a replica with all parts understands a dictionary. Readers are told of its words.
        let texts = dictionary.is_none().then(|| Texts { full: utf8(text.clone()), plain });
        let traces = self.applied(traces, position, heard);
        let delivery = Delivery::begin(&self.instruments.tracer, traces, self.subscribers.count()).map(Arc::new);
        self.show(&state, |latest| {
            latest.hear(&self.instruments);
            latest.position = position;
            latest.prev = prev;
            latest.delta = texts;
            latest.delta_kinds = kinds;
            latest.applied = Some(heard);
            latest.delivery = delivery;
            latest.beacon = Utf8Bytes::default();
        });
        received
    }

    /// Records in the traces of a delta's changes that it is applied here; returns the contexts after that.
    fn applied(&self, traces: &[TraceContext], position: Position, heard: Instant) -> Vec<TraceContext> {
        let apply = |trace: &TraceContext| {
            let mut span = self.instruments.tracer.child("apply", Kind::Consumer, *trace, heard)?;
            span.set("messaging.operation.type", "process");
            span.set("ghostlight.position", position.to_string());
            Some(span.context())
        };
        traces.iter().filter_map(apply).collect()
    }

    fn take_beacon(&self, rig: &RigName, beacon: &Beacon, text: &Bytes) -> Received {
        let mut state = self.state();
        let received = state.replica.beacon(beacon);
        if received == Received::Diverged {
            self.instruments.metrics.divergences.add_one();
            tracing::error!(%rig, position = %beacon.position, "this replica held another map than the state service");
        }
        if received == Received::Foreign {
            let ours = state.replica.store();
            self.alarm(&mut state, rig, beacon.store, ours);
        }
        self.show(&state, |latest| {
            if !is_silence(received) {
                latest.hear(&self.instruments);
            }
            if beacon.position == latest.position && received == Received::Had {
                latest.beacon = utf8(text.clone());
                latest.beacon_kinds = beacon.digests.kinds();
                latest.beacons += 1;
            } else if received != Received::Had && !is_silence(received) {
                // The last one proves nothing any more.
                latest.beacon = Utf8Bytes::default();
            }
        });
        received
    }

    fn take_snapshot(&self, rig: &RigName, snapshot: &Snapshot) -> Received {
        let mut state = self.state();
        let former = state.replica.store();
        let received = state.replica.snapshot(snapshot);
        if snapshot.store.is_foreign_to(former) {
            self.alarm(&mut state, rig, snapshot.store, former);
        }
        if received == Received::Replaced {
            // They are of another order, or above where this one stands.
            state.folded.clear();
            state.heard.clear();
        }
        if matches!(received, Received::Applied | Received::Replaced) {
            self.replace_words(state.replica.map());
        }
        self.show(&state, |latest| {
            if !is_silence(received) {
                latest.hear(&self.instruments);
            }
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

    /// A state service with another store says what this rig is: two orders would contend for the rig.
    fn alarm(&self, state: &mut FeedState, rig: &RigName, theirs: StoreId, ours: StoreId) {
        self.instruments.metrics.foreign_stores.add_one();
        if std::mem::replace(&mut state.alarmed, theirs) != theirs {
            tracing::error!(%rig, "ALARM: a state service with the store {theirs} announces a rig of the store {ours}");
        }
    }

    /// Marks the map as stale for the readers after [`STALE_AFTER`] without a message of a state service.
    pub(crate) fn note_silence(&self) {
        let state = self.state();
        let latest = self.latest.borrow().clone();
        let is_silent = latest.silence().is_some_and(|silence| silence >= STALE_AFTER);
        if is_silent && !latest.is_stale {
            self.show(&state, |latest| latest.is_stale = true);
        }
    }

    /// Shows the readers the newest state. The state stays locked meanwhile, so a task that locks it finds both in
    /// agreement. Showing only wakes readers; it runs none of their code.
    fn show(&self, _state: &MutexGuard<'_, FeedState>, change: impl FnOnce(&mut Latest)) {
        self.latest.send_modify(|latest| change(Arc::make_mut(latest)));
    }
}

impl Drop for RigFeed {
    fn drop(&mut self) {
        let latest = self.latest.borrow();
        if latest.is_stale {
            self.instruments.was_stale(latest.silence().unwrap_or_default());
        }
    }
}

/// Whether a message with this effect says nothing about the map of the replica.
fn is_silence(received: Received) -> bool {
    matches!(received, Received::Behind | Received::Foreign)
}

/// The text of a decoded message, which is UTF-8.
fn utf8(text: Bytes) -> Utf8Bytes {
    Utf8Bytes::try_from(text).expect("a message is UTF-8")
}
