//! The laws of the fold and of its replicas, held by property tests: applying twice changes nothing, catching up
//! equals replaying, and a snapshot or an image stands for the history before it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod generated;
#[path = "../support/mod.rs"]
mod support;
mod whole_rigs;

use generated::{History, places, some_entry, some_log};
use ghostlight_rig::{
    Beacon, Change, Delta, Digest, Entry, Epoch, Image, Item, Level, Partition, Position, Received, Replica, Revision,
    Rig, RigName, Rigs, Snapshot, Stamp, Update, Verdict,
};
use proptest::prelude::*;
use support::{Map, Stored, at, digest_of, levels, map_of, named, overlay};

proptest! {
    #[test]
    fn a_delta_twice_is_a_delta_once(log in some_log()) {
        let history = History::of(1, &log);
        let mut replica = history.replica(0);
        for (delta, rig) in history.deltas.iter().zip(&history.rigs[1..]) {
            prop_assert_eq!(replica.delta(delta), Received::Applied);
            let before = replica.clone();
            prop_assert_eq!(replica.delta(delta), Received::Had);
            prop_assert_eq!(replica.map(), before.map());
            prop_assert_eq!(replica.to_snapshot(), rig.snapshot());
            prop_assert_eq!(replica.beacon(&rig.beacon()), Received::Had);
        }
    }

    #[test]
    fn a_delta_over_any_replica_in_its_range_equals_replay(log in some_log(), at: [prop::sample::Index; 3]) {
        let history = History::of(1, &log);
        let [prev, own, end] = places(log.len(), at);
        let (prev, end) = (&history.rigs[prev], &history.rigs[end]);
        let update = end.map().since(prev.position().revision).unwrap();
        let (position, time) = (end.position(), end.map().time());
        let wide = Delta { position, prev: prev.position().revision, time, update, ..Delta::default() };
        let mut replica = history.replica(own);
        let position = replica.position();
        let received = if end.position() > position { Received::Applied } else { Received::Had };
        prop_assert_eq!(replica.delta(&wide), received);
        // A delta over several entries does not say who changed what.
        let without_changes = |snapshot| Snapshot { changes: Vec::new(), ..snapshot };
        prop_assert_eq!(without_changes(replica.to_snapshot()), without_changes(end.snapshot()));
        prop_assert_eq!(replica.beacon(&end.beacon()), Received::Had);
        // And who follows the replica is caught up too, from wherever it stands.
        for cursor in 0..=position.revision.0 {
            let mut reader = history.map_at(cursor);
            overlay(&mut reader, &replica.map().since(Revision(cursor)).unwrap());
            prop_assert_eq!(&reader, &map_of(end.map()));
        }
    }

    #[test]
    fn a_delta_beyond_a_gap_changes_nothing(log in some_log(), at: [prop::sample::Index; 3]) {
        let history = History::of(1, &log);
        let [own, prev, _] = places(log.len() - 1, at);
        prop_assume!(own < prev);
        let mut replica = history.replica(own);
        prop_assert_eq!(replica.delta(&history.deltas[prev]), Received::Gap);
        prop_assert_eq!(replica.beacon(&history.last().beacon()), Received::Gap);
        prop_assert_eq!(replica.to_snapshot(), history.rigs[own].snapshot());
    }

    #[test]
    fn since_equals_replay(log in some_log()) {
        let history = History::of(1, &log);
        let end = history.last().position().revision.0;
        for map in [history.last().map(), history.replica(log.len()).map()] {
            for cursor in 0..=end {
                let mut reader = history.map_at(cursor);
                overlay(&mut reader, &map.since(Revision(cursor)).unwrap());
                prop_assert_eq!(&reader, &map_of(map), "from {}", cursor);
            }
            prop_assert_eq!(map.since(Revision(end)), Some(Update::default()));
            for beyond in [end + 1, u64::MAX] {
                prop_assert_eq!(map.since(Revision(beyond)), None);
            }
        }
    }

    #[test]
    fn since_tells_only_what_has_changed(log in some_log()) {
        let history = History::of(1, &log);
        for (delta, rig) in history.deltas.iter().zip(&history.rigs[1..]) {
            prop_assert_eq!(rig.map().since(delta.prev), Some(delta.update.clone()));
        }
    }

    /// Every item of a delta is credited to the change that set it last, if that had an origin; nothing else is.
    #[test]
    fn who_set_what_is_the_last_change_that_set_it(log in some_log()) {
        let history = History::of(1, &log);
        for ((_, entry), delta) in log.iter().zip(&history.deltas) {
            let verdict = |index: usize| delta.verdicts.get(&index).unwrap_or(&Verdict::Applied);
            let applied = entry.changes().iter().enumerate();
            let applied: Vec<_> = applied.filter(|(index, _)| *verdict(*index) == Verdict::Applied).collect();
            let asked: Vec<_> = applied.iter().filter_map(|(_, change)| change.origin.clone()).collect();
            prop_assert_eq!(delta.origins.iter().map(|attribution| attribution.origin.clone()).collect::<Vec<_>>(), asked);
            for item in delta.update.items() {
                let sets = |change: &&Change| change.update.items().any(|one| one == item);
                let last = applied.iter().map(|(_, change)| *change).rfind(sets).unwrap();
                let credited = delta.origins.iter().filter(|attribution| attribution.items.contains(&item));
                let credited: Vec<_> = credited.map(|attribution| Some(attribution.origin.clone())).collect();
                let expected: Vec<_> = last.origin.iter().map(|origin| Some(origin.clone())).collect();
                prop_assert_eq!(credited, expected, "{:?}", item);
            }
            let credited = delta.origins.iter().flat_map(|attribution| &attribution.items);
            let told: Vec<Item> = delta.update.items().collect();
            prop_assert!(credited.into_iter().all(|item| told.contains(item)));
        }
    }

    #[test]
    fn the_output_is_the_product(log in some_log()) {
        for rig in History::of(1, &log).rigs {
            let map = rig.map();
            let outputs = map.levels().map(|(dimmer, level)| (dimmer, map.output(level)));
            prop_assert!(map.outputs().eq(outputs));
            for (_, level) in map.levels() {
                let output = map.output(level);
                prop_assert!(output <= level && output <= map.master());
                prop_assert_eq!(output == Level::OUT, map.blackout() || level.under(map.master()) == Level::OUT);
                prop_assert!(map.blackout() || map.master() < Level::FULL || output == level);
            }
        }
    }

    #[test]
    fn the_digest_is_that_of_what_is_held(log in some_log()) {
        let history = History::of(1, &log);
        for (rig, deltas) in history.rigs.iter().zip(0..) {
            let digest = digest_of(&map_of(rig.map()));
            prop_assert_eq!(rig.map().digests(), digest.clone());
            prop_assert_eq!(history.replica(deltas).map().digests(), digest.clone());
            prop_assert_eq!(rig.map().len(), map_of(rig.map()).levels.len());
            prop_assert_eq!(rig.map().is_empty(), map_of(rig.map()) == Map::default());
            prop_assert_eq!(rig.map().is_empty(), digest.iter().all(|(_, digest)| digest == Digest::default()));
        }
    }

    #[test]
    fn a_snapshot_of_the_same_order_replaces(log in some_log(), at: [prop::sample::Index; 3]) {
        let history = History::of(1, &log);
        let [older, own, newer] = places(log.len(), at).map(|place| (place, &history.rigs[place]));
        let mut replica = history.replica(own.0);
        let received = if older.0 < own.0 { Received::Behind } else { Received::Had };
        prop_assert_eq!(replica.snapshot(&older.1.snapshot()), received);
        prop_assert_eq!(replica.to_snapshot(), own.1.snapshot());
        let received = if newer.0 > own.0 { Received::Applied } else { Received::Had };
        prop_assert_eq!(replica.snapshot(&newer.1.snapshot()), received);
        prop_assert_eq!(replica.to_snapshot(), newer.1.snapshot());
        prop_assert_eq!(replica.beacon(&newer.1.beacon()), Received::Had);
        // Readers go on from where they stand, and lose what was forgotten meanwhile.
        let positions = [&own, &newer].map(|(_, rig)| rig.position().revision.0);
        for cursor in 0..=positions[1] {
            // Where the replica has not been itself, it does not know what changed and changed back.
            let Some(update) = replica.map().since(Revision(cursor)) else {
                prop_assert!(positions[0] < cursor && cursor < positions[1], "{} should be caught up", cursor);
                continue;
            };
            let mut reader = history.map_at(cursor);
            overlay(&mut reader, &update);
            prop_assert_eq!(reader, map_of(newer.1.map()), "from {}", cursor);
        }
        for delta in &history.deltas[newer.0..] {
            prop_assert_eq!(replica.delta(delta), Received::Applied);
        }
        prop_assert_eq!(replica.to_snapshot(), history.last().snapshot());
    }

    #[test]
    fn a_snapshot_of_a_new_order_replaces(old in some_log(), new in some_log(), at: [prop::sample::Index; 3]) {
        let (old, new) = (History::of(1, &old), History::of(2, &new));
        let place = places(new.deltas.len(), at)[1];
        let mut replica = old.replica(old.deltas.len());
        prop_assert_eq!(replica.beacon(&new.last().beacon()), Received::NewEpoch);
        prop_assert_eq!(replica.delta(&new.deltas[0]), Received::NewEpoch);
        prop_assert_eq!(replica.to_snapshot(), old.last().snapshot());
        prop_assert_eq!(replica.snapshot(&new.rigs[place].snapshot()), Received::Replaced);
        prop_assert_eq!(replica.to_snapshot(), new.rigs[place].snapshot());
        let revision = replica.position().revision;
        prop_assert_eq!(replica.map().since(revision), Some(Update::default()));
        if revision > Revision(0) {
            prop_assert_eq!(replica.map().since(Revision(revision.0 - 1)), None, "it does not reach back that far");
        }
        // What is left of the old order is old news.
        prop_assert_eq!(replica.delta(&old.deltas[0]), Received::Behind);
        prop_assert_eq!(replica.beacon(&old.last().beacon()), Received::Behind);
        prop_assert_eq!(replica.snapshot(&old.last().snapshot()), Received::Behind);
        for delta in &new.deltas[place..] {
            prop_assert_eq!(replica.delta(delta), Received::Applied);
        }
        prop_assert_eq!(replica.to_snapshot(), new.last().snapshot());
        prop_assert_eq!(replica.beacon(&new.last().beacon()), Received::Had);
    }

    #[test]
    fn two_that_fold_one_log_tell_the_same(log in some_log()) {
        prop_assert_eq!(History::of(1, &log).deltas, History::of(1, &log).deltas);
    }
}

