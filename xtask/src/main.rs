//! The commands for developers of Ghostlight: `cargo xtask test`, `lint`, `ci`, `faults`, `bench`, `pictures`,
//! `coverage`.
//!
//! The continuous integration runs the same commands, so what passes here passes there. xtask is not part of the
//! product, and uses none of its crates.
#![allow(clippy::print_stdout, reason = "a program for people, who read what it prints")]

mod apt;
mod coverage;
mod kubernetes;
mod lint;
mod nats;
mod needs;
mod npm;
mod peers;
mod pictures;
mod prometheus;
mod python;
mod report;
mod runner;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::steps::Step;

/// The commands for developers of Ghostlight.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the tests need and is missing, as far as this machine allows, then run every test
    Test {
        /// Arguments for `cargo test`, to run some tests
        #[arg(last = true)]
        cargo_test: Vec<String>,
    },
    /// Check format, lints, documentation and dependencies
    Lint,
    /// Run everything that a change must pass: test, then lint
    Ci,
    /// Kill, hold and cut one part after another of a whole deployment, under the consistency checker
    Faults {
        /// How long to run, in minutes
        #[arg(long, default_value_t = 30)]
        minutes: u64,
        /// The seed of the order of the faults
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Only these faults, one after another, again and again, such as `HoldNats,KillState`
        #[arg(long, value_name = "FAULTS")]
        only: Option<String>,
    },
    /// Measure Ghostlight beside other servers by the same work
    Bench {
        /// `--install` only installs and builds what is needed. Otherwise those of the comparison: `--peers axum,flask`,
        /// `--work echo,posts-100`, `--rounds 3`, `--seconds 2`, `--out DIR`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Take pictures of the page on every screen in every state, and put the best into the README
    Pictures,
    /// Measure which lines of services and proto the tests reach; fail below the threshold
    Coverage {
        /// The least share of lines that may be covered, in percent
        #[arg(long, default_value_t = coverage::THRESHOLD_PERCENT, value_name = "PERCENT")]
        threshold: f64,
        /// Read this report of cargo-tarpaulin instead of measuring
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Test { cargo_test } => test(&cargo_test),
        Command::Lint => lint::lint(),
        Command::Ci => test(&[]).and_then(|()| lint::lint()),
        Command::Faults { minutes, seed, only } => needs::meet().and_then(|()| faults(minutes, seed, only)),
        Command::Bench { arguments } => bench(&arguments),
        Command::Pictures => needs::meet().and_then(|()| pictures::pictures()),
        Command::Coverage { threshold, report: Some(report) } => coverage::judge(&report, threshold),
        Command::Coverage { threshold, report: None } => coverage::coverage(threshold),
    }
}

fn test(selection: &[String]) -> anyhow::Result<()> {
    if !selection.is_empty() {
        needs::meet()?;
        return Step::cargo(["test"]).args(selection).run();
    }
    // What the tests need comes from the network while they are built.
    let needs = std::thread::spawn(needs::meet);
    let built = runner::build();
    needs.join().expect("it does not panic")?;
    built.and_then(|()| runner::run())
}

/// Builds the comparison as the image is built, and runs it.
fn bench(arguments: &[String]) -> anyhow::Result<()> {
    nats::install()?;
    peers::install()?;
    let packages = ["ghostlight", "ghostlight-peer-axum", "ghostlight-compare"].map(|name| ["--package", name]);
    Step::cargo(["build", "--profile", "dist"]).args(packages.as_flattened()).run()?;
    if arguments == ["--install"] {
        return Ok(());
    }
    Step::new(steps::root().join("target/dist/ghostlight-compare")).args(arguments).run()
}

/// Runs the faults in a release build, and without other tests beside them, so that they run as fast as possible.
fn faults(minutes: u64, seed: u64, only: Option<String>) -> anyhow::Result<()> {
    let step = Step::cargo(["test", "--release", "--package", "ghostlight", "--test", "joined", "--"])
        .args(["--ignored", "--nocapture", "nothing_acknowledged_is_lost_in_a_long_run"])
        .env("GHOSTLIGHT_FAULT_MINUTES", minutes.to_string())
        .env("GHOSTLIGHT_FAULT_SEED", seed.to_string());
    only.into_iter().fold(step, |step, only| step.env("GHOSTLIGHT_FAULT_ONLY", only)).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparison_gets_its_arguments_as_they_are() {
        let given = ["xtask", "bench", "--peers", "axum,flask", "--out", "results"];
        let parsed = Arguments::try_parse_from(given).unwrap().command;
        let Command::Bench { arguments } = parsed else { panic!("another command") };
        assert_eq!(arguments, given[2..]);
    }
}
