//! What becomes of a change that asks for more than levels: only if, once, and room for its rig.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use ghostlight_rig::{
    Action, Attribution, Change, ClientId, Delta, Entry, Epoch, Fingerprint, Image, Interest, Item, Label, Level,
    Levels, LogTime, Origin, Partition, Position, REMEMBERED_KEYS, Revision, Rig, RigName, Rigs, Said, Stamp, Update,
    Verdict,
};
use support::{Stored, at, dimmer, entry, key, labels, level_items, levels, named};

fn if_match(position: Position, levels: Levels) -> Change {
    Change { if_match: Some(position), ..levels.into() }
}

fn once(name: &str, levels: Levels) -> Change {
    Change { idempotency_key: Some(key(name)), ..levels.into() }
}

fn apply(rig: &mut Rig, revision: u64, change: Change) -> Delta {
    rig.apply(Revision(revision), LogTime(revision), &Entry::new(change))
}

/// What became of the only change of an entry.
fn verdict(delta: &Delta) -> Verdict {
    delta.verdicts.get(&0).cloned().unwrap_or(Verdict::Applied)
}

/// `5 +10` means other levels the second time: the text is what is repeated.
#[test]
fn a_text_that_is_said_again_under_its_key_is_a_repeat_whatever_it_would_mean_now() {
    let say = |text: &str, selection: Option<&str>, level| Change {
        said: Some(Said { text: text.to_owned(), selection: selection.map(str::to_owned) }),
        ..once("k", levels([(5, Some(level))]))
    };
    let mut rig = Rig::new(Epoch(1));
    assert_eq!(verdict(&apply(&mut rig, 1, say("+10", Some("5"), 60))), Verdict::Applied);
    assert_eq!(verdict(&apply(&mut rig, 2, say("+10", Some("5"), 70))), Verdict::Repeated(at(1, 1)));
    assert_eq!(verdict(&apply(&mut rig, 3, say("+20", Some("5"), 60))), Verdict::KeyReused);
    assert_eq!(verdict(&apply(&mut rig, 4, say("+10", Some("5-6"), 60))), Verdict::KeyReused);
    assert_eq!(verdict(&apply(&mut rig, 5, say("+10", None, 60))), Verdict::KeyReused);
    assert_eq!(verdict(&apply(&mut rig, 6, once("k", levels([(5, Some(60))])))), Verdict::KeyReused);
    assert_eq!(rig.map().level(dimmer(5)), Level::from_hundredths(6_000));
}

/// In epoch 1: dimmer 2 changed at 3, dimmer 3 was forgotten at 4, dimmer 1 changed at 5.
fn rig() -> Rig {
    let mut rig = Rig::new(Epoch(1));
    apply(&mut rig, 1, levels([(1, Some(10)), (3, Some(30))]).into());
    apply(&mut rig, 3, levels([(2, Some(20))]).into());
    apply(&mut rig, 4, levels([(3, None)]).into());
    apply(&mut rig, 5, levels([(1, Some(11))]).into());
    rig
}

#[test]
fn only_if_none_of_its_dimmers_has_changed() {
    let cases: &[(Position, &[u16], &[u16])] = &[
        (at(1, 5), &[1, 2, 3], &[]),
        (at(1, 4), &[1], &[1]),
        (at(1, 4), &[2, 3], &[]),
        (at(1, 4), &[1, 2, 3, 9], &[1]),
        (at(1, 3), &[2], &[]),
        (at(1, 3), &[3], &[3]),
        (at(1, 2), &[1, 2, 3], &[1, 2, 3]),
        (at(1, 0), &[9], &[]),
        // Of another epoch nothing is known, and nobody has seen what is still to come.
        (at(0, 5), &[9], &[9]),
        (at(2, 5), &[1, 9], &[1, 9]),
        (at(1, 6), &[9], &[9]),
        (at(1, 99), &[2, 9], &[2, 9]),
        // What names no dimmer has nothing that could have changed.
        (at(2, 99), &[], &[]),
    ];
    for &(position, named, changed) in cases {
        let mut rig = rig();
        let before = rig.map().levels().collect::<Vec<_>>();
        let asked: Levels = named.iter().map(|&number| (dimmer(number), Some(support::percent(77)))).collect();
        let delta = apply(&mut rig, 6, if_match(position, asked.clone()));
        assert_eq!((delta.prev, delta.position), (Revision(5), at(1, 6)));
        if changed.is_empty() {
            assert_eq!((verdict(&delta), delta.update.levels), (Verdict::Applied, asked), "{position} {named:?}");
        } else {
            let changed = changed.iter().map(|&number| Item::Level(dimmer(number))).collect();
            assert_eq!(verdict(&delta), Verdict::Changed(changed), "{position} {named:?}");
            assert_eq!(delta.update, Update::default(), "one dimmer that has changed refuses all");
            assert_eq!(rig.map().levels().collect::<Vec<_>>(), before);
        }
    }
}

