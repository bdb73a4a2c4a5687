//! A client: it does literally what it is told, and tells the judge.

use std::collections::{BTreeMap, VecDeque};

use ghostlight_check::{Event, NaiveReplica, News};
use ghostlight_rig::{Levels, Position};

use crate::gateway::Message;

#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(crate) gateway: Option<usize>,
    pub(crate) connection: u64,
    pub(crate) literal: NaiveReplica,
    /// What a naive gateway has passed on.
    pub(crate) queue: VecDeque<Message>,
    /// What it asked for and has no answer to, with how often it was sent.
    pub(crate) pending: BTreeMap<u64, (Levels, u32)>,
    pub(crate) seq: u64,
    /// What it asked for over HTTP and has no answer to.
    pub(crate) request: Option<Request>,
}

/// A change over HTTP, under a key.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) seq: u64,
    pub(crate) levels: Levels,
    pub(crate) gateway: usize,
    pub(crate) attempt: u64,
}

impl Client {
    pub(crate) fn position(&self) -> Position {
        self.literal.position()
    }

    /// Does what it is told; what the judge is told of that.
    pub(crate) fn take(&mut self, message: Message) -> Event {
        let news = match message {
            Message::Beacon(beacon) => {
                return Event::Beacon { position: beacon.position, digest: beacon.digests.sum() };
            }
            Message::Delta(delta) => {
                self.literal.delta(&delta);
                News::Delta { prev: delta.prev, levels: delta.update.levels }
            }
            Message::Snapshot(snapshot) => {
                self.literal.snapshot(&snapshot);
                News::Snapshot(snapshot.state.levels)
            }
        };
        Event::Saw { position: self.literal.position(), digest: self.literal.digests().sum(), news }
    }
}
