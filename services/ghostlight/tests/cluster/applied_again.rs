//! A second `kubectl apply` prints `unchanged`: the manifests have what the cluster would otherwise add.
//!
//! kubectl compares what is applied with what the cluster has. A member that only the cluster has is no difference, except
//! in three places: what stands under another name there, in a list that is compared as a whole, and in a structure of which
//! the manifest is to have every member. <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/>
//!
//! The selector of a PodDisruptionBudget is a difference whatever it is, because its patch strategy is `replace`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::files::list;
use crate::manifests::{Manifests, Workload, kind, name};

fn everything() -> [Manifests; 2] {
    [Manifests::read(), Manifests::of("tracing/jaeger.yaml")]
}

/// The cluster keeps `stringData` as `data`.
#[test]
fn secrets_are_written_as_the_cluster_keeps_them() {
    let manifests = Manifests::read();
    for secret in manifests.all("Secret") {
        assert_eq!(secret.get("stringData"), None, "{}", name(secret));
        for key in secret["data"].as_object().unwrap().keys() {
            assert!(!manifests.secret(name(secret), key).ends_with(char::is_whitespace), "{key}");
        }
    }
}

/// The list of templates is compared as a whole, with what the cluster adds to each.
#[test]
fn volume_claim_templates_are_complete() {
    let mut count = 0;
    for manifests in everything() {
        for claim in manifests.workloads().flat_map(|workload| list(&workload.0["spec"], "volumeClaimTemplates")) {
            count += 1;
            let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
            let expected = ["apiVersion", "kind", "metadata", "spec", "status"].map(str::to_owned);
            assert_eq!(members(claim), BTreeSet::from(expected));
            let expected = ["accessModes", "resources", "volumeMode"].map(str::to_owned);
            assert_eq!(members(&claim["spec"]), BTreeSet::from(expected));
            assert_eq!((&claim["apiVersion"], kind(claim)), (&json!("v1"), "PersistentVolumeClaim"));
            assert_eq!(claim["spec"]["volumeMode"], "Filesystem");
            assert_eq!(claim["status"], json!({ "phase": "Pending" }));
        }
    }
    assert_eq!(count, 2);
}

/// A strategy is a structure of which the manifest is to have every member.
#[test]
fn a_strategy_names_its_type() {
    for manifests in everything() {
        for workload in manifests.all("Deployment").map(Workload) {
            let strategy = workload.0["spec"].get("strategy");
            assert!(strategy.is_none_or(|strategy| strategy["type"] == "RollingUpdate"), "{}", workload.name());
        }
    }
}
