//! What the peers of the comparison need: programs from PyPI in one Python environment, npm packages for each peer that
//! has some, and Debian's servers. All but the servers are under `target/peers`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::steps::{Step, root};
use crate::{apt, npm, python};

/// The folder of the peers, from the root of the workspace.
const PEERS: &str = "services/bench/peers";

/// The Python environment of the peers. It changes no other one.
const PYTHON: &str = "target/peers/python";

/// The folder of the npm packages, with a folder for each peer.
const NPM: &str = "target/peers/npm";

/// The servers of Debian: a program that proves that a package is there, and the package.
const SERVERS: &[(&str, &str)] = &[("/usr/sbin/mosquitto", "mosquitto"), ("/usr/bin/redis-server", "redis-server")];

/// Installs what is missing, or was listed otherwise when it was installed.
///
/// # Errors
/// Something could not be installed.
pub(crate) fn install() -> anyhow::Result<()> {
    install_servers().context("the peers need mosquitto and redis-server")?;
    let peers = peers()?;
    install_python(&peers).context("the peers in Python need packages from PyPI")?;
    for peer in peers.iter().filter(|peer| peer.join("package.json").is_file()) {
        install_npm(peer).with_context(|| format!("{} needs npm packages", peer.display()))?;
    }
    Ok(())
}

/// The folders of the peers, sorted.
fn peers() -> anyhow::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for folder in fs::read_dir(root().join(PEERS))? {
        folders.push(folder?.path());
    }
    folders.sort();
    Ok(folders)
}

/// Where Debian runs services, it starts the servers that it installs. The peers start their own, on other ports.
fn install_servers() -> anyhow::Result<()> {
    let missing: Vec<_> = SERVERS.iter().filter(|(program, _)| !Path::new(program).is_file()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    apt::install(missing.iter().map(|(_, package)| *package))
}

/// The lists of all peers are installed together, so that they agree.
fn install_python(peers: &[PathBuf]) -> anyhow::Result<()> {
    let lists: Vec<_> = peers.iter().map(|peer| peer.join("requirements.txt")).filter(|list| list.is_file()).collect();
    let mut wanted = String::new();
    for list in &lists {
        wanted.push_str(&fs::read_to_string(list)?);
    }
    let environment = root().join(PYTHON);
    // Scripts contain the path of their Python: a folder that was moved or copied is made anew.
    wanted.push_str(&format!("# in {}\n", environment.display()));
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("Missing: the Python packages of the peers. Installing them.");
    python::environment(PYTHON)?;
    let names = lists.iter().flat_map(|list| ["--requirement".to_owned(), list.display().to_string()]);
    let install = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"];
    let install = install.map(str::to_owned).into_iter().chain(names);
    Step::new(environment.join("bin/python")).args(install).run()?;
    // Written last, when everything is there.
    Ok(fs::write(installed, wanted)?)
}

/// npm installs beside a list. The lists are copied, because no packages belong among the sources.
fn install_npm(peer: &Path) -> anyhow::Result<()> {
    let name = peer.file_name().context("a peer has a name")?.to_string_lossy();
    let folder = root().join(NPM).join(&*name);
    fs::create_dir_all(&folder)?;
    let mut same = true;
    for file in ["package.json", "package-lock.json"] {
        let listed = fs::read(peer.join(file)).with_context(|| file)?;
        if fs::read(folder.join(file)).ok().as_ref() != Some(&listed) {
            same = false;
            fs::write(folder.join(file), listed)?;
        }
    }
    if same && npm::is_current(&folder) {
        return Ok(());
    }
    println!("Missing: the npm packages of the peer {name}. Installing them.");
    let prefix = folder.display().to_string();
    Step::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", &prefix]).run()?;
    ensure!(npm::is_current(&folder), "npm has left no packages in {prefix}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_python_package_is_pinned_to_the_version_that_all_peers_have() {
        let mut versions = std::collections::BTreeMap::new();
        for peer in peers().unwrap() {
            let list = fs::read_to_string(peer.join("requirements.txt")).unwrap_or_default();
            for line in list.lines() {
                let (package, version) = line.split_once("==").unwrap_or_else(|| panic!("{line} is not pinned"));
                let other = versions.insert(package.to_owned(), version.to_owned());
                assert!(other.is_none_or(|other| other == version), "{package} has two versions");
            }
        }
        assert!(versions.contains_key("gunicorn") && versions.contains_key("uvicorn"));
    }

    #[test]
    fn the_npm_lists_are_pinned_and_name_no_place_where_packages_come_from() {
        let lists = peers().unwrap().into_iter().filter(|peer| peer.join("package.json").is_file());
        for peer in lists {
            let list = fs::read_to_string(peer.join("package.json")).unwrap();
            assert!(!list.contains(['^', '~']), "{list}");
            let lock = fs::read_to_string(peer.join("package-lock.json")).unwrap();
            assert!(lock.contains("\"integrity\"") && !lock.contains("\"resolved\""), "{lock}");
        }
    }

    #[test]
    fn each_recipe_names_what_is_installed() {
        for peer in peers().unwrap().into_iter().filter(|peer| peer.join("peer.toml").is_file()) {
            let recipe = fs::read_to_string(peer.join("peer.toml")).unwrap();
            let shown = peer.display();
            assert_eq!(recipe.contains("pip = true"), peer.join("requirements.txt").is_file(), "{shown}");
            assert_eq!(recipe.contains("npm = true"), peer.join("package.json").is_file(), "{shown}");
            let apt = recipe.lines().find_map(|line| line.strip_prefix("apt = [\"")?.strip_suffix("\"]"));
            let known = |package: &str| SERVERS.iter().any(|(_, known)| *known == package);
            assert!(apt.is_none_or(known), "{shown}: {apt:?}");
        }
    }
}
