//! Why a text was refused.

use std::fmt;

use crate::Span;

/// The most bytes of a text that an error repeats.
const MAX_FOUND_BYTES: usize = 80;

/// What messages call an action.
pub(crate) const AN_ACTION: &str = "an action (`at`, `full`, `out`, …)";

/// Why a text was refused: where, what was found, and what was expected. Nothing of the text was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// Where it is in the text, in bytes. Empty at the end of the text if the text ended too early.
    pub span: Span,
    /// The line, from 1.
    pub line: u32,
    /// The column in the line, in characters from 1.
    pub column: u32,
    /// What was found there.
    pub found: String,
    /// What was expected instead; one of these.
    pub expected: Vec<String>,
    /// The known name or keyword that is most like what was found, if one is like it.
    pub nearest: Option<String>,
    /// What may help, if the mistake is a usual one.
    pub hint: Option<&'static str>,
}

/// The kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The text breaks the grammar.
    Syntax,
    /// A number is out of its range: a dimmer, a level, a step, a factor.
    OutOfRange,
    /// A name or a label is too long, empty, or has characters that it may not have.
    BadName,
    /// No word and no label has this name.
    UnknownName,
    /// Several words have this name.
    AmbiguousName,
    /// The selection has no dimmer, or a part takes nothing away.
    EmptySelection,
    /// The levels do not fit the selection: a fan or a copy over too few dimmers.
    DoesNotFit,
    /// The text is longer, or asks for more, than the limits allow.
    TooMuch,
}

impl ErrorKind {
    /// The kind's name, for programs: `syntax`, `out_of_range`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::OutOfRange => "out_of_range",
            Self::BadName => "bad_name",
            Self::UnknownName => "unknown_name",
            Self::AmbiguousName => "ambiguous_name",
            Self::EmptySelection => "empty_selection",
            Self::DoesNotFit => "does_not_fit",
            Self::TooMuch => "too_much",
        }
    }
}

impl Error {
    /// An error at a part of the text.
    pub(crate) fn new(kind: ErrorKind, text: &str, span: Span) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            kind,
            span,
            line: counted(before.matches('\n').count()) + 1,
            column: counted(before[line_start..].chars().count()) + 1,
            found: quoted(span.of(text)),
            expected: Vec::new(),
            nearest: None,
            hint: None,
        }
    }

    /// The same, with other words for what was found.
    #[must_use]
    pub(crate) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = found.into();
        self
    }

    /// The same, with something else that was expected.
    #[must_use]
    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected.push(expected.into());
        self
    }

    /// The same, with the nearest name.
    #[must_use]
    pub(crate) fn nearest(mut self, nearest: Option<String>) -> Self {
        self.nearest = nearest;
        self
    }

    /// The same, with a hint, if it has none.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<Option<&'static str>>) -> Self {
        self.hint = self.hint.or(hint.into());
        self
    }

    /// The line of `text` with the error in it, and below it a line that points at the error. `text` is the text that
    /// was refused. A tab counts as one space.
    pub fn underlined(&self, text: &str) -> String {
        let line = text.split('\n').nth(self.line as usize - 1).unwrap_or_default();
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let width = self.span.of(text).split('\n').next().unwrap_or_default().chars().count().max(1);
        format!("{line}\n{}{}", " ".repeat(self.column as usize - 1), "^".repeat(width))
    }
}

/// One line: ``column 7: found `att`, expected `at` or `full`; did you mean `at`?``
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 1 {
            write!(f, "line {}, ", self.line)?;
        }
        write!(f, "column {}: found {}", self.column, self.found)?;
        if let Some((last, before)) = self.expected.split_last() {
            f.write_str(", expected ")?;
            if !before.is_empty() {
                write!(f, "{} or ", before.join(", "))?;
            }
            f.write_str(last)?;
        }
        if let Some(nearest) = &self.nearest {
            write!(f, "; did you mean {}?", quoted(nearest))?;
        }
        self.hint.map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl std::error::Error for Error {}

fn counted(lines_or_chars: usize) -> u32 {
    u32::try_from(lines_or_chars).expect("a longer text is refused at its first character")
}

/// A part of a text for people: in backquotes, on one line, shortened.
fn quoted(text: &str) -> String {
    if text.is_empty() {
        return "the end of the text".to_owned();
    }
    if text == "\n" || text == "\r\n" {
        return "the end of the line".to_owned();
    }
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if shown.len() <= MAX_FOUND_BYTES {
        return format!("`{shown}`");
    }
    let cut = (0..=MAX_FOUND_BYTES).rev().find(|&at| shown.is_char_boundary(at)).unwrap_or(0);
    format!("`{}…`", &shown[..cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_a_sentence() {
        let text = "1 thru 5 att 50";
        let error = Error::new(ErrorKind::Syntax, text, Span::new(9, 12)).expected("`at`").expected("`full`");
        let error = error.nearest(Some("at".to_owned())).hint("an action comes next");
        let sentence = "column 10: found `att`, expected `at` or `full`; did you mean `at`? (an action comes next)";
        assert_eq!(error.to_string(), sentence);
        assert_eq!(error.underlined(text), "1 thru 5 att 50\n         ^^^");
    }

    #[test]
    fn columns_are_characters_of_the_line() {
        let text = "1 full\nBühne ärger x";
        let start = text.find('x').expect("it is there");
        let error = Error::new(ErrorKind::Syntax, text, Span::new(start, start + 1));
        assert_eq!((error.line, error.column), (2, 13));
        assert_eq!(error.underlined(text), "Bühne ärger x\n            ^");
        assert!(error.to_string().starts_with("line 2, column 13: "), "{error}");
    }

    #[test]
    fn the_end_of_a_text_has_a_place() {
        let error = Error::new(ErrorKind::Syntax, "1 at", Span::new(4, 4)).expected("a level");
        assert_eq!(error.to_string(), "column 5: found the end of the text, expected a level");
        assert_eq!(error.underlined("1 at"), "1 at\n    ^");
    }

    #[test]
    fn a_long_find_is_cut() {
        let text = "ä".repeat(100);
        let error = Error::new(ErrorKind::BadName, &text, Span::new(0, text.len()));
        assert_eq!(error.found, format!("`{}…`", "ä".repeat(40)));
    }
}