#[test]
fn labels_master_and_blackout_are_conditions_of_their_own() {
    let mut rig = rig();
    let master = |hundredths| Update { master: Level::from_hundredths(hundredths), ..Update::default() };
    let blackout = |on| Update { blackout: Some(on), ..Update::default() };
    let if_match_at = |revision, update: Update| Change { if_match: Some(at(1, revision)), ..update.into() };
    apply(&mut rig, 6, labels([(1, Some("wash"))]).into());
    apply(&mut rig, 7, master(5_000).into());
    apply(&mut rig, 8, blackout(true).into());
    let all = || Update { levels: levels([(1, Some(1))]), ..labels([(1, None), (2, Some("spot"))]) };
    let all = || Update { master: Some(Level::FULL), blackout: Some(false), ..all() };
    let everything = [Item::Level(dimmer(1)), Item::Label(dimmer(1)), Item::Master, Item::Blackout];
    for (revision, changed) in
        [(4, &everything[..]), (5, &everything[1..]), (6, &everything[2..]), (7, &everything[3..])]
    {
        let delta = apply(&mut rig.clone(), 9, if_match_at(revision, all()));
        assert_eq!(verdict(&delta), Verdict::Changed(changed.into()), "only if {revision}");
        assert_eq!(delta.update, Update::default());
    }
    assert_eq!(apply(&mut rig.clone(), 9, if_match_at(8, all())).update, all());
    // Who moves the master does not undo who blacked out, nor the other way round.
    assert_eq!(verdict(&apply(&mut rig, 9, if_match_at(7, master(100)))), Verdict::Applied);
    assert_eq!((rig.map().master(), rig.map().blackout()), (Level::from_hundredths(100).unwrap(), true));
    apply(&mut rig, 10, blackout(false).into());
    assert!(!rig.map().blackout());
    let label = |number| rig.map().label(dimmer(number)).map(Label::as_str);
    assert_eq!((label(1), label(2)), (Some("wash"), None));
}

#[test]
fn what_the_same_entry_changed_before_has_changed() {
    let mut rig = rig();
    let delta = rig.apply(
        Revision(6),
        LogTime(6),
        &entry([
            if_match(at(1, 5), levels([(1, Some(50))])),
            if_match(at(1, 5), levels([(1, Some(60)), (2, Some(60))])),
            if_match(at(1, 5), levels([(2, Some(70))])),
        ]),
    );
    assert_eq!(delta.verdicts, [(1, Verdict::Changed(level_items([1])))].into());
    assert_eq!(delta.update, levels([(1, Some(50)), (2, Some(70))]).into());
}

#[test]
fn the_same_level_again_is_a_change_and_a_refused_one_is_none() {
    let mut rig = rig();
    apply(&mut rig, 6, levels([(2, Some(20))]).into());
    let delta = apply(&mut rig, 7, if_match(at(1, 5), levels([(2, Some(1)), (9, Some(1))])));
    assert_eq!(verdict(&delta), Verdict::Changed(level_items([2])));
    let delta = apply(&mut rig, 8, if_match(at(1, 5), levels([(9, Some(1))])));
    assert_eq!(verdict(&delta), Verdict::Applied);
}

#[test]
fn only_what_happened_is_echoed_to_its_origin() {
    let origin = |seq| Some(Origin { client: ClientId::new("a").unwrap(), seq });
    let mut rig = rig();
    let refused = Change { origin: origin(1), ..if_match(at(1, 1), levels([(1, Some(1))])) };
    let delta =
        rig.apply(Revision(6), LogTime(6), &entry([refused, Change { origin: origin(2), ..Change::default() }]));
    let attribution = origin(2).map(|origin| Attribution { origin, items: Vec::new(), reversal: None });
    assert_eq!(delta.origins, attribution.into_iter().collect::<Vec<_>>());
}

