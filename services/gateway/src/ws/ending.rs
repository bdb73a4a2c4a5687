//! How WebSocket sessions end.

use axum::extract::ws::{CloseFrame, close_code};
use tokio_tungstenite::tungstenite;

/// Why a session ends, as RFC 6455, section 7.4 numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client closed, or is gone.
    Gone,
    /// It broke the protocol of WebSockets.
    Broken,
    /// It sent a binary message.
    Binary,
    /// It sent too large a message.
    TooLarge,
    /// It did not say hello.
    NoHello,
    /// It took nothing for too long.
    Stalled,
    /// The server stops.
    Stopping,
}

impl Ending {
    /// The frame that tells the client.
    pub(crate) fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone => return None,
            Self::Broken => (close_code::PROTOCOL, "not a WebSocket frame"),
            Self::Binary => (close_code::UNSUPPORTED, "text messages only"),
            Self::TooLarge => (close_code::SIZE, "the message is too large"),
            Self::NoHello => (close_code::POLICY, "the first message is hello, within ten seconds"),
            Self::Stalled => (close_code::AGAIN, "nothing was taken for too long"),
            Self::Stopping => (close_code::RESTART, "the server stops; connect again"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

/// What an error of the socket means for the session.
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
