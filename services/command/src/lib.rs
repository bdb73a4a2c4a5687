//! The language of commands: a text of words and levels becomes one change of a rig.
//!
//! `dimmer 3-10 @ 0, wash at 50, 9 + 11 full` is parsed into commands ([`parse`]). They are resolved against a rig, its
//! words and the client's last selection ([`resolve`]) to absolute values, so that nothing has to be looked up again.
//! [`understand`] does both. A text that is not understood as a whole is refused as a whole, with an [`Error`] that says
//! where, what was found and what was expected. `GRAMMAR.md` beside this crate's manifest has the grammar.
//!
//! [`lookup`] finds the words of a [`Dictionary`] in a text of any kind.
//!
//! Everything here is pure: no I/O, no async, no clock. Everything is bounded: [`MAX_TEXT_BYTES`], [`MAX_COMMANDS`],
//! [`MAX_SELECTED`].

mod dictionary;
mod error;
mod factor;
mod foreign;
mod keyword;
mod lexer;
mod lookup;
mod nearest;
mod parse;
mod print;
mod resolve;
mod selection;
mod span;
pub mod syntax;
mod view;

pub use dictionary::Dictionary;
pub use error::{Error, ErrorKind};
pub use factor::Factor;
pub use ghostlight_rig::{Look, Word};
pub use keyword::Keyword;
pub use lookup::{Lookup, lookup};
pub use nearest::nearest;
pub use parse::{MAX_COMMANDS, MAX_TEXT_BYTES, parse};
pub use print::print;
pub use resolve::{Context, MAX_SELECTED, Note, Understood, resolve, understand};
pub use selection::{Member, Selection, SelectionError};
pub use span::{Span, Spanned};
pub use view::View;
