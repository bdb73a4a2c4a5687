//! Dimmers on axum, in memory.

use std::collections::BTreeMap;

use clap::Parser;

#[derive(Parser)]
struct Arguments {
    /// The port of the loopback to listen at
    port: u16,
    /// How many threads serve
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(arguments.threads).enable_all().build()?;
    runtime.block_on(ghostlight_peer_axum::serve(arguments.port, (), BTreeMap::new()))
}
