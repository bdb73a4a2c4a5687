//! From commands to one change: names are looked up, selections and relative levels become absolute levels.

mod act;
mod context;
mod draft;
mod labels;
mod names;
mod note;
mod resolver;
mod select;

pub use context::{Context, Understood};
pub use note::Note;
pub use resolver::MAX_SELECTED;

use resolver::Resolver;

use crate::syntax::Command;
use crate::{Error, Spanned, parse, print};

/// What a text means to a rig.
///
/// # Errors
/// [`Error`], if the text breaks the grammar or cannot be done as a whole.
pub fn understand(text: &str, context: Context<'_>) -> Result<Understood, Error> {
    resolve(text, &parse(text)?, context)
}

/// What the commands of a text mean to a rig. Each command sees what those before it have done.
///
/// # Errors
/// [`Error`], if one of them cannot be done. Then none is.
pub fn resolve(text: &str, commands: &[Spanned<Command>], context: Context<'_>) -> Result<Understood, Error> {
    let mut resolver = Resolver::new(text, context);
    for command in commands {
        resolver.command(command)?;
    }
    let Resolver { draft, reverse, selection, notes, .. } = resolver;
    Ok(Understood { update: draft.into_update(), reverse, selection, sentence: print(commands), notes })
}
