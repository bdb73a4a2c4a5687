//! A peer that runs.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::{self, Client};
use super::error::PeerError;
use super::places::Places;
use super::process::Process;
use super::recipe::Recipe;
use super::usage;
use crate::protocol::{Event, Protocol, Role};

/// How long a start may take: far longer than it needs, even on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// The pause between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(10);

/// A port may be taken by another program before the peer takes it. Then another one is tried.
const ATTEMPTS: usize = 3;

/// A running peer with its data. It is killed, and its data removed, when this value is dropped.
pub struct Peer {
    recipe: Recipe,
    places: Places,
    port: u16,
    process: Process,
    folder: TempDir,
    start_time: Duration,
}

impl Peer {
    /// Starts a peer, and waits until a client is ready.
    ///
    /// # Errors
    /// A program is missing, and the error says how to get it; or the peer does not answer.
    pub fn start(recipe: &Recipe, places: &Places) -> Result<Self, PeerError> {
        let folder = TempDir::new()?;
        let mut attempt = 1;
        loop {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            match run(recipe, places, port, folder.path()) {
                Err(PeerError::Dead { .. }) if attempt < ATTEMPTS => attempt += 1,
                started => {
                    let (process, start_time) = started?;
                    let (recipe, places) = (recipe.clone(), places.clone());
                    return Ok(Self { recipe, places, port, process, folder, start_time });
                }
            }
        }
    }

    /// Kills the peer as a crash would, and starts it again with the same data.
    ///
    /// # Errors
    /// It does not answer.
    pub fn kill_and_start_again(&mut self) -> Result<(), PeerError> {
        self.process.kill()?;
        (self.process, self.start_time) = run(&self.recipe, &self.places, self.port, self.folder.path())?;
        Ok(())
    }

    /// Its port of the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What its recipe says.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The codec of a new connection in a role. No two connections of this process share a number.
    pub fn protocol(&self, role: Role) -> Box<dyn Protocol> {
        client::protocol(self.recipe.protocol, self.port, role)
    }

    /// The CPU time that it has used so far, all of its processes together.
    ///
    /// # Errors
    /// If it has ended.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        usage::cpu_time(&self.process.ids())
    }

    /// The memory that it uses now, all of its processes together, in bytes.
    ///
    /// # Errors
    /// If it has ended.
    pub fn memory_bytes(&self) -> io::Result<u64> {
        usage::memory_bytes(&self.process.ids())
    }

    /// How long it took from the start until a client was ready.
    pub fn start_time(&self) -> Duration {
        self.start_time
    }

    /// Connects a client, and waits until it is ready. Returns the first map in the order in which it came.
    ///
    /// # Errors
    /// The peer does not answer in time.
    pub fn connect(&self, role: Role) -> Result<(Client, Vec<(u16, u16)>), PeerError> {
        let mut client = Client::connect(self.recipe.protocol, self.port, role)?;
        let mut levels = Vec::new();
        let told = self.recipe.protocol.has_http() && role != Role::Listener;
        if !told {
            client.until(Instant::now() + START_TIMEOUT, |event| {
                if let Event::Level { dimmer, level } = event {
                    levels.push((dimmer, level));
                }
                event == Event::Ready
            })?;
        }
        Ok((client, levels))
    }
}

fn run(recipe: &Recipe, places: &Places, port: u16, folder: &Path) -> Result<(Process, Duration), PeerError> {
    let command = command(recipe, places, port, folder)?;
    let output = folder.join("output.txt");
    for (name, text) in &recipe.files {
        fs::write(folder.join(name), recipe.replaced(text, places, port, folder))?;
    }
    let start = Instant::now();
    let mut process = Process::start(command, &output)?;
    let mut last = None;
    loop {
        let dead = |what: String| {
            let said = fs::read_to_string(&output).unwrap_or_default();
            PeerError::Dead { peer: recipe.name.clone(), what, said }
        };
        if let Some(status) = process.ended()? {
            return Err(dead(format!("ended ({status})")));
        }
        match answers(recipe, port, start + START_TIMEOUT) {
            Ok(()) => return Ok((process, start.elapsed())),
            // The last error before the time was over says more than the time-out.
            Err(error) if start.elapsed() > START_TIMEOUT => {
                let error = last.unwrap_or(error);
                return Err(dead(format!("does not answer ({error})")));
            }
            Err(error) => last = Some(error),
        }
        std::thread::sleep(PAUSE);
    }
}

fn answers(recipe: &Recipe, port: u16, deadline: Instant) -> Result<(), PeerError> {
    Client::connect(recipe.protocol, port, Role::Listener)?.until(deadline, |event| event == Event::Ready)
}

fn command(recipe: &Recipe, places: &Places, port: u16, folder: &Path) -> Result<Command, PeerError> {
    let words: Vec<_> = recipe.command.iter().map(|word| recipe.replaced(word, places, port, folder)).collect();
    let missing = |program: &Path| PeerError::Missing {
        peer: recipe.name.clone(),
        program: program.to_owned(),
        remedy: match &recipe.install.cargo {
            Some(package) => format!("`cargo build -p {package}` builds it, as does `cargo xtask bench --install`"),
            None => "`cargo xtask bench --install` installs it".to_owned(),
        },
    };
    let (program, arguments) =
        words.split_first().ok_or_else(|| io::Error::other(format!("the command of {} is empty", recipe.name)))?;
    let found = Places::find(program).ok_or_else(|| missing(Path::new(program)))?;
    let mut command = Command::new(found);
    command.args(arguments).current_dir(folder);
    if recipe.install.npm {
        let modules = places.node_modules(&recipe.name);
        if !modules.is_dir() {
            return Err(missing(&modules));
        }
        command.env("NODE_PATH", modules).env("NODE_ENV", "production");
    }
    // Compiled files do not belong among the sources.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}
