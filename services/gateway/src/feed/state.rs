//! The state of a feed: its replica, and what is remembered of the last announcements.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ghostlight_rig::{Attribution, History, Item, Position, Replica, Revision, StoreId, Verdict};

use crate::subscription::{CachedBody, CaughtUp, Whole};

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

/// The state of a feed, under one lock.
#[derive(Default)]
pub(crate) struct FeedState {
    pub(crate) replica: Replica,
    /// What clients can take back, at the replica's position.
    pub(crate) history: History,
    folded: VecDeque<Folded>,
    /// The store of the last alarm: the alarm about it is logged once.
    pub(super) alarmed: StoreId,
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
    pub(super) position: Position,
    pub(super) prev: Revision,
    /// The verdicts on changes that were not simply applied, by their index in the entry.
    pub(crate) verdicts: Arc<BTreeMap<usize, Verdict>>,
    /// The origins of its changes and the items that each of them set.
    pub(super) attributions: Arc<[Attribution]>,
    /// How long the state service took to fold the entry.
    pub(crate) fold: Duration,
    /// When this gateway received the announcement.
    pub(crate) heard: Instant,
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
            newest_first.extend(folded.attributions.iter().rev().map(|Attribution { origin, items, reversal }| {
                Attribution {
                    origin: origin.clone(),
                    reversal: *reversal,
                    items: items.iter().filter(|item| stands(item)).cloned().collect(),
                }
            }));
            at.revision = folded.prev;
            if at.revision <= from {
                newest_first.reverse();
                return newest_first;
            }
        }
        Vec::new()
    }

    /// Remembers an announcement and the outcome of its entry.
    pub(super) fn remember(&mut self, text: Bytes, folded: Folded) {
        if self.heard.len() == KNOWN_AGAIN {
            self.heard.pop_front();
        }
        self.heard.push_back(text);
        if self.folded.len() == REMEMBERED_ENTRIES {
            self.folded.pop_front();
        }
        self.folded.push_back(folded);
        if let Some(old) = self.folded.iter_mut().rev().nth(ATTRIBUTED_ENTRIES) {
            old.attributions = Arc::default();
        }
    }

    /// Whether this is a copy of one of the last deltas.
    pub(super) fn knows_again(&self, text: &Bytes) -> bool {
        self.heard.iter().rev().any(|heard| heard == text)
    }

    /// The outcome of an entry; `None` if its announcement was missed.
    pub(super) fn folded(&self, position: Position) -> Option<Folded> {
        let index = self.folded.binary_search_by_key(&position, |folded| folded.position).ok()?;
        self.folded.get(index).cloned()
    }

    /// Forgets all announcements: they are of another order, or above where this one stands.
    pub(super) fn forget(&mut self) {
        self.folded.clear();
        self.heard.clear();
    }
}

#[cfg(test)]
mod tests;
