//! `ghostlight serve`, `gateway` and `state`: settings, start, signals, end.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use ghostlight_bus::nats::ConnectError;
use ghostlight_store::OpenError;
use ghostlight_telemetry::Telemetry;
use ghostlight_telemetry::logs::{self, LogFilter, LogQueue, StartError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Admin};
use crate::args::{BusArgs, GatewayArgs, PartitionsArgs, ProcessArgs, StateArgs, StreamArgs, at_least_one};
use crate::backup_route::Backups;
use crate::cli::output;
use crate::config::{Config, ServerError};
use crate::greeting::{self, Greeting};
use crate::open_files;
use crate::server::Server;
use crate::signals::Signals;

/// How long work under way may take at a shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

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
    let ProcessArgs { log: filter, log_format, .. } = role.process();
    let (filter, log) = match logs::start(filter, *log_format) {
        Ok(logs) => logs,
        Err(StartError::Filter(error)) => return Ok(usage(&format!("--log {filter:?}: {error}"))),
        Err(error) => return Err(error.into()),
    };
    let ended = serve(&role, filter, &log).await;
    log.flush(logs::FLUSH_TIMEOUT);
    ended
}

async fn serve(role: &Role, filter: LogFilter, log: &LogQueue) -> anyhow::Result<ExitCode> {
    let telemetry = Telemetry::start(role.name(), env!("CARGO_PKG_VERSION"));
    let lines = log.clone();
    telemetry.metrics.observe_log(move || lines.dropped());
    let admin = admin::listen(role.process().admin).await?;
    let mut config = role.config();
    let admin_bounds = open_files::divide(config.edge.as_mut().map(|edge| &mut edge.limits));
    let server = match Server::start(config, &telemetry).await {
        Ok(server) => server,
        Err(error) => return refused(error),
    };
    // Listens for signals before anyone can know that the process runs and end it.
    let mut signals = Signals::new()?;
    let greeting = Greeting::start()?;
    greeting.print(start_lines(role, &server, admin.as_ref())?);
    let shutdown = CancellationToken::new();
    let administration = CancellationToken::new();
    let _ends_with_it = administration.clone().drop_guard();
    if let Some(listener) = admin {
        let access = role.process().access.access();
        let (metrics, ready) = (telemetry.metrics.clone(), server.ready());
        let backups = Backups::new(role.keeps().map(|args| args.store.clone()));
        let admin = Admin { metrics, ready, logs: filter, access, backups };
        tokio::spawn(admin.serve(listener, admin_bounds, administration));
    }
    let (ready, standing) = oneshot::channel();
    let (drain, examples) = (server.drain(), server.examples().clone());
    let mut running = std::pin::pin!(server.run(shutdown.clone(), ready));
    let loaded = async {
        if let (Ok(standing), Some(args)) = (standing.await, role.keeps()) {
            greeting.print(greeting::kept(args, standing));
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ran = running.as_mut() => return ran.map_or_else(refused, |()| Ok(ExitCode::FAILURE)),
        name = signals.next() => tracing::info!("{name}: ending"),
        () = loaded => {}
        () = examples.warn() => {}
    }
    shutdown.cancel();
    let ran = tokio::select! {
        ran = running.as_mut() => ran,
        early = hurried(drain, signals) => ended_early(early, log),
    };
    telemetry.end().await;
    ran.map_or_else(refused, |()| Ok(ExitCode::SUCCESS))
}

/// The lines for the start of a role.
fn start_lines(role: &Role, server: &Server, admin: Option<&TcpListener>) -> io::Result<String> {
    let admin = admin.map(TcpListener::local_addr).transpose()?;
    let mut lines = greeting::addresses(server.address()?, admin);
    if let (Some(standing), Some(args)) = (server.loaded(), role.keeps()) {
        lines += &greeting::kept(args, standing);
    }
    Ok(lines)
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
fn ended_early(why: &str, log: &LogQueue) -> ! {
    tracing::warn!("{why}: ending now; every change that was answered is saved");
    log.flush(logs::FLUSH_TIMEOUT);
    std::process::exit(1)
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
