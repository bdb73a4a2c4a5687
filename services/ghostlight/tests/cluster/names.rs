//! The names that pods ask for: they exist before the pods behind them do, and a dead DNS server is waited for briefly.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::files::{list, said};
use crate::manifests::{Manifests, POD_NAME, Workload, is_headless};
use crate::told;

/// The hosts and ports that a workload's pods are told.
fn addresses(manifests: &Manifests, workload: Workload<'_>) -> Vec<(String, u16)> {
    let environments = workload.containers().iter().map(|container| manifests.environment(container, "nats-0"));
    let values: String = environments.flatten().map(|(_, value)| format!("{value}\n")).collect();
    let configs = list(workload.pod(), "volumes").iter().filter_map(|volume| volume.get("configMap"));
    let files =
        configs.flat_map(|config| manifests.get("ConfigMap", said(config, "name"))["data"].as_object().unwrap());
    let files: String = files.map(|(_, text)| text.as_str().unwrap()).collect();
    told::addresses(&(values + &files))
}

/// The name of a Service with an address exists as soon as the Service does. A name of a Service without one exists once
/// its pod has an address, and DNS servers remember for 30 s that it did not: so nothing asks for such a name.
#[test]
fn every_name_is_of_a_service_with_an_address() {
    let manifests = Manifests::with_tracing();
    let mut asked = BTreeSet::new();
    for workload in manifests.workloads() {
        for (host, port) in addresses(&manifests, workload) {
            let service = manifests.find("Service", &host);
            let service = service.unwrap_or_else(|| panic!("{}: {host} is no service", workload.name()));
            assert!(!is_headless(service), "{}: {host} has no address of its own", workload.name());
            let ports = list(&service["spec"], "ports");
            assert!(ports.iter().any(|known| known["port"] == port), "{}: {host}:{port}", workload.name());
            asked.insert(host);
        }
    }
    assert_eq!(
        asked,
        BTreeSet::from(["nats-0", "nats-1", "nats-2", "postgres", "collector", "jaeger"].map(str::to_owned))
    );
}

#[test]
fn each_nats_server_has_a_service_and_is_reached_before_it_is_ready() {
    let manifests = Manifests::read();
    let nats = manifests.workload("nats");
    let labels = nats.pod_labels();
    assert_eq!(labels.len(), 3);
    for labels in &labels {
        let pod = labels[POD_NAME].as_str().unwrap();
        let service = &manifests.get("Service", pod)["spec"];
        assert_eq!(service["selector"], json!({ POD_NAME: pod }));
        assert_eq!(service["publishNotReadyAddresses"], true, "{pod}");
        let ports: Vec<_> = list(service, "ports").iter().map(|port| &port["port"]).collect();
        assert_eq!(ports, [&json!(4222), &json!(6222)], "{pod}");
    }
    assert!(is_headless(manifests.get("Service", said(&nats.0["spec"], "serviceName"))));
    assert_eq!(said(&nats.0["spec"], "podManagementPolicy"), "Parallel");
}

/// The resolver of the C library waits 5 s for each answer. While a DNS server is dead, half of the questions go to it.
#[test]
fn pods_that_ask_for_names_wait_briefly_for_a_dead_dns_server() {
    let manifests = Manifests::with_tracing();
    let mut asking = BTreeSet::new();
    for workload in manifests.workloads().filter(|workload| !addresses(&manifests, *workload).is_empty()) {
        asking.insert(workload.name());
        let options: Vec<_> = list(&workload.pod()["dnsConfig"], "options").iter().collect();
        let expected = [("timeout", "1"), ("attempts", "2")];
        let expected = expected.map(|(name, value)| json!({ "name": name, "value": value }));
        assert_eq!(options, expected.iter().collect::<Vec<&Value>>(), "{}", workload.name());
    }
    assert_eq!(asking, BTreeSet::from(["nats", "state", "gateway", "collector"]));
}
