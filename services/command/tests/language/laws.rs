//! The laws of the language, held by property tests: what is printed is read as the same, a range is its dimmers, several
//! commands in one text are the same commands in several texts, and no text is too much.

use crate::judge::judge;
use crate::support::Given;
use crate::syntax::some_commands;
use ghostlight_command::{Context, Dictionary, MAX_TEXT_BYTES, Selection, Understood, parse, print, understand};
use ghostlight_rig::{Dimmer, Level, State};
use proptest::prelude::*;

const GIVEN: &str = "level 1-3 10\nlevel 5 50\nlevel 6 100\nlabel 7 Front wash\nlabel 8-9 Spot 1\n\
                     word wash 1=100 5=50\nword cyc blue 21=80 22=60\nlast 2-3";

/// Parts of texts, of which most sequences are nearly texts.
const PARTS: &[&str] = &[
    "1",
    "2",
    "5",
    "10",
    "65535",
    "0",
    "50",
    "1.5",
    "thru",
    "-",
    " - ",
    "+",
    " +",
    "*",
    "%",
    ",",
    ";",
    "\n",
    "at",
    "@",
    "full",
    "out",
    "by",
    "odd",
    "even",
    "all",
    "on",
    "off",
    "last",
    "and",
    "except",
    "copy",
    "to",
    "forget",
    "label",
    "\"x\"",
    "\"\"",
    "\"",
    "master",
    "blackout",
    "record",
    "delete",
    "undo",
    "redo",
    "word",
    "wash",
    "spot",
    "cyc",
    "blue",
    "bühne",
    "(",
    ")",
    "please",
    "dimmer",
    "the",
    "🔥",
    "\\",
    "..",
    "#",
    "enter",
    "front-wash",
];

fn some_text() -> impl Strategy<Value = String> {
    let spaced = (prop::sample::select(PARTS), prop::bool::weighted(0.7));
    let parts = prop::collection::vec(spaced, 0..14).prop_map(|parts| {
        parts.into_iter().map(|(part, space)| if space { format!("{part} ") } else { part.to_owned() }).collect()
    });
    prop_oneof![4 => parts, 1 => "\\PC{0,40}", 1 => any::<String>()]
}

/// Commands that can be done, each as a text.
fn some_done_command() -> impl Strategy<Value = String> {
    let selection = prop::sample::select(
        &["1", "1 thru 5", "5 thru 1", "on", "all", "wash", "spot 1", "wash + 7", "1 thru 9 odd", "last", ""][..],
    );
    let action = prop::sample::select(
        &["at 50", "full", "+30", "-30", "*150%", "forget", "copy 11 thru 30", "label \"a\"", "label \"\"", "record b"]
            [..],
    );
    let rest = prop::sample::select(
        &["master *50%", "blackout on", "record wash at 30", "delete word cyc blue", "1 thru 6", "a full", "b at 20"][..],
    );
    prop_oneof![4 => (selection, action).prop_map(|(selection, action)| format!("{selection} {action}")), 1 => rest.prop_map(str::to_owned)]
}

/// A rig that texts change one after another.
struct Rig {
    state: State,
    words: Dictionary,
    last: Option<Selection>,
}

impl Rig {
    fn context(&self) -> Context<'_> {
        Context { view: &self.state, words: &self.words, last: self.last.as_ref() }
    }

    fn apply(&mut self, understood: &Understood) {
        self.state.apply(&understood.update);
        for (word, look) in &understood.update.words {
            match look {
                Some(look) => drop(self.words.insert(word.clone(), look.clone())),
                None => drop(self.words.remove(word)),
            }
        }
        self.last = understood.selection.clone().or(self.last.take());
    }
}

fn rig() -> Rig {
    let Given { state, words, last } = Given::read(GIVEN);
    Rig { state, words, last }
}

