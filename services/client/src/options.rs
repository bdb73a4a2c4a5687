//! What a client is told when it is made.

use std::time::Duration;

use ghostlight_proto::STALE_AFTER;
use ghostlight_rig::{ClientId, ConsoleKind, ConsoleName, Interest, RigName};

/// Which rig to follow, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rig; `main` unless told.
    pub rig: RigName,
    /// What the client calls itself. Others see it beside its changes; two clients of one name take each other's
    /// changes for their own. Random unless told.
    pub client_id: ClientId,
    /// What people call it where the connected consoles are listed; `client_id` unless told.
    pub name: Option<ConsoleName>,
    /// What kind of console it is; `script` unless told.
    pub kind: ConsoleKind,
    /// The kinds of things that it follows; levels, labels, the grand master and blackout unless told.
    pub kinds: Interest,
    /// How long [`Client::connect`](crate::Client::connect) tries; 5 s unless told.
    pub answer_within: Duration,
    /// What the client does when.
    pub pace: Pace,
}

/// What the client does when. The default is what a server of this version expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Without a beacon or a delta for so long the map counts as stale: three beacons are missing. 3 s.
    pub stale_after: Duration,
    /// Without any frame for so long the connection counts as dead. 10 s.
    pub silent_after: Duration,
    /// With a change unanswered for so long the connection counts as dead. 15 s.
    pub unanswered_after: Duration,
    /// The wait before the first attempt to connect again; it doubles with each. 0.1 s.
    pub backoff_first: Duration,
    /// The longest wait before an attempt. 5 s.
    pub backoff_most: Duration,
}

impl Options {
    /// A name for a client, the prefix and six random digits: `cli-0a1b2c`.
    pub fn random_client(prefix: &str) -> ClientId {
        let name = format!("{prefix}-{:06x}", fastrand::u32(..) >> 8);
        ClientId::new(&name).unwrap_or_else(|_| Self::random_client("client"))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rig: RigName::default(),
            client_id: Self::random_client("rust"),
            name: None,
            kind: ConsoleKind::default(),
            kinds: Interest::default(),
            answer_within: Duration::from_secs(5),
            pace: Pace::default(),
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            stale_after: STALE_AFTER,
            silent_after: Duration::from_secs(10),
            unanswered_after: Duration::from_secs(15),
            backoff_first: Duration::from_millis(100),
            backoff_most: Duration::from_secs(5),
        }
    }
}
