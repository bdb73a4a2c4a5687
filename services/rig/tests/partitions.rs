//! The law of the partitions, and what rigs make of it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use ghostlight_rig::{
    Change, Entry, Epoch, Image, LogTime, Partition, Partitions, Position, Revision, RigName, Rigs, Stamp,
};
use proptest::prelude::*;

fn some_partitions() -> impl Strategy<Value = Partitions> {
    (1..=Partitions::MAX).prop_map(|count| Partitions::new(count).unwrap())
}

fn some_rig() -> impl Strategy<Value = RigName> {
    "[a-z0-9][a-z0-9_-]{0,62}".prop_map(|name| RigName::new(&name).unwrap())
}

proptest! {
    #[test]
    fn every_rig_is_held_by_exactly_one(partitions in some_partitions(), rig in some_rig()) {
        let holders: Vec<_> = partitions.all().filter(|partition| partition.holds(&rig)).collect();
        prop_assert_eq!(holders, [partitions.of(&rig)]);
    }

    #[test]
    fn each_is_written_and_read_as_itself(partitions in some_partitions()) {
        for (partition, index) in partitions.all().zip(0..) {
            prop_assert_eq!(partition.to_string().parse(), Ok(partition));
            prop_assert_eq!((partition.index(), partition.among()), (index, partitions));
        }
        prop_assert_eq!(partitions.all().next(), Some(partitions.first()));
    }
}

proptest! {
    #[test]
    fn every_epoch_is_of_exactly_one_and_the_next_is_not_far(partitions in some_partitions(), from in 0u64..1 << 40) {
        let from = Epoch(from);
        prop_assert_eq!(partitions.all().filter(|partition| partition.begins(from)).count(), 1);
        for partition in partitions.all() {
            let next = partition.next_epoch(from);
            prop_assert!(partition.begins(next));
            prop_assert!(next >= from && next.0 < from.0 + u64::from(partitions.count()));
        }
    }
}

#[test]
fn many_rigs_divide_evenly() {
    let partitions = Partitions::new(8).unwrap();
    let mut held = [0; 8];
    for number in 0..8_000 {
        held[usize::from(partitions.of(&RigName::new(&format!("rig-{number}")).unwrap()).index())] += 1;
    }
    assert!(held.iter().all(|held| (800..1_200).contains(held)), "{held:?}");
}

#[test]
fn the_rig_that_is_always_there_is_there_once() {
    let (partitions, start) = (Partitions::new(4).unwrap(), Position::new(1, 0));
    let main = RigName::default();
    let empty = |partition| Rigs::restore(Image::default(), start, 9, partition);
    let holders: Vec<_> = partitions.all().filter(|partition| empty(*partition).get(&main).is_some()).collect();
    assert_eq!(holders, [partitions.of(&main)]);
}

#[test]
fn an_entry_that_is_passed_leaves_its_revision_and_nothing_else() {
    let other = Partitions::new(4).unwrap().all().find(|partition| !partition.holds(&RigName::default())).unwrap();
    let mut rigs = Rigs::restore(Image::default(), Position::new(1, 0), 9, other);
    rigs.pass(Revision(1), Stamp(1));
    assert_eq!((rigs.partition(), rigs.time()), (other, LogTime(1)));
    assert_eq!(rigs.position(), Position { epoch: Epoch(1), revision: Revision(1) });
    let image = rigs.image_since(Revision(0));
    assert_eq!((image.position, image.rigs.len()), (rigs.position(), 0));

    let mut whole = Rigs::restore(Image::default(), Position::new(1, 0), 9, Partition::default());
    whole.pass(Revision(1), Stamp(1));
    let delta = whole.apply(Revision(2), Stamp(2), &RigName::default(), &Entry::new(Change::default()));
    assert_eq!((delta.prev, delta.position.revision), (Revision(0), Revision(2)), "for the rig there was nothing");
}
