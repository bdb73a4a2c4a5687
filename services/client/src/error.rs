//! What can go wrong for who uses the client.

use std::time::Duration;

/// Why an address was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not the base of a gateway.
    #[error("{url:?} is no address of a gateway, as http://127.0.0.1:8080 is: {reason}")]
    Malformed {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It asks for TLS.
    #[error("{0:?} asks for TLS, and this client was built without TLS: use http://, on a network that you trust")]
    Tls(String),
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Something answered that does not speak `ghostlight.v1` there, and trying again would not help.
    #[error("{url} does not serve ghostlight.v1: {reason}")]
    NotGhostlight {
        /// The address.
        url: String,
        /// What it said instead.
        reason: String,
    },
    /// Nothing answered in time.
    #[error("no server answers at {url} within {} s: {reason}", .within.as_secs_f32())]
    Unavailable {
        /// The address.
        url: String,
        /// How long it was tried.
        within: Duration,
        /// What went wrong the last time.
        reason: String,
    },
}

/// Why a change was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// There is no connection: nothing was sent, nothing happened.
    #[error("not connected: nothing was changed")]
    Offline,
    /// The server refused it: nothing happened.
    #[error("{message} ({code})")]
    Refused {
        /// A short word for the kind of problem, as in problem details: what software looks at.
        code: String,
        /// What was wrong, for people.
        message: String,
    },
    /// It was sent, and no answer came: it may have happened or not. It is not sent again, for it might then happen
    /// twice, over what others did meanwhile; the map tells, once the client is live again.
    #[error("no answer came: the change may have happened or not")]
    Unknown,
}
