//! The feed of a hub: the replica of one rig and what every reader of it shares.

mod latest;
mod state;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use ghostlight_bus::Announcement;
use ghostlight_command::Dictionary;
use ghostlight_proto::{Decoded, STALE_AFTER, ServerMessage, Unread, decode};
use ghostlight_rig::{Beacon, Delta, Position, Received, RigMap, RigName, Snapshot, StoreId, TraceContext, Update};
use ghostlight_telemetry::trace::Kind;
use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::delivery_spans::Delivery;
use crate::instruments::Instruments;
use crate::presence::RigPresence;
use crate::subscribers::Subscribers;
use crate::subscription::Texts;

pub(crate) use latest::Latest;
pub(crate) use state::{FeedState, Folded};

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
        self.state().folded(position)
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
        if self.state().knows_again(text) {
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
        let FeedState { replica, history, .. } = &mut *state;
        if replica.judge(&delta) == Received::Applied {
            history.note(replica.map(), &delta);
        }
        let received = state.replica.delta(&delta);
        if received != Received::Applied {
            return received;
        }
        let Delta { position, prev, update, origins, verdicts, dictionary, .. } = delta;
        let (verdicts, attributions) = (Arc::new(verdicts), origins.into());
        state.remember(text.clone(), Folded { position, prev, verdicts, attributions, fold: *fold, heard });
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
            state.forget();
        }
        if matches!(received, Received::Applied | Received::Replaced) {
            // What was changed in between, and by whom, is not known.
            state.history.clear();
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

#[cfg(test)]
mod tests;
