//! `ghostlight top`: shows the state of running processes.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ghostlight_top::fetch::{Asker, Listener};
use ghostlight_top::rates::Followed;
use ghostlight_top::{plain, screen};

use super::output;
use super::target::EX_UNAVAILABLE;
use crate::args::seconds;
use crate::signals::ended_by;

/// Watch running processes: rates, stages, consoles and lag
///
/// Asks the admin listener of each named gateway and state service, and shows what changed since the last reading.
/// Alarms are at the top, in red. A process that does not answer is shown as away. Without a terminal, it prints one
/// table after two readings.
#[derive(Args, Debug)]
#[command(after_help = "\
Keys:
  q Esc Ctrl-C   quit
  p              pause, or continue
  + -            read less often, or more often

Times are interpolated within the buckets of histograms. The stages of a change:
  append   from its arrival at a gateway until the log has it
  fold     in the state service, until it is announced
  save     one transaction of the store
  echo     from when the log has it until its gateway receives the echo
  deliver  from the echo until a console was sent it
End to end is from a change's arrival until it is durable and its gateway can serve it.

Examples:
  ghostlight top
  ghostlight top --url http://one:9464 --url http://two:9464
  ghostlight top --json | jq .alarms

Exit codes:
  0 ended   1 failed   64 wrong use   69 without a terminal: no process answers")]
pub struct TopArgs {
    /// The admin listener of a process; may be repeated
    #[arg(long = "url", default_value = "http://127.0.0.1:9464", value_name = "URL")]
    urls: Vec<Listener>,
    /// Seconds between two readings
    #[arg(long, default_value = "2", value_parser = seconds, value_name = "SECONDS")]
    interval: Duration,
    /// Print one table after two readings, as it does without a terminal
    #[arg(long)]
    once: bool,
    /// Print one JSON object after two readings
    #[arg(long)]
    json: bool,
}

/// Shows the state on the screen, or prints it once.
///
/// # Errors
/// If the terminal cannot be used, or the standard output cannot be written.
pub async fn run(args: TopArgs) -> anyhow::Result<ExitCode> {
    let asker = Asker::new(args.urls);
    if args.once || args.json || !io::stdout().is_terminal() {
        return print(&asker, args.interval, args.json).await;
    }
    screen::run(&asker, args.interval, ended_by()?).await?;
    Ok(ExitCode::SUCCESS)
}

async fn print(asker: &Asker, interval: Duration, json: bool) -> anyhow::Result<ExitCode> {
    let mut followed = Followed::default();
    followed.take(asker.ask().await);
    tokio::time::sleep(interval).await;
    let view = followed.take(asker.ask().await);
    let text = if json { format!("{}\n", serde_json::to_string(&view)?) } else { plain::text(&view) };
    output::ended(io::stdout().write_all(text.as_bytes()))?;
    let is_any_here = view.processes.iter().any(|process| process.here().is_some());
    Ok(if is_any_here { ExitCode::SUCCESS } else { ExitCode::from(EX_UNAVAILABLE) })
}
