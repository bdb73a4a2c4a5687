//! Why the settings of NATS cannot be used.

/// NATS cannot be used with these settings. A server that is down or refuses the login is not such an error, because
/// that may change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The text is not a NATS URL.
    #[error("{0:?} is not a NATS URL: write nats://HOST:4222, several separated by commas")]
    Url(String),
    /// The URLs have different users or tokens.
    #[error("the NATS URLs have different users, passwords or tokens: all servers of one log have the same users")]
    Logins,
    /// The credentials cannot be read.
    #[error("the credentials cannot be read: {0}")]
    Credentials(String),
    /// A certificate or its key cannot be read.
    #[error("the certificates cannot be read: {0}")]
    Certificates(String),
    /// Anything else.
    #[error("NATS cannot be used: {0}")]
    Other(String),
}
