//! The packages that `cargo run --release` compiles.
//!
//! A newcomer waits for all of them: under three minutes on two cores that are otherwise idle. A test cannot check the
//! time, which depends on the machine; it can check the packages.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The most packages that the binary may be built from. There are 294 today; a new one should be worth its share of the
/// wait, and a library that brings 20 others seldom is.
const MAX_PACKAGES: usize = 300;

/// Packages that were removed from the build, and why no other dependency may bring them back.
const UNWANTED: &[(&str, &str)] = &[
    ("aws-lc-sys", "a second cryptographic library, and minutes of C: `ring` is there"),
    ("openssl-sys", "the same"),
    ("icu_provider", "ICU's tables for names of hosts: `cargo update --package idna_adapter --precise 1.1.0`"),
    (
        "oxc_parser",
        "a JavaScript parser, to take comments out of the page's modules (services/gateway/build/script.rs)",
    ),
    ("rust-embed", "a macro, to embed the page's files (services/gateway/build/main.rs)"),
    ("sqlx-macros", "sqlx, its drivers and SQLite once more, to embed migrations (services/store/src/tables.rs)"),
    ("tonic", "a second HTTP stack, to export over gRPC (services/telemetry/src/collector.rs)"),
    ("utoipa", "macros that describe interfaces; ours is described by hand (proto/openapi.json)"),
    ("zip", "an archiver, to read one archive (services/gateway/build/archive.rs)"),
];

fn cargo(args: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let cargo =
        Command::new(env!("CARGO")).args(args).args(["--locked", "--offline"]).current_dir(root).output().unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    String::from_utf8(cargo.stdout).unwrap()
}

/// The packages that the binary is built from, with their versions.
fn packages() -> BTreeSet<String> {
    let tree = cargo(&["tree", "--package", "ghostlight", "--edges", "normal,build", "--prefix", "none"]);
    let named = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    tree.lines().filter(|line| !line.is_empty()).map(named).collect()
}

#[test]
fn the_first_run_compiles_few_packages() {
    let packages = packages();
    assert!(packages.iter().any(|package| package.starts_with("tokio v")), "this is the list: {packages:?}");
    let count = packages.len();
    assert!(count <= MAX_PACKAGES, "{count} packages, {MAX_PACKAGES} at most: {packages:#?}");
}

#[test]
fn what_was_taken_out_of_the_build_stays_out() {
    let packages = packages();
    for (name, why) in UNWANTED {
        let found = packages.iter().find(|package| package.split(' ').next() == Some(name));
        assert_eq!(found, None, "{why}; `cargo tree --package ghostlight --edges normal,build --invert {name}`");
    }
}

/// The tools of developers and of tests are packages of this workspace too, and must not be built.
#[test]
fn cargo_run_builds_the_binary_and_nothing_beside_it() {
    let manifest = include_str!("../../services/ghostlight/Cargo.toml");
    assert!(
        manifest.contains("\ndefault-run = \"ghostlight\"\n"),
        "otherwise the whole workspace is built to run one program"
    );
}
