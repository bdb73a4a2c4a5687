//! Random texts against a rig, its words and a last selection. `judge` says what holds for each.
#![no_main]

#[path = "../../tests/language/judge.rs"]
mod judge;

use std::sync::LazyLock;

use ghostlight_command::{Context, Dictionary, Look, Selection, Word};
use ghostlight_rig::{Dimmer, Label, Level, State};
use libfuzzer_sys::fuzz_target;

/// A rig, its words, and a client's last selection.
static GIVEN: LazyLock<(State, Dictionary, Selection)> = LazyLock::new(|| {
    let dimmer = |number| Dimmer::new(number).expect("it is not 0");
    let level = |percent: u16| Level::from_hundredths(percent * 100).expect("it is at most 100 %");
    let mut state = State::default();
    state.levels.extend([(1, 10), (2, 20), (4, 0), (5, 50), (6, 100), (65_535, 1)].map(|(d, l)| (dimmer(d), level(l))));
    let label = |text| Label::new(text).expect("it is short");
    state
        .labels
        .extend([(7, "Front wash"), (8, "Spot 1"), (9, "Spot 1"), (10, "a")].map(|(d, l)| (dimmer(d), label(l))));
    let look = |levels: &[(u16, u16)]| levels.iter().map(|&(d, l)| (dimmer(d), level(l))).collect::<Look>();
    let words = [
        ("wash", look(&[(11, 100), (12, 50)])),
        ("cyc blue", look(&[(21, 80)])),
        ("front-of-house", look(&[(31, 100)])),
        ("front of: house", look(&[(32, 100)])),
        ("b", look(&[])),
        ("前灯", look(&[(41, 100)])),
    ];
    let words = words.map(|(name, look)| (Word::new(name).expect("it is a word"), look)).into_iter().collect();
    (state, words, "2-3,12*50".parse().expect("it is a selection"))
});

fuzz_target!(|text: &str| {
    let (state, words, last) = &*GIVEN;
    judge::judge(text, Context { view: state, words, last: Some(last) });
});
