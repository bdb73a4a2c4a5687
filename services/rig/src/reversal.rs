//! Changes that take back earlier ones.

use crate::Revision;

/// Whether the last change of a client is taken back, or made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reverse {
    /// The last change is taken back.
    Undo,
    /// The change that was taken back last is made again.
    Redo,
}

impl Reverse {
    /// The command that asks for it: `undo` or `redo`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Undo => "undo",
            Self::Redo => "redo",
        }
    }
}

/// Which earlier change of the same client a change takes back, or makes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// Whether it takes the change back, or makes it again.
    pub reverse: Reverse,
    /// The revision of that change.
    pub of: Revision,
}
