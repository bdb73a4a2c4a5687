//! How WebSocket sessions end.

use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Why a session ends. Close codes follow RFC 6455, section 7.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client is gone.
    Gone,
    /// The client sent a close frame.
    Closed,
    /// The client broke the WebSocket protocol.
    Broken,
    /// The client sent a binary message.
    Binary,
    /// The client sent too large a message.
    TooLarge,
    /// The client did not send hello in time.
    NoHello,
    /// The client read nothing for too long.
    Stalled,
    /// The server is stopping.
    Stopping,
}

impl Ending {
    /// The close frame with the reason; `None` if the client is gone or has sent one.
    pub(crate) fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone | Self::Closed => return None,
            Self::Broken => (CloseCode::Protocol, "not a WebSocket frame"),
            Self::Binary => (CloseCode::Unsupported, "text messages only"),
            Self::TooLarge => (CloseCode::Size, "the message is too large"),
            Self::NoHello => (CloseCode::Policy, "the first message must be hello, within ten seconds"),
            Self::Stalled => (CloseCode::Again, "the client read nothing for too long"),
            Self::Stopping => (CloseCode::Restart, "the server stops; connect again"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

/// Maps a socket error to the reason why the session ends.
pub(crate) fn ending(error: Error) -> Ending {
    match error {
        Error::Capacity(_) => Ending::TooLarge,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing) => Ending::Gone,
        Error::Protocol(_) | Error::Utf8(_) => Ending::Broken,
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Ending::Stalled,
        _ => Ending::Gone,
    }
}
