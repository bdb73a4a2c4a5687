//! `ghostlight serve`, `gateway` and `state`: settings, start, signals, end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use ghostlight_bus::nats::ConnectError;
use ghostlight_store::OpenError;
use ghostlight_telemetry::{Telemetry, logs};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Admin};
use crate::args::{BusArgs, GatewayArgs, PartitionsArgs, ProcessArgs, StateArgs, StreamArgs, at_least_one};
use crate::cli::output;
use crate::config::{Config, ServerError};
use crate::server::Server;
use crate::state_role::Standing;

/// How long work under way may take at a shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// The open files that are needed beside connections, for the store and the like.
const OTHER_FILES: u64 = 100;

/// What `sysexits.h` calls a usage error: bad arguments or a bad configuration.
const EX_USAGE: u8 = 64;

/// Serve the rigs: gateway, state service and store in one process, alone or with others
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Join others through these NATS servers with JetStream: nats://HOST:4222, several separated by commas
    #[arg(long, env = "GHOSTLIGHT_BUS", value_name = "URLS", hide_env_values = true)]
    bus: Option<String>,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    state: StateArgs,
    /// How many entries of one rig may be under way to the log, without --bus; further changes wait for the next entry
    #[arg(long, env = "GHOSTLIGHT_IN_FLIGHT", default_value_t = 4, value_name = "COUNT",
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_024))]
    in_flight: usize,
    #[command(flatten)]
    nats: BusArgs,
    #[command(flatten)]
    stream: StreamArgs,
    #[command(flatten)]
    process: ProcessArgs,
}

/// Serve a gateway: consoles connect to it; state services in other processes keep the rigs
#[derive(Args, Clone, Debug)]
pub struct GatewayRole {
    /// The NATS servers with JetStream: nats://HOST:4222, several separated by commas
    #[arg(long, env = "GHOSTLIGHT_BUS", value_name = "URLS", hide_env_values = true)]
    bus: String,
    #[command(flatten)]
    gateway: GatewayArgs,
    /// How many rigs to follow before those that no connection uses are dropped
    #[arg(long, env = "GHOSTLIGHT_MAX_RIGS", default_value_t = 1_000, value_name = "COUNT", value_parser = at_least_one())]
    max_rigs: usize,
    #[command(flatten)]
    partitions: PartitionsArgs,
    #[command(flatten)]
    nats: BusArgs,
    #[command(flatten)]
    process: ProcessArgs,
}

/// Serve a state service: it folds the log, keeps the rigs and announces changes to the gateways
#[derive(Args, Clone, Debug)]
pub struct StateRole {
    /// The NATS servers with JetStream: nats://HOST:4222, several separated by commas
    #[arg(long, env = "GHOSTLIGHT_BUS", value_name = "URLS", hide_env_values = true)]
    bus: String,
    #[command(flatten)]
    state: StateArgs,
    #[command(flatten)]
    nats: BusArgs,
    #[command(flatten)]
    stream: StreamArgs,
    #[command(flatten)]
    process: ProcessArgs,
}

/// With --bus, one entry of a rig is under way at a time, because an entry that is sent again must not get behind a
/// later one.
const IN_FLIGHT_TO_OTHERS: usize = 1;

/// A role with its settings.
#[derive(Clone, Debug, Subcommand)]
pub enum Role {
    #[allow(missing_docs, reason = "what stands here would be shown as the command's help, in place of the settings'")]
    Serve(Box<ServeArgs>),
    #[allow(missing_docs, reason = "as for Serve")]
    Gateway(Box<GatewayRole>),
    #[allow(missing_docs, reason = "as for Serve")]
    State(Box<StateRole>),
}

impl Role {
    /// The number of worker threads.
    pub fn workers(&self) -> usize {
        let stores_alone = matches!(self, Self::Serve(args) if args.bus.is_none());
        self.process().workers(stores_alone)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Serve(_) => "serve",
            Self::Gateway(_) => "gateway",
            Self::State(_) => "state",
        }
    }

    fn process(&self) -> &ProcessArgs {
        match self {
            Self::Serve(args) => &args.process,
            Self::Gateway(args) => &args.process,
            Self::State(args) => &args.process,
        }
    }

    fn config(&self) -> Config {
        match self {
            Self::Serve(args) => {
                let distributed = args.bus.as_ref().map(|urls| args.nats.distributed(urls, args.stream.settings()));
                let in_flight = if distributed.is_some() { IN_FLIGHT_TO_OTHERS } else { args.in_flight };
                let edge = args.gateway.edge(args.state.max_rigs, in_flight, args.process.access.access());
                Config { edge: Some(edge), keeper: Some(args.state.keeper()), distributed }
            }
            Self::Gateway(args) => Config {
                edge: Some(args.gateway.edge(args.max_rigs, IN_FLIGHT_TO_OTHERS, args.process.access.access())),
                keeper: None,
                distributed: Some(args.nats.distributed(&args.bus, args.partitions.settings())),
            },
            Self::State(args) => Config {
                edge: None,
                keeper: Some(args.state.keeper()),
                distributed: Some(args.nats.distributed(&args.bus, args.stream.settings())),
            },
        }
    }

    /// The most connections that may be open.
    fn connections(&self) -> usize {
        match self {
            Self::Serve(args) => args.gateway.max_connections,
            Self::Gateway(args) => args.gateway.max_connections,
            Self::State(_) => 0,
        }
    }

    fn keeps(&self) -> Option<&StateArgs> {
        match self {
            Self::Serve(args) => Some(&args.state),
            Self::State(args) => Some(&args.state),
            Self::Gateway(_) => None,
        }
    }
}

