//! The options of a client.

use std::time::Duration;

use ghostlight_proto::STALE_AFTER;
use ghostlight_rig::{ClientId, ConsoleKind, ConsoleName, Interest, RigName};

/// Which rig to follow, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rig; the default is `main`.
    pub rig: RigName,
    /// Whether the first change makes the rig if it does not exist. Otherwise changes to such a rig are refused. The default
    /// is `false`.
    pub create: bool,
    /// The name of the client. Other clients see it beside its changes; two clients of the same name take each other's
    /// changes for their own. The default is random.
    pub client_id: ClientId,
    /// Its name for people in the list of connected consoles; the default is `client_id`.
    pub name: Option<ConsoleName>,
    /// The kind of console that it is; the default is `script`.
    pub kind: ConsoleKind,
    /// The kinds of items that it follows; the default is levels, labels, the grand master and blackout.
    pub kinds: Interest,
    /// How long [`Client::connect`](crate::Client::connect) tries; the default is 5 s.
    pub answer_within: Duration,
    /// The timing of the client.
    pub pace: Pace,
}

/// The timing of the client. The default is what a server of this version expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The map counts as stale after this time without a beacon or a delta: 3 s, three beacons.
    pub stale_after: Duration,
    /// The connection counts as dead after this time without any frame: 10 s.
    pub silent_after: Duration,
    /// The connection counts as dead if a change is unanswered for this long: 15 s.
    pub unanswered_after: Duration,
    /// The wait before the first attempt to connect again, which doubles with each attempt: 0.1 s.
    pub backoff_first: Duration,
    /// The longest wait before an attempt: 5 s.
    pub backoff_most: Duration,
}

impl Options {
    /// A random client name of the prefix and six hexadecimal digits: `cli-0a1b2c`.
    pub fn random_client(prefix: &str) -> ClientId {
        let name = format!("{prefix}-{:06x}", fastrand::u32(..) >> 8);
        ClientId::new(&name).unwrap_or_else(|_| Self::random_client("client"))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rig: RigName::default(),
            create: false,
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
