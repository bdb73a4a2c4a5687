//! A PostgreSQL server.

use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::ports::Port;
use crate::process::{Launch, User};
use crate::service::Service;
use crate::{probe, programs};

/// The superuser, who needs no password.
const USER: &str = "ghostlight";

/// The access rules: all other users need a password.
const ACCESS: &str = "host all ghostlight 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";

/// A PostgreSQL on a port and in a folder of its own, which syncs to the disk as a real deployment does. It is killed
/// when this value is dropped.
///
/// The user `ghostlight` needs no password; roles that a test makes need one.
pub struct Postgres {
    service: Service,
    port: Port,
    programs: PathBuf,
    folder: TempDir,
}

impl Postgres {
    /// Starts a server, and waits until it is ready.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or did not become ready.
    pub async fn start() -> io::Result<Self> {
        let programs = programs::postgres()?;
        let (port, folder) = (Port::reserve()?, TempDir::new()?);
        let user = not_root(folder.path())?;
        let data = folder.path().join("data");
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust", "--username", USER]);
        initdb.arg("--pgdata").arg(&data).current_dir(folder.path());
        if let Some(user) = user {
            initdb.uid(user.uid).gid(user.gid);
        }
        run(initdb).await?;
        fs::write(data.join("pg_hba.conf"), ACCESS)?;

        let number = port.number().to_string();
        let data = data.display().to_string();
        let mut args = vec!["-D", &data, "-p", &number];
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on", "shared_buffers=16MB"] {
            args.extend(["-c", setting]);
        }
        let args = args.into_iter().map(str::to_owned).collect();
        let launch = Launch {
            program: programs.join("postgres"),
            args,
            environment: None,
            folder: folder.path().to_owned(),
            user,
        };
        // SIGINT is the fast shutdown, which does not wait for clients to leave.
        let service = Service::new(launch, "INT");
        let mut postgres = Self { service, port, programs, folder };
        postgres.start_again().await?;
        Ok(postgres)
    }

    /// The server that all tests of this process share, each with databases of its own. It ends with the process.
    ///
    /// # Errors
    /// As of [`Postgres::start`].
    pub async fn shared() -> io::Result<&'static Self> {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// Makes a database, and returns its URL.
    ///
    /// # Errors
    /// There is a database of that name, or the server is not running.
    pub async fn database(&self, name: &str) -> io::Result<String> {
        let mut createdb = Command::new(self.programs.join("createdb"));
        createdb.args(["--host", "127.0.0.1", "--port", &self.port.number().to_string(), "--username", USER, name]);
        run(createdb).await?;
        Ok(self.url(name))
    }

    /// The URL of a database, which need not exist.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", self.address())
    }

    /// The address for clients.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Starts the server again after it was stopped or killed: on the same port, with its stored data.
    ///
    /// # Errors
    /// The server is running, or did not become ready.
    pub async fn start_again(&mut self) -> io::Result<()> {
        let address = self.port.address();
        self.service.start(async || lets_in(address).await).await
    }

    /// Stops the server and starts it again.
    ///
    /// # Errors
    /// As of [`Postgres::stop`] and [`Postgres::start_again`].
    pub async fn restart(&mut self) -> io::Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// Stops the server and starts it again as the standby of a server that it does not find: it can be read and not written,
    /// until it is promoted.
    ///
    /// # Errors
    /// As of [`Postgres::restart`].
    pub async fn restart_as_standby(&mut self) -> io::Result<()> {
        self.stop().await?;
        fs::write(self.folder.path().join("data/standby.signal"), "")?;
        self.start_again().await
    }

    /// Makes a standby a server that can be written, and waits until it is one.
    ///
    /// # Errors
    /// The server is no standby, or is not running.
    pub async fn promote(&self) -> io::Result<()> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", "SELECT pg_promote()"]);
        psql.arg(self.url("postgres"));
        run(psql).await
    }

    /// Asks the server to end without waiting for its clients, and waits until it has.
    ///
    /// # Errors
    /// The server is not running, or does not end.
    pub async fn stop(&mut self) -> io::Result<()> {
        self.service.stop().await
    }

    /// Kills the server with all its processes, and waits until they have ended.
    ///
    /// # Errors
    /// The server is not running.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.service.kill().await
    }

    /// Pauses the server with all its processes: it answers nothing, and its connections stay open.
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

    /// The number of the server's first process.
    ///
    /// # Errors
    /// The server is not running.
    pub fn pid(&self) -> io::Result<u32> {
        Ok(self.service.process()?.pid())
    }
}

/// A user to run PostgreSQL as, because it refuses to run as root. If we are root, that user gets the folder.
///
/// # Errors
/// There is no such user.
pub fn not_root(folder: &Path) -> io::Result<Option<User>> {
    if fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd")?;
    let users: Vec<Vec<&str>> = passwd.lines().map(|line| line.split(':').collect()).collect();
    let user = ["postgres", "nobody"].iter().find_map(|name| {
        let fields = users.iter().find(|fields| fields[0] == *name)?;
        Some(User { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
    });
    let user = user.ok_or_else(|| io::Error::other("PostgreSQL refuses root, and there is no user `nobody`"))?;
    chown(folder, Some(user.uid), Some(user.gid))?;
    Ok(Some(user))
}

/// Runs a command to its end, without blocking the runtime.
async fn run(mut command: Command) -> io::Result<()> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let why = || io::Error::other(format!("{what} failed: {}", String::from_utf8_lossy(&output.stderr)));
    if output.status.success() { Ok(()) } else { Err(why()) }
}

/// Whether the server accepts a login, which it does not while it recovers. Sends the start-up message, version 3.0, of
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>; `R` is the answer to a good one.
async fn lets_in(address: SocketAddr) -> bool {
    let body = format!("\0\x03\0\0user\0{USER}\0database\0postgres\0\0");
    let mut message = (body.len() as u32 + 4).to_be_bytes().to_vec();
    message.extend(body.as_bytes());
    probe::first_words(address, &message).await == Some(*b"R")
}
