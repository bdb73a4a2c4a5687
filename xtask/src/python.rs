//! Tools from PyPI. They are installed into a Python environment under `target`, and change no other environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::apt;
use crate::steps::{Step, root};

/// The folder where tests look first, before the PATH.
const TOOLS: &str = "target/tools";

/// The folder with the programs of the tools.
pub(crate) fn programs() -> PathBuf {
    root().join(TOOLS).join("bin")
}

/// Installs a package from PyPI.
///
/// # Errors
/// The package could not be installed.
pub(crate) fn install(package: &str) -> anyhow::Result<()> {
    environment(TOOLS)?;
    let in_it = programs().join("python");
    // Scripts contain the path of their Python, and stop working when the folder is moved. So they are always
    // rewritten.
    Step::new(in_it).args(["-m", "pip", "install", "--quiet", "--force-reinstall", package]).run()
}

/// Makes an environment in a folder, from the root of the workspace, unless it is there.
///
/// # Errors
/// This machine has no Python that can, and none could be installed.
pub(crate) fn environment(folder: &str) -> anyhow::Result<()> {
    let in_it = root().join(folder).join("bin/python");
    if Step::new(in_it).args(["-m", "pip", "--version"]).succeeds() {
        return Ok(());
    }
    Step::new(python()?).args(["-m", "venv", "--clear", folder]).run()
}

/// A Python that can make environments. Debian's cannot without the package python3-venv.
fn python() -> anyhow::Result<OsString> {
    const CANDIDATES: [&str; 2] = ["python3", "/usr/bin/python3"];
    let makes = |python: &&&str| Step::new(**python).args(["-c", "import ensurepip, venv"]).succeeds();
    if let Some(python) = CANDIDATES.iter().find(makes) {
        return Ok(python.into());
    }
    apt::install(["python3", "python3-venv"]).context("Python 3 with the module `venv` is missing")?;
    let python = CANDIDATES.iter().find(makes).context("Python 3 has no module `venv`")?;
    Ok(Path::new(python).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_look_where_they_are_installed() {
        for file in ["services/servers/src/programs.rs", "services/ghostlight/tests/cluster/schemas.rs"] {
            let text = std::fs::read_to_string(root().join(file)).unwrap();
            assert!(text.contains(&format!("{TOOLS}/bin")), "{file}");
        }
    }
}
