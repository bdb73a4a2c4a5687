//! Starts the bare peer as a process of its own, as Ghostlight is one.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A started bare peer. It ends when this value is dropped.
pub(crate) struct Peer {
    child: Child,
    /// The address that it listens on.
    pub(crate) address: SocketAddr,
}

impl Peer {
    /// Starts `<executable> bench-peer` and waits for the line with its address.
    pub(crate) async fn start(executable: &Path) -> io::Result<Self> {
        let mut child = Command::new(executable)
            .arg("bench-peer")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("the process has no stdout"))?;
        let mut line = String::new();
        let mut stdout = BufReader::new(stdout);
        let read = tokio::time::timeout(Duration::from_secs(10), stdout.read_line(&mut line));
        read.await.map_err(|_| io::Error::other("the process printed nothing for 10 s"))??;
        let address = line.trim().parse();
        let address = address.map_err(|_| io::Error::other(format!("it said {line:?}, not where it listens")))?;
        Ok(Self { child, address })
    }

    /// The peer's process.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}
