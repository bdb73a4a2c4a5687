//! Why a run does not start.

/// Why a run does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// An option is invalid.
    #[error("{0}")]
    Option(String),
    /// No gateway took the change that empties the rig.
    #[error("no server answers: {0}")]
    Unavailable(String),
}
