//! Undo and redo: a client takes back its own changes, and only what nobody has changed since.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeMap;

use ghostlight_rig::{
    Action, Change, ClientId, Entry, History, Item, KindId, LogTime, MAX_UNDO, Origin, Reversal, Reverse, Revision,
    Rig, Update, Upload, Verdict,
};
use proptest::prelude::*;
use support::{dimmer, labels, level_items, levels, look, percent, words};

/// A rig with the history of its changes, as a gateway has them. Each entry comes two seconds after the one before.
#[derive(Default)]
struct Followed {
    rig: Rig,
    history: History,
    revision: u64,
    time: u64,
}

const SECOND: u64 = 1_000_000_000;

fn client(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}

fn by(name: &str, seq: u64, update: impl Into<Update>) -> Change {
    Change { origin: Some(Origin { client: client(name), seq }), ..update.into().into() }
}

impl Followed {
    fn apply(&mut self, changes: impl IntoIterator<Item = Change>, after: u64) -> Verdict {
        let mut changes = changes.into_iter();
        let mut entry = Entry::new(changes.next().unwrap());
        changes.for_each(|change| entry.push(change).unwrap());
        (self.revision, self.time) = (self.revision + 1, self.time + after);
        let before = self.rig.map().clone();
        let delta = self.rig.apply(Revision(self.revision), LogTime(self.time), &entry);
        self.history.note(&before, &delta);
        delta.verdicts.values().next().cloned().unwrap_or(Verdict::Applied)
    }

    fn set(&mut self, name: &str, update: impl Into<Update>) {
        self.apply([by(name, 0, update)], 2 * SECOND);
    }

    /// Returns what was set and what was left; `None` if there was nothing.
    fn reverse(&mut self, name: &str, undo: bool) -> Option<(Update, Vec<Item>)> {
        let reverse = if undo { Reverse::Undo } else { Reverse::Redo };
        let found = self.history.find(reverse, &client(name), self.rig.map())?;
        let if_match = Some(self.rig.position());
        let change = by(name, 0, found.update.clone());
        let verdict = self.apply([Change { reversal: Some(found.reversal), if_match, ..change }], 2 * SECOND);
        assert_eq!(verdict, Verdict::Applied);
        Some((found.update, found.left))
    }

    fn undo(&mut self, name: &str) -> Option<(Update, Vec<Item>)> {
        self.reverse(name, true)
    }

    fn redo(&mut self, name: &str) -> Option<(Update, Vec<Item>)> {
        self.reverse(name, false)
    }

    fn level(&self, number: u16) -> Option<u16> {
        self.rig.map().level(dimmer(number)).map(|level| level.hundredths() / 100)
    }
}

#[test]
fn every_kind_of_item_is_taken_back_and_made_again() {
    let mut followed = Followed::default();
    followed.set("a", words([("wash", Some(look([(1, 50)])))]));
    let empty = Followed::default();
    let first = followed.rig.map().state();
    let mut all = words([("wash", None), ("blue", Some(look([(2, 80)])))]);
    all.extend(&levels([(1, Some(50)), (2, Some(60))]).into());
    all.extend(&labels([(1, Some("Front"))]));
    all.extend(&Update { master: Some(percent(80)), blackout: Some(true), ..Update::default() });
    followed.set("a", all.clone());
    let second = followed.rig.map().state();
    assert_ne!(second, first);

    let (update, left) = followed.undo("a").unwrap();
    assert_eq!((update.items().collect::<Vec<_>>(), left), (all.items().collect(), vec![]));
    assert_eq!(followed.rig.map().state(), first);
    followed.undo("a").unwrap();
    assert_eq!(followed.rig.map().state(), empty.rig.map().state());
    assert_eq!(followed.undo("a"), None);

    followed.redo("a").unwrap();
    followed.redo("a").unwrap();
    assert_eq!(followed.rig.map().state(), second);
    assert_eq!(followed.redo("a"), None);
    assert!(
        followed.history.find(Reverse::Undo, &client("b"), followed.rig.map()).is_none(),
        "another client has changed nothing"
    );
}

