//! The console's JavaScript, held by its own tests under Node's runner and by TypeScript's compiler, which checks the
//! types that its comments give.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../build/style.rs"]
mod style;

use std::path::{Path, PathBuf};
use std::process::Command;

/// What to do when something that these tests need is missing.
const REMEDY: &str = "`cargo xtask test` installs it";

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/js"))
}

/// The tests of the console, by name.
fn test_files() -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.to_string_lossy().ends_with(".test.js")).collect();
    files.sort();
    files
}

fn node() -> Command {
    let mut node = Command::new("node");
    node.current_dir(folder());
    node
}

/// Runs it; fails with what it printed if it does.
fn run(what: &str, node: &mut Command) {
    let output = node.output().unwrap_or_else(|error| panic!("node, 18 or later, is missing ({error}): {REMEDY}"));
    let (printed, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: {}\n{printed}\n{complained}", output.status);
}

#[test]
fn the_console_passes_its_own_tests() {
    let files = test_files();
    assert!(!files.is_empty(), "there are tests in {}", folder().display());
    // A run within a run of Node's would report to the outer one.
    run("its tests", node().arg("--test").args(files).env_remove("NODE_TEST_CONTEXT"));
}

#[test]
fn the_console_is_typed_without_a_gap() {
    let compiler = folder().join("node_modules/typescript/bin/tsc");
    assert!(compiler.exists(), "node_modules, with the TypeScript compiler in it, is missing: {REMEDY}");
    run("the TypeScript compiler", node().arg(compiler).args(["-p", "."]));
}

/// The build takes comments and white space out of the modules, and nothing else.
#[test]
fn the_served_modules_are_the_same_programs_as_the_written_ones() {
    let (written, served) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("console"), Path::new(env!("OUT_DIR")).join("console"));
    assert!(
        folder().join("node_modules/typescript").exists(),
        "node_modules, with TypeScript in it, is missing: {REMEDY}"
    );
    run("the comparison", node().arg("support/same.js").args([&written, &served]));
    let text = std::fs::read_to_string(served.join("ghostlight.js")).unwrap();
    assert!(!text.contains("/**") && !text.contains("\n  "), "comments and indentation are gone");
}

#[test]
fn a_style_sheet_loses_what_only_people_read() {
    let sheet = "/* why */\na {\n  content: '/* \\' \"'; /* b */\n\n  color: red;\n}\n";
    assert_eq!(style::shortened(sheet).unwrap(), "a {\ncontent: '/* \\' \"';\ncolor: red;\n}\n");
    for broken in ["a { /* ", "a { content: 'x; }", "a { content: \"x\\\"; }"] {
        assert!(style::shortened(broken).is_err(), "{broken}");
    }
}
