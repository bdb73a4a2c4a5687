//! `ghostlight say`: changes a rig by a text of commands.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use ghostlight_client::{ApiError, Said, Saying};
use ghostlight_proto::TextError;

use super::levels::to_words;
use super::output;
use super::target::{self, Target};

/// Change a rig by a text of commands
///
/// The text is done as one change, or refused with the place of the error. Prints what was understood, and what it changed; notes
/// and the selection are printed on the standard error. The server keeps no selection: give the one that was printed to
/// --selection, and `full` means the same dimmers again.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight say dimmer 3-10 @ 0, wash at 50, 9 + 11 full
  ghostlight say --dry-run 'wash full'             only show what it would change
  ghostlight say --selection 1-10 at 60
  ghostlight say 5 -10
  ghostlight say '1 thru 10 record \"front wash\" at full'
  ghostlight say undo                              take back the last change under this --client

Exit codes:
  0 done   1 refused or failed   64 wrong use   69 no server answers")]
pub struct SayArgs {
    /// The text; several arguments are joined with spaces
    #[arg(required = true, value_name = "TEXT", allow_negative_numbers = true)]
    text: Vec<String>,
    /// Only show what the text would change
    #[arg(long)]
    dry_run: bool,
    /// What a command without a selection means, as a text before printed it: 1-10,20-12/2
    #[arg(long, value_name = "SELECTION")]
    selection: Option<String>,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    /// The gateway and the rig.
    #[command(flatten)]
    target: Target,
}

/// Says the text.
///
/// # Errors
/// If the standard output cannot be written.
pub async fn run(args: SayArgs) -> anyhow::Result<ExitCode> {
    let saying = Saying { selection: args.selection, dry_run: args.dry_run, idempotency_key: None };
    let (text, rig) = (args.text.join(" "), &args.target.rig);
    let said = async { args.target.api()?.say(rig, &text, &saying).await };
    let Said { json, understood, changes, selection, notes, .. } = match said.await {
        Ok(said) => said,
        Err(error) => return Ok(complain(&error)),
    };
    if args.json {
        output::ended(writeln!(std::io::stdout(), "{}", String::from_utf8_lossy(&json)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let words = changes.map(|changes| to_words(&changes).join(" ")).unwrap_or_default();
    output::ended(writeln!(std::io::stdout(), "{understood}\n{words}"))?;
    notes.iter().for_each(|note| output::remark(format_args!("{note}")));
    if let Some(selection) = selection {
        output::remark(format_args!("selection: {selection}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints why a text was refused, with the place in it.
fn complain(error: &ApiError) -> ExitCode {
    let code = target::complain(error);
    if let ApiError::Refused(problem) = error
        && let Some(TextError { underlined, .. }) = &problem.text_error
    {
        output::remark(format_args!("{underlined}"));
    }
    code
}
