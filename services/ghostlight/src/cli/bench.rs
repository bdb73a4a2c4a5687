//! `ghostlight bench`: puts a running server under load, beside a bare one.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ghostlight_bench::{Effort, Measure, NatsServers, Options, Yardstick};

use crate::signals::ended_by;

/// Measure a running server, beside a bare server of the same bytes
///
/// It sets dimmers 60001 and up and two words of rig main, and removes them when it is done. Every answer is checked: the
/// first wrong one ends the run with exit code 1. A figure that misses its target does not. To measure memory, restart
/// the server first.
///
/// With --nats, the gateway of a deployment is measured beside NATS alone: echoes beside the same hops without
/// Ghostlight (an acknowledged publish to a stream, then one over core NATS to a subscriber, then one more) and beside
/// a key-value put that a watcher sees; posts beside such puts, with one connection each and with one shared by all. It
/// makes a stream and a bucket of its own, GHOSTLIGHT_BENCH, stored like the log, and removes them when it is done or
/// is ended.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// The server to measure
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A second Ghostlight to measure it against, for instance with another --durability
    #[arg(long, value_name = "URL")]
    against: Option<String>,
    /// The NATS servers that the measured gateway uses: nats://HOST:4222, several separated by commas
    #[arg(long, value_name = "URLS")]
    nats: Option<String>,
    /// The monitoring port of one of the NATS servers, to report the log's sync_interval
    #[arg(long, value_name = "URL", requires = "nats")]
    nats_monitoring: Option<String>,
    /// Run only these measures: memory, http, lookup, echo, fanout, writers
    #[arg(long, value_delimiter = ',', value_name = "MEASURE")]
    only: Vec<Measure>,
    /// The length of each round in seconds, after a warm-up of a tenth of it
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    /// The rounds of each measure; each round runs against every server in turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// The number of WebSocket clients of fanout and memory
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    clients: u32,
    /// The number of WebSocket clients of writers
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    writers: u32,
    /// Do not run the bare server for comparison
    #[arg(long)]
    no_yardstick: bool,
    /// The server's process id, to read its CPU time and memory [default: found through its port, on Linux]
    #[arg(long)]
    pid: Option<u32>,
    /// Allow load on servers of yours that are not on this machine
    #[arg(long)]
    allow_remote: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Measures and prints the report.
///
/// # Errors
/// If an answer is wrong, there is nothing to measure, or a signal ended it.
pub async fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    let (json, ended) = (args.json, ended_by()?);
    let ended = async {
        ended.await;
    };
    let report = ghostlight_bench::run(&args.options()?, ended).await?;
    let mut stdout = io::stdout();
    if json {
        writeln!(stdout, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        write!(stdout, "{report}")?;
    }
    Ok(ExitCode::SUCCESS)
}

impl BenchArgs {
    fn options(self) -> io::Result<Options> {
        let lasting = Duration::from_secs(self.seconds.into());
        let yardstick = if self.no_yardstick { Yardstick::None } else { Yardstick::Spawn(std::env::current_exe()?) };
        Ok(Options {
            url: self.url,
            against: self.against,
            nats: self.nats.map(|urls| NatsServers { urls, monitoring: self.nats_monitoring }),
            allow_remote: self.allow_remote,
            pid: self.pid,
            yardstick,
            only: if self.only.is_empty() { Measure::ALL.to_vec() } else { self.only },
            rounds: self.rounds,
            effort: Effort { warm_up: lasting / 10, lasting, most: u64::MAX, patience: Duration::from_secs(20) },
            clients: self.clients as usize,
            writers: self.writers as usize,
        })
    }
}
