//! Runs the test programs of the workspace, several at a time.
//!
//! Most tests wait for servers and browsers, so one program alone leaves the machine idle. `cargo test` runs one after another.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use crate::steps::{Step, cargo, root};

/// How many test programs run at once.
const LANES: usize = 2;

/// How many tests of a program run at once. Most of them wait, so there may be more than cores.
const THREADS: &str = "3";

/// The package whose tests start whole servers and browsers. They take longest, so they begin first.
const SLOWEST: &str = "services/ghostlight";

/// A test program that cargo has built.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Program {
    /// Its package and its name, for people.
    name: String,
    executable: PathBuf,
    /// The folder of its package, in which it runs, as it does under `cargo test`.
    package: PathBuf,
}

/// Builds all tests of the workspace.
///
/// # Errors
/// If they do not build.
pub(crate) fn build() -> anyhow::Result<()> {
    build_step().run()
}

/// Runs all tests of the workspace, which are built, and their examples in the documentation.
///
/// # Errors
/// If one fails; the error names its program. The others are run too.
pub(crate) fn run() -> anyhow::Result<()> {
    let programs = programs()?;
    println!("\n{} test programs, {LANES} at a time. The output of each is shown when it ends.", programs.len());
    let next = AtomicUsize::new(0);
    let lane = || {
        let mut failed = Vec::new();
        while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = program.run() {
                println!("{}: {error:#}", program.name);
                failed.push(program.name.clone());
            }
        }
        failed
    };
    let mut failed = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().flat_map(|lane| lane.join().expect("a lane does not panic")).collect::<Vec<_>>()
    });
    if Step::cargo(["test", "--workspace", "--doc", "--quiet"]).run().is_err() {
        failed.push("the examples in the documentation".to_owned());
    }
    ensure!(failed.is_empty(), "these tests failed:\n- {}", failed.join("\n- "));
    Ok(())
}

fn build_step() -> Step {
    Step::cargo(["test", "--workspace", "--no-run"])
}

/// The programs that cargo has built, those that take longest first.
fn programs() -> anyhow::Result<Vec<Program>> {
    let told = build_step().args(["--message-format=json"]).output().context("the tests do not build")?;
    let mut programs = read(&told)?;
    if programs.is_empty() {
        bail!("cargo has built no tests");
    }
    let slowest = root().join(SLOWEST);
    // The sort is stable: otherwise the order is that of cargo.
    programs.sort_by_key(|program| program.package != slowest);
    Ok(programs)
}

/// Reads cargo's messages.
fn read(messages: &str) -> anyhow::Result<Vec<Program>> {
    let messages = messages.lines().filter(|line| line.contains(r#""compiler-artifact""#));
    let artifacts = messages.map(|line| serde_json::from_str::<Artifact>(line).context("cargo's message is not known"));
    let programs = artifacts.map(|artifact| artifact.map(Artifact::into_program));
    programs.filter_map(Result::transpose).collect()
}

/// What cargo tells of a thing that it has built.
#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Artifact {
    fn into_program(self) -> Option<Program> {
        let executable = self.executable.filter(|_| self.profile.test)?;
        let package = self.manifest_path.parent()?.to_owned();
        let folder = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some(Program { name: format!("{folder}: {}", self.target.name), executable, package })
    }
}

impl Program {
    /// Runs the program, and shows its output when it ends.
    fn run(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut command = Command::new(&self.executable);
        command.current_dir(&self.package).env("CARGO", cargo()).env("CARGO_MANIFEST_DIR", &self.package);
        command.env("RUST_TEST_THREADS", THREADS);
        let done = command.stdin(Stdio::null()).output().context("it did not start")?;
        let took = began.elapsed().as_secs_f64();
        let text = [&done.stdout[..], &done.stderr].map(|text| String::from_utf8_lossy(text).trim().to_owned());
        println!("\n{}, {took:.1} s\n{}", self.name, text.join("\n").trim());
        ensure!(done.status.success(), "failed ({})", done.status);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_programs_are_found_among_all_that_was_built() {
        let artifact = |path: &str, name: &str, is_test: bool, executable: Option<&str>| {
            serde_json::json!({
                "reason": "compiler-artifact", "package_id": "x", "manifest_path": format!("{path}/Cargo.toml"),
                "target": {"name": name, "kind": ["test"]}, "profile": {"test": is_test, "opt_level": "0"},
                "executable": executable, "fresh": true,
            })
            .to_string()
        };
        let told = [
            artifact("/a/services/rig", "ghostlight_rig", false, None),
            artifact("/a/services/ghostlight", "ghostlight", false, Some("/a/target/debug/ghostlight")),
            artifact("/a/services/rig", "laws", true, Some("/a/target/debug/deps/laws-1")),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let program = Program {
            name: "rig: laws".to_owned(),
            executable: "/a/target/debug/deps/laws-1".into(),
            package: "/a/services/rig".into(),
        };
        assert_eq!(read(&told.join("\n")).unwrap(), [program]);
        assert!(read(r#"{"reason":"compiler-artifact"}"#).is_err());
    }

    #[test]
    fn a_program_that_fails_is_named_and_runs_where_its_package_is() {
        let program = |executable: &str| Program {
            name: "rig: laws".to_owned(),
            executable: executable.into(),
            package: root().join("proto"),
        };
        program("true").run().unwrap();
        assert!(program("false").run().unwrap_err().to_string().starts_with("failed (exit status: 1)"));
        assert_eq!(program("ghostlight-no-such-program").run().unwrap_err().to_string(), "it did not start");
    }
}
