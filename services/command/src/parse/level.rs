//! Levels, and changes of a level.

use ghostlight_rig::Level;

use super::cursor::Cursor;
use crate::keyword::Keyword;
use crate::lexer::TokenKind;
use crate::syntax::LevelChange;
use crate::{Error, ErrorKind, Factor};

/// Whether a change of a level begins here. After a selection, a sign between spaces does not begin one.
pub(super) fn change_begins(cursor: &Cursor<'_>) -> bool {
    match cursor.token.kind {
        TokenKind::Keyword(keyword) => matches!(keyword, Keyword::At | Keyword::Full | Keyword::Out),
        TokenKind::Times => true,
        _ => cursor.is_signed_number(),
    }
}

/// `change = "at" (level | relative) | "full" | "out" | relative`
pub(super) fn change(cursor: &mut Cursor<'_>) -> Result<LevelChange, Error> {
    match cursor.token.kind {
        TokenKind::Keyword(Keyword::At) => {
            cursor.advance();
            if relative_begins(cursor) { relative(cursor) } else { Ok(LevelChange::To(level(cursor)?)) }
        }
        TokenKind::Keyword(Keyword::Full | Keyword::Out) => Ok(LevelChange::To(level(cursor)?)),
        _ if relative_begins(cursor) => relative(cursor),
        _ => Err(cursor.unexpected(["`at`", "`full`", "`out`", "`+`", "`-`", "`*`"])),
    }
}

/// Whether a relative change begins here, where no dimmers can follow.
pub(super) fn relative_begins(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.token.kind, TokenKind::Plus | TokenKind::Minus | TokenKind::Times)
}

/// `relative = ("+" | "-") number ["%"] | "*" number "%"`
pub(super) fn relative(cursor: &mut Cursor<'_>) -> Result<LevelChange, Error> {
    match cursor.advance().kind {
        TokenKind::Plus => points(cursor).map(LevelChange::Raise),
        TokenKind::Minus => points(cursor).map(LevelChange::Lower),
        _ => factor(cursor).map(LevelChange::Scale),
    }
}

/// `level = number ["%"] | "full" | "out"`
pub(super) fn level(cursor: &mut Cursor<'_>) -> Result<Level, Error> {
    if cursor.take_keyword(Keyword::Full).is_some() {
        return Ok(Level::FULL);
    }
    if cursor.take_keyword(Keyword::Out).is_some() {
        return Ok(Level::OUT);
    }
    if cursor.token.kind == TokenKind::Number {
        return points(cursor);
    }
    let error = cursor.unexpected(["a level from 0 to 100", "`full`", "`out`"]);
    Err(match cursor.token.kind {
        TokenKind::Keyword(Keyword::Dimmer) => error.hint("`1 copy 11` copies the level of dimmer 1 to dimmer 11"),
        _ => error,
    })
}

/// `number ["%"]`, 0 to 100.
fn points(cursor: &mut Cursor<'_>) -> Result<Level, Error> {
    if cursor.token.kind != TokenKind::Number {
        return Err(cursor.unexpected(["a number of percent from 0 to 100"]));
    }
    let digits = without_leading_zeros(cursor.found());
    let level =
        Level::parse(digits).map_err(|_| cursor.error(ErrorKind::OutOfRange).expected("a level from 0 to 100"))?;
    cursor.advance();
    cursor.take_keyword(Keyword::Percent);
    Ok(level)
}

/// `number "%"`, 0 to 10,000.
fn factor(cursor: &mut Cursor<'_>) -> Result<Factor, Error> {
    if cursor.token.kind != TokenKind::Number {
        return Err(cursor.unexpected(["a number of percent, as in `*50%`"]));
    }
    let error = || cursor.error(ErrorKind::OutOfRange).expected("a factor from 0 to 10000 percent");
    let factor = Factor::parse(without_leading_zeros(cursor.found())).ok_or_else(error)?;
    cursor.advance();
    if cursor.take_keyword(Keyword::Percent).is_none() {
        return Err(cursor.unexpected(["`%`"]).hint("`*50%` is half of each level"));
    }
    Ok(factor)
}

/// `05` is 5, as on a keypad.
pub(super) fn without_leading_zeros(digits: &str) -> &str {
    let zeros = digits.bytes().take_while(|&digit| digit == b'0').count();
    let has_digit = digits.as_bytes().get(zeros).is_some_and(u8::is_ascii_digit);
    if zeros > 0 && !has_digit { &digits[zeros - 1..] } else { &digits[zeros..] }
}
