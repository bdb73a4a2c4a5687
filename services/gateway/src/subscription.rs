//! What a reader is told of, and the texts that were made for one reader and serve all who take the same.

use axum::extract::ws::Utf8Bytes;
use ghostlight_rig::{Interest, KindId, Position};

/// Which protocol a reader speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Levels only.
    Plain,
    /// Tagged messages.
    Full,
    /// Tagged messages that also tell what leaves the rig.
    Output,
}

/// What a reader is told of: in which protocol, and which kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) protocol: Protocol,
    pub(crate) kinds: Interest,
}

impl Subscription {
    /// The plain protocol tells of levels, and of nothing else.
    pub(crate) fn plain() -> Self {
        Self { protocol: Protocol::Plain, kinds: Interest::NONE.with(KindId::Level) }
    }
}

/// One step of the map, in the words of both protocols.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    pub(crate) full: Utf8Bytes,
    /// Empty if there is nothing to say.
    pub(crate) plain: Utf8Bytes,
}

/// A step that was encoded for one reader, and serves all who take the same.
#[derive(Clone, Debug)]
pub(crate) struct CaughtUp {
    pub(crate) from: Position,
    pub(crate) to: Position,
    pub(crate) subscription: Subscription,
    pub(crate) texts: Texts,
}

/// A whole map that was encoded for one reader, and serves all of the same protocol at this position.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    pub(crate) generation: u64,
    pub(crate) position: Position,
    pub(crate) subscription: Subscription,
    pub(crate) text: Utf8Bytes,
}
