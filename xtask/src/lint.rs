//! The linters: format, clippy, rustdoc, cargo-deny.

use anyhow::bail;

use crate::steps::Step;

/// Runs every linter, even after one has failed, and then names those that failed.
pub(crate) fn lint() -> anyhow::Result<()> {
    let mut failed: Vec<String> = Vec::new();
    for step in steps() {
        failed.extend(step.run().err().map(|error| error.to_string()));
    }
    failed.extend(deny().err().map(|error| error.to_string()));
    if !failed.is_empty() {
        bail!("not clean:\n- {}", failed.join("\n- "));
    }
    println!("\nThe linters found nothing.");
    Ok(())
}

fn steps() -> [Step; 3] {
    [
        Step::cargo(["fmt", "--all", "--check"]),
        Step::cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        Step::cargo(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
    ]
}

/// The checks of cargo-deny that need no database. Checks that could not be run are always reported.
fn deny() -> anyhow::Result<()> {
    if let Err(error) = deny_is_ready() {
        println!("NOT RUN: cargo-deny (licences, bans, sources of dependencies): {error:#}");
        return Ok(());
    }
    Step::cargo(["deny", "--offline", "--workspace", "check", "licenses", "bans", "sources"]).run()?;
    println!("NOT RUN: cargo-deny's advisories, which need the network. To run them: cargo deny check advisories");
    Ok(())
}

fn deny_is_ready() -> anyhow::Result<()> {
    if !Step::cargo(["deny", "--version"]).succeeds() {
        println!("\ncargo-deny is not installed; building it takes about two minutes.");
        // It has little to do: optimising it takes longer than it ever runs.
        Step::cargo(["install", "--locked", "--debug", "cargo-deny@^0.20"]).run()?;
    }
    // cargo-deny looks at the dependencies of every platform; a build fetches only those of its own.
    Step::cargo(["fetch"]).run()
}
