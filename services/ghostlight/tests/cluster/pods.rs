//! What every pod keeps to: the `restricted` Pod Security Standard and more, what it may use, and how it ends.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::files::{list, said};
use crate::manifests::{Manifests, Workload};

/// What a shutdown of ours may take once nothing more comes in, in seconds.
const SHUTDOWN_SECONDS: u64 = 10;

fn all_workloads(check: impl Fn(Workload<'_>)) {
    for manifests in [Manifests::read(), Manifests::of("tracing/jaeger.yaml")] {
        manifests.workloads().for_each(&check);
    }
}

/// <https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted>
#[test]
fn pods_keep_to_the_restricted_standard_and_the_namespace_enforces_it() {
    all_workloads(|workload| {
        let (pod, named) = (workload.pod(), workload.name());
        for forbidden in ["hostNetwork", "hostPID", "hostIPC", "hostUsers"] {
            assert!(pod.get(forbidden).is_none(), "{named}: {forbidden}");
        }
        let security = &pod["securityContext"];
        assert_eq!(security["runAsNonRoot"], true, "{named}");
        assert!(security["runAsUser"].as_u64().is_some_and(|user| user > 0), "{named}: an image may name root");
        assert_eq!(security["seccompProfile"], json!({ "type": "RuntimeDefault" }), "{named}");
        for volume in list(pod, "volumes") {
            assert!(volume.get("configMap").is_some() || volume.get("emptyDir").is_some(), "{named}: {volume}");
        }
        for container in workload.containers() {
            let expected = json!({
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": { "drop": ["ALL"] },
            });
            assert_eq!(container["securityContext"], expected, "{named}");
            assert!(list(container, "ports").iter().all(|port| port.get("hostPort").is_none()), "{named}");
        }
    });
    let manifests = Manifests::read();
    let labels = &manifests.get("Namespace", "ghostlight")["metadata"]["labels"];
    for mode in ["enforce", "warn", "audit"] {
        assert_eq!(said(labels, &format!("pod-security.kubernetes.io/{mode}")), "restricted");
    }
}

#[test]
fn no_pod_has_a_token_or_the_names_of_services_in_its_environment() {
    all_workloads(|workload| {
        assert_eq!(workload.pod()["automountServiceAccountToken"], false, "{}", workload.name());
        assert_eq!(workload.pod()["enableServiceLinks"], false, "{}", workload.name());
    });
    for account in Manifests::read().all("ServiceAccount") {
        assert_eq!(account["automountServiceAccountToken"], false);
    }
}

#[test]
fn images_have_versions_and_are_not_pulled_each_time() {
    all_workloads(|workload| {
        for container in workload.containers() {
            let image = said(container, "image");
            let (_, version) = image.rsplit_once(':').unwrap_or_else(|| panic!("{image} has no version"));
            assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{image}");
            assert!(container.get("imagePullPolicy").is_none_or(|policy| policy != "Always"), "{image}");
        }
    });
}

#[test]
fn every_container_asks_for_what_it_needs_and_has_a_bound() {
    all_workloads(|workload| {
        for container in workload.containers() {
            let (requests, limits) = (&container["resources"]["requests"], &container["resources"]["limits"]);
            for resource in ["cpu", "memory"] {
                let (request, limit) = (amount(said(requests, resource)), amount(said(limits, resource)));
                assert!(0.0 < request && request <= limit, "{}: {resource}", workload.name());
            }
            // What the garbage collector of Go is told must leave room for what it does not count.
            let told = list(container, "env").iter().find(|variable| variable["name"] == "GOMEMLIMIT");
            let told = told.map(|variable| amount(said(variable, "value").trim_end_matches('B')));
            assert!(told.is_none_or(|told| told < amount(said(limits, "memory"))), "{}", workload.name());
        }
    });
}

/// It is to fit a node of two cores and 8 GiB that has its own services to run too, also while each Deployment has one pod
/// more.
#[test]
fn all_of_it_fits_a_small_node() {
    let manifests = Manifests::read();
    let mut total: BTreeMap<&str, f64> = BTreeMap::new();
    for workload in manifests.workloads() {
        let replicas = workload.0["spec"]["replicas"].as_u64().unwrap_or(3);
        let surge = u64::from(workload.0["kind"] == "Deployment");
        for container in workload.containers() {
            for resource in ["cpu", "memory"] {
                let request = amount(said(&container["resources"]["requests"], resource));
                *total.entry(resource).or_default() += request * (replicas + surge) as f64;
            }
        }
    }
    assert!(total["cpu"] <= 1.0, "{total:?}");
    assert!(total["memory"] <= 2.0 * f64::from(1 << 30), "{total:?}");
}

/// Waiting for NATS or for a database is nothing that a restart would mend.
#[test]
fn only_a_process_that_does_not_answer_is_started_anew() {
    let manifests = Manifests::read();
    for named in ["gateway", "state"] {
        let workload = manifests.workload(named);
        let container = workload.container();
        let path = |probe: &str| said(&container[probe]["httpGet"], "path");
        assert_eq!(
            ["startupProbe", "livenessProbe", "readinessProbe"].map(path),
            ["/healthz", "/healthz", "/readyz"],
            "{named}"
        );
    }
    for workload in manifests.workloads() {
        for container in workload.containers() {
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                assert!(container.get(probe).is_some(), "{}: {probe}", workload.name());
            }
        }
    }
}

