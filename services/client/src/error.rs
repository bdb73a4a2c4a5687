//! The errors of the client.

use std::time::Duration;

/// Why an address was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is not the base address of a gateway.
    #[error("{url:?} is not the address of a gateway, such as http://127.0.0.1:8080: {reason}")]
    Malformed {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It needs TLS, which this client does not have.
    #[error("{0:?} asks for TLS, and this client was built without TLS: use http://, on a network that you trust")]
    Tls(String),
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The address is not valid.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The server there does not speak `ghostlight.v1`, so trying again would not help.
    #[error("{url} does not serve ghostlight.v1: {reason}")]
    NotGhostlight {
        /// The address.
        url: String,
        /// Its answer.
        reason: String,
    },
    /// Nothing answered in time.
    #[error("no server answers at {url} within {} s: {reason}", .within.as_secs_f32())]
    Unavailable {
        /// The address.
        url: String,
        /// How long the client tried.
        within: Duration,
        /// The error of the last attempt.
        reason: String,
    },
}

/// Why a change was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// There is no connection: the change was not sent and did not happen.
    #[error("not connected: nothing was changed")]
    Offline,
    /// The server refused the change: it did not happen.
    #[error("{message} ({code})")]
    Refused {
        /// A short word for the kind of problem, for software, as in problem details.
        code: String,
        /// The cause, for people.
        message: String,
    },
    /// The change was sent, and no answer came: it may have happened or not. It is not sent again, because it might
    /// then happen twice and overwrite the changes of others; the map shows the result once the client is live again.
    #[error("no answer came: the change may have happened or not")]
    Unknown,
}
