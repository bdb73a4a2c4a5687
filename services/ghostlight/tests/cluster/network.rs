//! Who may talk to whom: what the NetworkPolicies let through is what is needed, and nothing else.
//!
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>: a pod that a policy is about takes, or
//! sends, only what one of those policies allows; what both ends allow goes through.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::files::{list, said};
use crate::manifests::{Manifests, number, selects};

/// A pod: whether it is one of the namespace, and its labels.
struct Pod<'a> {
    is_here: bool,
    labels: &'a Map<String, Value>,
}

/// Whether a list of peers has this pod. No list is everybody.
fn is_peer(peers: Option<&Value>, pod: &Pod<'_>) -> bool {
    let Some(peers) = peers.and_then(Value::as_array) else { return true };
    peers.iter().any(|peer| {
        assert!(peer.get("ipBlock").is_none(), "addresses are not known here");
        let is_in = match peer.get("namespaceSelector") {
            Some(selector) => {
                assert_eq!(selector, &json!({}), "any namespace");
                true
            }
            None => pod.is_here,
        };
        is_in && peer.get("podSelector").is_none_or(|selector| selects(&selector["matchLabels"], pod.labels))
    })
}

/// Whether a rule is about a port. A rule without ports is about all.
fn has_port(rule: &Value, port: u16) -> bool {
    list(rule, "ports").is_empty()
        || list(rule, "ports")
            .iter()
            .any(|allowed| said(allowed, "protocol") == "TCP" && number(&allowed["port"]) == port)
}

/// Whether a pod of the namespace may take or send this, in the direction of `ingress` or `egress`.
fn lets(manifests: &[Manifests], one: &Pod<'_>, direction: &str, other: &Pod<'_>, port: u16) -> bool {
    let is_about = |policy: &&Value| {
        let selector = &policy["spec"]["podSelector"];
        let types: Vec<_> = list(&policy["spec"], "policyTypes").iter().map(|kind| kind.as_str().unwrap()).collect();
        assert_eq!(
            types,
            match said(&policy["metadata"], "name") {
                "names" => vec!["Egress"],
                _ => vec!["Ingress", "Egress"],
            }
        );
        let is_of_all = selector == &json!({});
        types.iter().any(|kind| kind.eq_ignore_ascii_case(direction))
            && (is_of_all || selects(&selector["matchLabels"], one.labels))
    };
    let policies: Vec<_> =
        manifests.iter().flat_map(|manifests| manifests.all("NetworkPolicy")).filter(is_about).collect();
    let peers = if direction == "ingress" { "from" } else { "to" };
    policies.is_empty()
        || policies
            .iter()
            .flat_map(|policy| list(&policy["spec"], direction))
            .any(|rule| has_port(rule, port) && is_peer(rule.get(peers), other))
}

/// Every port that a pod has or a policy names, and two that none of them does.
fn ports(manifests: &[Manifests]) -> BTreeSet<u16> {
    let of_pods = manifests.iter().flat_map(Manifests::workloads).flat_map(|workload| workload.ports().into_values());
    let policies = manifests.iter().flat_map(|manifests| manifests.all("NetworkPolicy"));
    let rules =
        policies.flat_map(|policy| [list(&policy["spec"], "ingress"), list(&policy["spec"], "egress")].concat());
    let named = rules.flat_map(|rule| list(&rule, "ports").to_vec()).map(|allowed| number(&allowed["port"]));
    of_pods.chain(named).chain([80, 443]).collect()
}

#[test]
fn what_is_needed_goes_through_and_nothing_else() {
    let manifests = [Manifests::read(), Manifests::of("tracing/jaeger.yaml")];
    let workloads: Vec<_> = manifests.iter().flat_map(Manifests::workloads).collect();
    let mut edges = BTreeSet::new();
    for from in &workloads {
        for to in &workloads {
            let (a, b) = (Pod { is_here: true, labels: from.labels() }, Pod { is_here: true, labels: to.labels() });
            let through =
                |port: &u16| lets(&manifests, &a, "egress", &b, *port) && lets(&manifests, &b, "ingress", &a, *port);
            edges.extend(to.ports().into_values().filter(through).map(|port| (from.name(), to.name(), port)));
        }
    }
    let needed = [
        ("gateway", "nats", 4222),
        ("state", "nats", 4222),
        ("nats", "nats", 6222),
        ("state", "postgres", 5432),
        ("gateway", "collector", 4318),
        ("state", "collector", 4318),
        ("collector", "jaeger", 4317),
        // A pod may ask for a console as anybody may, but none of these can send it anything.
    ];
    assert_eq!(edges, BTreeSet::from(needed));
}

#[test]
fn from_outside_come_consoles_and_prometheus_and_nobody_else() {
    let manifests = [Manifests::read(), Manifests::of("tracing/jaeger.yaml")];
    let labels = |name: &str| Map::from_iter([("app.kubernetes.io/name".to_owned(), json!(name))]);
    let (stranger, prometheus) = (labels("stranger"), labels("prometheus"));
    let comes = |labels| -> BTreeSet<(&str, u16)> {
        let from = Pod { is_here: false, labels };
        let workloads = manifests.iter().flat_map(Manifests::workloads);
        let ports = workloads.flat_map(|to| to.ports().into_values().map(move |port| (to, port)));
        let lets_in = |(to, port): &(crate::manifests::Workload<'_>, u16)| {
            lets(&manifests, &Pod { is_here: true, labels: to.labels() }, "ingress", &from, *port)
        };
        ports.filter(lets_in).map(|(to, port)| (to.name(), port)).collect()
    };
    assert_eq!(comes(&stranger), BTreeSet::from([("gateway", 8080)]));
    assert_eq!(comes(&prometheus), BTreeSet::from([("gateway", 8080), ("gateway", 9464), ("state", 9464)]));
}

#[test]
fn outside_is_reached_for_names_and_for_a_database_elsewhere_alone() {
    let manifests = [Manifests::read(), Manifests::of("tracing/jaeger.yaml")];
    let nowhere = Map::new();
    let mut reached = BTreeSet::new();
    for workload in manifests.iter().flat_map(Manifests::workloads) {
        let pod = Pod { is_here: true, labels: workload.labels() };
        let out = Pod { is_here: false, labels: &nowhere };
        let ports = ports(&manifests).into_iter().filter(|port| lets(&manifests, &pod, "egress", &out, *port));
        reached.extend(ports.map(|port| (workload.name(), port)));
    }
    let names = ["gateway", "state", "nats", "postgres", "collector", "jaeger"].map(|name| (name, 53));
    let mut expected = BTreeSet::from(names);
    expected.insert(("state", 5432));
    assert_eq!(reached, expected);
}

#[test]
fn a_pod_that_no_policy_names_is_let_through_nowhere() {
    let manifests = [Manifests::read()];
    let (labels, anybody) = (Map::from_iter([("app".to_owned(), json!("new"))]), Map::new());
    let (pod, other) = (Pod { is_here: true, labels: &labels }, Pod { is_here: false, labels: &anybody });
    let through = |direction: &str| -> Vec<u16> {
        ports(&manifests).into_iter().filter(|port| lets(&manifests, &pod, direction, &other, *port)).collect()
    };
    assert_eq!((through("ingress"), through("egress")), (vec![], vec![53]));
}
