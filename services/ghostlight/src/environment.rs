//! Settings from the environment.

use clap::Command;
use clap::builder::Resettable;

/// The command, for which an environment variable that is empty counts as not set: compose files and unit files often
/// name variables without a value.
pub fn without_empty_variables(command: Command) -> Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let command = command.mut_args(|arg| match arg.get_env() {
        Some(name) if is_empty(name) => arg.env(Resettable::Reset),
        _ => arg,
    });
    command.mut_subcommands(without_empty_variables)
}