#[test]
fn what_others_have_changed_since_stays_and_is_told() {
    let mut followed = Followed::default();
    followed.set("a", levels([(1, Some(10)), (2, Some(20)), (3, Some(30))]));
    followed.set("b", levels([(2, Some(99))]));
    let (update, left) = followed.undo("a").unwrap();
    assert_eq!((update, left), (levels([(1, None), (3, None)]).into(), level_items([2])));
    assert_eq!((followed.level(1), followed.level(2), followed.level(3)), (None, Some(99), None));
    // `b` takes its own change back too. What was there before it is the level of `a`, which `a` can make again in part.
    followed.undo("b").unwrap();
    assert_eq!(followed.level(2), Some(20));
    assert_eq!(followed.redo("a"), Some((levels([(1, Some(10)), (3, Some(30))]).into(), level_items([2]))));
    assert_eq!(followed.undo("a"), Some((levels([(1, None), (2, None), (3, None)]).into(), vec![])));
}

#[test]
fn a_change_of_which_nothing_stands_is_passed() {
    let mut followed = Followed::default();
    followed.set("a", levels([(1, Some(10))]));
    followed.set("a", levels([(2, Some(20))]));
    followed.set("b", levels([(2, Some(99))]));
    assert_eq!(followed.undo("a"), Some((Update::default(), level_items([2]))));
    assert_eq!(followed.undo("a"), Some((levels([(1, None)]).into(), vec![])));
    assert_eq!((followed.level(1), followed.level(2)), (None, Some(99)));
}

#[test]
fn a_change_of_its_own_ends_what_can_be_made_again() {
    let mut followed = Followed::default();
    followed.set("a", levels([(1, Some(10))]));
    followed.undo("a").unwrap();
    followed.set("b", levels([(2, Some(20))]));
    assert!(
        followed.history.find(Reverse::Redo, &client("a"), followed.rig.map()).is_some(),
        "that of another client does not"
    );
    followed.set("a", levels([(3, Some(30))]));
    assert_eq!(followed.redo("a"), None);
}

#[test]
fn a_fader_that_is_moved_by_hand_is_one_change() {
    let mut followed = Followed::default();
    let moved = |followed: &mut Followed, name, seq, number, level, after| {
        followed.apply([by(name, seq, levels([(number, Some(level))]))], after);
    };
    moved(&mut followed, "a", 1, 1, 5, SECOND);
    for level in 10..20 {
        moved(&mut followed, "a", level.into(), 1, level, SECOND / 20);
    }
    // Later, or another fader, or after somebody else's hand: another change.
    moved(&mut followed, "a", 20, 1, 30, SECOND);
    moved(&mut followed, "a", 21, 2, 40, SECOND / 20);
    moved(&mut followed, "b", 1, 2, 50, SECOND / 20);
    moved(&mut followed, "a", 22, 2, 60, SECOND / 20);
    let mut undone = |expected| {
        followed.undo("a").unwrap();
        assert_eq!((followed.level(1), followed.level(2)), expected);
    };
    undone((Some(30), Some(50)));
    undone((Some(30), Some(50)));
    undone((Some(19), Some(50)));
    undone((None, Some(50)));
}

#[test]
fn texts_are_taken_back_one_by_one_however_soon_they_come() {
    let mut followed = Followed::default();
    followed.apply([by("a", 0, levels([(1, Some(10))]))], 1);
    followed.apply([by("a", 0, levels([(1, Some(20))]))], 1);
    followed.undo("a").unwrap();
    assert_eq!(followed.level(1), Some(10));
}

#[test]
fn the_changes_of_one_entry_are_taken_back_together() {
    let mut followed = Followed::default();
    let of_a = [by("a", 1, levels([(1, Some(10)), (2, Some(20))])), by("a", 2, levels([(3, Some(30))]))];
    followed.apply(of_a.into_iter().chain([by("b", 0, levels([(2, Some(99))]))]), SECOND);
    assert_eq!(followed.undo("a"), Some((levels([(1, None), (3, None)]).into(), vec![])));
    assert_eq!(followed.level(2), Some(99));
}

#[test]
fn a_rig_that_is_replaced_is_taken_back_as_a_whole_and_one_that_is_removed_is_not() {
    let mut followed = Followed::default();
    followed.set("b", levels([(1, Some(10)), (2, Some(20))]));
    let replace = Action::Replace([KindId::Level].into_iter().collect());
    followed.apply([Change { action: replace, ..by("a", 0, levels([(3, Some(30))])) }], SECOND);
    assert_eq!((followed.level(1), followed.level(3)), (None, Some(30)));
    followed.undo("a").unwrap();
    assert_eq!((followed.level(1), followed.level(2), followed.level(3)), (Some(10), Some(20), None));
    // A rig that is removed takes its history with it.
    let mut history = followed.history.clone();
    assert!(!history.is_empty());
    history.note(followed.rig.map(), &ghostlight_rig::Delta { is_missing: true, ..Default::default() });
    assert!(history.is_empty());
}

