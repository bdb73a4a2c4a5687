//! The installer of Debian and its kin.

use anyhow::bail;

use crate::steps::Step;

/// Installs packages.
///
/// # Errors
/// This machine has another installer, we may not use it, or it failed.
pub(crate) fn install(packages: impl IntoIterator<Item = &'static str>) -> anyhow::Result<()> {
    if !Step::new("apt-get").args(["--version"]).succeeds() {
        bail!("this machine has no apt-get, the only installer that xtask knows");
    }
    let is_root = Step::new("id").args(["-u"]).output().as_deref() == Some("0");
    if !is_root && !Step::new("sudo").args(["-n", "true"]).succeeds() {
        bail!("apt-get needs root, or a sudo that asks for no password");
    }
    let apt = |args: &[&str]| {
        let as_root: &[&str] = if is_root { &[] } else { &["sudo", "-n"] };
        let words = as_root.iter().chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]).chain(args);
        let mut words = words.copied();
        Step::new(words.next().unwrap_or_default()).args(words).run()
    };
    apt(&["update", "--quiet"])?;
    let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
    apt(&install.into_iter().chain(packages).collect::<Vec<_>>())
}