#[test]
fn a_pod_has_the_time_to_end_that_it_needs() {
    let manifests = Manifests::read();
    for named in ["gateway", "state"] {
        let workload = manifests.workload(named);
        let container = workload.container();
        let sleeps = container["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap_or(0);
        let environment = manifests.environment(container, named);
        let drains = environment.get("GHOSTLIGHT_DRAIN_SECONDS").map_or(0, |seconds| seconds.parse().unwrap());
        let grace = workload.pod()["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert!(grace > sleeps + drains + SHUTDOWN_SECONDS, "{named}");
        assert_eq!(named == "gateway", sleeps > 0 && drains > 0, "consoles are sent away from a gateway");
        let strategy = &workload.0["spec"]["strategy"]["rollingUpdate"];
        assert_eq!((&strategy["maxUnavailable"], &strategy["maxSurge"]), (&json!(0), &json!(1)), "{named}");
    }
}

/// A quantity of Kubernetes, in cores or bytes.
fn amount(text: &str) -> f64 {
    let digits = text.trim_end_matches(|last: char| last.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" => 1.0,
        "m" => 0.001,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        other => panic!("{other} is no unit that is used here"),
    };
    digits.parse::<f64>().unwrap() * unit
}

#[test]
fn amounts_are_read() {
    let read: Vec<_> = ["2", "75m", "1Ki", "1Gi"].into_iter().map(amount).collect();
    assert_eq!(read, [2.0, 0.075, 1024.0, f64::from(1 << 30)]);
}

#[test]
fn what_is_written_goes_where_something_is_mounted() {
    let manifests = Manifests::read();
    let mounts = |named: &str| -> Vec<String> {
        let containers = manifests.workload(named).containers();
        let mounts = containers.iter().flat_map(|container| list(container, "volumeMounts"));
        mounts
            .filter(|mount| mount.get("readOnly").is_none())
            .map(|mount| said(mount, "mountPath").to_owned())
            .collect()
    };
    let config = said(&manifests.get("ConfigMap", "nats")["data"], "nats.conf");
    for (setting, folder) in [("store_dir: \"/data\"", "/data"), ("pid_file: \"/run/nats/", "/run/nats")] {
        assert!(config.contains(setting), "{setting}");
        assert!(mounts("nats").iter().any(|mount| mount == folder), "{folder}");
    }
    assert_eq!(mounts("postgres"), ["/var/lib/postgresql", "/var/run/postgresql", "/tmp"]);
    for named in ["gateway", "state", "collector"] {
        assert_eq!(mounts(named), [""; 0], "{named} writes nothing");
    }
    let stop: &Value = &manifests.workload("nats").container()["lifecycle"]["preStop"]["exec"]["command"];
    assert_eq!(stop[2], "ldm=/run/nats/nats.pid");
}
