//! A gateway: what it knows of the rig, and the changes on their way through it.

use std::collections::VecDeque;

use ghostlight_check::{NaiveReplica, Way};
use ghostlight_rig::{Beacon, Delta, Interest, Levels, Position, Received, Replica, Snapshot, State};

/// What services tell gateways, and gateways clients.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Delta(Delta),
    Beacon(Beacon),
    Snapshot(Snapshot),
}

/// A gateway's copy of the rig.
#[derive(Debug)]
pub(crate) enum Copy {
    /// With all protections.
    Guarded(Box<Replica>),
    /// Without any: it believes what it is told, and passes it on as it came.
    Naive(Box<NaiveReplica>),
}

/// A change that a client asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) client: usize,
    /// The client's connection, or, over HTTP, its attempt.
    pub(crate) connection: u64,
    pub(crate) seq: u64,
    pub(crate) levels: Levels,
    pub(crate) way: Way,
}

/// A change in the log that is not answered yet.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) asked: Asked,
    pub(crate) position: Position,
    /// Its place in its entry.
    pub(crate) index: usize,
}

#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) copy: Copy,
    /// What is on its way to it.
    pub(crate) link: VecDeque<Message>,
    /// What it has yet to append.
    pub(crate) inbox: VecDeque<Asked>,
    /// What it has appended and has yet to answer.
    pub(crate) waiting: Vec<Waiting>,
    /// Whether it waits for a snapshot.
    pub(crate) asks: bool,
}

impl Gateway {
    pub(crate) fn new(copy: Copy) -> Self {
        Self { copy, link: VecDeque::new(), inbox: VecDeque::new(), waiting: Vec::new(), asks: true }
    }

    pub(crate) fn position(&self) -> Position {
        match &self.copy {
            Copy::Guarded(replica) => replica.position(),
            Copy::Naive(literal) => literal.position(),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        match &self.copy {
            Copy::Guarded(replica) => replica.to_snapshot(),
            Copy::Naive(literal) => {
                Snapshot { position: literal.position(), state: literal.state().clone(), ..Snapshot::default() }
            }
        }
    }

    /// Takes a message in; what a naive gateway passes on.
    pub(crate) fn take(&mut self, message: &Message) -> Option<Message> {
        match (&mut self.copy, message) {
            (Copy::Guarded(replica), message) => {
                let received = match message {
                    Message::Delta(delta) => replica.delta(delta),
                    Message::Beacon(beacon) => replica.beacon(beacon),
                    Message::Snapshot(snapshot) => replica.snapshot(snapshot),
                };
                self.asks |= matches!(received, Received::Gap | Received::NewEpoch | Received::Diverged);
                return None;
            }
            (Copy::Naive(literal), Message::Delta(delta)) => literal.delta(delta),
            (Copy::Naive(literal), Message::Snapshot(snapshot)) => literal.snapshot(snapshot),
            (Copy::Naive(_), Message::Beacon(_)) => {}
        }
        Some(message.clone())
    }

    /// The step from where a client stands to where this gateway stands.
    pub(crate) fn step(&self, from: Position) -> Option<Message> {
        let Copy::Guarded(replica) = &self.copy else { return None };
        let position = replica.position();
        if from == position {
            return Some(Message::Beacon(replica.to_beacon(Interest::default())));
        }
        let since = Some(from).filter(|from| from.epoch == position.epoch);
        Some(match since.and_then(|from| replica.map().since(from.revision)) {
            Some(update) => Message::Delta(Delta { position, prev: from.revision, update, ..Delta::default() }),
            None => Message::Snapshot(replica.to_snapshot()),
        })
    }

    /// The map that it answers over HTTP.
    pub(crate) fn map(&self) -> State {
        self.snapshot().state
    }
}
