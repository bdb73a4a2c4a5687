//! Which package may use which.
//!
//! Dependencies point in one direction, and the core does not depend on what surrounds it. Cargo refuses only circles;
//! this test refuses whatever the layers do not allow. Tests and build scripts may use any package.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// Which packages of the workspace each package may use, in the order of the layers.
type Layers = Vec<(String, BTreeSet<String>)>;

/// The layers, read from the table "Where things are" in ARCHITECTURE.md. Its last column names a crate's dependencies.
fn layers() -> Layers {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let (_, section) = text.split_once("## Where things are").unwrap();
    let rows = section.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let package = |name: &str| match name {
        "ghostlight" | "xtask" => name.to_owned(),
        name => format!("ghostlight-{name}"),
    };
    let layer = |cells: Vec<&str>| {
        let folder = cells[0].trim_matches('`').trim_start_matches("services/").replace("bench/peers/", "peer-");
        let below = cells[2].split(", ").filter(|name| !name.is_empty() && *name != "nothing of ours");
        (package(&folder), below.map(package).collect())
    };
    // A row without dependencies is not that of a crate.
    cells.filter(|cells| !cells[2].is_empty()).map(layer).collect()
}

/// The only dependencies of the core: no async, no clock, no randomness, no serialisation, no database. The Unicode tables decide
/// which spellings are one word.
const USED_BY_THE_CORE: &[&str] = &["caseless", "thiserror", "unicode-normalization", "unicode-segmentation"];

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

/// The dependencies of each package of the workspace, without those of tests and build scripts.
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

/// The differences between the packages' dependencies and the layers.
fn breaches(layers: &Layers, packages: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let layers: BTreeMap<_, _> = layers.iter().cloned().collect();
    let mut breaches = Vec::new();
    for (package, used) in packages {
        let Some(allowed) = layers.get(package) else {
            breaches.push(format!("{package} has no place in the layers"));
            continue;
        };
        let ours = used.iter().filter(|used| packages.contains_key(*used));
        let ours: BTreeSet<_> = ours.cloned().collect();
        breaches.extend(ours.difference(allowed).map(|used| format!("{package} may not use {used}")));
        breaches.extend(allowed.difference(&ours).map(|used| format!("{package} may use {used}, and does not")));
    }
    breaches
}

#[test]
fn each_package_uses_only_the_layers_below_it() {
    let breaches = breaches(&layers(), &packages());
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
    let layer = |package: &str, below: &[&str]| {
        (package.to_owned(), below.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>())
    };
    let layers = vec![
        layer("ghostlight-rig", &[]),
        layer("ghostlight-store", &["ghostlight-rig"]),
        layer("ghostlight-gateway", &["ghostlight-rig", "ghostlight-bus"]),
    ];
    assert_eq!(
        breaches(&layers, &packages.into()),
        [
            "ghostlight-gateway may not use ghostlight-store",
            "ghostlight-gateway may use ghostlight-bus, and does not",
            "ghostlight-newcomer has no place in the layers"
        ]
    );
}

#[test]
fn the_layers_have_no_circle() {
    let layers = layers();
    let below = |package: &String| layers.iter().position(|(name, _)| name == package).unwrap();
    for (place, (package, allowed)) in layers.iter().enumerate() {
        for used in allowed {
            assert!(below(used) < place, "{package} stands before {used}");
        }
    }
}
