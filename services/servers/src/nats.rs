//! One nats-server with JetStream.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use tempfile::TempDir;

use crate::ports::Port;
use crate::process::Launch;
use crate::service::Service;
use crate::{copy, probe, programs};

/// When JetStream syncs what it has stored to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncInterval {
    /// As nats-server does by itself: every two minutes.
    #[default]
    Default,
    /// Before each message is acknowledged.
    Always,
}

/// How a nats-server is set up.
#[derive(Clone, Debug, Default)]
pub struct NatsOptions {
    /// When it syncs to the disk.
    pub sync_interval: SyncInterval,
    /// The most that JetStream may keep in memory, in bytes.
    pub max_memory: Option<u64>,
    /// The most that JetStream may keep on the disk, in bytes.
    pub max_file: Option<u64>,
    /// More lines of its configuration: users, a token, TLS.
    pub config: String,
}

/// A nats-server with JetStream, on ports and in a folder of its own. It is killed when this is dropped.
///
/// Its errors say what did not come about, and what the server said last.
pub struct NatsServer {
    service: Service,
    client: Port,
    monitoring: Port,
    folder: TempDir,
}

impl NatsServer {
    /// Starts one, and waits until JetStream is ready.
    ///
    /// # Errors
    /// It is not installed, or did not become ready.
    pub async fn start(options: &NatsOptions) -> io::Result<Self> {
        let mut server = Self::prepare("n1", options, "")?;
        server.start_again().await?;
        Ok(server)
    }

    /// One that is not started yet, with more lines in its configuration.
    pub(crate) fn prepare(name: &str, options: &NatsOptions, cluster: &str) -> io::Result<Self> {
        let program = programs::nats_server()?;
        let (client, monitoring, folder) = (Port::reserve()?, Port::reserve()?, TempDir::new()?);
        let config = folder.path().join("nats.conf");
        fs::create_dir(jetstream(folder.path()))?;
        fs::write(&config, configuration(name, options, &client, &monitoring, folder.path(), cluster))?;
        let args = vec!["--config".to_owned(), config.display().to_string()];
        let launch = Launch { program, args, environment: None, folder: folder.path().to_owned(), user: None };
        Ok(Self { service: Service::new(launch, "TERM"), client, monitoring, folder })
    }

    /// Starts it anew after it was stopped or killed: on the same ports, with what it had stored.
    ///
    /// # Errors
    /// It is running, or did not become ready.
    pub async fn start_again(&mut self) -> io::Result<()> {
        let (client, monitoring) = (self.client.address(), self.monitoring.address());
        self.service.start(async || is_ready(client, monitoring).await).await
    }

    /// Starts it in a cluster, where JetStream gets ready only once others have started too.
    pub(crate) async fn start_among_others(&mut self) -> io::Result<()> {
        let client = self.client.address();
        self.service.start(async || greets(client).await).await
    }

    /// Stops it in good order and starts it anew.
    ///
    /// # Errors
    /// As of [`NatsServer::stop`] and [`NatsServer::start_again`].
    pub async fn restart(&mut self) -> io::Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// Ends it in good order, and waits for its end.
    ///
    /// # Errors
    /// It is not running, or does not end.
    pub async fn stop(&mut self) -> io::Result<()> {
        self.service.stop().await
    }

    /// Kills it, and waits for its end.
    ///
    /// # Errors
    /// It is not running.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.service.kill().await
    }

    /// Holds it where it is: it answers nothing, and its connections stay.
    ///
    /// # Errors
    /// It is not running.
    pub fn pause(&self) -> io::Result<()> {
        self.service.process()?.pause().map(drop)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// It is not running.
    pub fn resume(&self) -> io::Result<()> {
        self.service.process()?.resume()
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.client.address()
    }

    /// Where clients connect, as they write it.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Where it tells how it is, over HTTP: `/healthz`, `/varz`, `/jsz`.
    pub fn monitoring(&self) -> SocketAddr {
        self.monitoring.address()
    }

    /// Its process.
    ///
    /// # Errors
    /// It is not running.
    pub fn pid(&self) -> io::Result<u32> {
        Ok(self.service.process()?.pid())
    }

    /// Where JetStream keeps what it stores.
    pub fn folder(&self) -> PathBuf {
        jetstream(self.folder.path())
    }

    /// A copy of what JetStream has stored, while it is stopped.
    ///
    /// # Errors
    /// It is running, or the copy failed.
    pub fn copy_folder(&self) -> io::Result<TempDir> {
        self.check_stopped()?;
        copy::copy_of(&self.folder())
    }

    /// Replaces what JetStream has stored by an older copy, while it is stopped: what has come since then is lost, as
    /// after a power failure.
    ///
    /// # Errors
    /// It is running, or the copy failed.
    pub fn restore_folder(&self, copy: &TempDir) -> io::Result<()> {
        self.check_stopped()?;
        copy::replace(&self.folder(), copy.path())
    }

    fn check_stopped(&self) -> io::Result<()> {
        if self.service.is_running() { Err(io::Error::other("stop the server first")) } else { Ok(()) }
    }
}

/// The `nats-server` of the tests, to be given arguments.
///
/// # Errors
/// It is not installed, or too old.
pub fn nats_server() -> io::Result<Command> {
    programs::nats_server().map(Command::new)
}

fn jetstream(folder: &Path) -> PathBuf {
    folder.join("jetstream")
}

fn configuration(
    name: &str,
    options: &NatsOptions,
    client: &Port,
    monitoring: &Port,
    folder: &Path,
    cluster: &str,
) -> String {
    let mut jetstream = format!("store_dir: \"{}\"", jetstream(folder).display());
    if options.sync_interval == SyncInterval::Always {
        jetstream.push_str("\n  sync_interval: always");
    }
    for (name, bytes) in [("max_memory_store", options.max_memory), ("max_file_store", options.max_file)] {
        let _ = bytes.map(|bytes| write!(jetstream, "\n  {name}: {bytes}"));
    }
    format!(
        "server_name: {name}\nlisten: \"{}\"\nhttp: \"{}\"\njetstream {{\n  {jetstream}\n}}\n{cluster}\n{}\n",
        client.address(),
        monitoring.address(),
        options.config
    )
}

/// Whether it greets clients, and JetStream works.
pub(crate) async fn is_ready(client: SocketAddr, monitoring: SocketAddr) -> bool {
    greets(client).await && probe::get(monitoring, "/healthz?js-server-only=true").await.is_some()
}

async fn greets(client: SocketAddr) -> bool {
    probe::first_words(client, b"").await == Some(*b"INFO ")
}
