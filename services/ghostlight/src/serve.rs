//! `ghostlight serve`: settings, start, signals, end.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use ghostlight_gateway::Limits;
use ghostlight_store::{Durability, OpenError};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::cli::output;
use crate::server::{Config, Server, ServerError};

/// All that is under way at a shutdown must end within this.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(10);

/// Each connection is an open file; a few more are for the store and the like.
const OTHER_FILES: u64 = 100;

/// What `sysexits.h` calls a usage error: bad arguments or a bad configuration.
const EX_USAGE: u8 = 64;

/// Serve the rigs: gateway, state service and store in one process
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Where to listen; 0.0.0.0:8080 lets other machines in, port 0 takes a free port
    #[arg(long, env = "GHOSTLIGHT_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where levels outlive a restart
    #[arg(long, env = "GHOSTLIGHT_STORE", default_value = "sqlite:ghostlight.db", value_name = "URL")]
    store: String,
    /// What an answered change survives: a power cut (full), or a killed process (relaxed)
    #[arg(long, env = "GHOSTLIGHT_DURABILITY", default_value_t, value_name = "full|relaxed")]
    durability: Durability,
    /// How many rigs may be made
    #[arg(long, env = "GHOSTLIGHT_MAX_RIGS", default_value_t = 1_000, value_name = "COUNT")]
    max_rigs: usize,
    /// How many connections may be open
    #[arg(long, env = "GHOSTLIGHT_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "COUNT")]
    max_connections: usize,
    /// How large a request body or a WebSocket message may be
    #[arg(long, env = "GHOSTLIGHT_MAX_MESSAGE_BYTES", default_value_t = 1 << 20, value_name = "BYTES")]
    max_message_bytes: usize,
    /// A client that takes nothing for so long is closed
    #[arg(long, env = "GHOSTLIGHT_STALL_SECONDS", default_value = "15", value_name = "SECONDS", value_parser = seconds)]
    stall_seconds: Duration,
    /// A WebSocket is pinged so often, and closed when it is silent for two and a half times as long
    #[arg(long, env = "GHOSTLIGHT_PING_SECONDS", default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    ping_seconds: Duration,
    /// A change that is not confirmed within so long is answered as unknown
    #[arg(long, env = "GHOSTLIGHT_ANSWER_SECONDS", default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    answer_seconds: Duration,
    /// How many entries of one rig may be under way to the log; more changes gather meanwhile
    #[arg(long, env = "GHOSTLIGHT_IN_FLIGHT", default_value_t = 4, value_name = "COUNT",
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_024))]
    in_flight: usize,
    /// How many threads serve [default: one less than there are cores]
    #[arg(long, env = "GHOSTLIGHT_THREADS", value_name = "COUNT",
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_024))]
    threads: Option<usize>,
    /// What to log, as tracing's filters write it: info, ghostlight_gateway=debug, ...
    #[arg(long, env = "GHOSTLIGHT_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
}

/// Reads a number of seconds, with decimals.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds is wanted".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if (0.1..=3_600.0).contains(&seconds) => Ok(duration),
        _ => Err("0.1 to 3600 seconds are possible".to_owned()),
    }
}

impl ServeArgs {
    /// How many threads serve.
    pub fn workers(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.unwrap_or_else(|| cores.saturating_sub(1).max(1))
    }

    fn config(&self) -> Config {
        let limits = Limits {
            connections: self.max_connections,
            rigs: self.max_rigs,
            message_bytes: self.max_message_bytes,
            stall: self.stall_seconds,
            ping_every: self.ping_seconds,
            answer_within: self.answer_seconds,
            in_flight: self.in_flight,
        };
        let Self { listen, store, durability, max_rigs, .. } = self.clone();
        Config { listen, store, durability, most_rigs: max_rigs, limits }
    }
}

/// Serves until a signal ends it.
///
/// # Errors
/// What keeps it from starting.
pub async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    if let Err(error) = start_logging(&args.log) {
        return Ok(usage(&format!("--log {:?}: {error}", args.log)));
    }
    let wanted = args.max_connections as u64 + OTHER_FILES;
    if rlimit::increase_nofile_limit(wanted).is_ok_and(|possible| possible < wanted) {
        tracing::warn!("the system allows this process fewer open files than --max-connections asks for");
    }
    let server = match Server::start(args.config()).await {
        Ok(server) => server,
        Err(ServerError::Open(error @ OpenError::Url(_))) => return Ok(usage(&format!("--store: {error}"))),
        Err(error) => return Err(error.into()),
    };
    // Before anyone can know that it runs, and end it.
    let asked_to_end = ended_by()?;
    output::ended(greet(&args, &server))?;
    let shutdown = CancellationToken::new();
    let mut running = std::pin::pin!(server.run(shutdown.clone()));
    tokio::select! {
        () = running.as_mut() => return Ok(ExitCode::FAILURE),
        name = asked_to_end => tracing::info!("{name}: finishing what is under way; a second signal ends at once"),
    }
    shutdown.cancel();
    tokio::select! {
        () = running.as_mut() => Ok(ExitCode::SUCCESS),
        _ = ended_by()? => Ok(ended_early("a second signal")),
        () = tokio::time::sleep(SHUTDOWN_WITHIN) => Ok(ended_early("ten seconds have passed")),
    }
}

/// Ends without waiting for tasks that do not end.
fn ended_early(why: &str) -> ExitCode {
    tracing::warn!("{why}: ending now; every change that was answered is saved");
    std::process::exit(1)
}

/// Resolves with the name of the signal that asks for an end.
fn ended_by() -> anyhow::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}

fn start_logging(filter: &str) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // Told on the standard error, of all places: when that is gone, telling would end the server.
        .log_internal_errors(false)
        .init();
    Ok(())
}

/// Tells a person what is where. The first line is for scripts too: it has the address, port 0 resolved.
fn greet(args: &ServeArgs, server: &Server) -> io::Result<()> {
    let address = server.address()?;
    let (rigs, dimmers) = server.loaded();
    let (store, durability) = (&args.store, args.durability);
    let (rigs, dimmers) = (count(rigs, "rig"), count(dimmers, "dimmer"));
    let mut out = anstream::stdout().lock();
    writeln!(out, "Ghostlight listens on http://{address}/")?;
    writeln!(out, "  console    open that address in a browser; the interface is described at http://{address}/docs")?;
    writeln!(out, "  store      {store}, durability {durability}; loaded {dimmers}, {rigs}")
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn usage(error: &str) -> ExitCode {
    output::complain(format_args!("{error}"));
    EX_USAGE.into()
}
