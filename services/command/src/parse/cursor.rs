//! A place between the tokens of a text.

use crate::foreign;
use crate::keyword::Keyword;
use crate::lexer::{Lexer, Token, TokenKind};
use crate::nearest::nearest;
use crate::{Error, ErrorKind, Span};

/// Reads tokens with one token in advance.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    /// The whole text.
    pub(super) text: &'a str,
    lexer: Lexer<'a>,
    /// The next token.
    pub(super) token: Token,
    /// Where the token before it stands.
    pub(super) before: Span,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of a text.
    pub(super) fn new(text: &'a str) -> Self {
        let mut lexer = Lexer::new(text);
        let token = lexer.next_token();
        Self { text, lexer, token, before: Span::default() }
    }

    /// Takes the next token.
    pub(super) fn advance(&mut self) -> Token {
        let taken = std::mem::replace(&mut self.token, self.lexer.next_token());
        self.before = taken.span;
        taken
    }

    /// Takes the next token if it is of this kind.
    pub(super) fn take(&mut self, kind: TokenKind) -> Option<Token> {
        if self.token.kind == kind { Some(self.advance()) } else { None }
    }

    /// Takes the next token if it is this keyword.
    pub(super) fn take_keyword(&mut self, keyword: Keyword) -> Option<Token> {
        self.take(TokenKind::Keyword(keyword))
    }

    /// Takes words that mean nothing, such as `please`.
    pub(super) fn skip_noise(&mut self) {
        while matches!(self.token.kind, TokenKind::Keyword(keyword) if keyword.is_noise()) {
            self.advance();
        }
    }

    /// The text of the next token.
    pub(super) fn found(&self) -> &'a str {
        self.token.span.of(self.text)
    }

    /// Whether white space, or the start of the text, is before the next token.
    pub(super) fn is_space_before(&self) -> bool {
        self.text[..self.token.span.start].chars().next_back().is_none_or(char::is_whitespace)
    }

    /// The character right after the next token.
    pub(super) fn char_after(&self) -> Option<char> {
        self.text[self.token.span.end..].chars().next()
    }

    /// Whether the next token is a hyphen right between two digits, as in `1-10`.
    pub(super) fn is_range_hyphen(&self) -> bool {
        let before = self.text[..self.token.span.start].chars().next_back();
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        self.token.kind == TokenKind::Minus && is_digit(before) && is_digit(self.char_after())
    }

    /// Whether the next token is a sign right before a number and after a space, as in `1 thru 5 +10`.
    pub(super) fn is_signed_number(&self) -> bool {
        matches!(self.token.kind, TokenKind::Plus | TokenKind::Minus)
            && self.is_space_before()
            && self.char_after().is_some_and(|c| c.is_ascii_digit())
    }

    /// An error at the next token.
    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.text, self.token.span)
    }

    /// An error because the next token is none of those expected.
    pub(super) fn unexpected<const N: usize>(&self, expected: [&str; N]) -> Error {
        let error = expected.into_iter().fold(self.error(ErrorKind::Syntax), Error::expected);
        let error = error.hint(foreign::hint(self.found()));
        match self.token.kind {
            TokenKind::Unclosed => error.hint("the quotes are not closed on this line"),
            TokenKind::Word => {
                let spellings = Keyword::SPELLINGS.iter().map(|(spelling, _)| *spelling);
                error.nearest(nearest(self.found(), spellings).map(str::to_owned))
            }
            _ => error,
        }
    }
}
