//! What every reader of a feed watches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ghostlight_rig::{Interest, Position, Revision};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::delivery_spans::Delivery;
use crate::instruments::Instruments;
use crate::subscription::Texts;

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

    /// Records that a message of a state service came.
    pub(super) fn hear(&mut self, instruments: &Instruments) {
        if self.is_stale {
            instruments.was_stale(self.silence().unwrap_or_default());
        }
        self.heard = Some(Instant::now());
        self.is_stale = false;
    }
}
