//! A whole dictionary at once: it is made the words of a rig by one change, and never mixed with another one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeMap;

use ghostlight_rig::kinds::words::Words;
use ghostlight_rig::{
    Change, Delta, Entry, Epoch, Interest, Item, Kind, LogTime, Look, PartNumber, Received, Replica, Revision, Rig,
    Upload, Verdict, Word,
};
use proptest::prelude::*;
use support::{at, key, levels, look, word, words};

const SECOND: u64 = 1_000_000_000;

type Dictionary = BTreeMap<Word, Look>;

fn dictionary(words: &[(&str, u16)]) -> Dictionary {
    words.iter().map(|(text, level)| (word(text), look([(1, *level)]))).collect()
}

/// An upload of a few words for each part, its parts, and the change that makes it current.
fn upload(words: &Dictionary) -> (Vec<Change>, Change) {
    let (upload, parts) = Upload::split(words.clone(), 40).unwrap();
    (parts.into_iter().map(Change::from).collect(), Change { dictionary: Some(upload), ..Change::default() })
}

/// A rig and a replica that follows it.
struct Followed {
    rig: Rig,
    replica: Replica,
}

impl Followed {
    fn new() -> Self {
        let (rig, mut replica) = (Rig::new(Epoch(1)), Replica::default());
        replica.snapshot(&rig.snapshot());
        Self { rig, replica }
    }

    fn apply_at(&mut self, time: u64, change: Change) -> Delta {
        let revision = Revision(self.rig.position().revision.0 + 1);
        let delta = self.rig.apply(revision, LogTime(time), &Entry::new(change));
        assert_eq!(self.replica.delta(&delta), Received::Applied);
        assert_eq!(self.replica.beacon(&self.rig.beacon()), Received::Had, "both have the same map");
        assert_eq!(self.replica.map().state(), self.rig.map().state());
        delta
    }

    fn apply(&mut self, change: impl Into<Change>) -> Verdict {
        self.apply_at(1, change.into()).verdicts.remove(&0).unwrap_or(Verdict::Applied)
    }

    fn words(&self) -> Dictionary {
        self.rig.map().state().words
    }
}

#[test]
fn a_dictionary_takes_the_place_of_all_words_at_once() {
    let mut followed = Followed::new();
    followed.apply(words([("old", Some(look([(7, 70)]))), ("wash", Some(look([(1, 50)])))]));
    let before = followed.words();
    let new = dictionary(&[("blue", 10), ("front wash", 20), ("red", 30), ("wash", 50)]);
    let (parts, current) = upload(&new);
    assert!(parts.len() > 1);
    for part in parts {
        assert_eq!(followed.apply(part), Verdict::Applied);
        assert_eq!(followed.words(), before, "a part changes no word");
    }
    let revision = followed.rig.position().revision;
    assert_eq!(followed.apply(current.clone()), Verdict::Applied);
    assert_eq!((followed.words(), followed.rig.map().state().word_parts.len()), (new.clone(), 0));
    let told = followed.rig.map().since(revision).unwrap();
    assert_eq!(told.words.get(&word("old")), Some(&None));
    assert!(!told.words.contains_key(&word("wash")), "it has the look that it had");

    // The parts are gone, so that the same change cannot come again.
    assert!(matches!(followed.apply(current), Verdict::Changed(items) if items[0].kind().name() == "word_parts"));
    let (parts, current) = upload(&Dictionary::new());
    assert!(parts.is_empty());
    assert_eq!((followed.apply(current), followed.words()), (Verdict::Applied, Dictionary::new()));
}

#[test]
fn of_two_uploads_at_once_one_is_refused_and_they_are_never_mixed() {
    let (one, other) =
        (dictionary(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]), dictionary(&[("a", 2), ("b", 2), ("x", 2)]));
    let ((parts, current), (others, other_current)) = (upload(&one), upload(&other));
    let mut followed = Followed::new();
    parts.into_iter().for_each(|part| drop(followed.apply(part)));
    others.into_iter().for_each(|part| drop(followed.apply(part)));
    let Verdict::Changed(items) = followed.apply(current) else { panic!("its parts are gone") };
    assert_eq!(items[0], Item::WordPart(PartNumber::new(0).unwrap()));
    assert_eq!(followed.words(), Dictionary::new());
    assert_eq!((followed.apply(other_current), followed.words()), (Verdict::Applied, other));
}

#[test]
fn a_dictionary_is_taken_only_if_no_word_that_it_changes_has_changed_and_once_under_a_key() {
    let new = dictionary(&[("a", 1), ("b", 2)]);
    let mut followed = Followed::new();
    followed.apply(words([("a", Some(look([(1, 1)]))), ("z", Some(look([(1, 9)])))]));
    followed.apply(words([("z", Some(look([(1, 8)])))]));
    let (parts, current) = upload(&new);
    parts.into_iter().for_each(|part| drop(followed.apply(part)));
    let guarded = |revision| Change { if_match: Some(at(1, revision)), ..current.clone() };
    assert_eq!(followed.apply(guarded(1)), Verdict::Changed(vec![Item::Word(word("z"))]));
    let once = Change { idempotency_key: Some(key("k")), ..guarded(2) };
    assert_eq!((followed.apply(once.clone()), followed.words()), (Verdict::Applied, new));
    let position = followed.rig.position();
    assert_eq!(followed.apply(once), Verdict::Repeated(position), "although its parts are gone");
    let (_, other) = upload(&dictionary(&[("c", 3)]));
    assert_eq!(followed.apply(Change { idempotency_key: Some(key("k")), ..other }), Verdict::KeyReused);
}

