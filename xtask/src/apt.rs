//! apt-get, the package manager of Debian and its kin.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::steps::Step;

/// Installs packages.
///
/// # Errors
/// This machine has no apt-get, we are neither root nor allowed to use sudo, or apt-get failed.
pub(crate) fn install(packages: impl IntoIterator<Item = &'static str>) -> anyhow::Result<()> {
    let as_root = as_root()?;
    update(as_root)?;
    let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
    apt(as_root, &install.into_iter().chain(packages).collect::<Vec<_>>())
}

/// Downloads a package into an otherwise empty folder, without installing it. Returns the file.
///
/// # Errors
/// This machine has no apt-get, or apt-get failed.
pub(crate) fn download(package: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    check_it_is_there()?;
    let chdir = format!("--chdir={}", folder.display());
    let download = Step::new("env").args([chdir.as_str(), "apt-get", "download", "--quiet", package]);
    // The package lists may be missing or old. Only updating them needs root.
    download.run().or_else(|_| update(as_root()?).and_then(|()| download.run()))?;
    let files = folder.read_dir()?.flatten().map(|file| file.path());
    let mut packages = files.filter(|file| file.extension().is_some_and(|extension| extension == "deb"));
    packages.next().with_context(|| format!("apt-get left no package in {}", folder.display()))
}

fn check_it_is_there() -> anyhow::Result<()> {
    if !Step::new("apt-get").args(["--version"]).succeeds() {
        bail!("this machine has no apt-get, the only installer that xtask knows");
    }
    Ok(())
}

/// The words before a command that make root run it.
fn as_root() -> anyhow::Result<&'static [&'static str]> {
    check_it_is_there()?;
    let is_root = Step::new("id").args(["-u"]).output().as_deref() == Some("0");
    if !is_root && !Step::new("sudo").args(["-n", "true"]).succeeds() {
        bail!("apt-get needs root, or a sudo that asks for no password");
    }
    Ok(if is_root { &[] } else { &["sudo", "-n"] })
}

fn update(as_root: &[&str]) -> anyhow::Result<()> {
    apt(as_root, &["update", "--quiet"])
}

fn apt(as_root: &[&str], args: &[&str]) -> anyhow::Result<()> {
    let words = as_root.iter().chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]).chain(args);
    let mut words = words.copied();
    Step::new(words.next().unwrap_or_default()).args(words).run()
}
