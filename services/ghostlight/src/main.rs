//! The one binary.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use ghostlight::cli::{get, set, watch};

/// Many consoles, one rig.
#[derive(Debug, Parser)]
#[command(name = "ghostlight", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set the levels of dimmers
    Set(set::SetArgs),
    /// Show the levels of dimmers
    Get(get::GetArgs),
    /// Follow what changes, as it comes
    Watch(watch::WatchArgs),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Set(args) => set::run(args).await,
        Command::Get(args) => get::run(args).await,
        Command::Watch(args) => watch::run(args).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "ghostlight", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}
