//! Words that other desks have, and this language does not.

/// Words and signs that operators of other desks type, and what to write instead.
const HINTS: &[(&[&str], &str)] = &[
    (&["offset"], "`by 2` is every second dimmer"),
    (&["sneak", "time", "fade", "delay", "in"], "a command has no time: levels change at once"),
    (&["group"], "a word is written as it is: `wash at 50`"),
    (&["fixture", "c", "ch"], "a dimmer is written as its number, or with `dimmer` or `chan` before it"),
    (&["cue", "go", "goto", "store", "update"], "there are no cues; `record NAME` keeps levels as a word"),
    (&["clear", "release", "rem"], "`forget` removes levels, and `out` sets them to 0"),
    (&["park", "unpark"], "a dimmer cannot be parked"),
    (&["="], "`1 at 50` sets a level"),
    (&["/"], "a range is `1 thru 10`, and every second dimmer of it is `1 thru 10 by 2`"),
    (&["&"], "`1 + 3` selects both"),
];

/// What to write instead of a word or a sign of another desk; `None` if it is not known.
pub(crate) fn hint(text: &str) -> Option<&'static str> {
    let is_it = |(words, _): &&(&[&str], &'static str)| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    HINTS.iter().find(is_it).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_another_desk_has_a_hint_in_any_case() {
        assert_eq!(hint("Offset"), Some("`by 2` is every second dimmer"));
        assert_eq!(hint("wash"), None);
    }
}
