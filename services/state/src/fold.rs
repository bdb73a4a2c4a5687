//! What has been folded so far, and what is said of it.

use bytes::Bytes;
use ghostlight_bus::{Logged, Question};
use ghostlight_proto::{RigSummary, ServerMessage, encode_rigs};
use ghostlight_rig::{
    Beacon, Image, Interest, LogPosition, Partition, Position, Revision, Rig, RigName, Rigs, Snapshot, Stamp, StoreId,
};

use crate::requested::RequestedRigs;

/// The rigs, where the log stands, and which rigs somebody follows that nobody has made.
pub(crate) struct Fold {
    /// The store that keeps the rigs: beacons and snapshots name it.
    store: StoreId,
    rigs: Rigs,
    stamp: Stamp,
    awaited: RequestedRigs,
    most_rigs: usize,
}

impl Fold {
    /// What a store kept, in an order that goes on from `start`.
    pub(crate) fn restore(
        store: StoreId,
        image: Image,
        start: LogPosition,
        most_rigs: usize,
        partition: Partition,
    ) -> Self {
        let rigs = Rigs::restore(image, start.position, most_rigs, partition);
        Self { store, rigs, stamp: start.stamp, awaited: RequestedRigs::new(most_rigs), most_rigs }
    }

    /// Goes back to what a store kept.
    pub(crate) fn start_over(&mut self, image: Image, start: LogPosition) {
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
            self.rigs.pass(*revision, *stamp);
            return None;
        }
        let was_made = self.rigs.get(rig).is_some();
        let delta = self.rigs.apply(*revision, *stamp, rig, entry);
        let is_removed = was_made && delta.is_missing;
        match self.rigs.get(rig) {
            Some(_) => self.awaited.made(rig),
            None if is_removed => self.awaited.removed(rig, *revision),
            None => self.awaited.refused(rig, *revision),
        }
        Some(ServerMessage::Delta(delta).encode())
    }

    /// Goes past a place of the log where there is no entry.
    pub(crate) fn pass(&mut self, revision: Revision, stamp: Stamp) {
        self.stamp = stamp;
        self.rigs.pass(revision, stamp);
    }

    /// The store holds everything up to `position`.
    pub(crate) fn saved(&mut self, position: Position) {
        if position.epoch == self.position().epoch {
            self.rigs.saved(position.revision);
        }
    }

    /// Where a rig stands that does not exist.
    fn missing_at(&self) -> Position {
        Position { revision: self.rigs.missing_at(), ..self.position() }
    }

    /// What has changed after `cursor`, to be saved.
    pub(crate) fn image_since(&self, cursor: Revision) -> Image {
        Image { stamp: self.stamp, ..self.rigs.image_since(cursor) }
    }

    /// Beacons of the rigs that come after this name, at most so many, and after which name it goes on; nowhere once all
    /// have had their turn, with those that are awaited.
    pub(crate) fn beacons(&self, after: Option<&RigName>, most: usize) -> (Vec<(&RigName, Bytes)>, Option<RigName>) {
        let beacon = |rig: &Rig| ServerMessage::Beacon(Beacon { store: self.store, ..rig.beacon() }).encode();
        let made = self.rigs.after(after).take(most).map(|(name, rig)| (name, beacon(rig)));
        let mut beacons: Vec<_> = made.collect();
        if let Some((last, _)) = beacons.last().filter(|_| beacons.len() == most) {
            let last = (*last).clone();
            return (beacons, Some(last));
        }
        beacons.extend(self.awaited.rigs(self.missing_at()).map(|(name, rig)| (name, beacon(&rig))));
        (beacons, None)
    }

    /// The answer to a question. Whoever asks for a rig that nobody has made follows it from now on.
    pub(crate) fn answer(&mut self, question: &Question) -> Bytes {
        match question {
            Question::Snapshot(name, kinds) => self.snapshot(name, *kinds),
            Question::Rigs | Question::RigsBeside(_) => self.list(),
        }
    }

    fn snapshot(&mut self, name: &RigName, kinds: Interest) -> Bytes {
        let snapshot = match self.rigs.get(name) {
            Some(rig) => rig.snapshot_of(kinds),
            None => {
                let missing = self.missing_at();
                let rig = Rig::empty(self.awaited.ask(name, missing));
                Snapshot { is_missing: true, ..rig.snapshot_of(kinds) }
            }
        };
        ServerMessage::Snapshot(Snapshot { store: self.store, ..snapshot }).encode()
    }

    fn list(&self) -> Bytes {
        encode_rigs(self.rigs.iter().map(|(name, rig)| RigSummary {
            name: name.clone(),
            position: rig.position(),
            dimmers: rig.map().len(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use ghostlight_rig::{Action, Change, Delta, Entry};

    use super::*;

    fn name(number: usize) -> RigName {
        RigName::new(&format!("rig-{number:03}")).unwrap_or_default()
    }

    /// A fold of so many rigs, with `main`, and another that is awaited.
    fn fold(rigs: usize) -> Fold {
        let mut fold =
            Fold::restore(StoreId::default(), Image::default(), LogPosition::default(), 1_000, Partition::default());
        for number in 1..rigs {
            let (revision, rig) = (Revision(number as u64), name(number));
            let entry = Entry::new(Change::default());
            fold.apply(&Logged { revision, stamp: Stamp::default(), rig, entry, size: 0 });
        }
        fold.answer(&Question::Snapshot(name(999), Interest::default()));
        fold
    }

    #[test]
    fn a_place_without_an_entry_moves_the_position_and_the_stamp() {
        let mut fold = fold(3);
        fold.pass(Revision(9), Stamp(7));
        let image = fold.image_since(Revision(2));
        assert_eq!((fold.position(), image.position), (Position::new(0, 9), Position::new(0, 9)));
        assert_eq!((image.stamp, image.rigs.len()), (Stamp(7), 0));
    }

    #[test]
    fn a_rig_that_has_not_been_made_is_empty_at_the_start_of_the_order() {
        let mut fold = fold(3);
        let answer = fold.answer(&Question::Snapshot(name(998), Interest::default()));
        let empty = Rig::empty(Position::default()).snapshot_of(Interest::default());
        let empty = Snapshot { is_missing: true, ..empty };
        assert_eq!(answer, ServerMessage::Snapshot(empty).encode());
    }

    #[test]
    fn a_rig_that_was_removed_goes_on_being_announced_where_it_was_removed() {
        let mut fold = fold(3);
        let entry = Entry::new(Change { action: Action::Remove, ..Change::default() });
        let (revision, rig) = (Revision(3), name(1));
        let delta = fold.apply(&Logged { revision, stamp: Stamp::default(), rig: rig.clone(), entry, size: 0 });
        let gone = Delta { position: Position::new(0, 3), prev: Revision(1), is_missing: true, ..Delta::default() };
        assert_eq!(delta, Some(ServerMessage::Delta(gone).encode()));
        let empty = Rig::empty(Position::new(0, 3));
        let (beacons, _) = fold.beacons(None, 100);
        assert!(beacons.contains(&(&rig, ServerMessage::Beacon(empty.beacon()).encode())));
        let answer = fold.answer(&Question::Snapshot(rig, Interest::default()));
        let empty = Snapshot { is_missing: true, ..empty.snapshot_of(Interest::default()) };
        assert_eq!(answer, ServerMessage::Snapshot(empty).encode());
    }

    #[test]
    fn every_rig_has_its_turn_once_in_a_round_and_no_portion_is_larger_than_asked_for() {
        for count in [1, 2, 5, 6, 7, 11, 12] {
            let fold = fold(count);
            let (mut announced, mut after) = (Vec::new(), None);
            loop {
                let (portion, next) = fold.beacons(after.as_ref(), 6);
                assert!(portion.len() <= 7, "one is awaited, and comes beside the last of them");
                announced.extend(portion.into_iter().map(|(name, _)| name.clone()));
                after = next;
                if after.is_none() {
                    break;
                }
            }
            let mut expected: Vec<_> = fold.rigs().iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(expected.len(), count);
            expected.push(name(999));
            assert_eq!(announced, expected, "{count} rigs");
        }
    }
}
