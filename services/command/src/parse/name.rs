//! Names of words, and of dimmers with a label.

use super::cursor::Cursor;
use crate::lexer::{TokenKind, unquote};
use crate::{Error, ErrorKind, Span, Spanned, Word};

/// Whether a name begins here.
pub(super) fn begins(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.token.kind, TokenKind::Word | TokenKind::Quoted)
}

/// `name = quoted | word { word | number }`. A hyphen right between two words is one of the name.
pub(super) fn name(cursor: &mut Cursor<'_>) -> Result<Spanned<Word>, Error> {
    cursor.skip_noise();
    let first = cursor.token;
    let name = match first.kind {
        TokenKind::Quoted => unquote(cursor.advance().span.of(cursor.text)),
        TokenKind::Word => phrase(cursor),
        TokenKind::Keyword(_) => {
            let error = cursor.unexpected(["a name"]);
            return Err(error.hint("a name that contains a word of the grammar is written in quotes"));
        }
        _ => return Err(cursor.unexpected(["a name"])),
    };
    let span = first.span.to(cursor.before);
    word(cursor.text, span, &name)
}

/// The words and numbers of a name without quotes, with one space between them.
fn phrase(cursor: &mut Cursor<'_>) -> String {
    let mut phrase = cursor.found().to_owned();
    cursor.advance();
    loop {
        let is_part = matches!(cursor.token.kind, TokenKind::Word | TokenKind::Number);
        if !is_part && !is_hyphen_in_name(cursor) {
            return phrase;
        }
        if is_part {
            phrase.push(' ');
            phrase.push_str(cursor.found());
        }
        cursor.advance();
    }
}

/// Whether the next token is a hyphen right between two letters, as in `front-of-house`.
fn is_hyphen_in_name(cursor: &Cursor<'_>) -> bool {
    cursor.token.kind == TokenKind::Minus
        && !cursor.is_space_before()
        && cursor.char_after().is_some_and(char::is_alphabetic)
}

fn word(text: &str, span: Span, name: &str) -> Result<Spanned<Word>, Error> {
    let word = Word::new(name);
    let refused = |error: ghostlight_rig::WordError| Error::new(ErrorKind::BadName, text, span).expected(error.rule());
    word.map(|word| Spanned::new(word, span)).map_err(refused)
}
