//! A reader of a hub: a cursor over the rig's map.
//!
//! However slow its client is, a reader costs one cursor and no queue: it takes the step from the cursor's revision to
//! the map's newest. It may skip levels in between but never the last one, and it never sends an older level after a
//! newer one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ghostlight_proto::{LevelsText, ServerMessage, with_output};
use ghostlight_rig::{Delta, Dimmer, Interest, Level, Levels, Position, Revision, RigMap, Snapshot};
use ghostlight_telemetry::metrics::Stage;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::delivery_spans::Delivery;
use crate::feed::{FeedState, Latest};
use crate::hub::Hub;
use crate::subscribers::Registration;
use crate::subscription::{CaughtUp, Protocol, Subscription, Texts, Whole};

/// A client that comes from another gateway may be ahead of this gateway's replica for a moment. If a beacon proves
/// after this time that the map is the newest, the client's position belongs to another order.
const BEHIND_LOG_DELAY: Duration = Duration::from_secs(2);

/// The next message for a reader's client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Snapshot(Utf8Bytes),
    Delta(Utf8Bytes),
    Beacon(Utf8Bytes),
    Stale(Utf8Bytes),
}

pub(crate) struct Subscriber {
    hub: Arc<Hub>,
    latest: watch::Receiver<Arc<Latest>>,
    subscription: Subscription,
    /// The client's position in the map; `None` if it has nothing yet.
    cursor: Option<Cursor>,
    /// The feed's count of beacons when the client was last sent one; `None` if it was sent none.
    beacons: Option<u64>,
    /// Where the map was when the client came. It may have seen this position already, so it is sent nothing older.
    came_at: Position,
    /// Whether the client was told that its map may be stale.
    told_stale: bool,
    /// The client's position, if it is ahead of the map, and when that was found.
    ahead: Option<(Position, Instant)>,
    seat: Registration,
    /// The step that the client is being sent.
    sending: Option<Sending>,
}

/// A step on its way to the client.
struct Sending {
    /// When this gateway applied the step; `None` for a whole map, which may be old.
    heard: Option<Instant>,
    delivery: Option<Arc<Delivery>>,
    /// Whether the step was made for a client that had fallen behind.
    is_conflated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
    generation: u64,
    position: Position,
}

impl Subscriber {
    /// Makes a reader for a client that has nothing yet, or that resumes from a position.
    pub(crate) fn new(hub: Arc<Hub>, subscription: Subscription, resume: Option<Position>) -> Self {
        let mut latest = hub.watch();
        let now = latest.borrow_and_update().clone();
        latest.mark_changed();
        let ahead = resume.filter(|at| *at > now.position).map(|at| (at, Instant::now()));
        let resume = resume.filter(|at| at.epoch == now.position.epoch && *at <= now.position);
        let cursor = resume.map(|position| Cursor { generation: now.generation, position });
        let (seat, came_at) = (hub.subscribers().enter(), now.position);
        Self {
            hub,
            latest,
            subscription,
            cursor,
            beacons: None,
            came_at,
            told_stale: false,
            ahead,
            seat,
            sending: None,
        }
    }

    /// Waits until there may be something to send. May be dropped and called again.
    pub(crate) async fn changed(&mut self) {
        // The hub owns the sender, and the reader owns the hub, so the sender is alive.
        let _ = self.latest.changed().await;
    }

    /// Records that the client was sent the last result of [`next`](Self::next).
    pub(crate) fn sent(&mut self) {
        let Some(Sending { heard, delivery, is_conflated }) = self.sending.take() else { return };
        self.seat.reached(self.position().revision);
        let metrics = &self.hub.instruments().metrics;
        metrics.deliveries.add_one();
        if is_conflated {
            metrics.conflated.add_one();
        }
        if let Some(heard) = heard {
            let trace = delivery.as_ref().and_then(|delivery| delivery.example());
            metrics.stages.of(Stage::Deliver).took_in(heard.elapsed(), trace);
        }
        if let Some(delivery) = delivery {
            delivery.reached();
        }
    }

    /// The client's position once it has everything that [`next`](Self::next) returned. The map may be in another epoch by
    /// now.
    pub(crate) fn position(&self) -> Position {
        let nothing_yet = || Position { revision: Revision(0), ..self.latest.borrow().position };
        self.cursor.map_or_else(nothing_yet, |cursor| cursor.position)
    }

