//! How NATS keeps the log that is measured.

use serde::Serialize;

/// How NATS keeps the log.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    /// The server's version.
    pub version: String,
    /// `file` or `memory`.
    pub storage: &'static str,
    /// How many servers keep each entry.
    pub replicas: usize,
    /// When it is synced to the disk: `always`, or how often. `None` if no monitoring port was named.
    pub sync: Option<String>,
}
