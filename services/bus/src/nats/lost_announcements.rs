//! The rigs of which an announcement could not be sent.

use std::collections::HashSet;

use ghostlight_rig::RigName;
use parking_lot::Mutex;

/// The most rigs that are remembered. Clients name rigs, so there is no end of names. The followers of further rigs
/// learn of a loss from the next beacon.
const MAX_RIGS: usize = 10_000;

/// Remembers the rigs whose next announcement must tell that one was lost.
#[derive(Debug, Default)]
pub(super) struct LostAnnouncements(Mutex<HashSet<RigName>>);

impl LostAnnouncements {
    /// An announcement about this rig could not be sent.
    pub(super) fn note(&self, rig: &RigName) {
        let mut rigs = self.0.lock();
        if rigs.len() < MAX_RIGS {
            rigs.insert(rig.clone());
        }
    }

    /// Whether an announcement about this rig could not be sent since the last call.
    pub(super) fn take(&self, rig: &RigName) -> bool {
        self.0.lock().remove(rig)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_once_and_only_so_many_are_remembered() {
        let lost = LostAnnouncements::default();
        let rig = |number: usize| RigName::new(&format!("rig-{number}")).expect("the name is valid");
        (0..2 * MAX_RIGS).for_each(|number| lost.note(&rig(number)));
        assert_eq!((0..2 * MAX_RIGS).filter(|number| lost.take(&rig(*number))).count(), MAX_RIGS);
        assert!(!lost.take(&rig(0)));
        lost.note(&rig(0));
        assert!(lost.take(&rig(0)), "there is room again");
    }
}