/// A log of several rigs.
fn shared_log() -> impl Strategy<Value = Vec<(u64, RigName, Entry)>> {
    let name = prop::sample::select(&["main", "a", "b", "c"][..]).prop_map(named);
    prop::collection::vec((1u64..=3, name, some_entry()), 1..24)
}

/// Folds a log into rigs and returns the deltas. The store is saved to where `saves` says so.
fn fold(rigs: &mut Rigs, log: &[(u64, RigName, Entry)], stored: &mut Stored, saves: &[bool]) -> Vec<Delta> {
    let mut saved = rigs.position().revision;
    let mut deltas = Vec::new();
    for ((step, name, entry), save) in log.iter().zip(saves.iter().cycle()) {
        let next = rigs.position().revision.0 + step;
        deltas.push(rigs.apply(Revision(next), Stamp(1_000 * next), name, entry));
        if *save {
            stored.save(&rigs.image_since(saved));
            saved = rigs.position().revision;
        }
    }
    stored.save(&rigs.image_since(saved));
    deltas
}

/// Everything that can be told of rigs from outside.
fn told(rigs: &Rigs) -> Vec<(RigName, Snapshot, Beacon, Vec<Option<Update>>)> {
    let since = |rig: &Rig| (0..=rig.position().revision.0).map(|cursor| rig.map().since(Revision(cursor))).collect();
    rigs.iter().map(|(name, rig)| (name.clone(), rig.snapshot(), rig.beacon(), since(rig))).collect()
}