#[test]
fn parts_that_nobody_makes_current_are_forgotten_after_a_minute() {
    let (parts, current) = upload(&dictionary(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]));
    let mut followed = Followed::new();
    for part in parts {
        followed.apply_at(SECOND, part);
    }
    let count = |followed: &Followed| followed.rig.map().state().word_parts.len();
    followed.apply_at(61 * SECOND, levels([(1, Some(50))]).into());
    assert!(count(&followed) > 1);
    let delta = followed.apply_at(62 * SECOND, levels([(1, Some(51))]).into());
    assert_eq!((count(&followed), delta.update.word_parts.values().flatten().count()), (0, 0));
    assert!(matches!(followed.apply(current), Verdict::Changed(_)));
}

#[test]
fn a_replica_without_the_parts_asks_for_a_snapshot() {
    let (parts, current) = upload(&dictionary(&[("a", 1)]));
    let mut followed = Followed::new();
    let mut other = Replica::default();
    other.snapshot(&followed.rig.snapshot_of(Interest::named(["levels", "words"])));
    let mut deltas: Vec<_> = parts.into_iter().map(|part| followed.apply_at(1, part)).collect();
    deltas.push(followed.apply_at(1, current));
    let last = deltas.pop().unwrap();
    deltas.iter().for_each(|delta| assert_eq!(other.delta(delta), Received::Applied));
    let before = other.position();
    assert_eq!((other.delta(&last), other.position()), (Received::Gap, before));
}

#[test]
fn a_dictionary_is_alone_in_its_entry() {
    let (_, current) = upload(&Dictionary::new());
    let mut entry = Entry::new(Change::default());
    assert!(entry.push(current.clone()).is_err());
    let mut entry = Entry::new(current);
    assert!(entry.push(Change::default()).is_err());
}

#[test]
fn no_dictionary_is_larger_than_its_bound() {
    let bound = Words::BOUND.unwrap();
    let large: Dictionary = (0..=bound.items).map(|number| (word(&format!("w{number}")), Look::new())).collect();
    let (upload, parts) = Upload::split(large, 256 << 10).unwrap();
    let mut rig = Rig::new(Epoch(1));
    let mut apply = |change: Change| {
        let revision = Revision(rig.position().revision.0 + 1);
        rig.apply(revision, LogTime(1), &Entry::new(change)).verdicts.remove(&0)
    };
    for part in parts {
        assert_eq!(apply(part.into()), None);
    }
    assert_eq!(apply(Change { dictionary: Some(upload), ..Change::default() }), Some(Verdict::NoRoom));
}

fn some_dictionary() -> impl Strategy<Value = Dictionary> {
    let text = prop::sample::select(&["a", "b", "c", "d e", "f"][..]).prop_map(word);
    prop::collection::btree_map(text, (0u16..3).prop_map(|level| look([(1, level)])), 0..5)
}

proptest! {
    /// Uploads of several gateways in any order, with words set meanwhile: the words are always those of one dictionary, or
    /// what was set after it.
    #[test]
    fn the_words_are_those_of_one_upload(
        dictionaries in prop::collection::vec(some_dictionary(), 1..4),
        order in prop::collection::vec((0usize..4, 0usize..6), 1..40),
    ) {
        let uploads: Vec<_> = dictionaries.iter().map(upload).collect();
        let mut followed = Followed::new();
        let mut due = Dictionary::new();
        for (index, step) in order {
            let Some((parts, current)) = uploads.get(index) else {
                let set = if step < 3 { Some(look([(2, 7)])) } else { None };
                followed.apply(words([("a", set.clone())]));
                match set {
                    Some(look) => due.insert(word("a"), look),
                    None => due.remove(&word("a")),
                };
                continue;
            };
            match parts.get(step) {
                Some(part) => drop(followed.apply(part.clone())),
                None if followed.apply(current.clone()) == Verdict::Applied => due = dictionaries[index].clone(),
                None => {}
            }
            prop_assert_eq!(&followed.words(), &due);
        }
    }

    #[test]
    fn the_parts_of_an_upload_are_its_words(words in some_dictionary(), bytes in 1usize..100) {
        let (upload, parts) = Upload::split(words.clone(), bytes).unwrap();
        let parts: Vec<_> = parts.iter().map(|part| part.word_parts.iter().next().unwrap()).collect();
        prop_assert_eq!(parts.len(), usize::from(upload.parts));
        prop_assert!(parts.iter().enumerate().all(|(number, (place, _))| place.to_string() == number.to_string()));
        let held = parts.iter().flat_map(|(_, part)| part.as_ref().unwrap().words.iter().cloned());
        prop_assert_eq!(held.collect::<Dictionary>(), words);
    }
}
