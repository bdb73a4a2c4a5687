//! Shortens a JavaScript module: removes comments, and white space between tokens that cannot merge.
//!
//! It splits the text into tokens as the language does
//! (<https://tc39.es/ecma262/#sec-ecmascript-language-lexical-grammar>) but does not parse it. It guesses whether a `/`
//! begins a regular expression: after an operator or a keyword it does; after a value, `)`, `]` or `}` it divides. So a
//! module must not begin a statement with a regular expression, nor divide a value that ends in `++`.
//! `tests/console.rs` parses every module of the page before and after with TypeScript's parser and compares the
//! programs.

/// Keywords after which a value begins.
const KEYWORDS: [&str; 14] = [
    "await",
    "case",
    "delete",
    "do",
    "else",
    "in",
    "instanceof",
    "new",
    "of",
    "return",
    "throw",
    "typeof",
    "void",
    "yield",
];

/// Shortens a module.
pub(crate) fn shortened(source: &str) -> Result<String, String> {
    let mut reader = Reader { source, at: 0, open: Vec::new(), last: "" };
    let (mut short, mut gap) = (String::with_capacity(source.len()), Gap::None);
    while reader.at < source.len() {
        if let Some(found) = reader.gap()? {
            gap = gap.max(found);
            continue;
        }
        let token = reader.token()?;
        match gap {
            Gap::Line if lines_matter(reader.last, token) => short.push('\n'),
            Gap::Line | Gap::Space if would_merge(reader.last, token) => short.push(' '),
            _ => {}
        }
        short.push_str(token);
        (reader.last, gap) = (token, Gap::None);
    }
    if !reader.open.is_empty() {
        return Err("a `{` is not closed".to_owned());
    }
    short.push('\n');
    Ok(short)
}

/// The gap between two tokens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    /// White space with a line break, which may end a statement.
    Line,
}

/// The construct that the next `}` closes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Brace,
    /// An expression inside a template.
    Template,
}

struct Reader<'a> {
    source: &'a str,
    /// The byte offset of the next token or gap.
    at: usize,
    open: Vec<Open>,
    /// The previous token; empty at the beginning.
    last: &'a str,
}

impl<'a> Reader<'a> {
    /// Skips white space or one comment, if either is next.
    fn gap(&mut self) -> Result<Option<Gap>, String> {
        let rest = &self.source[self.at..];
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").ok_or_else(|| self.error("a comment does not end"))? + 2
        } else {
            rest.len() - rest.trim_start().len()
        };
        self.at += len;
        let gap = if rest[..len].contains('\n') { Gap::Line } else { Gap::Space };
        Ok((len > 0).then_some(gap))
    }

    /// Reads the next token: a word or a number, a string, a part of a template, a regular expression, or one character
    /// of punctuation.
    fn token(&mut self) -> Result<&'a str, String> {
        let rest = &self.source[self.at..];
        let first = rest.chars().next().unwrap_or_default();
        let len = match first {
            '\'' | '"' => self.text(first)?,
            '`' => self.template()?,
            '}' if self.open.last() == Some(&Open::Template) => {
                self.open.pop();
                self.template()?
            }
            '/' if self.value_may_begin() => self.regular_expression()?,
            _ if is_of_word(first) => rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()),
            _ => {
                match first {
                    '{' => self.open.push(Open::Brace),
                    '}' if self.open.pop().is_none() => return Err(self.error("a `}` closes nothing")),
                    _ => {}
                }
                first.len_utf8()
            }
        };
        self.at += len;
        Ok(&rest[..len])
    }

    /// The length of the string that begins here.
    fn text(&self, quote: char) -> Result<usize, String> {
        let rest = self.source[self.at..].char_indices().skip(1);
        self.until("a text", rest, |c| c == quote, |c| c == '\n')
    }

    /// The length of the part of a template that begins here, including the quote or the brace that ends it.
    fn template(&mut self) -> Result<usize, String> {
        let rest = &self.source[self.at..];
        let (mut is_escaped, mut before) = (false, ' ');
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '`' => return Ok(at + 1),
                '{' if before == '$' => {
                    self.open.push(Open::Template);
                    return Ok(at + 1);
                }
                _ => {}
            }
            before = c;
        }
        Err(self.error("a template does not end"))
    }

    /// The length of the regular expression that begins here, without its flags, which are read as a word.
    fn regular_expression(&self) -> Result<usize, String> {
        let mut is_in_class = false;
        let rest = self.source[self.at..].char_indices().skip(1);
        let ends = |c| {
            match c {
                '[' => is_in_class = true,
                ']' => is_in_class = false,
                _ => {}
            }
            c == '/' && !is_in_class
        };
        self.until("a regular expression", rest, ends, |c| c == '\n')
    }

    /// The end of the first unescaped character that `ends` accepts.
    fn until(
        &self,
        what: &str,
        rest: impl Iterator<Item = (usize, char)>,
        mut ends: impl FnMut(char) -> bool,
        breaks: impl Fn(char) -> bool,
    ) -> Result<usize, String> {
        let mut is_escaped = false;
        for (at, c) in rest {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                _ if breaks(c) => break,
                _ if ends(c) => return Ok(at + 1),
                _ => {}
            }
        }
        Err(self.error(&format!("{what} does not end in its line")))
    }

    fn value_may_begin(&self) -> bool {
        match self.last.chars().last() {
            None => true,
            Some(')' | ']' | '}' | '\'' | '"' | '`') => false,
            Some(c) if is_of_word(c) => KEYWORDS.contains(&self.last),
            Some(_) => true,
        }
    }

    fn error(&self, what: &str) -> String {
        format!("line {}: {what}", self.source[..self.at].matches('\n').count() + 1)
    }
}

/// Whether a character belongs to a name, a keyword, a number or a regular expression's flags.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '\\')
}

/// Whether a line break between two tokens may end a statement: it cannot after an opening bracket, `,` or `;`, nor
/// before a closing bracket or `,`.
fn lines_matter(before: &str, after: &str) -> bool {
    !before.is_empty() && !matches!(before, "{" | "(" | "[" | "," | ";") && !matches!(after, "}" | ")" | "]" | ",")
}

/// Whether two tokens would merge without white space between them.
fn would_merge(before: &str, after: &str) -> bool {
    let (Some(last), Some(first)) = (before.chars().last(), after.chars().next()) else { return false };
    match (last, first) {
        // A regular expression that ended without flags, or a division.
        ('/', _) | (_, '/') => true,
        ('+', '+') | ('-', '-') => true,
        // `1 .toString()`.
        ('0'..='9', '.') => true,
        _ => is_of_word(last) && is_of_word(first),
    }
}
