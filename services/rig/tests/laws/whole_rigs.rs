//! The laws of changes that replace or remove a rig.

use ghostlight_rig::{
    Action, Change, Entry, Epoch, Image, Interest, Level, LogTime, Partition, Received, Replica, Revision, Rig, Rigs,
    Snapshot, Stamp, Verdict,
};
use proptest::prelude::*;

use crate::generated::{History, some_levels, some_log, some_update};
use crate::support::{self, Stored, at, levels, named};

proptest! {
    #[test]
    fn a_rig_that_is_replaced_is_a_new_rig_with_these_values(log in some_log(), update in some_update()) {
        let history = History::of(1, &log);
        let (mut rig, mut replica) = (history.last().clone(), history.replica(log.len()));
        let revision = Revision(rig.position().revision.0 + 1);
        let replacement = Change { action: Action::Replace(Interest::all()), ..Change::from(update.clone()) };
        let delta = rig.apply(revision, LogTime(1), &Entry::new(replacement));
        let mut new = Rig::new(Epoch(1));
        new.apply(revision, LogTime(1), &Entry::new(update.into()));
        prop_assert_eq!(rig.map().state(), new.map().state());
        prop_assert_eq!(rig.map().digests(), new.map().digests());
        // A replica that knows nothing of replacing follows: the delta names what is forgotten.
        prop_assert_eq!(replica.delta(&delta), Received::Applied);
        prop_assert_eq!(replica.map().state(), rig.map().state());
        prop_assert_eq!(replica.beacon(&rig.beacon()), Received::Had);
    }

    #[test]
    fn only_the_kinds_that_are_replaced_lose_what_is_not_set(log in some_log(), update in some_levels()) {
        let mut rig = History::of(1, &log).last().clone();
        let (before, revision) = (rig.map().state(), Revision(rig.position().revision.0 + 1));
        let kinds = Interest::named(["levels", "master"]);
        let replacement = Change { action: Action::Replace(kinds), ..Change::from(update.clone()) };
        rig.apply(revision, LogTime(1), &Entry::new(replacement));
        let set = update.into_iter().filter_map(|(dimmer, level)| Some((dimmer, level?)));
        let expected = ghostlight_rig::State { levels: set.collect(), master: Level::FULL, ..before };
        prop_assert_eq!(rig.map().state(), expected);
    }

    #[test]
    fn a_rig_that_is_removed_and_made_anew_is_another_one(
        logs in (some_log(), some_log()),
        missed: prop::sample::Index,
        restarts: bool,
    ) {
        let name = named("stage");
        let mut rigs = Rigs::restore(Image::default(), at(1, 0), 8, Partition::default());
        let mut replica = Replica::default();
        let mut revision = 0;
        let mut fold = |rigs: &mut Rigs, entry: &Entry| {
            revision += 1;
            rigs.apply(Revision(revision), Stamp(revision), &name, entry)
        };
        let removal = Entry::new(Change { action: Action::Remove, ..Change::default() });
        let make = Entry::new(Change::default());
        let mut deltas = vec![fold(&mut rigs, &make)];
        replica.snapshot(&rigs.get(&name).unwrap().snapshot());
        deltas.extend(logs.0.iter().map(|(_, entry)| fold(&mut rigs, entry)));
        let removed = fold(&mut rigs, &removal);
        prop_assert!(removed.is_missing && rigs.get(&name).is_none());
        let mut stored = Stored::default();
        stored.save(&rigs.image_since(Revision(0)));
        if restarts {
            rigs = Rigs::restore(stored.load(), rigs.position(), 8, Partition::default());
        }
        prop_assert_eq!(rigs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["main"]);

        // A replica that has missed any of the end of the old rig never mixes the two.
        let reached = missed.index(deltas.len());
        for delta in &deltas[1..=reached] {
            replica.delta(delta);
        }
        let mut anew = vec![fold(&mut rigs, &make)];
        anew.extend(logs.1.iter().map(|(_, entry)| fold(&mut rigs, entry)));
        prop_assert_eq!(replica.delta(&anew[0]), Received::Gap);
        let rig = rigs.get(&name).unwrap();
        let mut told = Replica::default();
        told.snapshot(&Snapshot { is_missing: true, ..Rig::empty(removed.position).snapshot() });
        prop_assert!(told.is_missing());
        for delta in &anew {
            prop_assert_eq!(told.delta(delta), Received::Applied);
        }
        prop_assert!(!told.is_missing());
        prop_assert_eq!(told.map().state(), rig.map().state());
        prop_assert_eq!(told.beacon(&rig.beacon()), Received::Had);
        // A condition on the old rig is not met by the new one.
        let if_match = Some(deltas[reached].position);
        let conditional = Change { if_match, ..Change::from(levels([(6, Some(1))])) };
        let verdicts = fold(&mut rigs, &Entry::new(conditional)).verdicts;
        prop_assert_eq!(verdicts.get(&0), Some(&Verdict::Changed(support::level_items([6]))));
    }
}
