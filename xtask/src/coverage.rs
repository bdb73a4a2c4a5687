//! Measures which lines the tests reach.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::needs;
use crate::report::Report;
use crate::steps::{Step, root};

/// The least share of lines that must be covered, in percent.
pub(crate) const THRESHOLD_PERCENT: f64 = 85.0;

/// The folders whose lines are measured.
const MEASURED: [&str; 2] = ["services", "proto"];

/// Runs all tests with cargo-tarpaulin, and judges their coverage.
pub(crate) fn coverage(threshold: f64) -> anyhow::Result<()> {
    needs::meet()?;
    if !Step::cargo(["tarpaulin", "--version"]).succeeds() {
        println!("cargo-tarpaulin is not installed; building it takes some minutes.");
        // Without the feature that uploads reports.
        Step::cargo(["install", "--locked", "cargo-tarpaulin@^0.37", "--no-default-features"]).run()?;
    }
    let reports = root().join("target").join("coverage");
    let report = reports.join("tarpaulin-report.json");
    std::fs::create_dir_all(&reports).with_context(|| format!("{} cannot be made", reports.display()))?;
    if report.exists() {
        std::fs::remove_file(&report).context("the last report cannot be removed")?;
    }
    measure().args(["--output-dir", &reports.to_string_lossy()]).run()?;
    judge(&report, threshold)
}

/// Uses the LLVM engine, because ptrace slows and reorders threads; and follows children, because tests start the
/// binary. A child writes its counters when it ends by itself, so what a killed child ran is not counted.
fn measure() -> Step {
    let step = Step::cargo(["tarpaulin", "--workspace", "--exclude", "xtask", "--engine", "llvm", "--follow-exec"]);
    // A target directory of its own, so that builds with counters and builds without do not replace each other.
    step.args(["--skip-clean", "--target-dir", "target/coverage/build", "--timeout", "600", "--out", "Json"])
}

/// Prints the report, and fails if the coverage is below `threshold` percent.
pub(crate) fn judge(report: &Path, threshold: f64) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(report).with_context(|| format!("{} cannot be read", report.display()))?;
    let report = Report::read(&text, &root(), &MEASURED)?;
    println!("\n{report}");
    let percent = report.percent();
    if percent < threshold {
        bail!("{percent:.1} % of the lines of {} are covered, less than {threshold} %", MEASURED.join(" and "));
    }
    Ok(())
}
