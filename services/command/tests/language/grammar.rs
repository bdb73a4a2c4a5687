//! `GRAMMAR.md`: its examples mean what it says, and its grammar has every keyword.

use ghostlight_command::{Keyword, understand};

use crate::support::{Given, levels_of};
use crate::texts;

const GRAMMAR: &str = include_str!("../../GRAMMAR.md");

/// The rows of the table with this header, each with its cells.
fn table(header: &str) -> Vec<Vec<&'static str>> {
    let (_, rows) = GRAMMAR.split_once(&format!("\n{header}\n")).unwrap();
    let rows = rows.lines().skip(1).take_while(|line| line.starts_with('|'));
    let rows: Vec<_> = rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect();
    assert!(rows.len() > 3, "{header}");
    rows
}

fn code(cell: &str) -> &str {
    cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap_or_else(|| panic!("{cell} is no code"))
}

fn given() -> Given {
    texts::given()
}

#[test]
fn the_examples_mean_what_they_say() {
    for row in table("| text | is understood as | changes |") {
        let [text, sentence, changes] = row[..] else { panic!("{row:?}") };
        let understood = understand(code(text), given().context()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((understood.sentence.as_str(), levels_of(&understood).trim()), (code(sentence), changes), "{text}");
    }
    let (_, others) = GRAMMAR.split_once("Other things that a rig has: ").unwrap();
    let others = others.split_once("\n\n").unwrap().0;
    for text in others.split('`').skip(1).step_by(2) {
        assert!(understand(text, given().context()).is_ok(), "{text}");
    }
}

#[test]
fn the_errors_read_as_they_are_shown() {
    for row in table("| text | error |") {
        let error = understand(code(row[0]), given().context()).unwrap_err();
        assert_eq!(error.to_string(), row[1], "{}", row[0]);
    }
}

#[test]
fn each_difference_is_a_text_of_the_tables() {
    let texts: Vec<_> = texts::blocks().into_iter().map(|block| (block.text, block.told)).collect();
    for row in table("| text | there | here, and why |") {
        let Some((_, told)) = texts.iter().find(|(text, _)| text == code(row[0])) else {
            panic!("{} is in no table", row[0]);
        };
        assert_eq!(told.starts_with('^'), row[2].starts_with("refused"), "{}: {told}", row[0]);
    }
}

#[test]
fn the_grammar_has_every_keyword() {
    let ebnf = GRAMMAR.split_once("```ebnf").unwrap().1.split_once("```").unwrap().0;
    for (spelling, keyword) in Keyword::SPELLINGS {
        let is_there = ebnf.contains(&format!("\"{spelling}\""));
        assert_eq!(is_there, *keyword != Keyword::Cue, "{spelling}");
    }
}
