//! From characters to tokens.

use unicode_segmentation::UnicodeSegmentation;

use crate::Span;
use crate::keyword::Keyword;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// ASCII digits, perhaps with a point and more digits.
    Number,
    /// A word of letters and digits (UAX #29) that is no keyword.
    Word,
    /// A keyword, or a sign that stands for one: `@`, `%`, `>`, `..`.
    Keyword(Keyword),
    /// A text in quotes.
    Quoted,
    /// A text in quotes that the line ends before they are closed.
    Unclosed,
    /// `+`
    Plus,
    /// `-`, or a dash of another kind.
    Minus,
    /// `*` or `×`
    Times,
    /// `,`
    Comma,
    /// `(`
    Open,
    /// `)`
    Close,
    /// The end of a command: `;`, `#`, a new line, `enter`.
    Break,
    /// Any other character.
    Other,
    /// The end of the text.
    End,
}

/// A part of a text that has a meaning of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Where it stands.
    pub(crate) span: Span,
}

/// Reads the tokens of a text one by one. White space is between tokens, and is no token.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of a text.
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token. At the end of the text, that is [`TokenKind::End`] each time.
    pub(crate) fn next_token(&mut self) -> Token {
        let rest = &self.text[self.at..];
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() && c != '\n');
        let start = self.text.len() - rest.len();
        let (kind, len) = token_at(rest);
        self.at = start + len;
        Token { kind, span: Span::new(start, start + len) }
    }
}

/// The token at the start of a text, and its length in bytes.
fn token_at(rest: &str) -> (TokenKind, usize) {
    let Some(first) = rest.chars().next() else {
        return (TokenKind::End, 0);
    };
    let kind = match first {
        '0'..='9' => return number_or_word(rest),
        '"' | '“' | '„' => return quoted(rest, first),
        '.' if rest.starts_with("..") => return (TokenKind::Keyword(Keyword::Thru), 2),
        _ if first.is_alphanumeric() || first == '_' => return word(rest),
        '+' => TokenKind::Plus,
        // On phones, the hyphen may become an en dash or a minus sign.
        '-' | '–' | '−' => TokenKind::Minus,
        '*' | '×' => TokenKind::Times,
        ',' => TokenKind::Comma,
        '(' => TokenKind::Open,
        ')' => TokenKind::Close,
        '@' => TokenKind::Keyword(Keyword::At),
        '%' => TokenKind::Keyword(Keyword::Percent),
        '>' => TokenKind::Keyword(Keyword::Thru),
        ';' | '#' | '\n' => TokenKind::Break,
        // Speech recognition ends sentences with them.
        '.' | '!' if rest[1..].chars().next().is_none_or(char::is_whitespace) => TokenKind::Break,
        _ => TokenKind::Other,
    };
    (kind, first.len_utf8())
}

/// `12` and `12.5` are numbers; `2nd` is a word; `1..5` begins with the number `1`.
fn number_or_word(rest: &str) -> (TokenKind, usize) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    let fraction = rest[whole..].strip_prefix('.').map_or(0, digits);
    let len = if fraction > 0 { whole + 1 + fraction } else { whole };
    let goes_on = rest[len..].chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_');
    if goes_on { word(rest) } else { (TokenKind::Number, len) }
}

/// A word, as UAX #29 bounds it, but for commas and semicolons: those between digits are part of a word there.
fn word(rest: &str) -> (TokenKind, usize) {
    let text = ascii_word(rest).unwrap_or_else(|| unicode_word(rest));
    let kind = match Keyword::named(text) {
        Some(Keyword::Enter) => TokenKind::Break,
        Some(keyword) => TokenKind::Keyword(keyword),
        None => TokenKind::Word,
    };
    (kind, text.len())
}