    /// The next message for the client; `None` if it has the newest map.
    pub(crate) fn next(&mut self) -> Option<Told> {
        loop {
            let latest = self.latest.borrow_and_update().clone();
            if !self.meets(&latest) {
                return self.next_stale(&latest);
            }
            let Some(cursor) = self.cursor.filter(|cursor| cursor.generation == latest.generation) else {
                return Some(self.whole_map());
            };
            if cursor.position == latest.position {
                return self.next_beacon(&latest).or_else(|| self.next_stale(&latest));
            }
            let from = cursor.position.revision;
            let is_ready = self.subscription.protocol != Protocol::Output && self.tells_all(latest.delta_kinds);
            let ready = latest.delta.as_ref().filter(|_| is_ready);
            let texts = match ready {
                Some(texts) if (latest.prev..latest.position.revision).contains(&from) => {
                    self.cursor = Some(Cursor { position: latest.position, ..cursor });
                    texts.clone()
                }
                _ => match self.catch_up(cursor) {
                    Some(texts) => texts,
                    None => return Some(self.whole_map()),
                },
            };
            self.seat.reached(from);
            self.sending = Some(Sending {
                heard: latest.applied,
                delivery: latest.delivery.clone(),
                is_conflated: from < latest.prev,
            });
            match self.subscription.protocol {
                Protocol::Full | Protocol::Output => return Some(Told::Delta(texts.full)),
                Protocol::Plain if !texts.plain.is_empty() => return Some(Told::Delta(texts.plain)),
                Protocol::Plain => {}
            }
        }
    }

    /// Whether the shared text of a delta with these kinds fits this reader. The plain protocol has a text of its own.
    fn tells_all(&self, kinds: Interest) -> bool {
        self.subscription.protocol == Protocol::Plain || self.subscription.kinds.covers(kinds)
    }

    /// Whether the map has reached the client's position. Until then nothing is sent, because the client's map is
    /// newer.
    fn meets(&mut self, latest: &Latest) -> bool {
        let Some((ahead, since)) = self.ahead else { return true };
        // A current beacon proves that the map is as new as the state service's. Without one, for example just after a
        // silence, this gateway may have missed changes that the client has.
        let is_current = !latest.beacon.is_empty();
        let is_of_another_world = is_current && latest.heard.is_some_and(|heard| heard > since + BEHIND_LOG_DELAY);
        if latest.position < ahead && !is_of_another_world {
            return false;
        }
        self.ahead = None;
        if latest.position.epoch == ahead.epoch && latest.position >= ahead {
            self.cursor = Some(Cursor { generation: latest.generation, position: ahead });
        }
        true
    }

    /// The message that the client's map may be stale, if it was not sent yet.
    fn next_stale(&mut self, latest: &Latest) -> Option<Told> {
        if self.subscription.protocol == Protocol::Plain || self.told_stale == latest.is_stale {
            return None;
        }
        self.told_stale = latest.is_stale;
        let seconds = latest.silence().unwrap_or_default().as_secs();
        latest.is_stale.then(|| Told::Stale(text(&ServerMessage::Stale { seconds }.encode())))
    }

    /// A beacon, if there is a new one. The first one is made here, so that a client that resumes and has missed
    /// nothing knows at once.
    fn next_beacon(&mut self, latest: &Latest) -> Option<Told> {
        if self.subscription.protocol == Protocol::Plain {
            return None;
        }
        let told = self.beacons.replace(latest.beacons);
        if told == Some(latest.beacons) || (told.is_some() && latest.beacon.is_empty()) {
            return None;
        }
        if told.is_some() && latest.beacon_kinds == self.subscription.kinds {
            return Some(Told::Beacon(latest.beacon.clone()));
        }
        let beacon = self.hub.state().replica.to_beacon(self.subscription.kinds);
        // If the map has moved on meanwhile, the next step confirms the map instead.
        let beacon = Some(beacon).filter(|beacon| beacon.position == latest.position);
        beacon.map(|beacon| Told::Beacon(text(&ServerMessage::Beacon(beacon).encode())))
    }

    /// The step from a cursor to the newest position, for a client that skipped some; `None` if the replica does not
    /// reach back that far.
    fn catch_up(&mut self, cursor: Cursor) -> Option<Texts> {
        let subscription = self.subscription;
        let state = self.hub.state();
        if self.latest.borrow().generation != cursor.generation {
            return None;
        }
        let (from, to) = (cursor.position, state.replica.position());
        let known = state.caught_up.as_ref();
        let known = known.filter(|known| (known.from, known.to, known.subscription) == (from, to, subscription));
        let texts = match known.map(|known| known.texts.clone()) {
            Some(texts) => texts,
            None => {
                let step = step(&state, from.revision, subscription)?;
                drop(state);
                let texts = step.encode();
                self.hub.state().caught_up = Some(CaughtUp { from, to, subscription, texts: texts.clone() });
                texts
            }
        };
        self.cursor = Some(Cursor { position: to, ..cursor });
        Some(texts)
    }

