//! The settings of the connection to NATS and of the stream.

use std::path::PathBuf;
use std::time::Duration;

use ghostlight_rig::Partition;

/// How the NATS servers are reached.
#[derive(Clone, Debug, Default)]
pub struct NatsSettings {
    /// The servers' URLs, `nats://` or `tls://`, separated by commas. A URL may have `user:password@` or `token@`, in
    /// which special characters are percent-encoded, `%40` for `@`.
    pub urls: String,
    /// A file with credentials, as `nsc` writes them.
    pub credentials: Option<PathBuf>,
    /// A file with the certificates of the authorities that sign the servers' certificates, in place of the system's.
    pub authorities: Option<PathBuf>,
    /// The files of this process's client certificate and of its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

impl NatsSettings {
    /// Whether there are certificates, which only TLS needs.
    pub(super) fn has_certificates(&self) -> bool {
        self.authorities.is_some() || self.certificate.is_some()
    }
}

/// The properties of the stream. All state services of one log must agree on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSettings {
    /// The partition whose stream is begun and read. An entry is appended to the stream of its own rig's partition.
    pub partition: Partition,
    /// How many servers keep each entry: 1, 3 or 5.
    pub replicas: usize,
    /// The most bytes of entries in the stream; when it is full, changes are refused. State services make room by
    /// purging what they have saved.
    pub max_bytes: u64,
    /// An entry older than this is removed, even if no state service has saved it.
    pub max_age: Duration,
}

impl Default for StreamSettings {
    fn default() -> Self {
        let max_age = Duration::from_secs(7 * 24 * 3_600);
        Self { partition: Partition::default(), replicas: 1, max_bytes: 1 << 30, max_age }
    }
}
