//! kubernetes-validate, which checks the manifests in `deploy` against the schemas of Kubernetes, without a cluster.

use anyhow::Context as _;

use crate::python;
use crate::steps::Step;

/// The version of kubernetes-validate. It contains the schemas of every Kubernetes version that it supports.
const VERSION: &str = "1.37.0";

/// Installs kubernetes-validate, unless it is there.
///
/// # Errors
/// It could not be installed; the error says what to do.
pub(crate) fn install() -> anyhow::Result<()> {
    let there = Step::new(python::programs().join("kubernetes-validate")).args(["--version"]).output();
    if there.is_some_and(|version| version.contains(VERSION)) {
        return Ok(());
    }
    println!("Missing: kubernetes-validate {VERSION}, for the tests of the manifests. Installing it.");
    python::install(&format!("kubernetes-validate=={VERSION}"))
        .context("the tests need kubernetes-validate, which is on PyPI, and it could not be installed")
}
