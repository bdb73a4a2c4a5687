//! From a text to commands, by recursive descent: one function for each rule of the grammar.

mod action;
mod cursor;
mod level;
mod name;
mod selector;

use ghostlight_rig::Reverse;

use crate::error::AN_ACTION;
use crate::keyword::Keyword;
use crate::lexer::TokenKind;
use crate::syntax::{Action, Command, LevelChange};
use crate::{Error, ErrorKind, Span, Spanned};
use cursor::Cursor;

/// The most bytes of a text.
pub const MAX_TEXT_BYTES: usize = 4096;

/// What a command begins with.
const BEGINNINGS: [&str; 8] =
    ["dimmers", AN_ACTION, "`master`", "`blackout`", "`record`", "`delete`", "`undo`", "`redo`"];

/// The most commands of a text.
pub const MAX_COMMANDS: usize = 128;

/// The commands of a text, at least one.
///
/// # Errors
/// [`Error`], if the text breaks the grammar: nothing of it is skipped.
pub fn parse(text: &str) -> Result<Vec<Spanned<Command>>, Error> {
    if text.len() > MAX_TEXT_BYTES {
        let error = Error::new(ErrorKind::TooMuch, text, Span::new(0, 0)).found(format!("{} bytes", text.len()));
        return Err(error.expected(format!("at most {MAX_TEXT_BYTES} bytes")));
    }
    let mut cursor = Cursor::new(text);
    let mut commands = Vec::new();
    loop {
        while cursor.take(TokenKind::Break).is_some() {}
        if cursor.token.kind == TokenKind::End && !commands.is_empty() {
            return alone(text, commands);
        }
        loop {
            if commands.len() == MAX_COMMANDS {
                return Err(cursor.error(ErrorKind::TooMuch).expected(format!("at most {MAX_COMMANDS} commands")));
            }
            commands.push(command(&mut cursor)?);
            if !next_follows(&mut cursor, commands.last())? {
                break;
            }
        }
    }
}

/// `undo` and `redo` are alone in their text: what they change is not known before they are done.
fn alone(text: &str, commands: Vec<Spanned<Command>>) -> Result<Vec<Spanned<Command>>, Error> {
    match commands.iter().find(|command| matches!(command.value, Command::Reverse(_))) {
        Some(reverse) if commands.len() > 1 => {
            let error = Error::new(ErrorKind::Syntax, text, reverse.span);
            Err(error.found(format!("`{}` beside another command", reverse.value)).expected("it alone in its text"))
        }
        _ => Ok(commands),
    }
}

/// Whether the next command has to follow, after a comma. Otherwise the command ends here.
fn next_follows(cursor: &mut Cursor<'_>, last: Option<&Spanned<Command>>) -> Result<bool, Error> {
    if matches!(cursor.token.kind, TokenKind::Break | TokenKind::End) {
        return Ok(false);
    }
    if cursor.take(TokenKind::Comma).is_some() || cursor.take_keyword(Keyword::And).is_some() {
        return Ok(true);
    }
    let last = last.map(|command| &command.value);
    let error = match last {
        Some(Command::Select(_)) => cursor.unexpected(["`+`", "`-`", "`by`", AN_ACTION]),
        _ => cursor.unexpected(["`,`", "`;`"]).nearest(None),
    };
    Err(error.expected("the end of the command").hint(last.and_then(|last| hint(cursor, last))))
}

/// What may help if something unexpected follows a command.
fn hint(cursor: &Cursor<'_>, last: &Command) -> Option<&'static str> {
    match (last, cursor.token.kind) {
        (Command::Select(_), TokenKind::Number) => Some("two parts of a selection have `+` between them"),
        (Command::Select(_), TokenKind::Keyword(Keyword::Off)) => Some("`out` is the level 0"),
        (Command::Select(_), TokenKind::Keyword(Keyword::On)) => Some("`full` is the level 100"),
        (Command::Select(_), TokenKind::Keyword(Keyword::Thru)) => {
            Some("a range goes from the number of one dimmer to that of another")
        }
        (Command::Select(_), TokenKind::Keyword(Keyword::Master | Keyword::Blackout | Keyword::Delete)) => {
            Some("`;` ends a selection without an action")
        }
        (Command::Act { action, .. }, _) => match action.value {
            Action::Change(LevelChange::Raise(_) | LevelChange::Lower(_)) => {
                Some("a sign before a number, as in `1 +10`, changes a level; between spaces it means dimmers")
            }
            Action::Copy(_) => Some("a comma after `copy` continues its destination; `;` ends the command"),
            _ => None,
        },
        _ => None,
    }
}

/// `command`: one command, with the noise words around it.
fn command(cursor: &mut Cursor<'_>) -> Result<Spanned<Command>, Error> {
    cursor.skip_noise();
    let start = cursor.token.span;
    let command = match cursor.token.kind {
        TokenKind::Keyword(Keyword::Master) => {
            cursor.advance();
            Command::Master(level::change(cursor)?)
        }
        TokenKind::Keyword(Keyword::Blackout) => blackout(cursor)?,
        TokenKind::Keyword(Keyword::Record) => Command::Record(action::recording(cursor)?),
        TokenKind::Keyword(Keyword::Delete) => delete(cursor)?,
        TokenKind::Keyword(Keyword::Undo) => reverse(cursor, Reverse::Undo),
        TokenKind::Keyword(Keyword::Redo) => reverse(cursor, Reverse::Redo),
        TokenKind::Plus | TokenKind::Minus => Command::Act { selector: None, action: action::action(cursor)? },
        _ if action::begins(cursor) => Command::Act { selector: None, action: action::action(cursor)? },
        _ if selector::begins(cursor) => {
            let selector = selector::selector(cursor)?;
            if action::begins(cursor) {
                Command::Act { selector: Some(selector), action: action::action(cursor)? }
            } else {
                Command::Select(selector)
            }
        }
        _ => return Err(cursor.unexpected(BEGINNINGS)),
    };
    let span = start.to(cursor.before);
    cursor.skip_noise();
    Ok(Spanned::new(command, span))
}

/// `"undo"` or `"redo"`
fn reverse(cursor: &mut Cursor<'_>, reverse: Reverse) -> Command {
    cursor.advance();
    Command::Reverse(reverse)
}

/// `"blackout" ("on" | "off")`
fn blackout(cursor: &mut Cursor<'_>) -> Result<Command, Error> {
    cursor.advance();
    if cursor.take_keyword(Keyword::On).is_some() {
        return Ok(Command::Blackout(true));
    }
    if cursor.take_keyword(Keyword::Off).is_some() {
        return Ok(Command::Blackout(false));
    }
    Err(cursor.unexpected(["`on`", "`off`"]))
}

/// `"delete" "word" name`
fn delete(cursor: &mut Cursor<'_>) -> Result<Command, Error> {
    cursor.advance();
    cursor.skip_noise();
    if cursor.take_keyword(Keyword::Word).is_none() {
        return Err(cursor.unexpected(["`word`"]));
    }
    Ok(Command::Delete(name::name(cursor)?))
}
