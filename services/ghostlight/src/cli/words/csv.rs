//! Words as comma-separated values (RFC 4180): a line for each dimmer of a word, `word,dimmer,level`. A word without dimmers
//! has one line without them.

use std::fmt::Write as _;

use ghostlight_rig::{Dimmer, Level, Look, Word};

/// The first line.
const HEAD: &str = "word,dimmer,level";

/// The text of words.
pub(super) fn write<'a>(words: impl IntoIterator<Item = (&'a Word, &'a Look)>) -> String {
    let mut text = format!("{HEAD}\n");
    for (word, look) in words {
        let word = field(word.as_str());
        if look.is_empty() {
            let _ = writeln!(text, "{word},,");
        }
        for (dimmer, level) in look.iter() {
            let _ = writeln!(text, "{word},{dimmer},{level}");
        }
    }
    text
}

/// A field, in quotes if it needs them.
fn field(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// Reads words. The lines of a word may stand anywhere, and a dimmer comes once in each word.
///
/// # Errors
/// What is wrong, and in which line.
pub(super) fn read(text: &str) -> Result<Vec<(Word, Look)>, String> {
    let mut lines = text.lines().enumerate();
    let head = lines.next().map_or("", |(_, head)| head);
    if head.trim_end() != HEAD {
        return Err(format!("line 1: the first line is {HEAD}"));
    }
    let mut words = std::collections::BTreeMap::<Word, Vec<(Dimmer, Level)>>::new();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let at = |problem: String| format!("line {}: {problem}", index + 1);
        let (word, level) = read_line(line).map_err(at)?;
        let look = words.entry(word).or_default();
        if let Some((dimmer, _)) = level.filter(|(dimmer, _)| look.iter().any(|(other, _)| other == dimmer)) {
            return Err(at(format!("dimmer {dimmer} comes twice in this word")));
        }
        look.extend(level);
    }
    Ok(words.into_iter().map(|(word, look)| (word, look.into_iter().collect())).collect())
}

/// The word of a line, and its dimmer and level if it has them.
fn read_line(line: &str) -> Result<(Word, Option<(Dimmer, Level)>), String> {
    let fields = fields(line)?;
    let [word, dimmer, level] = &fields[..] else { return Err(format!("it has {} fields, not 3", fields.len())) };
    let word = Word::new(word).map_err(|error| format!("{word:?}: {error}"))?;
    if dimmer.is_empty() && level.is_empty() {
        return Ok((word, None));
    }
    let number = Dimmer::parse(dimmer).ok_or_else(|| format!("{dimmer:?} is not a dimmer number (1 to 65535)"))?;
    let level = Level::parse(level).map_err(|error| format!("{level:?}: {error}"))?;
    Ok((word, Some((number, level))))
}

/// The fields of a line.
fn fields(line: &str) -> Result<Vec<String>, String> {
    let (mut fields, mut rest) = (Vec::new(), line);
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return Err("there is something after a field in quotes".to_owned()),
        }
    }
}

/// The content of a field in quotes, after the first one, and what follows the field.
fn unquoted(text: &str) -> Result<(String, &str), String> {
    let (mut field, mut rest) = (String::new(), text);
    loop {
        let end = rest.find('"').ok_or("a field in quotes has no end")?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Ok((field, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_is_a_line_for_each_dimmer() {
        let text = "word,dimmer,level\n\"a, \"\"b\"\"\",1,50\n\"a, \"\"b\"\"\",2,12.5\ndark,,\n";
        let words = read(text).unwrap();
        assert_eq!(
            words.iter().map(|(word, look)| (word.as_str(), look.len())).collect::<Vec<_>>(),
            [("a, \"b\"", 2), ("dark", 0)]
        );
        assert_eq!(write(words.iter().map(|(word, look)| (word, look))), text);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (lines, problem) in [
            ("", "line 1: the first line is word,dimmer,level"),
            ("wash,1,50", "line 1: the first line is"),
            ("word,dimmer,level\nwash,1", "line 2: it has 2 fields, not 3"),
            ("word,dimmer,level\n\nwash,1,50\nWash,1,60", "line 4: dimmer 1 comes twice"),
            ("word,dimmer,level\nwash,0,50", "line 2: \"0\" is not a dimmer number"),
            ("word,dimmer,level\nwash,1,101", "line 2: \"101\""),
            ("word,dimmer,level\nwash,1,", "line 2: \"\""),
            ("word,dimmer,level\n!,1,50", "a letter or a digit"),
            ("word,dimmer,level\n\"wash,1,50", "has no end"),
            ("word,dimmer,level\n\"wash\"x,1,50", "after a field in quotes"),
        ] {
            let told = read(lines).unwrap_err();
            assert!(told.contains(problem), "{lines:?}: {told}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(words in prop::collection::btree_map("[a-c][ ,\"a]{0,4}", prop::collection::btree_map(1u16..9, 0u16..=10_000, 0..4), 0..6)) {
            let level = |(dimmer, level): (u16, u16)| (Dimmer::new(dimmer).unwrap(), Level::from_hundredths(level).unwrap());
            let words: std::collections::BTreeMap<Word, Look> = words
                .into_iter()
                .map(|(text, look)| (Word::new(&text).unwrap(), look.into_iter().map(level).collect()))
                .collect();
            prop_assert_eq!(read(&write(&words)), Ok(words.into_iter().collect()));
        }
    }
}
