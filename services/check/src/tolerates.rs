//! What a run tolerates.

/// What does not count as a violation in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerates {
    /// The log may lose its newest entries and their acknowledgements, as after a power cut, if a new epoch begins
    /// then.
    LostTail,
}
