//! Every manifest keeps to the schemas of Kubernetes, and none has a member that Kubernetes does not know.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::deploy;
use crate::manifests;

/// An older version of Kubernetes that is still in use, and a newer one.
const VERSIONS: [&str; 2] = ["1.32", "1.36"];

/// What is applied, and what may be. What is for the Prometheus operator has a schema of its own.
fn files() -> Vec<PathBuf> {
    [manifests::files(), vec![deploy("tracing/jaeger.yaml")]].concat()
}

/// What is wrong with some files, and how many objects are right.
fn validate(version: &str, files: &[PathBuf]) -> Result<usize, String> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin/kubernetes-validate");
    let program = if ours.is_file() { ours } else { "kubernetes-validate".into() };
    let output = Command::new(program).args(["-k", version, "--strict"]).args(files).output();
    let output = output.expect("kubernetes-validate, which `cargo xtask test` installs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    // It warns of an apiVersion that it does not know, and passes it.
    let is_good = output.status.success() && !said.contains("WARN");
    if is_good { Ok(said.lines().filter(|line| line.contains(" passed for ")).count()) } else { Err(said) }
}

#[test]
fn every_manifest_is_valid_in_an_older_and_in_a_newer_kubernetes() {
    for version in VERSIONS {
        let passed = validate(version, &files()).unwrap_or_else(|said| panic!("{version}: {said}"));
        assert!(passed > 30, "{version}: all of them are looked at, not {passed}");
    }
}

#[test]
fn what_is_misspelt_or_unknown_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = crate::files::text("60-gateway.yaml");
    for (right, wrong) in [
        ("readinessProbe:", "readynessProbe:"),
        ("maxUnavailable: 0", "maxUnavailable: [0]"),
        ("autoscaling/v2", "autoscaling/v3"),
        ("targetPort: http", "targetPort: { name: http }"),
    ] {
        assert!(gateway.contains(right), "{right}");
        let file = folder.path().join("wrong.yaml");
        std::fs::write(&file, gateway.replace(right, wrong)).unwrap();
        for version in VERSIONS {
            assert!(validate(version, std::slice::from_ref(&file)).is_err(), "{version}: {wrong}");
        }
    }
}
