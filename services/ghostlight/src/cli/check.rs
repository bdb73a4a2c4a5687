//! `ghostlight check`: checks that a running deployment keeps its promises.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ghostlight_check::{Driver, Options, Running, StartError};
use ghostlight_client::Api;
use ghostlight_rig::RigName;

use super::output;
use super::target::{EX_UNAVAILABLE, EX_USAGE};

/// How often progress is printed.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// Check that running gateways keep their promises: write, watch what every client sees, and judge it
///
/// Many clients change one rig through all gateways and compare everything that they see. The command empties the rig
/// that --rig names and writes there while it runs; it touches no other rig, and nobody else may write there meanwhile.
/// A rig that it has made is removed at the end, unless a promise was broken.
/// Each broken promise is printed as a line, and makes the exit code 1.
#[derive(Args, Debug)]
#[command(after_help = "\
What must hold:
  growth            each client's positions grow, across all its connections
  continuity        each delta continues the map that its client holds
  one map           at equal positions, equal digests
  order             a change comes after every position known when it was sent
  place             an acknowledged change holds from its position on, until a later one
  read your writes  after its acknowledgement, a change is seen at its own gateway
  origin            every value that is seen was written
  convergence       in the end, all clients have the newest map

Examples:
  ghostlight check --url http://one:8080 --url http://two:8080
  ghostlight check --clients 30 --rate 20 --seconds 1800

Exit codes:
  0 all promises hold   1 a promise is broken   64 wrong use   69 no server answers")]
pub struct CheckArgs {
    /// The address of a gateway; may be repeated
    #[arg(long = "url", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    urls: Vec<String>,
    /// The rig that it empties and writes to: 1 to 63 of a-z, 0-9, _ and -
    #[arg(long, default_value = "check", value_parser = RigName::new, value_name = "NAME")]
    rig: RigName,
    /// The number of clients
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// How many changes a second each client makes
    #[arg(long, default_value_t = 20.0, value_parser = rate, value_name = "CHANGES")]
    rate: f64,
    /// How many seconds they write
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    seconds: u32,
    /// How many dimmers they set, beginning with 1
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    dimmers: u16,
    /// The seed of their random choices [default: random]
    #[arg(long)]
    seed: Option<u64>,
}

/// Parses a rate.
fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number of changes a second".to_owned())?;
    if (0.01..=1_000.0).contains(&rate) { Ok(rate) } else { Err("expected 0.01 to 1000 changes a second".to_owned()) }
}

/// Runs the command, and prints its report.
///
/// # Errors
/// If the standard output cannot be written.
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
    let (urls, rig) = (options.urls.clone(), options.rig.clone());
    let is_new = is_missing(&urls, &rig).await;
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
    if is_new {
        tidy_up(&urls, &rig, report.is_good()).await;
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether a gateway says that the rig does not exist, so that the run makes it.
async fn is_missing(urls: &[String], rig: &RigName) -> bool {
    for url in urls {
        let Ok(api) = Api::new(url) else { continue };
        match api.get(rig).await {
            Ok(_) => return false,
            Err(error) if error.status() == Some(404) => return true,
            Err(_) => {}
        }
    }
    false
}

/// Removes the rig that the run has made, through any gateway. If a promise was broken, the rig is left to be looked at.
async fn tidy_up(urls: &[String], rig: &RigName, is_good: bool) {
    if !is_good {
        return output::remark(format_args!("the rig {rig} is left as it is: ghostlight rigs delete {rig}"));
    }
    let mut why = String::new();
    for url in urls {
        match async { Api::new(url)?.delete(rig, None).await }.await {
            Ok(()) => return,
            Err(error) => why = error.to_string(),
        }
    }
    output::remark(format_args!("the rig {rig} was not removed: {why}"));
}

/// Prints what it will do, and starts the clients.
async fn start(options: Options) -> Result<Running, StartError> {
    options.validate()?;
    let Options { rig, seed, .. } = &options;
    output::remark(format_args!("emptying rig {rig} and writing there, and nowhere else; seed {seed}"));
    Driver::start(options).await
}

/// Waits while the clients write, prints progress now and then, and stops early on Ctrl-C.
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
