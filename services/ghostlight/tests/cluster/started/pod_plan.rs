//! A pod's name, its ports and its volumes: what a StatefulSet's pod keeps when it is replaced.

use std::fs;
use std::path::{Path, PathBuf};

use ghostlight_servers::Port;
use serde_json::Value;
use tempfile::TempDir;

use super::render::{Network, Places};
use crate::files::{list, said};
use crate::manifests::{Manifests, Workload};

/// A pod's name, its ports and its volumes.
pub(crate) struct PodPlan {
    pub(crate) name: String,
    pub(crate) places: Places,
    home: TempDir,
    volumes: Vec<Volume>,
}

/// What is mounted somewhere.
struct Volume {
    folder: PathBuf,
    holds: Holds,
}

/// What a volume holds when a pod starts.
enum Holds {
    /// The files of this ConfigMap.
    Files(String),
    /// Nothing.
    Nothing,
    /// What it held before.
    Kept,
}

impl PodPlan {
    /// Reserves all that a pod of this name needs.
    pub(crate) fn reserve(workload: Workload<'_>, name: &str) -> Self {
        let home = TempDir::new().unwrap();
        let mut plan = Self { name: name.to_owned(), places: Places::default(), home, volumes: Vec::new() };
        for port in workload.ports().values() {
            assert!(
                plan.places.ports.insert(*port, Port::reserve().unwrap()).is_none(),
                "{name} has port {port} twice"
            );
        }
        for mount in workload.containers().iter().flat_map(|container| list(container, "volumeMounts")) {
            let volume = said(mount, "name");
            let folder = plan.home.path().join(volume);
            plan.places.folders.push((said(mount, "mountPath").to_owned(), folder.clone()));
            plan.volumes.push(Volume { folder, holds: holds(workload, volume) });
        }
        plan
    }

    /// The folder that all of it is in.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Makes the volumes what they are when a pod starts. Gives their folders.
    pub(crate) fn fill(&self, manifests: &Manifests, network: &Network) -> impl Iterator<Item = &Path> {
        for Volume { folder, holds } in &self.volumes {
            if !matches!(holds, Holds::Kept) && folder.exists() {
                fs::remove_dir_all(folder).unwrap();
            }
            fs::create_dir_all(folder).unwrap();
            if let Holds::Files(config) = holds {
                for (file, text) in manifests.get("ConfigMap", config)["data"].as_object().unwrap() {
                    fs::write(folder.join(file), self.places.render(text.as_str().unwrap(), network)).unwrap();
                }
            }
        }
        self.volumes.iter().map(|volume| volume.folder.as_path())
    }
}

fn holds(workload: Workload<'_>, name: &str) -> Holds {
    let claims = list(&workload.0["spec"], "volumeClaimTemplates");
    if claims.iter().any(|claim| said(&claim["metadata"], "name") == name) {
        return Holds::Kept;
    }
    let is_it = |volume: &&Value| said(volume, "name") == name;
    let volume = list(workload.pod(), "volumes").iter().find(is_it).unwrap_or_else(|| panic!("no volume {name}"));
    match volume.get("configMap") {
        Some(config) => Holds::Files(said(config, "name").to_owned()),
        None if volume.get("emptyDir").is_some() => Holds::Nothing,
        None => panic!("nothing is known of {volume}"),
    }
}
