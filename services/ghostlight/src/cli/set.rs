//! `ghostlight set`: change a rig, and wait until that is durable.

use std::process::ExitCode;

use clap::Args;

use super::levels::{Word, to_update};
use super::output;
use super::target::Target;

/// Set the levels and labels of dimmers, the grand master and blackout
///
/// All of it happens at once, or none of it. The command ends when the change is durable and every client is told.
/// Where two words set one thing, the later one counts.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight set 1=50                  dimmer 1 to 50 %
  ghostlight set 1=50 3-10=0 12=33.3%  several at once, ranges too
  ghostlight set 1-512=0 7=100         all out but dimmer 7
  ghostlight set 7=none                forget dimmer 7
  ghostlight set 7:'Front wash' 8:     label dimmer 7, take the label of dimmer 8 off
  ghostlight set master=80             the grand master to 80 %
  ghostlight set blackout=on           everything out, whatever its level

Exit codes:
  0 done   1 refused or failed   64 wrong use   69 no server answers")]
pub struct SetArgs {
    /// A dimmer or a range of dimmers, =, and a level from 0 to 100, or none; or a colon and a label; or master=LEVEL,
    /// blackout=on, blackout=off
    #[arg(required = true, value_name = "DIMMERS=LEVEL")]
    pub words: Vec<Word>,
    /// Where to.
    #[command(flatten)]
    pub target: Target,
}

/// Runs it.
///
/// # Errors
/// None of its own: what fails is said on the standard error, and the exit code tells.
pub async fn run(args: SetArgs) -> anyhow::Result<ExitCode> {
    let update = to_update(&args.words);
    let client = match args.target.connect().await {
        Ok(client) => client,
        Err(code) => return Ok(code),
    };
    let answer = client.change(update).await;
    client.shutdown().await;
    Ok(match answer {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(format_args!("{error}"));
            ExitCode::FAILURE
        }
    })
}
