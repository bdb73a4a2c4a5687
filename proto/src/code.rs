//! The codes of problems: in problem details, in errors over the WebSocket, and in metrics.

use serde::{Deserialize, Serialize};

/// The kind of a problem. Software looks at its [name](Self::name), which is the same over HTTP and WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Something in the request is wrong.
    BadInput,
    /// The page that sent the request is from an origin that may not do this.
    ForeignOrigin,
    /// The rig or the page does not exist.
    NotFound,
    /// The path does not support this method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    TooSlow,
    /// The change was sent so long ago that somebody may have moved the same since.
    TooLate,
    /// An item had changed after the position in `If-Match`.
    Changed,
    /// The change is larger than the server's limit.
    TooLarge,
    /// The server does not read this type of body.
    UnsupportedMediaType,
    /// The request was sent to a name that is not one of the server's.
    UnknownHost,
    /// The idempotency key was used for another change.
    KeyReused,
    /// A request without an upgrade came to a path for WebSockets.
    UpgradeRequired,
    /// The log takes no changes, or no state service answers. The same request may succeed later.
    Unavailable,
    /// It is not known whether the change happened.
    UnknownOutcome,
    /// The change would make more rigs, or more items in them, than the server allows.
    RigLimit,
}

impl Code {
    /// Every code, in the order of the enum.
    pub const ALL: [Self; 15] = [
        Self::BadInput,
        Self::ForeignOrigin,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::TooLate,
        Self::Changed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::UnknownHost,
        Self::KeyReused,
        Self::UpgradeRequired,
        Self::Unavailable,
        Self::UnknownOutcome,
        Self::RigLimit,
    ];

    /// The word in `code`.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status (RFC 9110, RFC 6585, RFC 4918).
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// The problem in words for people.
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::BadInput => ("bad_input", 400, "The change was refused; nothing happened"),
            Self::ForeignOrigin => {
                ("foreign_origin", 403, "Pages of this origin are not allowed to do this; nothing happened")
            }
            Self::NotFound => ("not_found", 404, "There is nothing here"),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "This cannot be done here"),
            Self::TooSlow => ("too_slow", 408, "The body came too slowly; nothing happened"),
            Self::TooLate => ("too_late", 409, "The change came too late; nothing happened"),
            Self::Changed => ("changed", 412, "Something has changed since; nothing happened"),
            Self::TooLarge => ("too_large", 413, "The change is too large; nothing happened"),
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", 415, "The body's type is not understood; nothing happened")
            }
            Self::UnknownHost => ("unknown_host", 421, "The server does not have this name; nothing happened"),
            Self::KeyReused => ("key_reused", 422, "The idempotency key was used before; nothing happened"),
            Self::UpgradeRequired => ("upgrade_required", 426, "This path is for WebSockets alone"),
            Self::Unavailable => ("unavailable", 503, "Not now; nothing happened"),
            Self::UnknownOutcome => ("unknown_outcome", 504, "It is not known whether the change happened"),
            Self::RigLimit => ("rig_limit", 507, "There is no room for more; nothing happened"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn a_code_is_written_as_it_is_named() {
        for (place, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, place);
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("{:?}", code.name()));
        }
    }
}
