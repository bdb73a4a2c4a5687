//! `ghostlight set`: changes a rig, and waits until the change is durable.

use std::process::ExitCode;

use clap::Args;

use super::levels::{Word, to_update};
use super::output;
use super::target::{Create, Target};

/// Set the levels and labels of dimmers, the grand master and blackout
///
/// All of the change happens at once, or none of it. The command ends when the change is durable and its gateway shows
/// it. If two words set one thing, the later one counts.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight set 1=50                  dimmer 1 to 50 %
  ghostlight set 1=50 3-10=0 12=33.3%  several at once, with ranges
  ghostlight set 1-512=0 7=100         all out but dimmer 7
  ghostlight set 7=none                remove the level of dimmer 7
  ghostlight set 7:'Front wash' 8:     label dimmer 7, remove the label of dimmer 8
  ghostlight set master=80             the grand master to 80 %
  ghostlight set blackout=on           every output at 0 %, whatever its level

Exit codes:
  0 done   1 refused or failed   64 wrong use   69 no server answers")]
pub struct SetArgs {
    /// Dimmers and a level, such as 1=50, 3-10=0 or 7=none; dimmers and a label, such as 7:Wash; or master=LEVEL,
    /// blackout=on, blackout=off
    #[arg(required = true, value_name = "DIMMERS=LEVEL")]
    pub words: Vec<Word>,
    /// Make the rig if it does not exist
    #[arg(long)]
    pub create: bool,
    /// The gateway and the rig.
    #[command(flatten)]
    pub target: Target,
}

/// Runs the command.
///
/// # Errors
/// None: failures are printed on the standard error and set the exit code.
pub async fn run(args: SetArgs) -> anyhow::Result<ExitCode> {
    let update = to_update(&args.words);
    let create = if args.create { Create::IfMissing } else { Create::Never };
    let client = match args.target.connect_to_change(create).await {
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
