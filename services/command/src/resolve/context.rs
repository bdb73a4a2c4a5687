//! What a text is resolved against, and what comes of it.

use ghostlight_rig::{Reverse, Update};

use crate::{Dictionary, Note, Selection, View};

/// What a text is resolved against.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The rig.
    pub view: &'a dyn View,
    /// The rig's words.
    pub words: &'a Dictionary,
    /// The client's last selection, which the client keeps and sends.
    pub last: Option<&'a Selection>,
}

/// What a text means: one change, and what to tell whoever wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Understood {
    /// What changes: levels, labels, the grand master, blackout, words. Absolute values, so that nothing has to be looked up
    /// again.
    pub update: Update,
    /// Whether the text asks to take back the client's last change, or to make it again. Then it asks for nothing else: the rig's
    /// [`History`](ghostlight_rig::History) knows what changes.
    pub reverse: Option<Reverse>,
    /// The selection that the client keeps for its next text; `None` if the text selects nothing.
    pub selection: Option<Selection>,
    /// The canonical text of what was understood. It means the same in the same context.
    pub sentence: String,
    /// What whoever wrote the text should know, in the order of the text.
    pub notes: Vec<Note>,
}