const MAX: usize = 3;

proptest! {
    #[test]
    fn what_was_saved_in_parts_is_what_was_saved_whole(log in shared_log(), saves: [bool; 7]) {
        let mut parts = Stored::default();
        let mut rigs = Rigs::restore(Image::default(), at(1, 0), MAX, Partition::default());
        fold(&mut rigs, &log, &mut parts, &saves);
        let mut whole = Stored::default();
        whole.save(&rigs.image_since(Revision(0)));
        prop_assert_eq!(parts.load(), whole.load());
        whole.save(&rigs.image_since(Revision(0)));
        prop_assert_eq!(parts.load(), whole.load(), "saving twice is saving once");
        let restored = Rigs::restore(rigs.image_since(Revision(0)), rigs.position(), MAX, Partition::default());
        prop_assert_eq!(told(&restored), told(&rigs));
        let main = RigName::default();
        prop_assert_eq!(restored.get(&main).unwrap().map(), rigs.get(&main).unwrap().map());
        prop_assert_eq!(restored.image_since(Revision(0)), rigs.image_since(Revision(0)));
    }

    /// In the first epoch of all, and in one that goes on from what an older one left.
    #[test]
    fn who_restarts_tells_the_same_as_who_did_not(
        old in shared_log(), new in shared_log(), saves: [bool; 7], cut: prop::sample::Index, start in 0u64..20,
    ) {
        let mut stored = Stored::default();
        fold(&mut Rigs::restore(Image::default(), at(1, 0), MAX, Partition::default()), &old, &mut stored, &saves);
        let image = stored.load();
        let start = at(2, start);
        let mut steady = Rigs::restore(image, start, MAX, Partition::default());
        stored.save(&steady.image_since(start.revision));
        let (before, after) = new.split_at(cut.index(new.len()));
        fold(&mut steady, before, &mut stored, &saves);
        prop_assert_eq!(stored.position(), steady.position());
        let mut restarted = Rigs::restore(stored.load(), stored.position(), MAX, Partition::default());
        prop_assert_eq!(
            fold(&mut restarted, after, &mut stored.clone(), &[false]),
            fold(&mut steady, after, &mut stored, &saves)
        );
        let maps = |rigs: &Rigs| told(rigs).into_iter().map(|(name, snapshot, beacon, _)| (name, snapshot, beacon));
        prop_assert_eq!(maps(&restarted).collect::<Vec<_>>(), maps(&steady).collect::<Vec<_>>());
    }
}

