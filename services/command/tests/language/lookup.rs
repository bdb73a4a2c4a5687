//! The words of a text of any kind, and their levels together.

use ghostlight_command::{Dictionary, Look, Lookup, Word, lookup};
use ghostlight_rig::{Dimmer, Level};
use proptest::prelude::*;

fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}

fn look(levels: &[(u16, u16)]) -> Look {
    let level = |percent: u16| Level::from_hundredths(percent * 100).unwrap();
    levels.iter().map(|&(dimmer, percent)| (Dimmer::new(dimmer).unwrap(), level(percent))).collect()
}

fn levels(lookup: &Lookup) -> Look {
    lookup.levels.iter().map(|(dimmer, level)| (*dimmer, *level)).collect()
}

fn dictionary() -> Dictionary {
    let words = [
        ("front", look(&[(1, 10)])),
        ("front wash", look(&[(1, 50), (2, 50)])),
        ("front wash left", look(&[(3, 30)])),
        ("wash", look(&[(2, 80)])),
        ("left", look(&[(9, 9)])),
        ("straße", look(&[(4, 40)])),
        ("front-of-house", look(&[(5, 50)])),
        ("前灯", look(&[(6, 60)])),
        ("l'avant", look(&[(7, 70)])),
        ("2.5", look(&[(8, 80)])),
    ];
    words.map(|(name, look)| (word(name), look)).into_iter().collect()
}

fn found(text: &str) -> (Vec<String>, Vec<String>) {
    let Lookup { topics, unknown, .. } = lookup(text, &dictionary());
    (topics.iter().map(Word::to_string).collect(), unknown)
}

#[test]
fn the_longest_phrase_counts() {
    for (text, topics, unknown) in [
        ("front", &["front"][..], &[][..]),
        ("Front WASH!", &["front wash"], &[]),
        ("front wash left", &["front wash left"], &[]),
        ("front wash right", &["front wash"], &["right"]),
        ("front left wash", &["front", "left", "wash"], &[]),
        ("wash front, wash", &["wash", "front wash"], &[]),
        ("front of house", &["front-of-house"], &[]),
        ("front of the house", &["front"], &["of", "the", "house"]),
        ("STRASSE", &["straße"], &[]),
        ("Straße, strasse", &["straße"], &[]),
        ("前灯!", &["前灯"], &[]),
        ("(L'avant) 2.5?", &["l'avant", "2.5"], &[]),
        ("", &[], &[]),
        (" !? 🔥", &[], &[]),
        ("Blue blue BLUE", &[], &["blue"]),
    ] {
        let topics: Vec<_> = topics.iter().map(|topic| word(topic).to_string()).collect();
        assert_eq!(found(text), (topics, unknown.iter().map(|word| (*word).to_owned()).collect()), "{text}");
    }
}

#[test]
fn the_highest_level_of_a_dimmer_wins() {
    let together = lookup("wash and front wash and front", &dictionary());
    assert_eq!(levels(&together), look(&[(1, 50), (2, 80)]));
    assert_eq!(lookup("front and front wash and wash", &dictionary()).levels, together.levels, "in any order");
    assert_eq!(levels(&lookup("nothing", &dictionary())), Look::new());
}

#[test]
fn a_word_of_level_0_is_a_topic_with_a_level() {
    let words: Dictionary = [(word("dark"), look(&[(1, 0)]))].into_iter().collect();
    assert_eq!(levels(&lookup("dark", &words)), look(&[(1, 0)]));
}

/// The same search without an index: at each place every word is compared, the longest first.
fn searched(text: &str, dictionary: &Dictionary) -> (Vec<Word>, Vec<String>) {
    let phrase = word(&format!("x {text}")).phrase();
    let tokens: Vec<_> = phrase.split(' ').skip(1).collect();
    let mut words: Vec<_> = dictionary.words().map(|word| (word.phrase().split(' ').count(), word)).collect();
    words.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let (mut topics, mut unknown, mut at) = (Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        let fits = |(count, word): &&(usize, &Word)| {
            tokens.get(at..at + count).is_some_and(|part| part.join(" ") == word.phrase())
        };
        match words.iter().find(fits) {
            Some((count, word)) => {
                topics.push((*word).clone());
                at += count;
            }
            None => {
                unknown.push(tokens[at].to_owned());
                at += 1;
            }
        }
    }
    (distinct(topics), distinct(unknown))
}

fn distinct<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    all.into_iter().fold(Vec::new(), |mut kept, one| {
        if !kept.contains(&one) {
            kept.push(one);
        }
        kept
    })
}

fn some_phrase(words: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&["a", "b", "c"][..]), words).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn the_index_finds_what_a_search_finds(
        names in prop::collection::btree_set(some_phrase(1..5), 0..12),
        removed in prop::collection::vec(some_phrase(1..5), 0..6),
        text in some_phrase(0..12),
    ) {
        let mut words: Dictionary = names.iter().map(|name| (word(name), Look::new())).collect();
        for name in removed {
            words.remove(&word(&name));
        }
        let found = lookup(&text, &words);
        prop_assert_eq!((found.topics, found.unknown), searched(&text, &words));
    }
}
