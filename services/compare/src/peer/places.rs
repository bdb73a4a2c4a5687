//! Where programs are.

use std::path::{Path, PathBuf};

/// The folders of the workspace.
#[derive(Clone, Debug)]
pub struct Places {
    /// The root of the workspace.
    pub root: PathBuf,
    /// The folder of the programs that cargo has built.
    pub binaries: PathBuf,
}

impl Places {
    /// The folders of the workspace from which this program was built. The other programs are beside it.
    ///
    /// # Errors
    /// The system does not tell the path of this program.
    pub fn of_this_workspace() -> std::io::Result<Self> {
        let this = std::env::current_exe()?;
        let folder = this.parent().unwrap_or(&this);
        // Tests are in `deps`.
        let binaries = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        Ok(Self { root, binaries: binaries.to_owned() })
    }

    /// The folder of all peers.
    pub fn peers(&self) -> PathBuf {
        self.root.join("services/bench/peers")
    }

    /// The folder of the programs that were installed from PyPI for the peers.
    pub fn python(&self) -> PathBuf {
        self.root.join("target/peers/python/bin")
    }

    /// The npm packages of a peer.
    pub fn node_modules(&self, peer: &str) -> PathBuf {
        self.root.join("target/peers/npm").join(peer).join("node_modules")
    }

    /// The folder of the tools that the tests install.
    pub fn tools(&self) -> PathBuf {
        self.root.join("target/tools/bin")
    }

    /// The path of a program: itself if it has a folder, otherwise the first on the PATH.
    pub(super) fn find(program: &str) -> Option<PathBuf> {
        let itself = Path::new(program);
        let candidates: Vec<PathBuf> = if itself.components().count() > 1 {
            vec![itself.to_owned()]
        } else {
            std::env::var_os("PATH").iter().flat_map(std::env::split_paths).map(|folder| folder.join(program)).collect()
        };
        candidates.into_iter().find(|file| file.is_file())
    }
}
