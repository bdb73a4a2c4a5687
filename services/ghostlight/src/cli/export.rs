//! `ghostlight export` and `ghostlight import`: whole rigs as JSON, and their way back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use axum::body::Bytes;
use clap::Args;
use ghostlight_client::{Api, When};
use ghostlight_proto::{parse_state, without_byte_order_mark};
use ghostlight_rig::RigName;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::output;
use super::rigs::GatewayUrl;
use super::target::complain;
use crate::greeting::count;

/// What an export says that it is.
const FORMAT: &str = "ghostlight-rigs-1";

/// Write whole rigs as JSON: all that they hold
///
/// Each rig is of one moment. `ghostlight import` makes rigs exactly what was exported, on this server or another one.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight export > rigs.json                  all rigs
  ghostlight export --rig main --rig stage show.json

Exit codes:
  0 done   1 failed; there is no file   64 wrong use   69 no server answers")]
pub struct ExportArgs {
    /// A new file [default: the standard output]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// A rig; may be given several times [default: all rigs]
    #[arg(long = "rig", value_parser = RigName::new, value_name = "NAME")]
    rigs: Vec<RigName>,
    #[command(flatten)]
    gateway: GatewayUrl,
}

/// Make rigs exactly what was exported
///
/// A rig that does not exist is made. What a rig holds and the export does not is removed. Other rigs stay as they are. The whole
/// file is checked before the first rig is changed; each rig is one change.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight import rigs.json
  ghostlight import --rig main rigs.json   only this rig
  ghostlight export --url http://old:8080 | ghostlight import -

Exit codes:
  0 done   1 failed; the rigs that were imported are named   64 wrong use   69 no server answers")]
pub struct ImportArgs {
    /// The file; - is the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A rig of the file; may be given several times [default: all rigs of the file]
    #[arg(long = "rig", value_parser = RigName::new, value_name = "NAME")]
    rigs: Vec<RigName>,
    #[command(flatten)]
    gateway: GatewayUrl,
}

/// An export.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    format: String,
    rigs: BTreeMap<String, Box<RawValue>>,
}

/// Exports rigs.
///
/// # Errors
/// If the file or the standard output cannot be written.
pub async fn export(ExportArgs { file, rigs, gateway }: ExportArgs) -> anyhow::Result<ExitCode> {
    let text = match text(&gateway, rigs).await? {
        Ok(text) => text,
        Err(failed) => return Ok(failed),
    };
    match file {
        Some(file) => write_new(&file, &text).with_context(|| format!("{}", file.display()))?,
        None => drop(output::ended(io::stdout().write_all(&text))?),
    }
    Ok(ExitCode::SUCCESS)
}

/// The text of an export, or the exit code of what has failed and was printed.
async fn text(gateway: &GatewayUrl, mut rigs: Vec<RigName>) -> anyhow::Result<Result<Vec<u8>, ExitCode>> {
    let api = match Api::new(&gateway.url) {
        Ok(api) => api,
        Err(error) => return Ok(Err(complain(&error.into()))),
    };
    let is_named = !rigs.is_empty();
    if !is_named {
        match api.names().await {
            Ok(names) => rigs = names.iter().filter_map(|name| RigName::new(name).ok()).collect(),
            Err(error) => return Ok(Err(complain(&error))),
        }
    }
    let mut export = Export { format: FORMAT.to_owned(), rigs: BTreeMap::new() };
    for rig in rigs {
        match api.get(&rig).await {
            Ok(whole) => {
                let json = serde_json::from_slice(&whole.json).context("the server's answer is not JSON")?;
                export.rigs.insert(rig.to_string(), json);
            }
            // It was removed since the list was made.
            Err(error) if !is_named && error.status() == Some(404) => {}
            Err(error) => return Ok(Err(complain(&error))),
        }
    }
    let mut text = serde_json::to_vec(&export)?;
    text.push(b'\n');
    Ok(Ok(text))
}

/// Writes a file that does not exist; if that fails, there is none.
fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

