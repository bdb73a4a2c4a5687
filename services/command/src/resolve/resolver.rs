//! The state of resolving a text.

use ghostlight_rig::Reverse;

use super::draft::Draft;
use crate::{Context, Error, ErrorKind, Note, Selection, Span};

/// The most dimmers that all parts of a text select together, and examine to select them: eight whole rigs. So a text
/// takes a bounded time.
pub const MAX_SELECTED: usize = 8 * 65_535;

/// Resolves the commands of a text, one after another.
pub(super) struct Resolver<'a> {
    /// The text.
    pub(super) text: &'a str,
    /// What it is resolved against.
    pub(super) context: Context<'a>,
    /// What the commands have done so far.
    pub(super) draft: Draft<'a>,
    /// Whether the text asks to take back the last change, or to make it again.
    pub(super) reverse: Option<Reverse>,
    /// The last selection of the text.
    pub(super) selection: Option<Selection>,
    /// What whoever wrote the text should know.
    pub(super) notes: Vec<Note>,
    /// How many dimmers may still be selected.
    left: usize,
}

impl<'a> Resolver<'a> {
    /// A resolver before the first command.
    pub(super) fn new(text: &'a str, context: Context<'a>) -> Self {
        let (draft, left) = (Draft::new(context.view), MAX_SELECTED);
        Self { text, context, draft, reverse: None, selection: None, notes: Vec::new(), left }
    }

    /// Counts dimmers that the part of the text at `span` selects.
    ///
    /// # Errors
    /// If it is too many.
    pub(super) fn count(&mut self, dimmers: usize, span: Span) -> Result<(), Error> {
        self.left = self.left.checked_sub(dimmers).ok_or_else(|| {
            let expected = format!("at most {MAX_SELECTED} dimmers in all parts of a text together");
            self.error(ErrorKind::TooMuch, span).expected(expected)
        })?;
        Ok(())
    }

    /// An error at a part of the text.
    pub(super) fn error(&self, kind: ErrorKind, span: Span) -> Error {
        Error::new(kind, self.text, span)
    }
}
