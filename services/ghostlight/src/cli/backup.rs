//! `ghostlight backup` and `ghostlight restore`: a copy of the store, and its way back.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use ghostlight_rig::Image;

use super::output;
use crate::args::DEFAULT_STORE;
use crate::greeting::count;

/// Copy the store into a new file, while the server runs
///
/// The copy is of one moment, and is read to its end before the command succeeds. It is a whole database: a server can be
/// started on it. A store in PostgreSQL is backed up with pg_dump.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight backup show-2026-11-28.db
  ghostlight backup --store sqlite:/var/lib/ghostlight/rigs.db /mnt/usb/show.db

Exit codes:
  0 the backup is there   1 failed; there is no file   64 wrong use")]
pub struct BackupArgs {
    /// The file for the copy; it must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    store: StoreArg,
}

/// Put a backup in the place of the store, while no server runs
///
/// The store that was there is renamed, and the command prints its new name. Connected consoles see the restored levels once the
/// server runs again.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight restore show-2026-11-28.db

Exit codes:
  0 restored   1 failed; the store is as before   64 wrong use")]
pub struct RestoreArgs {
    /// The backup; it stays as it is
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    store: StoreArg,
}

#[derive(Args, Debug)]
struct StoreArg {
    /// The store: sqlite:PATH
    #[arg(long = "store", env = "GHOSTLIGHT_STORE", value_name = "URL", default_value = DEFAULT_STORE, hide_env_values = true)]
    url: String,
}

/// Copies the store.
///
/// # Errors
/// If the store cannot be read, or the copy not be written.
pub async fn backup(BackupArgs { file, store }: BackupArgs) -> anyhow::Result<ExitCode> {
    let image = ghostlight_store::backup(&store.url, &file).await?;
    output::remark(format_args!("{} has {}", file.display(), content(&image)));
    Ok(ExitCode::SUCCESS)
}

/// Puts a backup in the place of the store.
///
/// # Errors
/// If the backup cannot be read, or a server uses the store.
pub async fn restore(RestoreArgs { file, store }: RestoreArgs) -> anyhow::Result<ExitCode> {
    let restored = ghostlight_store::restore(&file, &store.url).await?;
    if let Some(before) = restored.before {
        output::remark(format_args!("the store that was there is {} now", before.display()));
    }
    output::remark(format_args!("{} has {}", store.url, content(&restored.image)));
    Ok(ExitCode::SUCCESS)
}

fn content(image: &Image) -> String {
    let (dimmers, rigs) = (count(image.dimmers(), "dimmer"), count(image.rigs.len(), "rig"));
    format!("{dimmers} in {rigs}, at {}", image.position)
}