#[test]
fn a_repeat_changes_nothing_and_is_told_where_the_first_stood() {
    let mut rig = rig();
    assert_eq!(verdict(&apply(&mut rig, 6, once("k", levels([(1, Some(50))])))), Verdict::Applied);
    apply(&mut rig, 7, levels([(1, Some(60))]).into());
    for revision in 8..10 {
        let delta = apply(&mut rig, revision, once("k", levels([(1, Some(50))])));
        assert_eq!((verdict(&delta), delta.update), (Verdict::Repeated(at(1, 6)), Update::default()));
        assert_eq!(delta.position, at(1, revision));
    }
    assert_eq!(rig.map().level(dimmer(1)), Some(support::percent(60)));
}

#[test]
fn something_else_under_the_same_key_is_refused() {
    let first = || if_match(at(1, 5), levels([(1, Some(50)), (2, None)]));
    let with_key = |change: Change| Change { idempotency_key: Some(key("k")), ..change };
    let others = [
        Change { update: Update { master: Some(Level::FULL), ..first().update }, ..first() },
        Change { update: Update { blackout: Some(false), ..first().update }, ..first() },
        Change { update: Update { levels: first().update.levels, ..labels([(1, None)]) }, ..first() },
        if_match(at(1, 5), levels([(1, Some(51)), (2, None)])),
        if_match(at(1, 5), levels([(1, Some(50)), (2, Some(0))])),
        if_match(at(1, 5), levels([(1, Some(50)), (3, None)])),
        if_match(at(1, 5), levels([(1, Some(50))])),
        if_match(at(1, 4), levels([(1, Some(50)), (2, None)])),
        if_match(at(2, 5), levels([(1, Some(50)), (2, None)])),
        levels([(1, Some(50)), (2, None)]).into(),
        Change::default(),
    ];
    for other in others {
        let mut rig = rig();
        assert_eq!(verdict(&apply(&mut rig, 6, with_key(first()))), Verdict::Applied);
        let delta = apply(&mut rig, 7, with_key(other));
        assert_eq!((verdict(&delta), delta.update), (Verdict::KeyReused, Update::default()));
        let repeat = Change { origin: Some(Origin { client: ClientId::new("b").unwrap(), seq: 9 }), ..first() };
        assert_eq!(
            verdict(&apply(&mut rig, 8, with_key(repeat))),
            Verdict::Repeated(at(1, 6)),
            "who asks is no matter"
        );
    }
}

#[test]
fn what_was_refused_stays_refused_when_repeated() {
    for position in [at(1, 4), at(2, 0), at(1, 6), at(1, 8), at(2, 1)] {
        let mut rig = rig();
        let change = || Change { idempotency_key: Some(key("k")), ..if_match(position, levels([(1, Some(50))])) };
        for revision in 6..12 {
            let delta = apply(&mut rig, revision, change());
            assert_eq!(verdict(&delta), Verdict::Changed(level_items([1])), "only if {position}, at {revision}");
        }
        // Nor does a new epoch let it through, be it the one that it was conditional on.
        let mut stored = Stored::default();
        let mut rigs = Rigs::restore(Image::default(), at(1, 0), 9, Partition::default());
        rigs.apply(Revision(3), Stamp(3), &RigName::default(), &Entry::new(change()));
        stored.save(&rigs.image_since(Revision(0)));
        let mut rigs = Rigs::restore(stored.load(), at(2, 0), 9, Partition::default());
        let delta = rigs.apply(Revision(5), Stamp(5), &RigName::default(), &Entry::new(change()));
        assert_eq!(verdict(&delta), Verdict::Changed(level_items([1])), "only if {position}");
    }
}

#[test]
fn ten_thousand_keys_are_remembered_and_the_next_forgets_the_first() {
    let mut rig = Rig::new(Epoch(1));
    let mut revision = 0;
    let mut ask = |rig: &mut Rig, number: usize| {
        revision += 1;
        verdict(&apply(rig, revision, once(&number.to_string(), levels([(1, Some(50))]))))
    };
    for number in 1..=REMEMBERED_KEYS {
        assert_eq!(ask(&mut rig, number), Verdict::Applied);
    }
    assert_eq!(ask(&mut rig, 1), Verdict::Repeated(at(1, 1)), "ten thousand are remembered");
    assert_eq!(ask(&mut rig, REMEMBERED_KEYS + 1), Verdict::Applied);
    assert_eq!(ask(&mut rig, 2), Verdict::Repeated(at(1, 2)));
    assert_eq!(ask(&mut rig, 1), Verdict::Applied, "the first is forgotten, and happens again");
    assert_eq!(ask(&mut rig, 2), Verdict::Applied, "which forgot the second");
}