/// Imports rigs.
///
/// # Errors
/// If the file cannot be read, or is not an export.
pub async fn import(ImportArgs { file, rigs, gateway }: ImportArgs) -> anyhow::Result<ExitCode> {
    let text = read(&file).with_context(|| format!("{}", file.display()))?;
    let export = checked(&text, &rigs).with_context(|| format!("{}", file.display()))?;
    let api = match Api::new(&gateway.url) {
        Ok(api) => api,
        Err(error) => return Ok(complain(&error.into())),
    };
    let mut imported: Vec<String> = Vec::new();
    for (rig, json) in &export {
        if let Err(error) = api.put(rig, json.clone(), When::Always).await {
            let left = export.len() - imported.len();
            output::remark(format_args!("imported: {}; not imported: {left}, from {rig} on", listed(&imported)));
            return Ok(complain(&error));
        }
        imported.push(rig.to_string());
    }
    output::remark(format_args!("{} imported: {}", count(imported.len(), "rig"), listed(&imported)));
    Ok(ExitCode::SUCCESS)
}

fn listed(rigs: &[String]) -> String {
    if rigs.is_empty() { "none".to_owned() } else { rigs.join(", ") }
}

/// The content of a file; - is the standard input.
pub(super) fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file);
    }
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text)?;
    Ok(text)
}

/// The rigs of an export, or those of it that are named. Every one of them is valid.
fn checked(text: &[u8], only: &[RigName]) -> anyhow::Result<Vec<(RigName, Bytes)>> {
    let Export { format, rigs } =
        serde_json::from_slice(without_byte_order_mark(text)).context("it is not an export")?;
    if format != FORMAT {
        bail!("its format is {format:?}, and this version reads {FORMAT:?}");
    }
    if let Some(missing) = only.iter().find(|rig| !rigs.contains_key(rig.as_str())) {
        let names: Vec<_> = rigs.keys().cloned().collect();
        bail!("it has no rig {missing}; it has {}", listed(&names));
    }
    let mut checked = Vec::new();
    for (name, json) in rigs {
        let rig = RigName::new(&name).map_err(|error| anyhow::anyhow!("{name:?}: {error}"))?;
        parse_state(json.get().as_bytes()).with_context(|| format!("the rig {rig}"))?;
        if only.is_empty() || only.contains(&rig) {
            checked.push((rig, Bytes::from(json.get().to_owned())));
        }
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, only: &[&str]) -> Result<Vec<String>, String> {
        let only: Vec<_> = only.iter().map(|name| RigName::new(name).unwrap()).collect();
        let rigs = checked(text.as_bytes(), &only).map_err(|error| format!("{error:#}"))?;
        Ok(rigs.iter().map(|(rig, _)| rig.to_string()).collect())
    }

    #[test]
    fn an_export_is_checked_as_a_whole_before_anything_is_done() {
        let good = r#"{"format":"ghostlight-rigs-1","rigs":{"main":{"levels":{"1":50}},"stage":{}}}"#;
        assert_eq!(names(good, &[]), Ok(vec!["main".to_owned(), "stage".to_owned()]));
        assert_eq!(names(&format!("\u{feff}{good}"), &["stage"]), Ok(vec!["stage".to_owned()]));
        for (bad, why) in [
            ("", "not an export"),
            ("{}", "not an export"),
            (r#"{"format":"ghostlight-rigs-2","rigs":{}}"#, "this version reads \"ghostlight-rigs-1\""),
            (r#"{"format":"ghostlight-rigs-1","rigs":{"Main":{}}}"#, "\"Main\""),
            (r#"{"format":"ghostlight-rigs-1","rigs":{"main":{"levels":{"0":1}}}}"#, "the rig main"),
            (r#"{"format":"ghostlight-rigs-1","rigs":{"a":{},"main":{"lamps":{}}}}"#, "the rig main"),
        ] {
            let told = names(bad, &[]).unwrap_err();
            assert!(told.contains(why), "{bad}: {told}");
        }
        assert_eq!(names(good, &["foyer"]).unwrap_err(), "it has no rig foyer; it has main, stage");
    }
}
