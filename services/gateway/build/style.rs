//! Shortens a style sheet: removes comments, indentation and empty lines.

/// Shortens a style sheet. Strings stay unchanged.
pub(crate) fn shortened(source: &str) -> Result<String, String> {
    let (mut short, mut rest) = (String::with_capacity(source.len()), source);
    while let Some(character) = rest.chars().next() {
        let length = match character {
            '/' if rest.starts_with("/*") => {
                let end = rest.find("*/").ok_or("a comment is not closed")?;
                rest = &rest[end + 2..];
                continue;
            }
            '"' | '\'' => string_length(rest, character).ok_or("a string is not closed")?,
            other => other.len_utf8(),
        };
        short.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    let lines = short.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.flat_map(|line| [line, "\n"]).collect())
}

/// The length of the string at the beginning of the text, with its quotes.
fn string_length(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    let mut characters = text.char_indices().skip(1);
    characters.find_map(|(at, character)| {
        let is_end = character == quote && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        is_end.then_some(at + quote.len_utf8())
    })
}
