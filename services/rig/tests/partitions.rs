//! The law of the partitions.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use ghostlight_rig::{Partitions, RigName};
use proptest::prelude::*;

fn some_partitions() -> impl Strategy<Value = Partitions> {
    (1..=Partitions::MOST).prop_map(|count| Partitions::new(count).unwrap())
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
