//! How NATS stores the log of the deployment.

use serde::Serialize;

/// How NATS stores the log.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    /// The server's version.
    pub version: String,
    /// `file` or `memory`.
    pub storage: &'static str,
    /// How many servers store each entry.
    pub replicas: usize,
    /// When NATS syncs the log to the disk: `always`, or how often. `None` if no monitoring port was named.
    pub sync: Option<String>,
}
