//! `ghostlight check`: a running deployment, held to its promises.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ghostlight_check::{Driver, Options, Running, StartError};
use ghostlight_rig::RigName;

use super::output;
use super::target::{EX_UNAVAILABLE, EX_USAGE};

/// How often it is told how it goes.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// Hold running gateways to their promises: write, watch what every client sees, and judge it
///
/// Many clients change a rig of their own over all gateways and compare all that they see. It empties the rig that --rig
/// names, writes there for as long as it runs, and touches no other; nobody else may write there meanwhile. Each broken
/// promise is a line, and ends it with exit code 1.
#[derive(Args, Debug)]
#[command(after_help = "\
What must hold:
  growth            every client's positions grow, over all its connections
  continuity        what a client is told continues what it holds
  one map           at equal positions, equal digests
  order             a change comes after all that was known when it was sent
  place             every acknowledged change stands where its position says, until a later one
  read your writes  after its acknowledgement, a change is seen where it was asked for
  origin            nobody sees a value that nobody wrote
  convergence       in the end, all stand on the newest map

Examples:
  ghostlight check --url http://one:8080 --url http://two:8080
  ghostlight check --clients 30 --rate 20 --seconds 1800

Exit codes:
  0 all holds   1 a promise is broken   64 wrong use   69 no server answers")]
pub struct CheckArgs {
    /// The address of a gateway; several times for several
    #[arg(long = "url", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    urls: Vec<String>,
    /// The rig that it empties and writes to: 1 to 63 of a-z, 0-9, _ and -
    #[arg(long, default_value = "check", value_parser = RigName::new, value_name = "NAME")]
    rig: RigName,
    /// How many clients
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// How many changes a second each client asks for
    #[arg(long, default_value_t = 20.0, value_parser = rate, value_name = "CHANGES")]
    rate: f64,
    /// How long they write
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    seconds: u32,
    /// How many dimmers they set, from 1 on
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    dimmers: u16,
    /// What their choices depend on [default: random]
    #[arg(long)]
    seed: Option<u64>,
}

/// Reads a rate.
fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "a number of changes a second is wanted".to_owned())?;
    if (0.01..=1_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("0.01 to 1000 changes a second are possible".to_owned())
    }
}

/// Checks, and prints what was found.
///
/// # Errors
/// When the standard output cannot be written.
pub async fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let seed = args.seed.unwrap_or_else(Options::random_seed);
    let options = Options {
        urls: args.urls,
        rig: args.rig,
        clients: args.clients as usize,
        rate: args.rate,
        dimmers: args.dimmers,
        seed,
        ..Options::default()
    };
    let running = match start(options).await {
        Ok(running) => running,
        Err(error) => {
            output::complain(format_args!("{error}"));
            return Ok(ExitCode::from(match error {
                StartError::Option(_) => EX_USAGE,
                StartError::Unavailable(_) => EX_UNAVAILABLE,
            }));
        }
    };
    written(&running, Duration::from_secs(args.seconds.into())).await;
    let report = running.stop().await;
    output::ended(write!(io::stdout(), "{report}"))?;
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what it is going to do, and does it.
async fn start(options: Options) -> Result<Running, StartError> {
    options.validate()?;
    let Options { rig, seed, .. } = &options;
    output::remark(format_args!("emptying rig {rig} and writing there, and nowhere else; seed {seed}"));
    Driver::start(options).await
}

/// Waits while the clients write, tells how it goes now and then, and stops early when somebody asks for that.
async fn written(running: &Running, lasting: Duration) {
    let mut tells = tokio::time::interval(REPORT_INTERVAL);
    tells.tick().await;
    let enough = tokio::time::sleep(lasting);
    tokio::pin!(enough);
    loop {
        tokio::select! {
            () = enough.as_mut() => return,
            _ = tells.tick() => tell(running),
            _ = tokio::signal::ctrl_c() => return output::remark(format_args!("stopping")),
        }
    }
}

fn tell(running: &Running) {
    let progress = running.progress();
    let (acked, live, of) = (progress.counts.acked, progress.live(), progress.live_at.len());
    let violations = progress.violations;
    output::remark(format_args!("{acked} changes acknowledged, {live} of {of} clients live, {violations} violations"));
}
