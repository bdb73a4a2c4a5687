//! The phases of a run.

/// What the clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// They connect, and wait.
    Gathering,
    /// They write and follow.
    Writing,
    /// They follow only.
    Following,
    /// They end.
    Over,
}
