//! What `peer.toml` says of a peer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::PeerError;
use super::lines;
use super::places::Places;
use crate::protocol::Kind;

/// What is needed to run a peer, and what it promises.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The name of its folder.
    #[serde(skip)]
    pub name: String,
    #[serde(skip)]
    pub(super) folder: PathBuf,
    /// What people call it.
    pub title: String,
    /// The language of its code, or `none`.
    pub language: String,
    /// The files that were written for it.
    pub code: Vec<PathBuf>,
    /// What its clients speak.
    pub protocol: Kind,
    /// Its program with arguments. `{port}`, `{folder}` (its data), `{peer}` (its code), `{binaries}`, `{python}` and
    /// `{tools}` (folders of programs) are replaced.
    pub command: Vec<String>,
    /// What must be installed.
    pub install: Install,
    /// Settings that are written into its data folder, with the same replacements.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// What it promises.
    pub promises: Promises,
}

/// What must be installed for a peer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Install {
    /// The packages of `requirements.txt`.
    pub pip: bool,
    /// The packages of `package-lock.json`.
    pub npm: bool,
    /// Packages of Debian.
    pub apt: Vec<String>,
    /// The programs that prove that Debian's packages are there.
    pub programs: Vec<String>,
    /// A package of this workspace.
    pub cargo: Option<String>,
    /// Programs that the tests install.
    pub tools: Vec<String>,
}

/// What a peer promises. A test holds it to that.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promises {
    /// All clients see the changes of one dimmer in the same order.
    pub order: Promise,
    /// What an answered change survives.
    pub persistence: Persistence,
    /// Who sets is told too.
    pub echo: Promise,
    /// Who connects again gets the whole map.
    pub recovery: Promise,
    /// Who reads slowly does not stall others.
    pub slow_readers: Promise,
}

/// Whether something is promised, and how it is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// Whether it is promised.
    pub kept: bool,
    /// One line on it.
    pub how: String,
}

/// What an answered change survives, and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Persistence {
    /// What it survives.
    pub survives: Survives,
    /// One line on it.
    pub how: String,
}

/// The worst after which an answered change is still there.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Survives {
    /// It may be lost at any end of the process.
    Nothing,
    /// A killed process.
    Kill,
    /// A power cut.
    Power,
}

impl Recipe {
    /// Reads the recipe in a folder of the peers.
    ///
    /// # Errors
    /// It is not there, or is wrong.
    pub fn read(places: &Places, name: &str) -> Result<Self, PeerError> {
        let folder = places.peers().join(name);
        let file = folder.join("peer.toml");
        let wrong = |why: String| PeerError::Recipe { file: file.clone(), why };
        let text = std::fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
        let recipe: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { name: name.to_owned(), folder, ..recipe })
    }

    /// The recipes of all peers, by their names.
    ///
    /// # Errors
    /// One of them is wrong.
    pub fn all(places: &Places) -> Result<Vec<Self>, PeerError> {
        let mut names = Vec::new();
        for folder in std::fs::read_dir(places.peers())? {
            let folder = folder?;
            if folder.path().join("peer.toml").is_file() {
                names.push(folder.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        names.iter().map(|name| Self::read(places, name)).collect()
    }

    /// The lines of its code, without blank lines and comments.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn lines_of_code(&self) -> Result<usize, PeerError> {
        let count = |file: &PathBuf| lines::count(&self.folder.join(file));
        Ok(self.code.iter().map(count).sum::<std::io::Result<usize>>()?)
    }

    /// A text of the recipe with everything replaced that it names.
    pub(super) fn replaced(&self, text: &str, places: &Places, port: u16, folder: &Path) -> String {
        let path = |path: &Path| path.display().to_string();
        text.replace("{port}", &port.to_string())
            .replace("{folder}", &path(folder))
            .replace("{peer}", &path(&self.folder))
            .replace("{binaries}", &path(&places.binaries))
            .replace("{python}", &path(&places.python()))
            .replace("{tools}", &path(&places.tools()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_has_a_recipe_and_code_where_it_says() {
        let recipes = Recipe::all(&Places::of_this_workspace().unwrap()).unwrap();
        assert!(recipes.len() >= 13, "{}", recipes.len());
        for recipe in recipes {
            let lines = recipe.lines_of_code().unwrap();
            assert_eq!(lines == 0, recipe.language == "none", "{}: {lines}", recipe.name);
            assert!(lines < 200, "{}: {lines} lines are not small", recipe.name);
        }
    }

    #[test]
    fn a_wrong_recipe_is_named() {
        let root = tempfile::tempdir().unwrap();
        let places = Places { root: root.path().to_owned(), binaries: root.path().to_owned() };
        let folder = places.peers().join("bad");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("peer.toml"), "title = 1").unwrap();
        let error = Recipe::all(&places).unwrap_err().to_string();
        assert!(error.contains("bad/peer.toml") && error.contains("title"), "{error}");
    }
}
