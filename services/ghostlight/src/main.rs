//! The one binary.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use ghostlight::cli::{adopt, backup, bench, check, export, get, output, rigs, say, set, top, watch, words};
use ghostlight::environment::without_empty_variables;
use ghostlight::serve::{self, Role, ServeArgs};

/// What `sysexits.h` calls a usage error: bad arguments or a bad configuration.
const EX_USAGE: u8 = 64;

/// How long the end of the process waits for name lookups, which cannot be cancelled. While a DNS server is dead, one takes
/// ten seconds and longer. Nothing else is under way by then.
const LOOKUP_END_TIMEOUT: Duration = Duration::from_millis(500);

/// Many consoles, one rig: a lighting state service that shows every console the same state
///
/// Without a command, runs `serve`.
#[derive(Debug, Parser)]
#[command(name = "ghostlight", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Role(Role),
    Set(set::SetArgs),
    Get(get::GetArgs),
    Say(say::SayArgs),
    Words(words::WordsArgs),
    Watch(watch::WatchArgs),
    Rigs(rigs::RigsArgs),
    Export(export::ExportArgs),
    Import(export::ImportArgs),
    Bench(bench::BenchArgs),
    Check(check::CheckArgs),
    Top(top::TopArgs),
    Adopt(adopt::AdoptArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    /// The bare server that `bench` starts to compare with
    #[command(hide = true)]
    BenchPeer,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => {
            // If the error cannot be printed, the exit code still reports it.
            let _ = error.print();
            return if error.use_stderr() { EX_USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    let Cli { command, serve } = cli;
    let command = command.unwrap_or_else(|| Command::Role(Role::Serve(Box::new(serve))));
    let ended = runtime(&command).map_err(anyhow::Error::from).and_then(|runtime| {
        let ended = runtime.block_on(run(command));
        runtime.shutdown_timeout(LOOKUP_END_TIMEOUT);
        ended
    });
    ended.unwrap_or_else(|error| {
        output::complain(format_args!("{error:#}"));
        ExitCode::FAILURE
    })
}

fn parse() -> Result<Cli, clap::Error> {
    let mut command = without_empty_variables(Cli::command());
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// One worker thread for every core, unless the role decides otherwise.
fn runtime(command: &Command) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Command::Role(role) = command {
        builder.worker_threads(role.workers());
    }
    builder.enable_all().build()
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Role(role) => serve::run(role).await,
        Command::Set(args) => set::run(args).await,
        Command::Get(args) => get::run(args).await,
        Command::Say(args) => say::run(args).await,
        Command::Words(args) => words::run(args).await,
        Command::Watch(args) => watch::run(args).await,
        Command::Rigs(args) => rigs::run(args).await,
        Command::Export(args) => export::export(args).await,
        Command::Import(args) => export::import(args).await,
        Command::Bench(args) => bench::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Top(args) => top::run(args).await,
        Command::Adopt(args) => adopt::run(args).await,
        Command::Backup(args) => backup::backup(args).await,
        Command::Restore(args) => backup::restore(args).await,
        Command::BenchPeer => Ok(ghostlight_bench::bare_peer().await.map(|()| ExitCode::SUCCESS)?),
        Command::Completions { shell } => {
            let mut completions = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "ghostlight", &mut completions);
            output::ended(std::io::stdout().write_all(&completions))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
