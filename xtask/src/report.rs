//! The report of cargo-tarpaulin, as a table.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// How many lines of each file the tests reach.
#[derive(Debug)]
pub(crate) struct Report {
    files: BTreeMap<PathBuf, Lines>,
}

/// Lines that hold code, and how many of them ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lines {
    covered: u64,
    coverable: u64,
}

#[derive(Deserialize)]
struct ReportText {
    files: Vec<FileText>,
}

#[derive(Deserialize)]
struct FileText {
    path: Vec<String>,
    covered: u64,
    coverable: u64,
}

impl Report {
    /// Reads a report in tarpaulin's JSON. Counts the sources (files below a `src`) under these directories of the
    /// root.
    pub(crate) fn read(json: &str, root: &Path, directories: &[&str]) -> anyhow::Result<Self> {
        let report: ReportText = serde_json::from_str(json).context("this is not a report of cargo-tarpaulin")?;
        let mut files = BTreeMap::new();
        for FileText { path, covered, coverable } in report.files {
            let path: PathBuf = path.iter().collect();
            let Ok(path) = path.strip_prefix(root) else { continue };
            let measured = directories.iter().any(|directory| path.starts_with(directory));
            let source = path.components().any(|part| part.as_os_str() == "src");
            if measured && source && coverable > 0 {
                files.insert(path.to_owned(), Lines { covered, coverable });
            }
        }
        ensure!(!files.is_empty(), "the report has no file of {}", directories.join(" or "));
        Ok(Self { files })
    }

    /// The share of lines that ran, in percent.
    pub(crate) fn percent(&self) -> f64 {
        Lines::sum(self.files.values()).percent()
    }

    /// The files of each package. The package is the part of the path before `src`.
    fn packages(&self) -> BTreeMap<PathBuf, Vec<(&Path, Lines)>> {
        let mut packages: BTreeMap<PathBuf, Vec<_>> = BTreeMap::new();
        for (path, &lines) in &self.files {
            let package: PathBuf = path.components().take_while(|part| part.as_os_str() != "src").collect();
            packages.entry(package).or_default().push((path.as_path(), lines));
        }
        packages
    }
}

impl Lines {
    fn sum<'a>(lines: impl Iterator<Item = &'a Self>) -> Self {
        lines.fold(Self::default(), |sum, lines| Self {
            covered: sum.covered + lines.covered,
            coverable: sum.coverable + lines.coverable,
        })
    }

    fn percent(self) -> f64 {
        if self.coverable == 0 { 100.0 } else { self.covered as f64 * 100.0 / self.coverable as f64 }
    }

    fn row(self, f: &mut fmt::Formatter<'_>, name: &str, width: usize) -> fmt::Result {
        writeln!(f, "{name:width$}  {:>7} {:>7} {:>7.1} %", self.covered, self.coverable, self.percent())
    }
}

/// A row for each file, one for each package and one for the total.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.files.keys().map(|path| path.display().to_string().len() + 2).max().unwrap_or_default();
        writeln!(f, "{:width$}  {:>7} {:>7} {:>9}", "", "covered", "lines", "share")?;
        for (package, files) in self.packages() {
            for (path, lines) in &files {
                lines.row(f, &format!("  {}", path.display()), width)?;
            }
            Lines::sum(files.iter().map(|(_, lines)| lines)).row(f, &package.display().to_string(), width)?;
        }
        Lines::sum(self.files.values()).row(f, "total", width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(json: &str) -> anyhow::Result<Report> {
        Report::read(json, Path::new("/home/of/ghostlight"), &["services", "proto"])
    }

    fn file(path: &str, covered: u64, coverable: u64) -> String {
        let path: Vec<_> = std::iter::once("/").chain(path.split('/')).collect();
        serde_json::json!({"path": path, "content": "", "traces": [], "covered": covered, "coverable": coverable})
            .to_string()
    }

    fn some_files() -> String {
        let files = [
            file("home/of/ghostlight/services/rig/src/level.rs", 9, 10),
            file("home/of/ghostlight/services/rig/src/rig.rs", 30, 30),
            file("home/of/ghostlight/proto/src/lib.rs", 1, 10),
            file("home/of/ghostlight/proto/src/empty.rs", 0, 0),
            file("home/of/ghostlight/proto/tests/golden.rs", 0, 100),
            file("home/of/ghostlight/xtask/src/main.rs", 0, 100),
            file("home/of/registry/services/src/lib.rs", 0, 100),
        ];
        format!(r#"{{"files": [{}]}}"#, files.join(","))
    }

    #[test]
    fn only_our_sources_count() {
        let report = report(&some_files()).unwrap();
        let counted: Vec<_> = report.files.keys().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(counted, ["proto/src/lib.rs", "services/rig/src/level.rs", "services/rig/src/rig.rs"]);
        assert_eq!(report.percent(), 80.0);
    }

    #[test]
    fn the_table_has_files_packages_and_a_total() {
        let table = report(&some_files()).unwrap().to_string();
        let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            rows,
            [
                vec!["covered", "lines", "share"],
                vec!["proto/src/lib.rs", "1", "10", "10.0", "%"],
                vec!["proto", "1", "10", "10.0", "%"],
                vec!["services/rig/src/level.rs", "9", "10", "90.0", "%"],
                vec!["services/rig/src/rig.rs", "30", "30", "100.0", "%"],
                vec!["services/rig", "39", "40", "97.5", "%"],
                vec!["total", "40", "50", "80.0", "%"],
            ]
        );
    }

    #[test]
    fn a_report_that_says_nothing_is_an_error_not_a_success() {
        for json in [r#"{"files": []}"#, r#"{"files": [], "coverage": 100}"#, "{}", "", "[]"] {
            assert!(report(json).is_err(), "{json:?}");
        }
    }
}