#[test]
fn a_reversal_with_a_key_happens_once_and_may_be_tried_again_until_then() {
    let mut followed = Followed::default();
    followed.set("a", levels([(1, Some(10))]));
    followed.set("a", levels([(2, Some(20))]));
    let undo = |followed: &Followed, if_match| {
        let found = followed.history.find(Reverse::Undo, &client("a"), followed.rig.map()).unwrap();
        let (reversal, key) = (Some(found.reversal), Some(support::key("once")));
        Change { reversal, if_match: Some(if_match), idempotency_key: key, ..by("a", 0, found.update) }
    };
    let old = followed.rig.position();
    followed.set("b", levels([(2, Some(21))]));
    followed.set("b", levels([(2, Some(20))]));
    let late = Change { update: levels([(2, None)]).into(), ..undo(&followed, old) };
    assert_eq!(followed.apply([late], SECOND), Verdict::Changed(level_items([2])));
    let again = undo(&followed, followed.rig.position());
    assert_eq!(followed.apply([again], SECOND), Verdict::Applied);
    let first = followed.rig.position();
    let repeat = undo(&followed, followed.rig.position());
    assert_eq!(followed.apply([repeat], SECOND), Verdict::Repeated(first));
    assert_eq!(followed.level(1), Some(10), "the repeat took nothing back");
    let found = followed.history.find(Reverse::Undo, &client("a"), followed.rig.map()).unwrap();
    let other =
        Change { reversal: Some(Reversal { reverse: Reverse::Redo, of: Revision(1) }), ..undo(&followed, first) };
    assert_eq!(followed.apply([other], SECOND), Verdict::KeyReused);
    assert_eq!(found.update, levels([(1, None)]).into());
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut followed = Followed::default();
    for number in 1..=u16::try_from(MAX_UNDO).unwrap() + 20 {
        followed.set("a", levels([(number, Some(50))]));
    }
    for _ in 0..MAX_UNDO {
        followed.undo("a").unwrap();
    }
    assert_eq!(followed.undo("a"), None);
    assert_eq!((followed.level(20), followed.level(21)), (Some(50), None));

    let mut followed = Followed::default();
    for number in 0..300 {
        followed.set(&format!("client-{number}"), levels([(1, Some(50))]));
    }
    let known = |followed: &Followed, number: usize| {
        followed.history.find(Reverse::Undo, &client(&format!("client-{number}")), followed.rig.map()).is_some()
    };
    assert_eq!([known(&followed, 43), known(&followed, 44), known(&followed, 299)], [false, true, true]);

    // Whole rigs: the client with the most items loses its oldest changes.
    let whole = |level| {
        Update::from((1..=40_000).map(|number| (dimmer(number), Some(percent(level)))).collect::<BTreeMap<_, _>>())
    };
    for level in [10, 20, 30, 40] {
        followed.set("a", whole(level));
    }
    followed.set("b", levels([(1, Some(99))]));
    assert!(known(&followed, 299), "nobody else loses anything");
    for level in [Some(30), Some(20), Some(10)] {
        let (undone, left) = followed.undo("a").unwrap();
        assert_eq!((undone.len() + left.len(), followed.level(2)), (40_000, level));
    }
    assert_eq!(followed.undo("a"), None, "the oldest one is forgotten");
    followed.undo("b").unwrap();
}

#[test]
fn only_a_hand_on_a_fader_is_one_change() {
    let mut followed = Followed::default();
    // Two commands, each on a connection of its own.
    followed.apply([by("a", 1, levels([(1, Some(10))]))], SECOND / 10);
    followed.apply([by("a", 1, levels([(1, Some(20))]))], SECOND / 10);
    followed.undo("a").unwrap();
    assert_eq!(followed.level(1), Some(10));
    // Switches and names.
    for (seq, is_out) in [(5, true), (6, false), (7, true)] {
        followed.apply([by("a", seq, Update { blackout: Some(is_out), ..Update::default() })], SECOND / 10);
    }
    followed.undo("a").unwrap();
    assert!(!followed.rig.map().blackout());
}

