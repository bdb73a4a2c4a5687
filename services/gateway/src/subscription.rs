//! What a reader subscribes to, and the texts that are encoded once for all readers of the same step or map.

use bytes::Bytes;
use ghostlight_rig::{Interest, KindId, Position};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// The protocol of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Levels only.
    Plain,
    /// Tagged messages.
    Full,
    /// Tagged messages that also carry the outputs: the levels under the master and blackout.
    Output,
}

/// The protocol and the kinds of items that a reader is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) protocol: Protocol,
    pub(crate) kinds: Interest,
}

impl Subscription {
    /// The subscription of the plain protocol: levels only.
    pub(crate) fn plain() -> Self {
        Self { protocol: Protocol::Plain, kinds: Interest::NONE.with(KindId::Level) }
    }
}

/// One step of the map, encoded for both protocols.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    pub(crate) full: Utf8Bytes,
    /// Empty if the step changes no level.
    pub(crate) plain: Utf8Bytes,
}

/// A step that was encoded for one reader, for reuse by all readers of the same step.
#[derive(Clone, Debug)]
pub(crate) struct CaughtUp {
    pub(crate) from: Position,
    pub(crate) to: Position,
    pub(crate) subscription: Subscription,
    pub(crate) texts: Texts,
}

/// A whole map that was encoded for one reader, for reuse by readers of the same subscription who came before it was made.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    pub(crate) generation: u64,
    pub(crate) position: Position,
    pub(crate) subscription: Subscription,
    /// Whether it names the items that are gone, for a reader that had an older map.
    pub(crate) names_gone: bool,
    pub(crate) text: Utf8Bytes,
}

/// What a body shows of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rendering {
    /// The levels, or the outputs, with who changed each and when if `detail` is set.
    Levels { output: bool, detail: bool },
    /// The items of these kinds.
    Rig { output: bool, kinds: Interest },
}

/// A body that was encoded for one request. One is kept for each rig.
#[derive(Clone, Debug)]
pub(crate) struct CachedBody {
    pub(crate) rendering: Rendering,
    pub(crate) generation: u64,
    pub(crate) position: Position,
    pub(crate) text: Bytes,
}

impl CachedBody {
    /// Whether it answers a request for this rendering that came when the map was here. The body may be newer.
    pub(crate) fn answers(&self, rendering: Rendering, (generation, position): (u64, Position)) -> bool {
        self.rendering == rendering && self.generation == generation && self.position >= position
    }
}
