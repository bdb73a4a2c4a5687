//! The local deployment: whether its parts fit each other, as far as can be seen without starting them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ghostlight_servers::nats_server;
use serde_json::{Map, Value};

use crate::files::{deploy, list, promtool_accepts, said, text, yaml};
use crate::told::{addresses, understands};

/// Where servers of others listen that are not told to.
const USUAL_PORTS: [(&str, u16); 3] = [("postgres", 5432), ("prometheus", 9090), ("grafana", 3000)];

/// The deployment, and where it is.
struct Local {
    compose: Value,
}

impl Local {
    fn read() -> Self {
        Self { compose: yaml("local/compose.yaml") }
    }

    fn services(&self) -> &Map<String, Value> {
        self.compose["services"].as_object().unwrap()
    }

    /// The mounted files and folders of a service: where from, and where to.
    fn mounts(&self, service: &str) -> Vec<(&str, &str)> {
        let volumes = list(&self.services()[service], "volumes").iter().map(|volume| volume.as_str().unwrap());
        volumes.map(|volume| volume.trim_end_matches(":ro").split_once(':').unwrap()).collect()
    }

    /// The file that a service sees under a path.
    fn mounted(&self, service: &str, path: &str) -> PathBuf {
        let from = self.mounts(service).into_iter().find(|(_, to)| *to == path);
        deploy("local").join(from.unwrap_or_else(|| panic!("{service} has no {path}")).0)
    }

    /// The ports on which each service listens.
    fn ports(&self) -> BTreeMap<String, BTreeSet<u16>> {
        let number = |text: &str| text.trim_matches('"').rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
        let mut ports: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
        for (name, service) in self.services() {
            let ports = ports.entry(name.clone()).or_default();
            let listens = ["GHOSTLIGHT_LISTEN", "GHOSTLIGHT_ADMIN"].map(|name| service["environment"][name].as_str());
            ports.extend(listens.into_iter().flatten().map(number));
            if name.starts_with("nats") {
                let config = text("local/nats.conf");
                let listens =
                    config.lines().map(str::trim).filter(|l| l.starts_with("listen:") || l.starts_with("http:"));
                ports.extend(listens.map(number));
            }
        }
        for (name, port) in USUAL_PORTS {
            ports.get_mut(name).unwrap().insert(port);
        }
        let (collector, tempo) = (yaml("local/collector.yaml"), yaml("local/tempo.yaml"));
        for (name, receivers) in [("collector", &collector["receivers"]), ("tempo", &tempo["distributor"]["receivers"])]
        {
            let protocols = receivers["otlp"]["protocols"].as_object().unwrap();
            ports.get_mut(name).unwrap().extend(protocols.values().map(|of| number(said(of, "endpoint"))));
        }
        let tempo = tempo["server"]["http_listen_port"].as_u64().unwrap();
        ports.get_mut("tempo").unwrap().insert(tempo.try_into().unwrap());
        ports
    }
}

#[test]
fn every_file_that_is_mounted_is_there_and_every_volume_is_named() {
    let local = Local::read();
    for name in local.services().keys() {
        for (from, to) in local.mounts(name) {
            let is_there = if from.starts_with('.') {
                deploy("local").join(from).is_file()
            } else {
                local.compose["volumes"].as_object().unwrap().contains_key(from)
            };
            assert!(is_there, "{name}: {from}");
            assert!(to.starts_with('/'), "{name}: {to}");
        }
    }
}

#[test]
fn every_path_that_a_service_is_told_is_mounted_there() {
    let local = Local::read();
    let mut count = 0;
    for (name, service) in local.services() {
        let environment = service["environment"].as_object().into_iter().flat_map(Map::values);
        let told = list(service, "command").iter().chain(environment).filter_map(Value::as_str);
        let paths = told.filter_map(|word| word.split('=').next_back()).filter(|word| word.starts_with('/'));
        for path in paths {
            count += 1;
            assert!(local.mounts(name).iter().any(|(_, to)| *to == path), "{name}: {path}");
        }
    }
    assert!(count > 5, "they are found");
    let provider = yaml("local/grafana/dashboards.yaml");
    let folder = said(&list(&provider, "providers")[0]["options"], "path");
    local.mounted("grafana", &format!("{folder}/ghostlight.json"));
}

#[test]
fn every_address_is_one_on_which_a_service_listens() {
    let local = Local::read();
    let ports = local.ports();
    let mut count = 0;
    for file in ["compose.yaml", "nats.conf", "collector.yaml", "prometheus.yml", "grafana/datasources.yaml"] {
        let text = text(&format!("local/{file}"));
        // Not what stands in comments, nor where something listens itself, nor a name with a version.
        let told = text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.contains("image:"));
        for (host, port) in told.flat_map(addresses) {
            count += 1;
            assert!(ports.get(&host).is_some_and(|ports| ports.contains(&port)), "{file}: {host}:{port}, of {ports:?}");
        }
    }
    assert!(count > 12, "they are found");
}

