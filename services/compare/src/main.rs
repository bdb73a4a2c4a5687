//! `ghostlight-compare`: measures Ghostlight beside other servers. `cargo xtask bench` builds and runs it.
#![allow(clippy::print_stdout, reason = "a program for people, who read what it prints")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ghostlight_compare::peer::{Peer, PeerError, Places, Recipe};
use ghostlight_compare::report::{Described, GHOSTLIGHT, Machine, Measured, Results, markdown};
use ghostlight_compare::work::Work;
use indicatif::{ProgressBar, ProgressStyle};

/// Measures Ghostlight beside other servers by the same work.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// Only these peers, and Ghostlight; names of folders of services/bench/peers
    #[arg(long, value_delimiter = ',', value_name = "PEERS")]
    peers: Vec<String>,
    /// Only this work, such as `echo,posts-100`
    #[arg(long, value_delimiter = ',', value_name = "WORK")]
    work: Vec<Work>,
    /// How many rounds each work has
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The counted seconds of a round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Write results.json and results.md into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(results) => {
            println!("{}", markdown(&results));
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Results, PeerError> {
    let peers = start(arguments)?;
    let works = if arguments.work.is_empty() { Work::ALL.to_vec() } else { arguments.work.clone() };
    let lasting = Duration::from_secs_f64(arguments.seconds);
    let bar = progress(works.len() * arguments.rounds * peers.len());
    let mut measures = Vec::new();
    for work in works {
        let mut measured = Measured::new(work);
        for _ in 0..arguments.rounds {
            for peer in &peers {
                let name = &peer.recipe().name;
                bar.set_message(format!("{}, {name}", work.name()));
                measured.add(name, work.round(peer, lasting));
                bar.inc(1);
            }
        }
        measures.push(measured);
    }
    bar.finish_and_clear();
    let results = Results {
        version: env!("CARGO_PKG_VERSION"),
        command: format!("cargo xtask bench {}", std::env::args().skip(1).collect::<Vec<_>>().join(" ")),
        machine: Machine::this(),
        rounds: arguments.rounds,
        seconds: arguments.seconds,
        peers: peers.iter().map(Described::of).collect::<Result<_, _>>()?,
        works: measures,
    };
    if let Some(folder) = &arguments.out {
        results.write(folder)?;
    }
    Ok(results)
}

/// Starts the wanted peers, Ghostlight first.
fn start(arguments: &Arguments) -> Result<Vec<Peer>, PeerError> {
    let places = Places::of_this_workspace()?;
    let mut recipes = if arguments.peers.is_empty() {
        Recipe::all(&places)?
    } else {
        let names = [GHOSTLIGHT]
            .into_iter()
            .chain(arguments.peers.iter().map(String::as_str).filter(|name| *name != GHOSTLIGHT));
        names.map(|name| Recipe::read(&places, name)).collect::<Result<_, _>>()?
    };
    recipes.sort_by_key(|recipe| recipe.name != GHOSTLIGHT);
    recipes.iter().map(|recipe| Peer::start(recipe, &places)).collect()
}

fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    match ProgressStyle::with_template("{bar:24} {pos}/{len}, {eta} left: {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
