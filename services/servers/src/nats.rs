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

/// When JetStream syncs to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncInterval {
    /// nats-server's own default: every two minutes.
    #[default]
    Default,
    /// Before each message is acknowledged.
    Always,
}

/// The options of a nats-server.
#[derive(Clone, Debug, Default)]
pub struct NatsOptions {
    /// When JetStream syncs to the disk.
    pub sync_interval: SyncInterval,
    /// The most that JetStream may keep in memory, in bytes.
    pub max_memory: Option<u64>,
    /// The most that JetStream may keep on the disk, in bytes.
    pub max_file: Option<u64>,
    /// More lines for its configuration: users, a token, TLS.
    pub config: String,
}

/// A nats-server with JetStream, on ports and in a folder of its own. It is killed when this value is dropped.
///
/// Its errors say which condition was not met, and quote the end of the server's log.
pub struct NatsServer {
    service: Service,
    client: Port,
    monitoring: Port,
    folder: TempDir,
}

impl NatsServer {
    /// Starts a server, and waits until JetStream is ready.
    ///
    /// # Errors
    /// nats-server is not installed, or did not become ready.
    pub async fn start(options: &NatsOptions) -> io::Result<Self> {
        let mut server = Self::prepare("n1", options, "")?;
        server.start_again().await?;
        Ok(server)
    }

    /// A server that is not started yet. `cluster` is added to its configuration.
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

    /// Starts the server again after it was stopped or killed: on the same ports, with its stored data.
    ///
    /// # Errors
    /// The server is running, or did not become ready.
    pub async fn start_again(&mut self) -> io::Result<()> {
        let (client, monitoring) = (self.client.address(), self.monitoring.address());
        self.service.start(async || is_ready(client, monitoring).await).await
    }

    /// Starts the server in a cluster, where JetStream becomes ready only once other nodes have started.
    pub(crate) async fn start_among_others(&mut self) -> io::Result<()> {
        let client = self.client.address();
        self.service.start(async || greets(client).await).await
    }

    /// Stops the server and starts it again.
    ///
    /// # Errors
    /// As of [`NatsServer::stop`] and [`NatsServer::start_again`].
    pub async fn restart(&mut self) -> io::Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// Asks the server to end, and waits until it has.
    ///
    /// # Errors
    /// The server is not running, or does not end.
    pub async fn stop(&mut self) -> io::Result<()> {
        self.service.stop().await
    }

    /// Kills the server, and waits until it has ended.
    ///
    /// # Errors
    /// The server is not running.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.service.kill().await
    }

    /// Pauses the server: it answers nothing, and its connections stay open.
    ///
    /// # Errors
    /// The server is not running.
    pub fn pause(&self) -> io::Result<()> {
        self.service.process()?.pause().map(drop)
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    /// The server is not running.
    pub fn resume(&self) -> io::Result<()> {
        self.service.process()?.resume()
    }

    /// The address for clients.
    pub fn address(&self) -> SocketAddr {
        self.client.address()
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// The address of the monitoring port, which serves `/healthz`, `/varz` and `/jsz` over HTTP.
    pub fn monitoring(&self) -> SocketAddr {
        self.monitoring.address()
    }

    /// The number of the server's process.
    ///
    /// # Errors
    /// The server is not running.
    pub fn pid(&self) -> io::Result<u32> {
        Ok(self.service.process()?.pid())
    }

    /// The folder in which JetStream stores its data.
    pub fn folder(&self) -> PathBuf {
        jetstream(self.folder.path())
    }

    /// Copies JetStream's data. The server must be stopped.
    ///
    /// # Errors
    /// The server is running, or the copy failed.
    pub fn copy_folder(&self) -> io::Result<TempDir> {
        self.check_stopped()?;
        copy::copy_of(&self.folder())
    }

    /// Replaces JetStream's data by an older copy: what came since then is lost, as after a power failure. The server
    /// must be stopped.
    ///
    /// # Errors
    /// The server is running, or the copy failed.
    pub fn restore_folder(&self, copy: &TempDir) -> io::Result<()> {
        self.check_stopped()?;
        copy::replace(&self.folder(), copy.path())
    }

    fn check_stopped(&self) -> io::Result<()> {
        if self.service.is_running() { Err(io::Error::other("stop the server first")) } else { Ok(()) }
    }
}

/// A command that runs the `nats-server` of the tests, without arguments.
///
/// # Errors
/// nats-server is not installed, or too old.
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

/// Whether the server greets clients, and JetStream works.
pub(crate) async fn is_ready(client: SocketAddr, monitoring: SocketAddr) -> bool {
    greets(client).await && probe::get(monitoring, "/healthz?js-server-only=true").await.is_some()
}

async fn greets(client: SocketAddr) -> bool {
    probe::first_words(client, b"").await == Some(*b"INFO ")
}
