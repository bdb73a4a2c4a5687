//! The files in `deploy`, and promtool.

use std::path::{Path, PathBuf};

use ghostlight_servers::promtool;
use serde_json::Value;

/// A file or folder in `deploy`.
pub(crate) fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path).canonicalize().unwrap()
}

pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(deploy(path)).unwrap()
}

pub(crate) fn yaml(path: &str) -> Value {
    let read = || -> Result<_, serde_norway::Error> {
        let mut value: serde_norway::Value = serde_norway::from_str(&text(path))?;
        // `<<: *other`, and what the other takes over from a third.
        value.apply_merge()?;
        value.apply_merge()?;
        serde_norway::from_value(value)
    };
    read().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands under a key, as text.
pub(crate) fn said<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text {key:?} in {value}"))
}

/// The members of a list; none if there is no list.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// Runs promtool, which has to succeed.
pub(crate) fn promtool_accepts(args: &[&str], file: &Path) {
    let output = promtool().unwrap().args(args).arg(file).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "promtool {args:?} {}\n{out}{err}", file.display());
}