#[test]
fn a_restart_in_a_new_epoch_keeps_levels_and_remembered_keys() {
    let main = RigName::default();
    let mut stored = Stored::default();
    let mut rigs = Rigs::restore(Image::default(), at(1, 0), 9, Partition::default());
    rigs.apply(Revision(7), Stamp(7), &main, &Entry::new(once("k", levels([(1, Some(50)), (2, Some(20))]))));
    rigs.apply(Revision(8), Stamp(8), &main, &Entry::new(levels([(2, None)]).into()));
    stored.save(&rigs.image_since(Revision(0)));
    let mut rigs = Rigs::restore(stored.load(), at(2, 0), 9, Partition::default());
    let rig = rigs.get(&main).unwrap();
    assert_eq!(rig.snapshot().state.levels, [(dimmer(1), support::percent(50))].into());
    assert_eq!(rig.position(), at(2, 0));
    assert_eq!(rig.map().since(Revision(0)), Some(Update::default()), "what is carried over is older than what comes");
    let delta =
        rigs.apply(Revision(1), Stamp(1), &main, &Entry::new(once("k", levels([(1, Some(50)), (2, Some(20))]))));
    assert_eq!(verdict(&delta), Verdict::Repeated(at(1, 7)));
    let delta = rigs.apply(Revision(2), Stamp(2), &main, &Entry::new(if_match(at(2, 0), levels([(1, Some(60))]))));
    assert_eq!((delta.prev, verdict(&delta)), (Revision(1), Verdict::Applied));
}

/// What is forgotten counts too, because readers must still be told of it.
#[test]
fn no_more_items_are_held_than_may_be() {
    let mut rigs = Rigs::restore(Image::default(), at(1, 0), 5, Partition::default()).with_max_items(4);
    let (main, a) = (RigName::default(), named("a"));
    let mut revision = 0;
    let mut fold = |rigs: &mut Rigs, name: &RigName, changes: Vec<Change>| {
        revision += 1;
        rigs.apply(Revision(revision), Stamp(revision), name, &entry(changes)).verdicts
    };
    fn set<const N: usize>(items: [(u16, Option<u16>); N]) -> Change {
        levels(items).into()
    }
    assert_eq!(fold(&mut rigs, &main, vec![set([(1, Some(1)), (2, Some(2))]), set([(2, None)])]), [].into());
    assert_eq!(fold(&mut rigs, &a, vec![set([(1, Some(1))])]), [].into());
    // One more has room. Of an entry, each change is judged alone, and what is there may be set again.
    let changes =
        vec![set([(3, Some(3)), (4, Some(4))]), set([(1, Some(9)), (2, Some(9)), (5, Some(5))]), set([(6, Some(6))])];
    assert_eq!(fold(&mut rigs, &main, changes), [(0, Verdict::NoRoom), (2, Verdict::NoRoom)].into());
    assert_eq!(fold(&mut rigs, &a, vec![set([(1, Some(2))]), set([])]), [].into());
    assert_eq!(fold(&mut rigs, &named("b"), vec![set([(1, Some(1))])]), [(0, Verdict::NoRoom)].into());
    assert!(rigs.get(&named("b")).is_none());
    // It is not taken for done when it is repeated under its key, and has room after a restart that may hold more.
    let keyed = || vec![once("k", levels([(7, Some(7))]))];
    for _ in 0..2 {
        assert_eq!(fold(&mut rigs, &main, keyed()), [(0, Verdict::NoRoom)].into());
    }
    let mut stored = Stored::default();
    stored.save(&rigs.image_since(Revision(0)));
    let mut rigs = Rigs::restore(stored.load(), at(1, 8), 5, Partition::default()).with_max_items(5);
    assert_eq!(fold(&mut rigs, &main, keyed()), [].into());
    assert_eq!(fold(&mut rigs, &a, vec![set([(9, Some(9))])]), [(0, Verdict::NoRoom)].into());
}

