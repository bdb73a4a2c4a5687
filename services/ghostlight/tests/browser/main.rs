//! The page in a real browser: consoles, fingers, keys, scripts and sockets on one rig.
//!
//! Needs Chromium and its ChromeDriver, which `cargo xtask test` installs; without them the tests fail and say so.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod devtools;
mod driver;
mod page;
mod screen;
mod server;

mod access;
mod command_line;
mod controls;
mod docs;
mod fingers;
mod keyboard;
mod latency;
mod many;
mod origins;
mod pictures;
mod readme;
mod rigs;
mod shared;
mod shell;
mod together;
mod truth;
mod undo;
mod words;

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// How long anything may take, also on a machine with other work to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// One test at a time runs: several browsers are work enough for any machine.
static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);

/// A server with a store of its own, and a browser's driver.
pub(crate) struct Deployment {
    pub(crate) server: server::Server,
    pub(crate) driver: driver::Driver,
    folder: tempfile::TempDir,
    _turn: SemaphorePermit<'static>,
}

impl Deployment {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with these further settings.
    pub(crate) async fn start_with(args: &[&str]) -> Self {
        let turn = ONE_AT_A_TIME.acquire().await.expect("it is never closed");
        let folder = tempfile::tempdir().expect("a folder for the store");
        let server = server::Server::start_with("127.0.0.1:0", &folder.path().join("g.db"), args).await;
        Self { server, driver: driver::Driver::start().await, folder, _turn: turn }
    }

    /// Opens the console, and waits until it is live.
    pub(crate) async fn open(&self, screen: screen::Screen) -> page::Page {
        let page = self.driver.open(&self.server.page(), screen).await;
        page.until_live().await;
        page
    }

    /// The server's store.
    pub(crate) fn store(&self) -> std::path::PathBuf {
        self.folder.path().join("g.db")
    }
}
