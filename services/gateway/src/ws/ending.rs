//! How WebSocket sessions end.

use axum::extract::ws::{CloseFrame, close_code};
use tokio_tungstenite::tungstenite;

/// Why a session ends. Close codes follow RFC 6455, section 7.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client closed the connection or is gone.
    Gone,
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
    /// The close frame with the reason; `None` if the client is gone.
    pub(crate) fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone => return None,
            Self::Broken => (close_code::PROTOCOL, "not a WebSocket frame"),
            Self::Binary => (close_code::UNSUPPORTED, "text messages only"),
            Self::TooLarge => (close_code::SIZE, "the message is too large"),
            Self::NoHello => (close_code::POLICY, "the first message must be hello, within ten seconds"),
            Self::Stalled => (close_code::AGAIN, "the client read nothing for too long"),
            Self::Stopping => (close_code::RESTART, "the server stops; connect again"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

/// Maps a socket error to the reason why the session ends.
pub(crate) fn ending(error: axum::Error) -> Ending {
    use tungstenite::Error;
    let Ok(error) = error.into_inner().downcast::<Error>() else { return Ending::Gone };
    match *error {
        Error::Capacity(_) => Ending::TooLarge,
        Error::Protocol(_) | Error::Utf8(_) => Ending::Broken,
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Ending::Stalled,
        _ => Ending::Gone,
    }
}
