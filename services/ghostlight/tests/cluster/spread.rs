//! The pods of a workload are spread over nodes and zones, also on nodes without a zone label.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::files::{list, said};
use crate::manifests::{Manifests, Workload, kind, selects};

/// The label with a node's name. Every node has it.
const NODE: &str = "kubernetes.io/hostname";

/// The label with a node's zone. Only clouds set it.
const ZONE: &str = "topology.kubernetes.io/zone";

/// The weight of each topology key in the preferred anti-affinity of a workload's pods.
fn preferences(workload: Workload<'_>) -> BTreeMap<&str, u64> {
    let affinity = &workload.pod()["affinity"]["podAntiAffinity"];
    let required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution");
    assert!(required.is_none(), "{}: one node must be enough", workload.name());
    let preferred = list(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
    let weights = preferred.iter().map(|preferred| {
        let term = &preferred["podAffinityTerm"];
        assert!(selects(&term["labelSelector"]["matchLabels"], workload.labels()), "{}", workload.name());
        (said(term, "topologyKey"), preferred["weight"].as_u64().unwrap())
    });
    weights.collect()
}

/// Whether a workload has more than one pod.
fn is_spread(workload: Workload<'_>) -> bool {
    // The autoscaler decides the number of gateways.
    workload.0["spec"].get("replicas").is_none_or(|replicas| replicas.as_u64() > Some(1))
}

/// <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>: a node that lacks the label of
/// one constraint is not considered for any of them.
#[test]
fn no_constraint_needs_a_label_that_a_node_may_lack() {
    for manifests in [Manifests::read(), Manifests::of("tracing/jaeger.yaml")] {
        for workload in manifests.workloads() {
            for constraint in list(workload.pod(), "topologySpreadConstraints") {
                assert_eq!(said(constraint, "topologyKey"), NODE, "{}", workload.name());
            }
        }
    }
}

/// While a Deployment is updated, its old pods are still there. A constraint that counts them leaves the new pods skewed.
#[test]
fn pods_of_a_deployment_are_spread_among_those_of_their_own_version() {
    let manifests = Manifests::read();
    let mut names = Vec::new();
    for workload in manifests.all("Deployment").map(Workload).filter(|workload| is_spread(*workload)) {
        names.push(workload.name());
        let expected = json!([{
            "maxSkew": 1,
            "topologyKey": NODE,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": { "matchLabels": workload.0["spec"]["selector"]["matchLabels"] },
            "matchLabelKeys": ["pod-template-hash"],
        }]);
        assert_eq!(workload.pod()["topologySpreadConstraints"], expected, "{}", workload.name());
        assert_eq!(preferences(workload).into_keys().collect::<Vec<_>>(), [ZONE], "{}", workload.name());
    }
    assert_eq!(names, ["state", "gateway"]);
}

/// A StatefulSet ends an old pod before it makes the new one. So pods of every version count: otherwise a new NATS server
/// would be put beside an old one.
#[test]
fn pods_of_a_stateful_set_keep_apart_from_all_its_pods() {
    let manifests = Manifests::read();
    let mut names = Vec::new();
    for workload in manifests.all("StatefulSet").map(Workload).filter(|workload| is_spread(*workload)) {
        names.push(workload.name());
        assert_eq!(workload.pod().get("topologySpreadConstraints"), None, "{}", workload.name());
        let weights = preferences(workload);
        assert!(weights[NODE] > weights[ZONE], "{}: {weights:?}", workload.name());
        for preferred in
            list(&workload.pod()["affinity"]["podAntiAffinity"], "preferredDuringSchedulingIgnoredDuringExecution")
        {
            assert_eq!(preferred["podAffinityTerm"].get("matchLabelKeys"), None::<&Value>, "{}", workload.name());
        }
    }
    assert_eq!(names, ["nats"]);
}

#[test]
fn every_workload_of_several_pods_has_a_disruption_budget() {
    let manifests = Manifests::read();
    for workload in manifests.workloads().filter(|workload| is_spread(*workload)) {
        manifests.get("PodDisruptionBudget", workload.name());
        assert!(["Deployment", "StatefulSet"].contains(&kind(workload.0)));
    }
}
