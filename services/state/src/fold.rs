//! What has been folded so far, and what is said of it.

use bytes::Bytes;
use ghostlight_bus::{Logged, Question};
use ghostlight_proto::{RigSummary, ServerMessage, encode_rigs};
use ghostlight_rig::{Image, Mark, Partition, Position, Revision, Rig, RigName, Rigs, Stamp};

use crate::awaited::Awaited;

/// The rigs, where the log stands, and which rigs somebody follows that nobody has made.
pub(crate) struct Fold {
    rigs: Rigs,
    stamp: Stamp,
    awaited: Awaited,
    most_rigs: usize,
}

impl Fold {
    /// What a store kept, in an order that goes on from `start`.
    pub(crate) fn restore(image: Image, start: Mark, most_rigs: usize, partition: Partition) -> Self {
        let rigs = Rigs::restore(image, start.position, most_rigs, partition);
        Self { rigs, stamp: start.stamp, awaited: Awaited::new(most_rigs), most_rigs }
    }

    /// Goes back to what a store kept.
    pub(crate) fn start_over(&mut self, image: Image, start: Mark) {
        self.rigs = Rigs::restore(image, start.position, self.most_rigs, self.rigs.partition());
        self.stamp = start.stamp;
        self.awaited.begin();
    }

    pub(crate) fn rigs(&self) -> &Rigs {
        &self.rigs
    }

    pub(crate) fn position(&self) -> Position {
        self.rigs.position()
    }

    /// Folds an entry; what it did, as text. `None` for one of a rig of another partition, which no gateway writes here:
    /// it is passed over, by every state service alike, and announced by none.
    pub(crate) fn apply(&mut self, logged: &Logged) -> Option<Bytes> {
        let Logged { revision, stamp, rig, entry, .. } = logged;
        self.stamp = *stamp;
        if !self.rigs.partition().holds(rig) {
            tracing::error!(%rig, %revision, partition = %self.rigs.partition(), "an entry of another partition is passed over");
            self.rigs.pass(*revision);
            return None;
        }
        let delta = self.rigs.apply(*revision, rig, entry);
        match self.rigs.get(rig) {
            Some(_) => self.awaited.made(rig),
            None => self.awaited.refused(rig, *revision),
        }
        Some(ServerMessage::Delta(delta).encode())
    }

    /// What has changed after `cursor`, to be saved.
    pub(crate) fn image_since(&self, cursor: Revision) -> Image {
        Image { stamp: self.stamp, ..self.rigs.image_since(cursor) }
    }

    /// A beacon for each rig.
    pub(crate) fn beacons(&self) -> impl Iterator<Item = (&RigName, Bytes)> {
        let beacon = |rig: &Rig| ServerMessage::Beacon(rig.beacon()).encode();
        let made = self.rigs.iter().map(move |(name, rig)| (name, beacon(rig)));
        made.chain(self.awaited.rigs(self.position()).map(move |(name, rig)| (name, beacon(&rig))))
    }

    /// The answer to a question. Whoever asks for a rig that nobody has made follows it from now on.
    pub(crate) fn answer(&mut self, question: &Question) -> Bytes {
        match question {
            Question::Snapshot(name) => self.snapshot(name),
            Question::Rigs | Question::RigsBeside(_) => self.list(),
        }
    }

    fn snapshot(&mut self, name: &RigName) -> Bytes {
        let snapshot = match self.rigs.get(name) {
            Some(rig) => rig.snapshot(),
            None => {
                let revision = self.awaited.ask(name);
                Rig::empty(Position { revision, ..self.position() }).snapshot()
            }
        };
        ServerMessage::Snapshot(snapshot).encode()
    }

    fn list(&self) -> Bytes {
        encode_rigs(self.rigs.iter().map(|(name, rig)| RigSummary {
            name: name.clone(),
            position: rig.position(),
            dimmers: rig.map().len(),
        }))
    }
}