#[test]
fn a_whole_dictionary_is_not_taken_back_and_neither_is_what_was_before_it() {
    let mut followed = Followed::default();
    followed.set("a", levels([(1, Some(10))]));
    followed.set("b", levels([(2, Some(20))]));
    let (upload, parts) = Upload::split([(support::word("wash"), look([(1, 50)]))], 1_000).unwrap();
    for part in parts {
        followed.set("a", part);
    }
    let change = Change { dictionary: Some(upload), ..by("a", 0, Update::default()) };
    assert_eq!(followed.apply([change], SECOND), Verdict::Applied);
    assert_eq!(followed.undo("a"), None);
    assert_eq!(followed.level(1), Some(10));
    assert!(followed.undo("b").is_some(), "that of another client is");
}

/// The naive history: each item has a stack of who set it to what.
#[derive(Default)]
struct Model {
    stacks: BTreeMap<u16, Vec<(usize, Option<u16>)>>,
    /// The changes: by whom, and what they set.
    changes: Vec<Vec<(u16, Option<u16>)>>,
    done: BTreeMap<&'static str, Vec<usize>>,
    undone: BTreeMap<&'static str, Vec<usize>>,
    /// What was below each item of a change when it was made.
    below: BTreeMap<(usize, u16), Option<usize>>,
}

impl Model {
    fn top(&self, number: u16) -> Option<usize> {
        Some(self.stacks.get(&number)?.last()?.0)
    }

    fn set(&mut self, name: &'static str, set: &[(u16, Option<u16>)]) {
        let change = self.changes.len();
        for &(number, level) in set {
            self.below.insert((change, number), self.top(number));
            self.stacks.entry(number).or_default().push((change, level));
        }
        self.changes.push(set.to_vec());
        self.done.entry(name).or_default().push(change);
        self.undone.remove(name);
    }

    fn undo(&mut self, name: &'static str) {
        let Some(change) = self.done.get_mut(name).and_then(Vec::pop) else { return };
        for (number, _) in self.changes[change].clone() {
            if self.top(number) == Some(change) {
                self.stacks.get_mut(&number).unwrap().pop();
            }
        }
        self.undone.entry(name).or_default().push(change);
    }

    fn redo(&mut self, name: &'static str) {
        let Some(change) = self.undone.get_mut(name).and_then(Vec::pop) else { return };
        for (number, level) in self.changes[change].clone() {
            if self.top(number) == self.below[&(change, number)] {
                self.stacks.entry(number).or_default().push((change, level));
            }
        }
        self.done.entry(name).or_default().push(change);
    }

    fn level(&self, number: u16) -> Option<u16> {
        self.stacks.get(&number)?.last()?.1
    }
}

#[derive(Clone, Debug)]
enum Step {
    Set(&'static str, Vec<(u16, Option<u16>)>),
    Undo(&'static str),
    Redo(&'static str),
}

fn some_step() -> impl Strategy<Value = Step> {
    let name = prop::sample::select(vec!["a", "b", "c"]);
    let level = prop::option::weighted(0.8, 0_u16..=100);
    let set = prop::collection::btree_map(1_u16..=4, level, 1..4).prop_map(|set| set.into_iter().collect());
    prop_oneof![
        3 => (name.clone(), set).prop_map(|(name, set)| Step::Set(name, set)),
        3 => name.clone().prop_map(Step::Undo),
        1 => name.prop_map(Step::Redo),
    ]
}

proptest! {
    #[test]
    fn the_history_agrees_with_stacks_of_what_each_client_set(steps in prop::collection::vec(some_step(), 1..60)) {
        let (mut followed, mut model) = (Followed::default(), Model::default());
        for step in steps {
            match step {
                Step::Set(name, set) => {
                    let levels: BTreeMap<_, _> =
                        set.iter().map(|&(number, level)| (dimmer(number), level.map(percent))).collect();
                    followed.set(name, levels);
                    model.set(name, &set);
                }
                Step::Undo(name) => {
                    followed.undo(name);
                    model.undo(name);
                }
                Step::Redo(name) => {
                    followed.redo(name);
                    model.redo(name);
                }
            }
            for number in 1..=4 {
                prop_assert_eq!(followed.level(number), model.level(number), "dimmer {}", number);
            }
        }
    }
}
