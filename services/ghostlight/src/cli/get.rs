//! `ghostlight get`: shows the levels, as they are set or as outputs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use ghostlight_client::Api;
use ghostlight_proto::LevelsText;
use ghostlight_rig::{Dimmer, Label, Level, RigName, State};

use super::levels::Dimmers;
use super::output;
use super::target::{Target, complain};

/// Show the levels of dimmers
///
/// Shows all dimmers that have a level, or only the named ones. If the grand master is not at full, or the rig is in
/// blackout, a remark on the standard error says so.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight get            every dimmer that has a level
  ghostlight get 1 3-10     only these dimmers
  ghostlight get --output   the outputs, under the grand master and blackout
  ghostlight get --json     {\"1\":50,\"2\":0}

Exit codes:
  0 done   1 failed   64 wrong use   69 no server answers")]
pub struct GetArgs {
    /// Dimmers and ranges of dimmers
    #[arg(value_name = "DIMMERS")]
    pub dimmers: Vec<Dimmers>,
    /// Show outputs: the levels under the grand master, 0 in blackout
    #[arg(long)]
    pub output: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// The gateway and the rig.
    #[command(flatten)]
    pub target: Target,
}

/// Runs the command.
///
/// # Errors
/// If the standard output cannot be written.
pub async fn run(args: GetArgs) -> anyhow::Result<ExitCode> {
    let (url, rig) = (args.target.url.clone(), args.target.rig.clone());
    let client = match args.target.connect().await {
        Ok(client) => client,
        Err(code) => return Ok(code),
    };
    if client.is_missing() {
        client.shutdown().await;
        return Ok(missing(&url, &rig).await);
    }
    let State { mut levels, labels, master, blackout, .. } = client.rig();
    if args.output {
        levels = client.output();
    }
    client.shutdown().await;
    if !args.dimmers.is_empty() {
        levels.retain(|&dimmer, _| args.dimmers.iter().any(|range| range.contains(dimmer)));
    }
    let mut out = anstream::stdout().lock();
    let written = if args.json { write_json(&mut out, &levels) } else { write_table(&mut out, &levels, &labels) };
    output::ended(written)?;
    if args.json {
        return Ok(ExitCode::SUCCESS);
    }
    if levels.is_empty() {
        output::remark(format_args!("no dimmer has a level{}", if args.dimmers.is_empty() { "" } else { " there" }));
    }
    if master != Level::FULL {
        output::remark(format_args!("the grand master is at {master}"));
    }
    if blackout {
        output::remark(format_args!("the rig is blacked out"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Says that a rig does not exist, as the server says it: with a rig of a similar name.
async fn missing(url: &str, rig: &RigName) -> ExitCode {
    let asked = async { Api::new(url)?.get(rig).await };
    match asked.await {
        Err(error) => complain(&error),
        Ok(_) => {
            output::complain(format_args!("there was no rig {rig}; it was made just now"));
            ExitCode::FAILURE
        }
    }
}

fn write_json(out: &mut impl Write, levels: &BTreeMap<Dimmer, Level>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &LevelsText(levels))?;
    writeln!(out)
}

fn write_table(
    out: &mut impl Write,
    levels: &BTreeMap<Dimmer, Level>,
    labels: &BTreeMap<Dimmer, Label>,
) -> io::Result<()> {
    if levels.is_empty() {
        return Ok(());
    }
    let head = output::FAINT;
    writeln!(out, "{head}dimmer   level{head:#}")?;
    for (dimmer, level) in levels {
        write!(out, "{:>6}  {:>6}", dimmer.get(), level.to_string())?;
        match labels.get(dimmer) {
            Some(label) => writeln!(out, "  {label}")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> BTreeMap<Dimmer, Level> {
        let levels = [(1, 5_000), (12, 0), (65_535, 1_234)].into_iter();
        levels.map(|(d, h)| (Dimmer::new(d).unwrap(), Level::from_hundredths(h).unwrap())).collect()
    }

    #[test]
    fn a_table_has_its_columns_right_aligned() {
        let mut out = anstream::StripStream::new(Vec::new());
        let labels = [(Dimmer::new(12).unwrap(), Label::new("Front wash").unwrap())].into();
        write_table(&mut out, &map(), &labels).unwrap();
        let text = String::from_utf8(out.into_inner()).unwrap();
        assert_eq!(text, "dimmer   level\n     1      50\n    12       0  Front wash\n 65535   12.34\n");
    }

    #[test]
    fn json_is_the_map() {
        let mut out = Vec::new();
        write_json(&mut out, &map()).unwrap();
        assert_eq!(out, b"{\"1\":50,\"12\":0,\"65535\":12.34}\n");
    }
}
