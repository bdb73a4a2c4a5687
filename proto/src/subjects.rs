//! The names on NATS: streams, subjects and headers. They are written nowhere else.
//!
//! If the rigs are divided over several partitions, each partition has its own stream and subjects. Their names end in
//! the partition's index and count: `2of4`. So processes that are set to different counts do not receive each other's
//! messages, and cannot write where the others read.

use std::fmt::Display;

use ghostlight_rig::{Partition, Partitions, RigName};

/// The queue group of the state services. One of them answers a request, except where every one is asked.
pub const STATE_SERVICES: &str = "state";

/// Header of an announcement: how long the fold took in the state service, in microseconds.
pub const FOLD_MICROS: &str = "Ghostlight-Fold-Micros";

/// Header of an announcement: the trace context of a change in it, once for each traced change.
pub use crate::trace::TRACEPARENT;

/// Header of an announcement: other announcements before it were lost.
pub const LOST: &str = "Ghostlight-Lost";

/// Header of each part of an answer but the last: how many bytes follow this part.
pub const MORE: &str = "Ghostlight-More";

/// The purposes of a rig's subjects: the word after the rig's name.
const KINDS: [&str; 3] = ["changes", "echo", "snapshot"];

/// The stream that is a partition's log.
pub fn stream(partition: Partition) -> String {
    within(partition, "GHOSTLIGHT", '-')
}

/// The subjects that this stream stores: the changes of all rigs of the partition.
pub fn all_changes(partition: Partition) -> String {
    within(partition, "ghostlight.*.changes", '.')
}

/// The subjects of requests for a snapshot of any rig of a partition.
pub fn all_snapshots(partition: Partition) -> String {
    within(partition, "ghostlight.*.snapshot", '.')
}

/// The subjects on which every state service of a partition is asked for a snapshot, when one asked alone does not
/// answer.
pub fn all_snapshots_of_each(partition: Partition) -> String {
    within(partition, "ghostlight.*.snapshot.each", '.')
}

/// The subject of requests for the list of a partition's rigs.
pub fn rigs(partition: Partition) -> String {
    within(partition, "ghostlight.rigs", '.')
}

/// The subject on which every state service of a partition is asked for the list of its rigs.
pub fn rigs_of_each(partition: Partition) -> String {
    within(partition, "ghostlight.rigs-of-each", '.')
}

/// The subject of a rig's entries.
pub fn changes(rig: &RigName, partitions: Partitions) -> String {
    within(partitions.of(rig), format_args!("ghostlight.{rig}.changes"), '.')
}

/// The subject of a rig's deltas, beacons and rosters.
pub fn echo(rig: &RigName, partitions: Partitions) -> String {
    within(partitions.of(rig), format_args!("ghostlight.{rig}.echo"), '.')
}

/// The subject of requests for a rig's snapshot.
pub fn snapshot(rig: &RigName, partitions: Partitions) -> String {
    within(partitions.of(rig), format_args!("ghostlight.{rig}.snapshot"), '.')
}

/// The subject on which every state service of a rig's partition is asked for its snapshot.
pub fn snapshot_of_each(rig: &RigName, partitions: Partitions) -> String {
    within(partitions.of(rig), format_args!("ghostlight.{rig}.snapshot.each"), '.')
}

/// A name with the partition's suffix. With one partition, the plain name.
fn within(partition: Partition, name: impl Display, dot: char) -> String {
    match partition.among() {
        one if one == Partitions::default() => name.to_string(),
        count => format!("{name}{dot}{}of{count}", partition.index()),
    }
}

/// The rig that a subject names.
pub fn rig_of(subject: &str) -> Option<RigName> {
    let mut words = subject.strip_prefix("ghostlight.")?.split('.');
    let (rig, kind) = (words.next()?, words.next()?);
    RigName::new(rig).ok().filter(|_| KINDS.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a subscription to `pattern` receives a subject.
    fn matches(pattern: &str, subject: &str) -> bool {
        let (pattern, subject): (Vec<_>, Vec<_>) = (pattern.split('.').collect(), subject.split('.').collect());
        pattern.len() == subject.len() && pattern.iter().zip(subject).all(|(p, s)| *p == "*" || *p == s)
    }

    fn layouts() -> impl Iterator<Item = Partitions> {
        [1, 2, 4, 12, 1_024].into_iter().filter_map(Partitions::new)
    }

    fn some_rigs() -> impl Iterator<Item = RigName> {
        ["main", "rigs", "snapshot", "each", "2of4", "0_-", &"r".repeat(63)].map(RigName::new).into_iter().flatten()
    }

    #[test]
    fn every_subject_of_a_rig_names_it_and_is_heard_where_it_belongs() {
        for (rig, partitions) in some_rigs().flat_map(|rig| layouts().map(move |partitions| (rig.clone(), partitions)))
        {
            let subjects = [changes, echo, snapshot, snapshot_of_each].map(|subject| subject(&rig, partitions));
            for other in layouts() {
                for partition in other.all() {
                    let is_ours = partition == partitions.of(&rig);
                    let heard = |pattern: &str| subjects.each_ref().map(|subject| matches(pattern, subject));
                    assert_eq!(heard(&all_changes(partition)), [is_ours, false, false, false]);
                    assert_eq!(heard(&all_snapshots(partition)), [false, false, is_ours, false]);
                    assert_eq!(heard(&all_snapshots_of_each(partition)), [false, false, false, is_ours]);
                    assert!(!subjects.contains(&rigs(partition)) && !subjects.contains(&rigs_of_each(partition)));
                }
            }
            for subject in subjects {
                assert_eq!(rig_of(&subject).as_ref(), Some(&rig), "{subject}");
            }
        }
    }

    #[test]
    fn no_partition_has_a_name_of_another() {
        let names = |partition| {
            let patterns = [all_changes(partition), all_snapshots(partition), all_snapshots_of_each(partition)];
            [stream(partition), rigs(partition), rigs_of_each(partition)].into_iter().chain(patterns)
        };
        let all: Vec<_> = layouts().flat_map(Partitions::all).flat_map(names).collect();
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
    }

    #[test]
    fn other_subjects_name_no_rig() {
        for partition in layouts().flat_map(Partitions::all) {
            assert_eq!(rig_of(&rigs(partition)), None);
            assert_eq!(rig_of(&rigs_of_each(partition)), None);
        }
        assert_eq!(rig_of("other.main.changes"), None);
        assert_eq!(rig_of("ghostlight.main"), None);
        assert_eq!(rig_of("ghostlight.main.other"), None);
        assert_eq!(rig_of("ghostlight.Main.changes"), None);
    }

    #[test]
    fn one_partition_has_the_plain_names_and_others_say_which_they_are() {
        let (main, one) = (RigName::default(), Partitions::default());
        assert_eq!(stream(one.first()), "GHOSTLIGHT");
        assert_eq!(changes(&main, one), "ghostlight.main.changes");
        assert_eq!(rigs(one.first()), "ghostlight.rigs");
        let last = Partitions::new(4).unwrap_or_default().all().last().unwrap_or_default();
        assert_eq!(stream(last), "GHOSTLIGHT-3of4");
        assert_eq!(all_changes(last), "ghostlight.*.changes.3of4");
        assert_eq!(all_snapshots_of_each(last), "ghostlight.*.snapshot.each.3of4");
        assert_eq!(rigs(last), "ghostlight.rigs.3of4");
    }
}
