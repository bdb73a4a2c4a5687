//! `ghostlight adopt`: a deliberate change of the store that a log in NATS belongs to.

use std::process::ExitCode;

use clap::Args;
use ghostlight_bus::nats::{Connection, NatsLog};
use ghostlight_store::Durability;

use super::output;
use crate::args::{BusArgs, StreamArgs};

/// Give the log in NATS to another store
///
/// The log in NATS has the changes of one store, and names it. A state service with another store refuses to start, because
/// its rigs would take the place of those that every console shows. Where that is wanted, as when a database is lost for
/// good, stop all state services, run this once with the store that is to take its place, and start them with that store.
/// Changes that are still in the log, and newer than what the store holds, are taken into it. A restored backup needs no
/// adoption: it has the identity of the original.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight adopt --bus nats://127.0.0.1:4222 --store postgres://ghostlight@127.0.0.1/ghostlight

Exit codes:
  0 the log belongs to that store   1 failed, or a state service runs   64 wrong use")]
pub struct AdoptArgs {
    /// The NATS servers with JetStream: nats://HOST:4222, several separated by commas
    #[arg(long, env = "GHOSTLIGHT_BUS", value_name = "URLS", hide_env_values = true)]
    bus: String,
    /// The store that the log is to belong to: sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(long, env = "GHOSTLIGHT_STORE", value_name = "URL", hide_env_values = true)]
    store: String,
    #[command(flatten)]
    nats: BusArgs,
    #[command(flatten)]
    stream: StreamArgs,
}

/// Gives the log to the store.
///
/// # Errors
/// If the store or NATS cannot be used, or a state service runs.
pub async fn run(args: AdoptArgs) -> anyhow::Result<ExitCode> {
    let settings = args.nats.distributed(&args.bus, args.stream.settings());
    let store = ghostlight_store::open(&args.store, Durability::Full).await?;
    let connection = Connection::open("ghostlight adopt", &settings.nats).await?;
    let before = NatsLog::new(connection, settings.stream).adopt(store.id()).await;
    let (before, id, url) = (before?, store.id(), ghostlight_url::redacted(&args.store));
    store.close().await;
    match before {
        Some(before) if before == id => {
            output::remark(format_args!("the log belongs to this store already: {url} ({id})"));
        }
        Some(before) => {
            output::remark(format_args!("the log belongs to {url} ({id}) now, no longer to the store {before}"));
        }
        None => output::remark(format_args!("the log belongs to {url} ({id}) now")),
    }
    Ok(ExitCode::SUCCESS)
}
