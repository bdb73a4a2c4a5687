//! What connections are for.

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It sets, and is told all changes. With some protocols it is not answered.
    Listener,
    /// It sets and is answered. It is told nothing.
    Writer,
    /// As a writer, and the server closes it after the first answer where the protocol has that.
    Once,
}