/// It jumps over where dimmer 1 was up; a reader that comes from elsewhere and saw it there must not keep it.
#[test]
fn a_reader_that_stands_where_the_replica_never_was_needs_the_whole_map() {
    let level = |level| (1, Entry::new(levels([(1, level)]).into()));
    let history = History::of(1, &[level(Some(0)), level(Some(50)), level(Some(0)), level(Some(60)), level(Some(0))]);
    let mut replica = history.replica(1);
    assert_eq!(replica.snapshot(&history.rigs[3].snapshot()), Received::Applied);
    let since = |replica: &Replica| [1, 2, 3].map(|cursor| replica.map().since(Revision(cursor)));
    assert_eq!(since(&replica), [Some(Update::default()), None, Some(Update::default())]);
    assert_eq!(replica.snapshot(&history.rigs[5].snapshot()), Received::Applied);
    assert_eq!(since(&replica), [None, None, Some(Update::default())], "of several leaps the newest is kept");
    assert_eq!([4, 5].map(|cursor| replica.map().since(Revision(cursor))), [None, Some(Update::default())]);
}

/// The map is wrong, which must never be: here a delta that the log never had brings it about.
#[test]
fn a_beacon_finds_a_replica_that_diverged_and_a_snapshot_mends_it() {
    let history = History::of(1, &[(1, Entry::new(levels([(1, Some(50))]).into()))]);
    let (truth, wrong) =
        (history.last(), Delta { update: levels([(1, Some(51))]).into(), ..history.deltas[0].clone() });
    let mut replica = history.replica(0);
    assert_eq!(replica.delta(&wrong), Received::Applied);
    assert_eq!(replica.snapshot(&truth.snapshot()), Received::Had, "nothing tells yet that it is wrong");
    for _ in 0..2 {
        assert_eq!(replica.beacon(&truth.beacon()), Received::Diverged);
    }
    let older: Position = at(1, 0);
    assert_eq!(replica.snapshot(&Snapshot { position: older, ..truth.snapshot() }), Received::Behind);
    assert_eq!(replica.snapshot(&truth.snapshot()), Received::Replaced, "every reader needs the whole map");
    assert_eq!(replica.beacon(&truth.beacon()), Received::Had);
    assert_eq!(replica.to_snapshot(), truth.snapshot());
    assert_eq!(replica.map().since(older.revision), None);
}