#[test]
fn no_more_rigs_are_made_than_may_be() {
    let mut rigs = Rigs::restore(Image::default(), at(1, 0), 2, Partition::default());
    let one = || Entry::new(levels([(1, Some(50))]).into());
    assert!(rigs.get(&RigName::default()).is_some(), "main is always there");
    assert_eq!(rigs.apply(Revision(1), Stamp(1), &named("a"), &one()).verdicts, [].into());
    let delta =
        rigs.apply(Revision(2), Stamp(2), &named("b"), &entry([Change::default(), once("k", levels([(1, Some(1))]))]));
    assert_eq!(delta.verdicts, [(0, Verdict::NoRoom), (1, Verdict::NoRoom)].into());
    assert_eq!((delta.position, delta.time, delta.update), (at(1, 2), LogTime(2), Update::default()));
    assert!(rigs.get(&named("b")).is_none());
    assert_eq!(rigs.position(), at(1, 2), "the log goes on");
    assert_eq!(rigs.apply(Revision(3), Stamp(3), &named("a"), &one()).verdicts, [].into(), "what is there stays");
    assert_eq!(rigs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "main"]);
    // None that was stored is dropped.
    let mut stored = Stored::default();
    stored.save(&rigs.image_since(Revision(0)));
    let rigs = Rigs::restore(stored.load(), at(2, 0), 1, Partition::default());
    assert_eq!((rigs.count(), rigs.iter().count()), (2, 2));
}

#[test]
fn an_entry_ends_with_its_key() {
    let mut entry = Entry::new(once("k", Levels::new()));
    let change = Change::from(levels([(1, Some(1))]));
    assert!(entry.is_closed());
    assert_eq!(entry.push(change.clone()), Err(Box::new(change)));
    assert_eq!(entry.changes().len(), 1);
}

#[test]
fn a_fingerprint_is_stored_and_so_never_changes() {
    let change = if_match(at(1_790_000_000, 42), levels([(1, Some(50)), (2, None)]));
    assert_eq!(Fingerprint::of(&change), Fingerprint(0x43e9_0783_b742_541d));
    assert_eq!(Fingerprint::of(&Change::default()), Fingerprint(0xcbf2_9ce4_8422_2325));
    let whole = Update { master: Some(Level::OUT), blackout: Some(true), ..labels([(1, Some("wash")), (2, None)]) };
    assert_eq!(Fingerprint::of(&whole.into()), Fingerprint(0xba13_3696_67d3_3f37));
}

/// Whether a rig has been made is decided entry by entry, and change by change within one.
#[test]
fn a_change_may_want_a_rig_that_has_been_made_or_one_that_has_not() {
    let wants = |if_made, level| Change { if_made: Some(if_made), ..levels([(1, Some(level))]).into() };
    let refused = Some(&Verdict::Changed(level_items([1])));
    let name = named("foyer");
    let mut rigs = Rigs::restore(Image::default(), at(1, 0), 8, Partition::default());
    let mut fold = |revision, changes: Vec<Change>| {
        let delta = rigs.apply(Revision(revision), Stamp(revision), &name, &entry(changes));
        (delta.verdicts, rigs.get(&name).map(|rig| rig.map().levels().map(|(_, level)| level).collect::<Vec<_>>()))
    };
    let (verdicts, levels) = fold(1, vec![wants(true, 10), wants(true, 20)]);
    assert_eq!((verdicts.get(&0), verdicts.get(&1), levels), (refused, refused, None), "there is no such rig");
    let (verdicts, levels) = fold(2, vec![wants(true, 10), wants(false, 20), wants(false, 30), wants(true, 40)]);
    assert_eq!([0, 1, 2, 3].map(|index| verdicts.get(&index)), [refused, None, refused, None]);
    assert_eq!(levels, Some(vec![Level::from_hundredths(4_000).unwrap()]));
    let (verdicts, _) = fold(3, vec![wants(false, 50)]);
    assert_eq!(verdicts.get(&0), refused);
    let keyed = |if_made| Change { idempotency_key: Some(key("k")), ..wants(if_made, 60) };
    assert_ne!(Fingerprint::of(&keyed(true)), Fingerprint::of(&keyed(false)));
}