    /// The whole map. For a plain client that had an older map, it also names the levels that are gone.
    ///
    /// A client that gets the whole map is not counted among those that a change is delivered to.
    fn whole_map(&mut self) -> Told {
        self.sending = Some(Sending { heard: None, delivery: None, is_conflated: false });
        let (subscription, cursor) = (self.subscription, self.cursor);
        let names_gone = subscription.protocol == Protocol::Plain && cursor.is_some();
        let (generation, copied) = {
            let state = self.hub.state();
            let generation = self.latest.borrow().generation;
            let known = state.whole.as_ref().filter(|known| {
                (known.generation, known.subscription, known.names_gone) == (generation, subscription, names_gone)
                    && known.position >= self.came_at
                    && state.replica.map().knows_since(known.position.revision)
                    && cursor.is_none_or(|at| at.generation != generation || at.position <= known.position)
            });
            if let Some(known) = known {
                self.cursor = Some(Cursor { generation, position: known.position });
                return Told::Snapshot(known.text.clone());
            }
            (generation, Copied::of(&state, subscription, names_gone))
        };
        let position = copied.position;
        self.cursor = Some(Cursor { generation, position });
        let text = copied.encode();
        self.hub.state().whole = Some(Whole { generation, position, subscription, names_gone, text: text.clone() });
        Told::Snapshot(text)
    }
}

/// A copy of the whole map. It is encoded without the lock of the feed, because changes wait for that.
struct Copied {
    position: Position,
    content: Content,
}

enum Content {
    Plain(Levels),
    Full(Box<Snapshot>, Option<Levels>),
}

impl Copied {
    fn of(state: &FeedState, Subscription { protocol, kinds }: Subscription, names_gone: bool) -> Self {
        let map = state.replica.map();
        let content = match protocol {
            Protocol::Plain => {
                let slots = map.slots().levels.iter().filter(|(_, slot)| names_gone || slot.value.is_some());
                Content::Plain(slots.map(|(&dimmer, slot)| (dimmer, slot.value)).collect())
            }
            Protocol::Full => Content::Full(Box::new(state.replica.to_snapshot_of(kinds)), None),
            Protocol::Output => {
                let outputs = outputs(map, all_levels(map).collect());
                Content::Full(Box::new(state.replica.to_snapshot_of(kinds)), Some(outputs))
            }
        };
        Self { position: state.replica.position(), content }
    }

    fn encode(self) -> Utf8Bytes {
        match self.content {
            Content::Plain(levels) => plain(&levels),
            Content::Full(snapshot, outputs) => full(ServerMessage::Snapshot(*snapshot), outputs.as_ref()),
        }
    }
}

/// A copy of a step, which is encoded without the lock of the feed.
struct Step {
    delta: Delta,
    outputs: Option<Levels>,
}

impl Step {
    fn encode(self) -> Texts {
        let Self { delta, outputs } = self;
        let levels = &delta.update.levels;
        let plain = if levels.is_empty() { Utf8Bytes::default() } else { plain(levels) };
        Texts { full: full(ServerMessage::Delta(delta), outputs.as_ref()), plain }
    }
}

/// The step from `from` to the map's position; `None` if the map does not reach back that far.
fn step(state: &FeedState, from: Revision, subscription: Subscription) -> Option<Step> {
    let Subscription { protocol, kinds } = subscription;
    let map = state.replica.map();
    let changed = map.since(from)?;
    let outputs = (protocol == Protocol::Output).then(|| {
        // The outputs change with the master and blackout, also for a reader that does not want these kinds.
        let mut levels = changed.levels.clone();
        if changed.master.is_some() || changed.blackout.is_some() {
            levels.extend(all_levels(map));
        }
        outputs(map, levels)
    });
    let update = changed.of_interest(kinds);
    let mut origins = state.attributions_since(from);
    origins.iter_mut().for_each(|origin| origin.items.retain(|item| kinds.wants(item.kind())));
    let (position, time, is_missing) = (state.replica.position(), map.time(), state.replica.is_missing());
    let delta = Delta { position, prev: from, time, update, origins, is_missing, ..Delta::default() };
    Some(Step { delta, outputs })
}

/// The text of a message, with the outputs if the reader wants them.
fn full(message: ServerMessage, outputs: Option<&Levels>) -> Utf8Bytes {
    let text = text(&message.encode());
    outputs.map_or(text.clone(), |outputs| with_output(&text, outputs).into())
}

fn all_levels(map: &RigMap) -> impl Iterator<Item = (Dimmer, Option<Level>)> + '_ {
    map.levels().map(|(dimmer, level)| (dimmer, Some(level)))
}

/// The outputs of dimmers at these levels.
fn outputs(map: &RigMap, levels: Levels) -> Levels {
    levels.into_iter().map(|(dimmer, level)| (dimmer, level.map(|level| map.output(level)))).collect()
}

fn plain(levels: &Levels) -> Utf8Bytes {
    serde_json::to_string(&LevelsText(levels)).expect("levels are JSON").into()
}

fn text(encoded: &bytes::Bytes) -> Utf8Bytes {
    Utf8Bytes::try_from(encoded.clone()).expect("a message is UTF-8")
}

#[cfg(test)]
mod tests;
