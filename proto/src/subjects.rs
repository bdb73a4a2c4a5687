//! What is said where on NATS: the stream, its subjects, and the headers. Nowhere else are these names written.

use ghostlight_rig::RigName;

/// The stream that is the log.
pub const STREAM: &str = "GHOSTLIGHT";

/// What the stream takes in: the changes of all rigs.
pub const ALL_CHANGES: &str = "ghostlight.*.changes";

/// Where snapshots of all rigs are asked for.
pub const ALL_SNAPSHOTS: &str = "ghostlight.*.snapshot";

/// Where the list of rigs is asked for.
pub const RIGS: &str = "ghostlight.rigs";

/// Where every state service is asked for the snapshots of all rigs, when the one that was asked does not answer.
pub const ALL_SNAPSHOTS_OF_EACH: &str = "ghostlight.*.snapshot.each";

/// Where every state service is asked for the list of rigs.
pub const RIGS_OF_EACH: &str = "ghostlight.rigs-of-each";

/// The queue group of the state services: one of them answers, except where each is asked.
pub const STATE_SERVICES: &str = "state";

/// How long the state service took, in microseconds; on an announcement.
pub const FOLD_MICROS: &str = "Ghostlight-Fold-Micros";

/// Where a change that an announcement is about stands in its trace; once for each that is traced.
pub use crate::trace::TRACEPARENT;

/// On an announcement before which others were lost.
pub const LOST: &str = "Ghostlight-Lost";

/// How many bytes of the answer come after this part; on each part but the last.
pub const MORE: &str = "Ghostlight-More";

/// Where a rig's entries are published.
pub fn changes(rig: &RigName) -> String {
    format!("ghostlight.{rig}.changes")
}

/// Where a rig's deltas, beacons and rosters are published.
pub fn echo(rig: &RigName) -> String {
    format!("ghostlight.{rig}.echo")
}

/// Where a rig's snapshot is asked for.
pub fn snapshot(rig: &RigName) -> String {
    format!("ghostlight.{rig}.snapshot")
}

/// Where every state service is asked for a rig's snapshot.
pub fn snapshot_of_each(rig: &RigName) -> String {
    format!("ghostlight.{rig}.snapshot.each")
}

/// The rig that a subject names.
pub fn rig_of(subject: &str) -> Option<RigName> {
    let (rig, _) = subject.strip_prefix("ghostlight.")?.split_once('.')?;
    RigName::new(rig).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a subject is one that a subscription to `pattern` gets.
    fn matches(pattern: &str, subject: &str) -> bool {
        let (pattern, subject): (Vec<_>, Vec<_>) = (pattern.split('.').collect(), subject.split('.').collect());
        pattern.len() == subject.len() && pattern.iter().zip(subject).all(|(p, s)| *p == "*" || *p == s)
    }

    #[test]
    fn every_subject_of_a_rig_names_it_and_is_heard_where_it_belongs() {
        for name in ["main", "rigs", "snapshot", "0_-", &"r".repeat(63)] {
            let rig = RigName::new(name).unwrap_or_default();
            for subject in [changes(&rig), echo(&rig), snapshot(&rig), snapshot_of_each(&rig)] {
                assert_eq!(rig_of(&subject).as_ref(), Some(&rig), "{subject}");
                assert_eq!(matches(ALL_CHANGES, &subject), subject == changes(&rig));
                assert_eq!(matches(ALL_SNAPSHOTS, &subject), subject == snapshot(&rig));
                assert_eq!(matches(ALL_SNAPSHOTS_OF_EACH, &subject), subject == snapshot_of_each(&rig));
            }
        }
        assert_eq!(rig_of(RIGS), None);
        assert_eq!(rig_of(RIGS_OF_EACH), None);
        assert_eq!(rig_of("other.main.changes"), None);
        assert_eq!(rig_of("ghostlight.Main.changes"), None);
    }
}