/// Serves until a signal or an error ends it.
///
/// # Errors
/// The error that keeps it from starting.
pub async fn run(role: Role) -> anyhow::Result<ExitCode> {
    let ProcessArgs { log: filter, log_format, admin, access, .. } = role.process();
    let logs = match logs::start(filter, *log_format) {
        Ok(logs) => logs,
        Err(error) => return Ok(usage(&format!("--log {filter:?}: {error}"))),
    };
    let telemetry = Telemetry::start(role.name(), env!("CARGO_PKG_VERSION"));
    let (admin, access) = (admin::listen(*admin).await?, access.access());
    let wanted = role.connections() as u64 + OTHER_FILES;
    if rlimit::increase_nofile_limit(wanted).is_ok_and(|possible| possible < wanted) {
        tracing::warn!("the system allows this process fewer open files than --max-connections asks for");
    }
    let server = match Server::start(role.config(), &telemetry).await {
        Ok(server) => server,
        Err(error) => return refused(error),
    };
    // Listens for signals before anyone can know that the process runs and end it.
    let mut signals = Signals::new()?;
    let admin_address = admin.as_ref().map(TcpListener::local_addr).transpose()?;
    output::ended(greet(&role, &server, admin_address))?;
    let shutdown = CancellationToken::new();
    let administration = CancellationToken::new();
    let _ends_with_it = administration.clone().drop_guard();
    if let Some(listener) = admin {
        let admin = Admin { metrics: telemetry.metrics.clone(), ready: server.ready(), logs, access };
        tokio::spawn(admin.serve(listener, administration));
    }
    let (ready, standing) = oneshot::channel();
    let (drain, examples) = (server.drain(), server.examples().clone());
    let mut running = std::pin::pin!(server.run(shutdown.clone(), ready));
    let greeting = async {
        if let (Ok(standing), Some(args)) = (standing.await, role.keeps()) {
            // The reader of standard output may be gone; the server continues.
            let _ = writeln!(anstream::stdout().lock(), "{}", kept(args, standing));
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ran = running.as_mut() => return ran.map_or_else(refused, |()| Ok(ExitCode::FAILURE)),
        name = signals.next() => tracing::info!("{name}: ending"),
        () = greeting => {}
        () = examples.warn() => {}
    }
    shutdown.cancel();
    let ran = tokio::select! {
        ran = running.as_mut() => ran,
        early = hurried(drain, signals) => return Ok(ended_early(early)),
    };
    telemetry.end().await;
    ran.map_or_else(refused, |()| Ok(ExitCode::SUCCESS))
}

/// Waits, while the server drains and then finishes, for what ends it early; returns the reason. A signal during the
/// drain only cuts the drain short.
async fn hurried(drain: Option<(Duration, CancellationToken)>, mut signals: Signals) -> &'static str {
    if let Some((within, closing)) = drain {
        let seconds = within.as_secs_f64();
        tracing::info!("draining: connections are closed one by one, over {seconds} s; another signal cuts that short");
        if let Some(name) = closing.run_until_cancelled(signals.next()).await {
            tracing::info!("{name}: closing the remaining connections now");
            closing.cancel();
        }
    }
    tracing::info!("finishing what is under way; another signal ends at once");
    tokio::select! {
        _ = signals.next() => "another signal",
        () = tokio::time::sleep(SHUTDOWN_TIMEOUT) => "ten seconds have passed",
    }
}

/// Ends the process without waiting for unfinished tasks.
fn ended_early(why: &str) -> ExitCode {
    tracing::warn!("{why}: ending now; every change that was answered is saved");
    std::process::exit(1)
}

/// The signals that end the process, received from when this is made.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        Ok(Self { terminate, interrupt })
    }

    /// Waits for the next signal; returns its name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Resolves with the name of the signal that ends the process.
pub(crate) fn ended_by() -> anyhow::Result<impl Future<Output = &'static str>> {
    let mut signals = Signals::new()?;
    Ok(async move { signals.next().await })
}

/// Prints the addresses for a person. The first line is also for scripts: it has the address, with port 0 resolved.
fn greet(role: &Role, server: &Server, admin: Option<SocketAddr>) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match server.address()? {
        Some(address) => {
            writeln!(out, "Ghostlight listens on http://{address}/")?;
            writeln!(
                out,
                "  console    open that address in a browser; the interface is described at http://{address}/docs"
            )?;
        }
        None => writeln!(out, "Ghostlight's state service starts")?,
    }
    if let Some(admin) = admin {
        writeln!(out, "  admin      metrics, health and the log's filter at http://{admin}/metrics, /readyz, /log")?;
    }
    match (server.loaded(), role.keeps()) {
        (Some(standing), Some(args)) => writeln!(out, "{}", kept(args, standing)),
        _ => Ok(()),
    }
}

/// The line about the store.
fn kept(args: &StateArgs, standing: Standing) -> String {
    let (store, durability) = (ghostlight_url::redacted(&args.store), args.durability);
    let (rigs, dimmers) = (count(standing.rigs, "rig"), count(standing.dimmers, "dimmer"));
    format!("  store      {store}, durability {durability}; loaded {dimmers}, {rigs}")
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Handles the error of a server: a wrong setting is reported like any wrong argument.
fn refused(error: ServerError) -> anyhow::Result<ExitCode> {
    match error {
        ServerError::Open(error @ (OpenError::Url(_) | OpenError::Settings { .. })) => {
            Ok(usage(&format!("--store: {error}")))
        }
        ServerError::Connect(error @ (ConnectError::Url(_) | ConnectError::Logins)) => {
            Ok(usage(&format!("--bus: {error}")))
        }
        error => Err(error.into()),
    }
}

fn usage(error: &str) -> ExitCode {
    output::complain(format_args!("{error}"));
    EX_USAGE.into()
}
