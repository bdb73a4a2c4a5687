//! `ghostlight rigs`: lists, makes, copies, renames and removes rigs.

use std::io::{self, Write};
use std::process::ExitCode;

use axum::body::Bytes;
use clap::{Args, Subcommand};
use ghostlight_client::{Api, ApiError, When};
use ghostlight_rig::RigName;
use serde::Deserialize;

use super::output;
use super::target::complain;
use crate::greeting::count;

/// List, make, copy, rename and remove rigs
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight rigs list
  ghostlight rigs create stage
  ghostlight rigs copy main main-2026-11-28   all that main holds, under another name
  ghostlight rigs rename stage foyer
  ghostlight rigs delete stage foyer

Exit codes:
  0 done   1 refused or failed   64 wrong use   69 no server answers")]
pub struct RigsArgs {
    #[command(subcommand)]
    command: RigsCommand,
}

/// The address of a gateway.
#[derive(Args, Clone, Debug)]
pub struct GatewayUrl {
    /// The address of a gateway
    #[arg(long, env = "GHOSTLIGHT_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub url: String,
}

#[derive(Subcommand, Debug)]
enum RigsCommand {
    /// List all rigs
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        gateway: GatewayUrl,
    },
    /// Make a rig, which must not exist yet
    Create {
        /// The rig: 1 to 63 of a-z, 0-9, _ and -
        #[arg(value_parser = RigName::new, value_name = "NAME")]
        rig: RigName,
        #[command(flatten)]
        gateway: GatewayUrl,
    },
    /// Copy all that a rig holds to a new rig, which must not exist yet
    Copy {
        #[command(flatten)]
        pair: Pair,
        #[command(flatten)]
        gateway: GatewayUrl,
    },
    /// Give a rig another name, which no rig may have yet
    ///
    /// It is copied, and then removed under its former name, unless it has changed meanwhile. If that fails, both exist.
    Rename {
        #[command(flatten)]
        pair: Pair,
        #[command(flatten)]
        gateway: GatewayUrl,
    },
    /// Remove rigs and all that they hold
    Delete {
        /// The rigs
        #[arg(required = true, value_parser = RigName::new, value_name = "NAME")]
        rigs: Vec<RigName>,
        #[command(flatten)]
        gateway: GatewayUrl,
    },
}

#[derive(Args, Debug)]
struct Pair {
    /// The rig
    #[arg(value_parser = RigName::new, value_name = "FROM")]
    from: RigName,
    /// The new name
    #[arg(value_parser = RigName::new, value_name = "TO")]
    to: RigName,
}

/// Runs the command.
///
/// # Errors
/// If the standard output cannot be written.
pub async fn run(RigsArgs { command }: RigsArgs) -> anyhow::Result<ExitCode> {
    let done = match command {
        RigsCommand::List { json, gateway } => return list(&gateway, json).await,
        RigsCommand::Create { rig, gateway } => create(&gateway, &rig).await,
        RigsCommand::Copy { pair, gateway } => copy(&gateway, &pair).await.map(drop),
        RigsCommand::Rename { pair, gateway } => rename(&gateway, &pair).await,
        RigsCommand::Delete { rigs, gateway } => delete(&gateway, &rigs).await,
    };
    Ok(done.map_or_else(|failed| failed, |()| ExitCode::SUCCESS))
}

#[derive(Deserialize)]
struct List {
    rigs: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    position: String,
    dimmers: usize,
}

async fn list(gateway: &GatewayUrl, json: bool) -> anyhow::Result<ExitCode> {
    let text = match ask(gateway, async |api| api.list().await).await {
        Ok(text) => text,
        Err(failed) => return Ok(failed),
    };
    let mut out = anstream::stdout().lock();
    output::ended(if json {
        writeln!(out, "{}", String::from_utf8_lossy(&text))
    } else {
        write_table(&mut out, &text)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn write_table(out: &mut impl Write, text: &[u8]) -> io::Result<()> {
    let List { rigs } = serde_json::from_slice(text)?;
    let width = rigs.iter().map(|rig| rig.name.len()).max().unwrap_or_default().max("rig".len());
    let head = output::FAINT;
    writeln!(out, "{head}{:width$}  dimmers  position{head:#}", "rig")?;
    for Listed { name, position, dimmers } in rigs {
        writeln!(out, "{name:width$}  {dimmers:>7}  {position}")?;
    }
    Ok(())
}

async fn create(gateway: &GatewayUrl, rig: &RigName) -> Result<(), ExitCode> {
    let empty = Bytes::from_static(b"{}");
    let made = ask(gateway, async |api| api.put(rig, empty.clone(), When::IfMissing).await.map_err(|e| taken(e, rig)));
    made.await
}

/// Copies a rig. Returns the tag of the position that was copied.
async fn copy(gateway: &GatewayUrl, Pair { from, to }: &Pair) -> Result<String, ExitCode> {
    ask(gateway, async |api| {
        let rig = api.get(from).await.map_err(ApiOr::from)?;
        api.put(to, rig.json, When::IfMissing).await.map_err(|error| taken(error, to))?;
        Ok::<_, ApiOr>(rig.tag)
    })
    .await
}

async fn rename(gateway: &GatewayUrl, pair: &Pair) -> Result<(), ExitCode> {
    let Pair { from, to } = pair;
    if *from == RigName::default() {
        output::complain(format_args!("{from} always exists, so it keeps its name; copy it, or rename another rig"));
        return Err(ExitCode::FAILURE);
    }
    let tag = copy(gateway, pair).await?;
    ask(gateway, async |api| {
        api.delete(from, Some(&tag)).await.map_err(|error| {
            let why = match error.status() {
                Some(412) => "it has changed since".to_owned(),
                _ => error.to_string(),
            };
            ApiOr::Other(format!("{from} was copied to {to}, but not removed: {why}. Both exist; remove one of them"))
        })
    })
    .await
}

/// Removes each rig that can be removed, and says which could not.
async fn delete(gateway: &GatewayUrl, rigs: &[RigName]) -> Result<(), ExitCode> {
    let mut failed = Ok(());
    for rig in rigs {
        match ask(gateway, async |api| api.delete(rig, None).await.map_err(ApiOr::from)).await {
            Ok(()) if *rig == RigName::default() => output::remark(format_args!("{rig} is empty; it always exists")),
            Ok(()) => {}
            Err(code) => failed = Err(code),
        }
    }
    if rigs.len() > 1 && failed.is_err() {
        output::remark(format_args!("of {}, the others are removed", count(rigs.len(), "rig")));
    }
    failed
}

/// What may go wrong with a request.
enum ApiOr {
    Api(ApiError),
    /// Something to be told in these words.
    Other(String),
}

impl From<ApiError> for ApiOr {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// A refusal of a new rig, in words that fit.
fn taken(error: ApiError, rig: &RigName) -> ApiOr {
    match error.status() {
        Some(412) => ApiOr::Other(format!("there is a rig {rig} already")),
        _ => ApiOr::Api(error),
    }
}

/// Asks a gateway. A failure is printed; its exit code is returned.
async fn ask<T, E: Into<ApiOr>>(
    gateway: &GatewayUrl,
    work: impl AsyncFnOnce(&Api) -> Result<T, E>,
) -> Result<T, ExitCode> {
    let api = Api::new(&gateway.url).map_err(|error| complain(&error.into()))?;
    work(&api).await.map_err(|error| match error.into() {
        ApiOr::Api(error) => complain(&error),
        ApiOr::Other(problem) => {
            output::complain(format_args!("{problem}"));
            ExitCode::FAILURE
        }
    })
}
