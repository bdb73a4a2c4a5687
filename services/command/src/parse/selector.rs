//! Which dimmers.

use std::num::NonZeroU16;

use ghostlight_rig::Dimmer;

use super::cursor::Cursor;
use super::level::without_leading_zeros;
use super::name;
use crate::error::AN_ACTION;
use crate::keyword::Keyword;
use crate::lexer::TokenKind;
use crate::syntax::{Base, Filter, Operator, Selector, Term};
use crate::{Error, ErrorKind, Spanned};

/// The most parentheses inside each other.
const MAX_DEPTH: usize = 16;

/// Whether a selector begins here.
pub(super) fn begins(cursor: &Cursor<'_>) -> bool {
    let is_keyword = |keyword| {
        matches!(
            keyword,
            Keyword::Thru | Keyword::Odd | Keyword::Even | Keyword::All | Keyword::On | Keyword::Last | Keyword::Dimmer
        )
    };
    match cursor.token.kind {
        TokenKind::Number | TokenKind::Open => true,
        TokenKind::Keyword(keyword) => is_keyword(keyword),
        _ => name::begins(cursor),
    }
}

/// `selector = term { operator term }`
pub(super) fn selector(cursor: &mut Cursor<'_>) -> Result<Selector, Error> {
    selector_inside(cursor, 0)
}

fn selector_inside(cursor: &mut Cursor<'_>, depth: usize) -> Result<Selector, Error> {
    let first = term(cursor, depth)?;
    let mut rest = Vec::new();
    while let Some(operator) = operator(cursor)? {
        rest.push((operator, term(cursor, depth)?));
    }
    Ok(Selector { first, rest })
}

/// `operator = "+" | "," | "and" | "-" | "except"`. A sign right before a number, after a space, is none: it changes a
/// level.
fn operator(cursor: &mut Cursor<'_>) -> Result<Option<Operator>, Error> {
    if cursor.is_range_hyphen() {
        let error = cursor.unexpected(["`+`", "`-` between spaces", AN_ACTION]);
        return Err(error.hint("a hyphen between two numbers is a range, and a range has two ends"));
    }
    let operator = match cursor.token.kind {
        TokenKind::Comma | TokenKind::Keyword(Keyword::And) => Operator::Add,
        TokenKind::Keyword(Keyword::Except) => Operator::Remove,
        TokenKind::Plus if !cursor.is_signed_number() => Operator::Add,
        TokenKind::Minus if !cursor.is_signed_number() => Operator::Remove,
        _ => return Ok(None),
    };
    cursor.advance();
    Ok(Some(operator))
}

/// `term = base { "odd" | "even" | "by" number }`
fn term(cursor: &mut Cursor<'_>, depth: usize) -> Result<Spanned<Term>, Error> {
    cursor.skip_noise();
    let start = cursor.token.span;
    let base = base(cursor, depth)?;
    let mut span = start.to(cursor.before);
    let mut filters = Vec::new();
    loop {
        cursor.skip_noise();
        filters.push(match cursor.token.kind {
            TokenKind::Keyword(Keyword::Odd) => Filter::Odd,
            TokenKind::Keyword(Keyword::Even) => Filter::Even,
            TokenKind::Keyword(Keyword::By) => Filter::By(step(cursor)?),
            _ => return Ok(Spanned::new(Term { base, filters }, span)),
        });
        span = span.to(cursor.advance().span);
    }
}

/// `base = dimmer | range | name | "all" | "on" | "last" | "(" selector ")"`. `odd` and `even` alone are of `all`.
fn base(cursor: &mut Cursor<'_>, depth: usize) -> Result<Base, Error> {
    let base = match cursor.token.kind {
        TokenKind::Number | TokenKind::Keyword(Keyword::Thru) => return range(cursor),
        TokenKind::Keyword(Keyword::Odd | Keyword::Even) => return Ok(Base::All),
        TokenKind::Open => return group(cursor, depth),
        _ if name::begins(cursor) => return name::name(cursor).map(Base::Name),
        TokenKind::Keyword(Keyword::All) => Base::All,
        TokenKind::Keyword(Keyword::On) => Base::On,
        TokenKind::Keyword(Keyword::Last) => Base::Last,
        kind => {
            let error = cursor.unexpected(["a dimmer from 1 to 65535", "a name", "`all`", "`on`", "`last`"]);
            let is_command = matches!(kind, TokenKind::Keyword(Keyword::Master | Keyword::Blackout | Keyword::Delete));
            return Err(error.hint(is_command.then_some("`;` ends a selection without an action")));
        }
    };
    cursor.advance();
    Ok(base)
}

/// `"(" selector ")"`
fn group(cursor: &mut Cursor<'_>, depth: usize) -> Result<Base, Error> {
    if depth == MAX_DEPTH {
        return Err(cursor
            .error(ErrorKind::TooMuch)
            .expected(format!("at most {MAX_DEPTH} parentheses inside each other")));
    }
    cursor.advance();
    let selector = selector_inside(cursor, depth + 1)?;
    if cursor.take(TokenKind::Close).is_none() {
        return Err(cursor.unexpected(["`+`", "`-`", "`by`", "`)`"]));
    }
    Ok(Base::Group(Box::new(selector)))
}

/// `range = [dimmer] ("thru" | "-") dimmer | dimmer`
fn range(cursor: &mut Cursor<'_>) -> Result<Base, Error> {
    if cursor.take_keyword(Keyword::Thru).is_some() {
        return Ok(Base::Range(Dimmer::MIN, end_of_range(cursor)?));
    }
    let first = dimmer(cursor)?;
    if cursor.is_range_hyphen() || cursor.token.kind == TokenKind::Keyword(Keyword::Thru) {
        cursor.advance();
        return Ok(Base::Range(first, end_of_range(cursor)?));
    }
    Ok(Base::Dimmer(first))
}

/// The last dimmer of a range, which may have noise words before it: `dimmer 1 thru dimmer 5`.
fn end_of_range(cursor: &mut Cursor<'_>) -> Result<Dimmer, Error> {
    cursor.skip_noise();
    dimmer(cursor)
}

/// The number of a dimmer.
fn dimmer(cursor: &mut Cursor<'_>) -> Result<Dimmer, Error> {
    let expected = "a dimmer from 1 to 65535";
    if cursor.token.kind != TokenKind::Number {
        return Err(cursor.unexpected([expected]));
    }
    let out_of_range = || cursor.error(ErrorKind::OutOfRange).expected(expected);
    let dimmer = Dimmer::parse(without_leading_zeros(cursor.found())).ok_or_else(out_of_range)?;
    cursor.advance();
    Ok(dimmer)
}

/// The number after `by`, which is left to be taken.
fn step(cursor: &mut Cursor<'_>) -> Result<NonZeroU16, Error> {
    cursor.advance();
    if cursor.token.kind != TokenKind::Number {
        return Err(cursor.unexpected(["a step from 1 to 65535"]));
    }
    let step = without_leading_zeros(cursor.found()).parse();
    step.map_err(|_| cursor.error(ErrorKind::OutOfRange).expected("a step from 1 to 65535"))
}