#[test]
fn a_diverged_replica_that_goes_on_is_mended_by_a_newer_snapshot() {
    let log = [(1, Entry::new(levels([(1, Some(50))]).into())), (1, Entry::new(levels([(2, Some(1))]).into()))];
    let history = History::of(1, &log);
    let mut replica = history.replica(0);
    replica.delta(&Delta { update: levels([(9, Some(9))]).into(), ..history.deltas[0].clone() });
    assert_eq!(replica.beacon(&history.rigs[1].beacon()), Received::Diverged);
    assert_eq!(replica.delta(&history.deltas[1]), Received::Applied);
    assert_eq!(replica.snapshot(&history.rigs[1].snapshot()), Received::Behind);
    assert_eq!(replica.snapshot(&history.last().snapshot()), Received::Replaced);
    assert_eq!(replica.to_snapshot(), history.last().snapshot());
}

#[test]
fn a_replica_of_nothing_takes_the_first_snapshot_it_gets() {
    let rig = Rig::new(Epoch(1));
    let mut replica = Replica::default();
    assert_eq!(replica.beacon(&rig.beacon()), Received::NewEpoch);
    assert_eq!(replica.snapshot(&rig.snapshot()), Received::Replaced);
    assert_eq!(replica.position(), at(1, 0));
    assert_eq!(replica.beacon(&rig.beacon()), Received::Had);
}

/// One delta that nobody's log has, of a revision that no log comes to, would leave a replica above everything.
#[test]
fn a_replica_that_was_led_astray_finds_back() {
    let history = History::of(1, &[(1, Entry::new(levels([(1, Some(50))]).into()))]);
    let forged = |revision| Delta { position: at(1, revision), prev: Revision(1), ..history.deltas[0].clone() };
    let mut replica = history.replica(1);
    let farthest = 1 + (1 << 32);
    assert_eq!(replica.clone().delta(&forged(farthest)), Received::Applied);
    for revision in [farthest + 1, 1 << 62] {
        assert_eq!(replica.delta(&forged(revision)), Received::Gap, "no log goes that far at once");
    }
    assert_eq!(replica.delta(&forged(1_000)), Received::Applied);
    let truth = history.last();
    assert_eq!(replica.beacon(&truth.beacon()), Received::Behind, "this confirms nothing");
    assert_eq!(replica.snapshot(&truth.snapshot()), Received::Behind, "a sender that lags may say this");
    replica.doubt();
    assert_eq!(replica.snapshot(&truth.snapshot()), Received::Replaced);
    assert_eq!((replica.to_snapshot(), replica.beacon(&truth.beacon())), (truth.snapshot(), Received::Had));
}

#[test]
fn in_doubt_a_snapshot_of_an_older_epoch_replaces() {
    let entry = |level| (1, Entry::new(levels([(1, Some(level))]).into()));
    let (old, new) = (History::of(1, &[entry(10), entry(20)]), History::of(2, &[entry(30)]));
    let mut replica = new.replica(1);
    assert_eq!(replica.snapshot(&old.last().snapshot()), Received::Behind);
    replica.doubt();
    assert_eq!(replica.beacon(&new.last().beacon()), Received::Had, "a beacon that agrees ends the doubt");
    assert_eq!(replica.snapshot(&old.last().snapshot()), Received::Behind);
    replica.doubt();
    assert_eq!(replica.snapshot(&old.last().snapshot()), Received::Replaced);
    assert_eq!(replica.to_snapshot(), old.last().snapshot());
}
