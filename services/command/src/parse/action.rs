//! What is done to selected dimmers.

use ghostlight_rig::{Label, Level};

use super::cursor::Cursor;
use super::{level, name, selector};
use crate::keyword::Keyword;
use crate::lexer::{TokenKind, unquote};
use crate::syntax::{Action, Fan, LevelChange, Recording};
use crate::{Error, ErrorKind, Spanned};

/// Whether an action begins here.
pub(super) fn begins(cursor: &Cursor<'_>) -> bool {
    let is_keyword = |keyword| matches!(keyword, Keyword::Copy | Keyword::Forget | Keyword::Label | Keyword::Record);
    matches!(cursor.token.kind, TokenKind::Keyword(keyword) if is_keyword(keyword)) || level::change_begins(cursor)
}

/// `action = change | fan | "copy" ["to"] selector | "forget" | "label" quoted | recording`
pub(super) fn action(cursor: &mut Cursor<'_>) -> Result<Spanned<Action>, Error> {
    let start = cursor.token.span;
    let action = match cursor.token.kind {
        TokenKind::Keyword(Keyword::Copy) => copy(cursor)?,
        TokenKind::Keyword(Keyword::Forget) => {
            cursor.advance();
            Action::Forget
        }
        TokenKind::Keyword(Keyword::Label) => label(cursor)?,
        TokenKind::Keyword(Keyword::Record) => Action::Record(recording(cursor)?),
        _ => level_or_fan(cursor)?,
    };
    Ok(Spanned::new(action, start.to(cursor.before)))
}

/// `change | "at" level "thru" level { "thru" level }`
fn level_or_fan(cursor: &mut Cursor<'_>) -> Result<Action, Error> {
    let change = level::change(cursor)?;
    let LevelChange::To(first) = change else {
        return Ok(Action::Change(change));
    };
    let Some(to) = next_of_fan(cursor)? else {
        return Ok(Action::Change(change));
    };
    let mut fan = Fan { from: first, to, then: Vec::new() };
    while let Some(level) = next_of_fan(cursor)? {
        fan.then.push(level);
    }
    Ok(Action::Fan(fan))
}

/// `thru level`, if it follows.
fn next_of_fan(cursor: &mut Cursor<'_>) -> Result<Option<Level>, Error> {
    if !cursor.is_range_hyphen() && cursor.token.kind != TokenKind::Keyword(Keyword::Thru) {
        return Ok(None);
    }
    cursor.advance();
    level::level(cursor).map(Some)
}

/// `"copy" ["to"] selector`
fn copy(cursor: &mut Cursor<'_>) -> Result<Action, Error> {
    cursor.advance();
    cursor.take_keyword(Keyword::To);
    selector::selector(cursor).map(Action::Copy)
}

/// `"label" quoted`
fn label(cursor: &mut Cursor<'_>) -> Result<Action, Error> {
    cursor.advance();
    if cursor.token.kind != TokenKind::Quoted {
        return Err(cursor.unexpected(["a label in quotes"]));
    }
    let text = unquote(cursor.found());
    let refused = |_| {
        cursor.error(ErrorKind::BadName).expected("a label of 1 to 40 characters, none of them a control character")
    };
    let label = if text.is_empty() { None } else { Some(Label::new(&text).map_err(refused)?) };
    cursor.advance();
    Ok(Action::Label(label))
}

/// `recording = "record" ["word"] name ["at" level | "full" | "out"]`
pub(super) fn recording(cursor: &mut Cursor<'_>) -> Result<Recording, Error> {
    cursor.advance();
    cursor.take_keyword(Keyword::Word);
    let word = name::name(cursor)?;
    Ok(Recording { word, level: recorded_level(cursor)? })
}

fn recorded_level(cursor: &mut Cursor<'_>) -> Result<Option<Level>, Error> {
    let has_at = cursor.take_keyword(Keyword::At).is_some();
    let is_level = matches!(cursor.token.kind, TokenKind::Keyword(Keyword::Full | Keyword::Out));
    if has_at || is_level { level::level(cursor).map(Some) } else { Ok(None) }
}
