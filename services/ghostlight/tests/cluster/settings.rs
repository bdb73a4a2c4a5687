//! What the pods of ours are told: that they understand it, that it leads somewhere, and that nobody takes an example's
//! password for a secret.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::files::{deploy, list, said, text};
use crate::manifests::{Manifests, name};
use crate::told;

/// How every example's password begins, so that whoever uses one is told.
const EXAMPLE: &str = "change-me";

/// The image that both roles run.
fn image() -> String {
    format!("ghostlight:{}", env!("CARGO_PKG_VERSION"))
}

#[test]
fn our_pods_understand_what_they_are_told_and_listen_where_they_are_asked() {
    let manifests = Manifests::read();
    for (named, listens) in [("gateway", vec!["8080", "9464"]), ("state", vec!["9464"])] {
        let workload = manifests.workload(named);
        let container = workload.container();
        assert!(container.get("command").is_none(), "the image's own");
        assert_eq!(list(container, "args"), [Value::from(named)]);
        let mut environment = manifests.environment(container, named);
        // It is there to be part of others.
        environment.remove("NATS_PASSWORD").unwrap();
        told::understands(named, &environment);
        let ports: BTreeSet<_> = ["GHOSTLIGHT_LISTEN", "GHOSTLIGHT_ADMIN"]
            .iter()
            .filter_map(|setting| environment.get(*setting)?.strip_prefix("0.0.0.0:"))
            .collect();
        assert_eq!(ports, BTreeSet::from_iter(listens.iter().copied()), "{named}");
        let declared: BTreeSet<_> = workload.ports().values().map(u16::to_string).collect();
        assert_eq!(declared, listens.into_iter().map(str::to_owned).collect(), "{named}");
    }
}

#[test]
fn the_stream_is_kept_by_all_servers_and_has_room_there() {
    let manifests = Manifests::read();
    let state = manifests.workload("state").container();
    let replicas = &manifests.environment(state, "state")["GHOSTLIGHT_STREAM_REPLICAS"];
    assert_eq!(manifests.workload("nats").0["spec"]["replicas"].to_string(), *replicas);
    let config = said(&manifests.get("ConfigMap", "nats")["data"], "nats.conf");
    let room = config.lines().find_map(|line| line.trim().strip_prefix("max_file_store: ")).unwrap();
    let room: u64 = room.trim_end_matches("MB").parse::<u64>().unwrap() * 1_000_000;
    assert!(room > 1 << 30, "a stream's default of 1 GiB is set aside");
    assert!(room < 2 << 30, "and is on a volume of 2 GiB");
}

#[test]
fn passwords_are_the_example_s_and_marked_as_such() {
    let manifests = Manifests::read();
    for (secret, key) in [("nats", "gateway"), ("nats", "state"), ("nats", "routes"), ("database", "password")] {
        assert!(manifests.secret(secret, key).starts_with(EXAMPLE), "{secret}: {key}");
    }
    let of_database = manifests.secret("database", "password");
    assert!(manifests.secret("database", "url").contains(&format!(":{of_database}@")), "the same in both");
    let file = text("11-secrets.yaml");
    assert!(file.contains("EDIT THIS"));
    for secret in manifests.all("Secret") {
        for key in secret["data"].as_object().unwrap().keys() {
            let plain = manifests.secret(name(secret), key);
            assert!(file.contains(&format!("# {plain}\n")), "{key}: a comment shows what is encoded");
        }
    }
}

#[test]
fn the_image_is_the_same_everywhere_and_of_this_version() {
    let manifests = Manifests::read();
    for named in ["gateway", "state"] {
        assert_eq!(said(manifests.workload(named).container(), "image"), image());
    }
    let kustomization = crate::files::yaml("Kustomization");
    let [of_ours] = list(&kustomization, "images") else { panic!("one image is ours") };
    assert_eq!(format!("{}:{}", said(of_ours, "name"), said(of_ours, "newTag")), image());
    assert!(text("Dockerfile").contains(&format!("image.version=\"{}\"", env!("CARGO_PKG_VERSION"))));
    assert!(text("Dockerfile").contains(&format!("--tag {} ", image())));
}

fn kustomize(folder: &Path) -> Vec<Value> {
    let output = Command::new("kubectl").arg("kustomize").arg(folder).output();
    let output = output.expect("kubectl, which `cargo xtask test` installs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    crate::manifests::objects(&String::from_utf8(output.stdout).unwrap())
}

#[test]
fn applied_with_kustomize_it_is_the_same_and_another_image_is_one_line() {
    let sorted = |objects: Vec<Value>| {
        let mut objects: Vec<_> = objects.iter().map(Value::to_string).collect();
        objects.sort();
        objects
    };
    let plain = Manifests::read().iter().cloned().collect();
    assert_eq!(sorted(kustomize(&deploy("."))), sorted(plain));

    let folder = tempfile::tempdir().unwrap();
    for file in deploy(".").read_dir().unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        std::fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
    }
    let of_ours = text("Kustomization")
        .replace("    newTag: 0.1.0", "    newName: registry.example/lights/ghostlight\n    newTag: 9.9.9");
    std::fs::write(folder.path().join("Kustomization"), of_ours).unwrap();
    let all: String = kustomize(folder.path()).iter().map(Value::to_string).collect();
    assert_eq!(all.matches("\"image\":\"registry.example/lights/ghostlight:9.9.9\"").count(), 2);
    assert!(!all.contains(&image()));
}

/// It has no suffix that `kubectl apply -f` takes: as kustomization.yaml it would be applied as an object, and refused.
#[test]
fn what_is_no_manifest_has_a_name_that_apply_passes_over() {
    for object in Manifests::read().iter() {
        assert_ne!(said(object, "kind"), "Kustomization");
    }
    assert!(deploy("Kustomization").is_file());
}

#[test]
fn nats_understands_its_configuration() {
    let manifests = Manifests::read();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nats.conf");
    std::fs::write(&file, said(&manifests.get("ConfigMap", "nats")["data"], "nats.conf")).unwrap();
    let container = manifests.workload("nats").container();
    let mut nats = ghostlight_servers::nats_server().unwrap();
    nats.arg("-t").arg("--config").arg(&file).envs(manifests.environment(container, "nats-0"));
    let output = nats.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