#[test]
fn services_wait_for_others_that_there_are_and_publish_where_they_listen_to_this_machine_alone() {
    let local = Local::read();
    let ports = local.ports();
    for (name, service) in local.services() {
        for other in list(service, "depends_on") {
            assert!(local.services().contains_key(other.as_str().unwrap()), "{name}: {other}");
        }
        for published in list(service, "ports") {
            let parts: Vec<_> = published.as_str().unwrap().split(':').collect();
            assert_eq!((parts.len(), parts[0]), (3, "127.0.0.1"), "{name}: {published}");
            assert!(ports[name].contains(&parts[2].parse().unwrap()), "{name}: {published}");
        }
    }
}

#[test]
fn every_image_has_a_version() {
    let local = Local::read();
    for (name, service) in local.services() {
        let (_, version) = said(service, "image").split_once(':').unwrap_or_else(|| panic!("{name} has no version"));
        let is_a_version = version.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
        assert!(is_a_version || service.get("build").is_some(), "{name}: {version}");
    }
}

#[test]
fn our_own_services_understand_what_they_are_told() {
    let local = Local::read();
    let mut count = 0;
    for (name, service) in local.services().iter().filter(|(_, service)| service.get("build").is_some()) {
        count += 1;
        let [word] = list(service, "command") else { panic!("{name} is no role") };
        let environment = service["environment"].as_object().unwrap();
        let environment = environment.iter().map(|(variable, value)| (variable, value.as_str().unwrap()));
        understands(word.as_str().unwrap(), environment);
    }
    assert_eq!(count, 4, "two gateways and two state services");
}

#[test]
fn the_image_is_built_from_what_there_is() {
    let local = Local::read();
    let build = &local.services()["gateway1"]["build"];
    let root = deploy("local").join(said(build, "context")).canonicalize().unwrap();
    let dockerfile = std::fs::read_to_string(root.join(said(build, "dockerfile"))).unwrap();
    let workspace = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let rust = workspace.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(dockerfile.contains(&format!("ARG RUST_VERSION={rust}\n")), "the workspace wants Rust {rust}");
}

#[test]
fn prometheus_understands_its_configuration_and_keeps_exemplars() {
    let local = Local::read();
    let folder = tempfile::tempdir().unwrap();
    let mut config: Value = yaml("local/prometheus.yml");
    for file in config["rule_files"].as_array_mut().unwrap() {
        *file = local.mounted("prometheus", file.as_str().unwrap()).display().to_string().into();
    }
    let copy = folder.path().join("prometheus.yml");
    std::fs::write(&copy, config.to_string()).unwrap();
    promtool_accepts(&["check", "config"], &copy);
    assert!(list(&local.services()["prometheus"], "command").contains(&"--enable-feature=exemplar-storage".into()));
    let sources = yaml("local/grafana/datasources.yaml");
    let interval = &list(&sources, "datasources")[0]["jsonData"]["timeInterval"];
    assert_eq!(interval, &config["global"]["scrape_interval"], "or rates would have holes");
}

/// A service of ours refuses requests to a name that it was not told, also on its admin listener.
#[test]
fn services_know_the_names_by_which_prometheus_asks_them() {
    let local = Local::read();
    let targets = addresses(&text("local/prometheus.yml"));
    assert_eq!(targets.len(), 4, "two gateways and two state services: {targets:?}");
    for (name, _) in targets {
        let known = said(&local.services()[&name]["environment"], "GHOSTLIGHT_HOST");
        assert!(known.split(',').any(|known| known == name), "{name} is none of {known}");
    }
}

#[test]
fn a_click_on_an_exemplar_opens_its_trace() {
    let sources = yaml("local/grafana/datasources.yaml");
    let of_type =
        |wanted: &str| list(&sources, "datasources").iter().find(|source| said(source, "type") == wanted).unwrap();
    let [link] = list(&of_type("prometheus")["jsonData"], "exemplarTraceIdDestinations") else { panic!("no link") };
    assert_eq!(said(link, "name"), "trace_id");
    assert_eq!(said(link, "datasourceUid"), said(of_type("tempo"), "uid"));
}

#[test]
fn the_collector_s_pipelines_are_made_of_what_it_has() {
    let collector = yaml("local/collector.yaml");
    for (name, pipeline) in collector["service"]["pipelines"].as_object().unwrap() {
        for kind in ["receivers", "processors", "exporters"] {
            for part in list(pipeline, kind) {
                assert!(collector[kind].get(part.as_str().unwrap()).is_some(), "{name}: {kind}: {part}");
            }
        }
    }
}

#[test]
fn nats_understands_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let config = text("local/nats.conf").replace("\"/data\"", &format!("{:?}", folder.path()));
    let copy = folder.path().join("nats.conf");
    std::fs::write(&copy, config).unwrap();
    let output =
        nats_server().unwrap().arg("-t").arg("--config").arg(&copy).env("NATS_NAME", "nats1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
