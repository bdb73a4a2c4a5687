//! What holds for every text. Used by the property tests, by the kept texts of the fuzzer, and by the fuzzer itself.

use ghostlight_command::{
    Context, Error, MAX_TEXT_BYTES, Selection, Span, Understood, Word, lookup, parse, print, understand,
};

/// Any text is understood, or refused with a place in it. What was understood is printed as a text that means the same.
pub(crate) fn judge(text: &str, context: Context<'_>) {
    printed_text_is_read_as_the_same(text);
    match understand(text, context) {
        Ok(understood) => means_the_same_again(&understood, context),
        Err(error) => has_a_place(&error, text),
    }
    if let Ok(selection) = text.parse::<Selection>() {
        assert_eq!(selection.to_string().parse(), Ok(selection));
    }
    if let Ok(word) = Word::new(text) {
        assert_eq!(Word::new(word.as_str()), Ok(word));
    }
    let found = lookup(text, context.words);
    assert!(found.topics.iter().all(|topic| context.words.look(topic).is_some()), "{found:?}");
}

fn printed_text_is_read_as_the_same(text: &str) {
    let Ok(commands) = parse(text) else { return };
    let printed = print(&commands);
    // A canonical text can be longer than what it was read from, and then too long.
    if printed.len() <= MAX_TEXT_BYTES {
        assert_eq!(parse(&printed).as_ref(), Ok(&commands), "{printed:?}");
    }
}

fn means_the_same_again(understood: &Understood, context: Context<'_>) {
    if understood.sentence.len() <= MAX_TEXT_BYTES {
        assert_eq!(understand(&understood.sentence, context).as_ref(), Ok(understood));
    }
}

fn has_a_place(error: &Error, text: &str) {
    let Span { start, end } = error.span;
    assert!(text.get(start..end).is_some(), "{error:?}");
    assert!(!error.found.is_empty() && !error.expected.is_empty(), "{error}");
    let underlined = error.underlined(text);
    let (line, marks) = underlined.split_once('\n').expect("it has two lines");
    assert!(marks.chars().count() <= line.chars().count() + 1, "{underlined}");
}