/// The word at the start of a text, if it is of ASCII letters and digits, and ends where every rule ends it.
fn ascii_word(rest: &str) -> Option<&str> {
    let is_in_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let len = rest.bytes().take_while(is_in_word).count();
    let may_go_on = |byte: &u8| !byte.is_ascii() || matches!(byte, b'\'' | b'.' | b':');
    if len == 0 || rest.as_bytes().get(len).is_some_and(may_go_on) { None } else { Some(&rest[..len]) }
}

fn unicode_word(rest: &str) -> &str {
    let word = rest.split_word_bounds().next().unwrap_or(rest);
    word.split([',', ';']).next().unwrap_or(word)
}

/// A text in quotes, which may be straight or curly. A backslash takes the next character as it is.
fn quoted(rest: &str, open: char) -> (TokenKind, usize) {
    let is_close = |c: char| if open == '"' { c == '"' } else { matches!(c, '”' | '“' | '"') };
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return (TokenKind::Unclosed, at),
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if is_close(c) => return (TokenKind::Quoted, at + c.len_utf8()),
            _ => {}
        }
    }
    (TokenKind::Unclosed, rest.len())
}

/// The text of a [`TokenKind::Quoted`], without quotes and escapes.
pub(crate) fn unquote(token: &str) -> String {
    let mut inner = token.chars();
    inner.next();
    inner.next_back();
    let mut is_escaped = false;
    let keep = |&c: &char| {
        is_escaped = c == '\\' && !is_escaped;
        !is_escaped
    };
    inner.filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(text: &str) -> Vec<(TokenKind, &str)> {
        let mut lexer = Lexer::new(text);
        let next = || Some(lexer.next_token()).filter(|token| token.kind != TokenKind::End);
        std::iter::from_fn(next).map(|token| (token.kind, token.span.of(text))).collect()
    }

    fn texts(text: &str) -> Vec<&str> {
        tokens(text).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn numbers_end_where_words_begin() {
        use TokenKind::*;
        assert_eq!(
            tokens("1,3.5 1..5 2nd 3-10"),
            [
                (Number, "1"),
                (Comma, ","),
                (Number, "3.5"),
                (Number, "1"),
                (Keyword(crate::Keyword::Thru), ".."),
                (Number, "5"),
                (Word, "2nd"),
                (Number, "3"),
                (Minus, "-"),
                (Number, "10"),
            ]
        );
    }

    #[test]
    fn words_are_those_of_unicode() {
        use TokenKind::*;
        let found = tokens("l'avant Bühne前灯 _x FULL");
        let full = Keyword(crate::Keyword::Full);
        assert_eq!(
            found,
            [(Word, "l'avant"), (Word, "Bühne"), (Word, "前"), (Word, "灯"), (Word, "_x"), (full, "FULL")]
        );
    }

    proptest! {
        #[test]
        fn an_ascii_word_is_that_of_unicode(rest in "[a-z_][a-z0-9_]{0,3}[ ,;.:'ä\u{308}\u{200d}0-9-]{0,3}[a-z0-9]{0,2}") {
            if let Some(word) = ascii_word(&rest) {
                prop_assert_eq!(word, unicode_word(&rest));
            }
        }
    }

    #[test]
    fn a_comma_and_a_semicolon_end_a_word() {
        assert_eq!(texts("look1;2"), ["look1", ";", "2"]);
        assert_eq!(texts("wash1,3"), ["wash1", ",", "3"]);
        assert_eq!(texts("bühne1,3"), ["bühne1", ",", "3"]);
    }

    #[test]
    fn quotes_keep_everything_together() {
        for (text, inner) in
            [(r#""a, b""#, "a, b"), (r#""say \"hi\" \\""#, r#"say "hi" \"#), ("“a”", "a"), ("„a“", "a"), (r#""""#, "")]
        {
            assert_eq!(tokens(text), [(TokenKind::Quoted, text)]);
            assert_eq!(unquote(text), inner);
        }
        assert_eq!(tokens("\"a\n")[0], (TokenKind::Unclosed, "\"a"));
        assert_eq!(tokens("\"a\\\""), [(TokenKind::Unclosed, "\"a\\\"")]);
    }
}