fn looks(words: &Dictionary) -> Vec<(String, String)> {
    words.words().map(|word| (word.to_string(), format!("{:?}", words.look(word)))).collect()
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(commands in some_commands()) {
        let text = print(&commands);
        prop_assume!(text.len() <= MAX_TEXT_BYTES);
        let read = parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&commands), "{}", text);
        prop_assert_eq!(print(&read.unwrap()), text);
    }

    #[test]
    fn a_text_is_understood_or_refused_with_a_place_in_it(text in some_text()) {
        judge(&text, Given::read(GIVEN).context());
    }

    #[test]
    fn a_range_is_its_dimmers(first in 1u16..60, last in 1u16..60, step in 1u16..9) {
        let given = Given::read(GIVEN);
        let mut numbers: Vec<u16> = (first.min(last)..=first.max(last)).collect();
        if first > last {
            numbers.reverse();
        }
        let listed: Vec<_> = numbers.iter().step_by(usize::from(step)).map(u16::to_string).collect();
        let range = understand(&format!("{first} thru {last} by {step} at 0 thru 100"), given.context());
        let list = understand(&format!("{} at 0 thru 100", listed.join(" + ")), given.context());
        prop_assert_eq!(range.map(|range| (range.update, range.selection)).ok(), list.map(|list| (list.update, list.selection)).ok());
    }

    #[test]
    fn a_fan_has_exact_ends_and_goes_one_way(count in 2u16..300, from in 0u16..=100, to in 0u16..=100) {
        let given = Given::read(GIVEN);
        let levels = understand(&format!("1 thru {count} at {from} thru {to}"), given.context()).unwrap().update.levels;
        let levels: Vec<_> = levels.values().map(|level| level.unwrap()).collect();
        let percent = |percent: u16| Level::from_hundredths(percent * 100).unwrap();
        prop_assert_eq!((levels[0], *levels.last().unwrap()), (percent(from), percent(to)));
        let goes_one_way = if from <= to { levels.is_sorted() } else { levels.iter().rev().is_sorted() };
        prop_assert!(goes_one_way, "{:?}", levels);
    }

    #[test]
    fn commands_in_one_text_are_the_same_commands_in_several(texts in prop::collection::vec(some_done_command(), 1..6)) {
        let mut apart = rig();
        for text in &texts {
            let Ok(understood) = understand(text, apart.context()) else {
                prop_assert!(understand(&texts.join("; "), rig().context()).is_err());
                return Ok(());
            };
            apart.apply(&understood);
        }
        let mut together = rig();
        let understood = understand(&texts.join("; "), together.context()).unwrap();
        together.apply(&understood);
        prop_assert_eq!(&together.state, &apart.state);
        prop_assert_eq!(&together.last, &apart.last);
        prop_assert_eq!(looks(&together.words), looks(&apart.words));
    }

    #[test]
    fn a_relative_level_is_limited_to_the_range(level in 0u16..=10_000, percent in 0u32..=100, factor in 0u32..=10_000) {
        let mut state = State::default();
        let dimmer = Dimmer::MIN;
        state.levels.insert(dimmer, Level::from_hundredths(level).unwrap());
        let words = Dictionary::default();
        let after = |change: String| {
            let context = Context { view: &state, words: &words, last: None };
            let understood = understand(&format!("1 {change}"), context).unwrap();
            (understood.update.levels[&dimmer].unwrap().hundredths(), !understood.notes.is_empty())
        };
        let level = u32::from(level);
        let limited = |exact: u32| (exact.min(10_000) as u16, exact > 10_000);
        prop_assert_eq!(after(format!("+{percent}")), limited(level + percent * 100));
        prop_assert_eq!(after(format!("*{factor}%")), limited(u32::try_from((u64::from(level) * u64::from(factor) * 100 + 5_000) / 10_000).unwrap()));
        let lower = level.saturating_sub(percent * 100);
        prop_assert_eq!(after(format!("-{percent}")), (lower as u16, level < percent * 100));
    }
}

/// The texts that the fuzzer found worth keeping.
#[test]
fn the_kept_texts_of_the_fuzzer_are_judged() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/understand");
    let given = Given::read(GIVEN);
    let texts = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let texts: Vec<_> = texts.filter_map(|text| String::from_utf8(text).ok()).collect();
    assert!(texts.len() > 100, "{} texts", texts.len());
    texts.iter().for_each(|text| judge(text, given.context()));
}