fn whole(action: Action) -> Change {
    Change { action, ..Change::default() }
}

#[test]
fn a_removed_rig_leaves_its_place_and_its_items_to_others_and_main_is_emptied() {
    let mut rigs = Rigs::restore(Image::default(), at(1, 0), 2, Partition::default()).with_max_items(3);
    let mut fold = |revision, name: &str, change: Change| {
        let delta = rigs.apply(Revision(revision), Stamp(revision), &named(name), &Entry::new(change));
        (verdict(&delta), delta.is_missing)
    };
    let two = |dimmer| Change::from(levels([(dimmer, Some(1)), (dimmer + 1, Some(1))]));
    assert_eq!(fold(1, "a", whole(Action::Remove)), (Verdict::Changed(vec![]), true), "nothing is there to remove");
    assert_eq!(fold(2, "a", two(1)), (Verdict::Applied, false));
    assert_eq!(fold(3, "b", two(1)), (Verdict::NoRoom, true), "no place");
    assert_eq!(fold(4, "main", two(1)), (Verdict::NoRoom, false), "no room for items");
    assert_eq!(fold(5, "a", whole(Action::Remove)), (Verdict::Applied, true));
    assert_eq!(fold(6, "main", two(1)), (Verdict::Applied, false));
    assert_eq!(fold(7, "main", whole(Action::Remove)), (Verdict::Applied, false), "it always exists");
    assert_eq!(fold(8, "b", levels([(1, Some(1))]).into()), (Verdict::Applied, false));
    assert!(rigs.get(&named("a")).is_none());
    assert!(rigs.get(&RigName::default()).unwrap().map().is_empty());
    assert_eq!(rigs.missing_at(), Revision(5));
    let removed = |rigs: &Rigs| rigs.image_since(Revision(0)).removed;
    assert_eq!(removed(&rigs), [(named("a"), Revision(5))].into());
    assert_eq!(rigs.image_since(Revision(5)).removed, [].into());
    rigs.saved(Revision(5));
    assert_eq!(removed(&rigs), [].into(), "it need not be told again");
}

/// A condition on a whole rig is about all that it holds, not only about what the change sets.
#[test]
fn a_rig_is_replaced_or_removed_only_if_nothing_in_it_has_changed() {
    for action in [Action::Replace(Interest::all()), Action::Remove] {
        let judged = |revision| {
            let change = Change { if_match: Some(at(1, revision)), ..whole(action) };
            verdict(&apply(&mut rig(), 6, change))
        };
        assert_eq!(judged(5), Verdict::Applied);
        assert_eq!(judged(4), Verdict::Changed(level_items([1])), "{action:?}");
        assert_eq!(judged(3), Verdict::Changed(level_items([1, 3])), "a forgotten one counts too");
    }
    let labels = Action::Replace(Interest::named(["labels"]));
    let change = Change { if_match: Some(at(1, 3)), ..whole(labels) };
    assert_eq!(verdict(&apply(&mut rig(), 6, change)), Verdict::Applied, "it is not about levels");
}

#[test]
fn a_change_of_the_whole_rig_is_alone_in_its_entry() {
    let set = || Change::from(levels([(1, Some(1))]));
    for action in [Action::Replace(Interest::all()), Action::Remove] {
        assert!(Entry::new(set()).push(whole(action)).is_err());
        assert!(Entry::new(whole(action)).push(set()).is_err());
        assert_ne!(Fingerprint::of(&whole(action)), Fingerprint::of(&Change::default()));
    }
    let replaces = |kinds: &[&str]| Fingerprint::of(&whole(Action::Replace(Interest::named(kinds.iter().copied()))));
    assert_ne!(replaces(&["levels"]), replaces(&["labels"]));
}

#[test]
fn what_a_replacement_forgets_is_attributed_to_it() {
    let mut rig = rig();
    let origin = Origin { client: ClientId::new("desk").unwrap(), seq: 7 };
    let update: Update = levels([(2, Some(25))]).into();
    let delta = apply(
        &mut rig,
        6,
        Change { origin: Some(origin.clone()), action: Action::Replace(Interest::all()), ..update.into() },
    );
    assert_eq!(delta.update, levels([(1, None), (2, Some(25))]).into(), "3 was forgotten before");
    assert_eq!(delta.origins, [Attribution { origin, items: level_items([1, 2]), reversal: None }]);
}
