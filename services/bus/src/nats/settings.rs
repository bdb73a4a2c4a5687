//! How NATS is reached, and what the stream is to be like.

use std::path::PathBuf;
use std::time::Duration;

use ghostlight_rig::Partition;

/// How the NATS servers are reached.
#[derive(Clone, Debug, Default)]
pub struct NatsSettings {
    /// The servers' URLs, `nats://` or `tls://`, separated by commas. A URL may have `user:password@` or `token@`; what in
    /// these is no plain letter or digit is written as in any URL, `%40` for `@`.
    pub urls: String,
    /// A file with credentials, as `nsc` writes them.
    pub credentials: Option<PathBuf>,
    /// A file with the certificates of the authorities that sign the servers', in place of those of the system.
    pub authorities: Option<PathBuf>,
    /// The files of a certificate, and its key, that this process shows.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// What the stream is to be like. All state services of one log must agree on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSettings {
    /// Which partition's stream it is. It is the one that is begun and read; an entry is appended to that of its rig, of
    /// as many as there are.
    pub partition: Partition,
    /// How many servers keep each entry: 1, 3 or 5.
    pub replicas: usize,
    /// So many bytes of entries are kept; when there is no more room, changes are refused. State services make room by
    /// letting go of what they have saved.
    pub max_bytes: u64,
    /// An entry older than this is let go of though nobody has saved it.
    pub max_age: Duration,
}

impl Default for StreamSettings {
    fn default() -> Self {
        let max_age = Duration::from_secs(7 * 24 * 3_600);
        Self { partition: Partition::default(), replicas: 1, max_bytes: 1 << 30, max_age }
    }
}
