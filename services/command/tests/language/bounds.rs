//! The limits of a text, of selections and of a search. What is too much is refused, with the limit.

use crate::support::Given;
use ghostlight_command::{
    Context, Dictionary, Error, ErrorKind, Look, MAX_COMMANDS, MAX_SELECTED, MAX_TEXT_BYTES, Word, lookup, parse,
    understand,
};
use ghostlight_rig::{Dimmer, Label, Level, State};

#[test]
fn a_text_has_at_most_4096_bytes() {
    let text = format!("1 full{}", " ".repeat(MAX_TEXT_BYTES - 6));
    assert!(parse(&text).is_ok());
    let error = parse(&(text + "\n")).unwrap_err();
    assert_eq!(error.to_string(), "column 1: found 4097 bytes, expected at most 4096 bytes");
}

#[test]
fn a_text_has_at_most_128_commands() {
    for separator in [";", ",", "\n", " and "] {
        let text = vec!["1 full"; MAX_COMMANDS].join(separator);
        assert_eq!(parse(&text).map(|commands| commands.len()).ok(), Some(MAX_COMMANDS), "{separator:?}");
        let error = parse(&format!("{text}{separator}2 full")).unwrap_err();
        assert_eq!((error.kind, error.expected), (ErrorKind::TooMuch, vec!["at most 128 commands".to_owned()]));
    }
}

#[test]
fn the_parts_of_a_text_select_at_most_eight_whole_rigs() {
    let whole = 65_535;
    let given = Given::read("level 1-65535 50\nlabel 1-65535 x\nlast 1-65535");
    let refused = |text: &str| -> Error { understand(text, given.context()).unwrap_err() };
    for (part, separator) in
        [("1 thru 65535", " + "), ("on", " + "), ("x", " + "), ("all", " - "), ("full", "; "), ("last forget", "; ")]
    {
        let fits = [part; 2].join(separator);
        let text = vec![part; MAX_SELECTED / whole + 1].join(separator);
        let error = refused(&text);
        assert_eq!(error.kind, ErrorKind::TooMuch, "{text}: {error}");
        assert!(!fits.is_empty() && error.span.start > fits.len(), "{text}: {error}");
    }
    let filters = format!("1 thru 65535 {}full", "by 1 ".repeat(16));
    assert_eq!(refused(&filters).kind, ErrorKind::TooMuch);
    let removals = format!("1 thru 65535{} full", " - 1".repeat(16));
    assert_eq!(refused(&removals).kind, ErrorKind::TooMuch);
}

#[test]
fn a_deep_text_is_refused_before_it_is_read() {
    let error = parse(&"(".repeat(MAX_TEXT_BYTES)).unwrap_err();
    assert_eq!((error.kind, error.column), (ErrorKind::TooMuch, 17));
}

#[test]
fn the_whole_rig_is_one_change() {
    let given = Given::read("last 1");
    let understood = understand("1 thru 65535 at 0 thru 100", given.context()).unwrap();
    assert_eq!(understood.update.levels.len(), 65_535);
    let ends = [1, 65_535].map(|number| understood.update.levels[&Dimmer::new(number).unwrap()]);
    assert_eq!(ends, [Some(Level::OUT), Some(Level::FULL)]);
}

#[test]
fn the_labels_of_a_whole_rig_are_set_and_named() {
    let mut state = State::default();
    state.labels.extend((1..=u16::MAX).map(|number| (Dimmer::new(number).unwrap(), Label::new("old").unwrap())));
    let words = Dictionary::default();
    let context = Context { view: &state, words: &words, last: None };
    let text = "1 thru 65535 label \"new\"; new at 50; 5 label \"\"; new at 60";
    let understood = understand(text, context).unwrap();
    let at_50 = understood.update.levels.iter().filter(|(_, level)| **level == Level::from_hundredths(5_000));
    assert_eq!(at_50.map(|(dimmer, _)| dimmer.get()).collect::<Vec<_>>(), [5]);
    let error = understand("1 thru 65535 label \"new\"; old at 50", context).unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnknownName);
}

#[test]
fn a_word_is_found_among_100_000() {
    let word = |number: u32| Word::new(&format!("scene {number}")).unwrap();
    let look =
        |number: u32| Look::from([(Dimmer::new(u16::try_from(number % 512 + 1).unwrap()).unwrap(), Level::FULL)]);
    let words: Dictionary = (0..100_000).map(|number| (word(number), look(number))).collect();
    let state = State::default();
    let context = Context { view: &state, words: &words, last: None };
    let understood = understand("scene 99999 at 50", context).unwrap();
    assert_eq!(understood.selection.unwrap().to_string(), (99_999 % 512 + 1).to_string());
    let error = understand("scenne 99999 at 50", context).unwrap_err();
    assert_eq!(error.nearest.as_deref(), Some("scene 99999"));
    assert_eq!(lookup("Scene 7, then scene 99999!", &words).topics, [word(7), word(99_999)]);
}
