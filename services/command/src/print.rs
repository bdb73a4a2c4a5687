//! The canonical text of commands. Parsing it gives the same commands.

use std::fmt;

use ghostlight_rig::Level;

use crate::lexer::{Lexer, TokenKind};
use crate::syntax::{Action, Base, Command, Filter, LevelChange, Operator, Recording, Selector, Term};
use crate::{Spanned, Word};

/// The canonical text of several commands: `1 thru 5 full; wash at 50`.
pub fn print(commands: &[Spanned<Command>]) -> String {
    commands.iter().map(|command| command.value.to_string()).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Select(selector) => selector.fmt(f),
            Self::Act { selector: None, action } => action.value.fmt(f),
            Self::Act { selector: Some(selector), action } => write!(f, "{selector} {}", action.value),
            Self::Record(recording) => recording.fmt(f),
            Self::Delete(word) => write!(f, "delete word {}", Name(&word.value)),
            Self::Master(change) => write!(f, "master {change}"),
            Self::Blackout(true) => f.write_str("blackout on"),
            Self::Blackout(false) => f.write_str("blackout off"),
            Self::Reverse(reverse) => f.write_str(reverse.name()),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change(change) => change.fmt(f),
            Self::Fan(fan) => {
                let levels: Vec<_> = fan.levels().map(|level| level.to_string()).collect();
                write!(f, "at {}", levels.join(" thru "))
            }
            Self::Copy(destination) => write!(f, "copy {destination}"),
            Self::Forget => f.write_str("forget"),
            Self::Label(label) => write!(f, "label {}", Quoted(label.as_ref().map_or("", |label| label.as_str()))),
            Self::Record(recording) => recording.fmt(f),
        }
    }
}

impl fmt::Display for LevelChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To(Level::FULL) => f.write_str("full"),
            Self::To(Level::OUT) => f.write_str("out"),
            Self::To(level) => write!(f, "at {level}"),
            Self::Raise(points) => write!(f, "+{points}"),
            Self::Lower(points) => write!(f, "-{points}"),
            Self::Scale(factor) => write!(f, "*{factor}%"),
        }
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}", Name(&self.word.value))?;
        self.level.map_or(Ok(()), |level| write!(f, " {}", LevelChange::To(level)))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.value.fmt(f)?;
        self.rest.iter().try_for_each(|(operator, term)| match operator {
            Operator::Add => write!(f, " + {}", term.value),
            Operator::Remove => write!(f, " - {}", term.value),
        })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)?;
        self.filters.iter().try_for_each(|filter| match filter {
            Filter::Odd => f.write_str(" odd"),
            Filter::Even => f.write_str(" even"),
            Filter::By(step) => write!(f, " by {step}"),
        })
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimmer(dimmer) => dimmer.fmt(f),
            Self::Range(first, last) => write!(f, "{first} thru {last}"),
            Self::Name(word) => Name(&word.value).fmt(f),
            Self::All => f.write_str("all"),
            Self::On => f.write_str("on"),
            Self::Last => f.write_str("last"),
            Self::Group(selector) => write!(f, "({selector})"),
        }
    }
}

/// A name, in quotes only if it would not be read as a name without them.
pub(crate) struct Name<'a>(pub(crate) &'a Word);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.as_str();
        if is_name(name) { f.write_str(name) } else { Quoted(name).fmt(f) }
    }
}

/// A text in quotes.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// Whether a text is read as a name without quotes: a word, then words and numbers, with one space between them.
fn is_name(text: &str) -> bool {
    let mut lexer = Lexer::new(text);
    let mut is_first = true;
    let mut at = 0;
    loop {
        let token = lexer.next_token();
        let is_part = match token.kind {
            TokenKind::End => return !is_first && at == text.len(),
            TokenKind::Word => true,
            TokenKind::Number => !is_first,
            _ => false,
        };
        let is_in_place = if is_first { token.span.start == 0 } else { text[at..token.span.start] == *" " };
        if !is_part || !is_in_place {
            return false;
        }
        (is_first, at) = (false, token.span.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        Name(&Word::new(text).unwrap()).to_string()
    }

    #[test]
    fn a_name_has_quotes_where_it_needs_them() {
        for plain in ["wash", "front wash", "spot 1", "bühne 2 links", "2nd"] {
            assert_eq!(name(plain), plain);
        }
        for in_quotes in ["1", "full", "stage on", "front-wash", "r&b", "dimmer 5", "a, b"] {
            assert_eq!(name(in_quotes), format!("\"{in_quotes}\""));
        }
        assert_eq!(name(r#"a "b" \"#), r#""a \"b\" \\""#);
    }
}
