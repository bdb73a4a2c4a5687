//! Who may import whom.
//!
//! The way of a change runs in one direction, and the core knows nothing of what surrounds it. Cargo refuses only
//! circles; this refuses what the layers do not allow. Tests and build scripts may use what they like.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// For each package of ours, those of ours that it may use. What is not listed here has no place in the layers yet.
const LAYERS: &[(&str, &[&str])] = &[
    ("ghostlight-rig", &[]),
    ("ghostlight-telemetry", &["ghostlight-rig"]),
    ("ghostlight-proto", &["ghostlight-rig"]),
    ("ghostlight-bus", &["ghostlight-rig", "ghostlight-proto", "ghostlight-telemetry"]),
    ("ghostlight-store", &["ghostlight-rig"]),
    (
        "ghostlight-state",
        &["ghostlight-rig", "ghostlight-proto", "ghostlight-bus", "ghostlight-store", "ghostlight-telemetry"],
    ),
    ("ghostlight-gateway", &["ghostlight-rig", "ghostlight-proto", "ghostlight-bus", "ghostlight-telemetry"]),
    ("ghostlight-client", &["ghostlight-rig", "ghostlight-proto"]),
    ("ghostlight-bench", &["ghostlight-client"]),
    ("ghostlight-check", &["ghostlight-rig", "ghostlight-proto"]),
    // Only tests use it.
    ("ghostlight-servers", &[]),
    (
        "ghostlight",
        &[
            "ghostlight-rig",
            "ghostlight-telemetry",
            "ghostlight-proto",
            "ghostlight-bus",
            "ghostlight-store",
            "ghostlight-state",
            "ghostlight-gateway",
            "ghostlight-client",
            "ghostlight-bench",
            "ghostlight-check",
        ],
    ),
    ("xtask", &[]),
];

/// All that the core may use of others: no async, no clock, no chance, no serialisation, no database.
const USED_BY_THE_CORE: &[&str] = &["thiserror"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// What each package of the workspace uses when it runs.
fn packages() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Metadata = serde_json::from_slice(&cargo.stdout).unwrap();
    let used = |package: Package| {
        let normal = package.dependencies.into_iter().filter(|dependency| dependency.kind.is_none());
        (package.name, normal.map(|dependency| dependency.name).collect())
    };
    metadata.packages.into_iter().map(used).collect()
}

/// What stands between these packages and the layers.
fn breaches(packages: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let layers: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    let mut breaches = Vec::new();
    for (package, used) in packages {
        let Some(allowed) = layers.get(package.as_str()) else {
            breaches.push(format!("{package} has no place in the layers"));
            continue;
        };
        let ours = used.iter().filter(|used| packages.contains_key(*used));
        let breach = ours.filter(|used| !allowed.contains(&used.as_str()));
        breaches.extend(breach.map(|used| format!("{package} may not use {used}")));
    }
    breaches
}

#[test]
fn each_package_uses_only_the_layers_below_it() {
    let breaches = breaches(&packages());
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn the_core_is_pure() {
    let packages = packages();
    let impure: Vec<_> =
        packages["ghostlight-rig"].iter().filter(|used| !USED_BY_THE_CORE.contains(&used.as_str())).collect();
    assert!(impure.is_empty(), "ghostlight-rig uses {impure:?}");
}

#[test]
fn a_breach_is_found() {
    let packages = [
        ("ghostlight-gateway", vec!["ghostlight-store", "ghostlight-rig", "tokio"]),
        ("ghostlight-store", vec!["ghostlight-rig"]),
        ("ghostlight-rig", vec![]),
        ("ghostlight-newcomer", vec![]),
    ];
    let packages = packages.map(|(package, used)| (package.to_owned(), used.into_iter().map(str::to_owned).collect()));
    assert_eq!(
        breaches(&packages.into()),
        ["ghostlight-gateway may not use ghostlight-store", "ghostlight-newcomer has no place in the layers"]
    );
}

#[test]
fn the_layers_have_no_circle() {
    let below = |package: &str| LAYERS.iter().position(|(name, _)| *name == package).unwrap();
    for (place, (package, allowed)) in LAYERS.iter().enumerate() {
        for used in *allowed {
            assert!(below(used) < place, "{package} stands before {used}");
        }
    }
}
