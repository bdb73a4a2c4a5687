//! What one object says of another: that it is there, and that it is what it is taken for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::files::{list, said};
use crate::manifests::{Manifests, NAMESPACE, POD_NAME, Workload, is_headless, kind, name, number, selects};

/// What is in no namespace.
const OF_THE_CLUSTER: [&str; 1] = ["Namespace"];

/// The manifests that are applied, and those that may be.
fn everything() -> [Manifests; 2] {
    [Manifests::read(), Manifests::of("tracing/jaeger.yaml")]
}

fn selected<'a>(manifests: &'a Manifests, selector: &Value) -> Vec<Workload<'a>> {
    let has_one = |workload: &Workload<'_>| workload.pod_labels().iter().any(|labels| selects(selector, labels));
    manifests.workloads().filter(has_one).collect()
}

#[test]
fn everything_is_in_the_namespace_which_comes_first_and_nothing_is_there_twice() {
    for (number, manifests) in everything().iter().enumerate() {
        let mut known = BTreeSet::new();
        for object in manifests.iter() {
            assert!(known.insert((kind(object), name(object))), "{} {} twice", kind(object), name(object));
            let is_in = object["metadata"]["namespace"].as_str();
            assert_eq!(is_in.is_none(), OF_THE_CLUSTER.contains(&kind(object)), "{} {}", kind(object), name(object));
            assert!(is_in.is_none_or(|is_in| is_in == NAMESPACE));
        }
        if number == 0 {
            let first = manifests.iter().next().unwrap();
            assert_eq!((kind(first), name(first)), ("Namespace", NAMESPACE));
        }
    }
}

#[test]
fn there_are_as_many_of_each_as_are_to_be() {
    let manifests = Manifests::read();
    let replicas = |named: &str| manifests.workload(named).0["spec"]["replicas"].as_u64();
    for (named, wanted) in [("nats", 3), ("postgres", 1), ("state", 2), ("collector", 1)] {
        assert_eq!(replicas(named), Some(wanted), "{named}");
    }
    assert_eq!(replicas("gateway"), None, "applied again, it would undo what the autoscaler did");
    assert_eq!(manifests.get("HorizontalPodAutoscaler", "gateway")["spec"]["minReplicas"], 3);
}

/// A gateway refuses requests to a name that it was not told.
#[test]
fn gateways_know_every_name_that_leads_to_them() {
    let manifests = Manifests::read();
    let gateway = manifests.workload("gateway");
    let environment = manifests.environment(gateway.container(), "gateway");
    let known: BTreeSet<_> = environment["GHOSTLIGHT_HOST"].split(',').collect();
    let services = manifests.all("Service").filter(|service| selects(&service["spec"]["selector"], gateway.labels()));
    let mut names: BTreeSet<_> = services
        .flat_map(|service| {
            let short = format!("{}.{NAMESPACE}", name(service));
            [name(service).to_owned(), short.clone(), format!("{short}.svc"), format!("{short}.svc.cluster.local")]
        })
        .collect();
    assert_eq!(names.len(), 4, "one service leads to gateways");
    for ingress in manifests.all("Ingress") {
        names.extend(list(&ingress["spec"], "rules").iter().map(|rule| said(rule, "host").to_owned()));
    }
    assert_eq!(known, names.iter().map(String::as_str).collect());
}

#[test]
fn selectors_select_the_pods_that_they_are_for_and_no_others() {
    for manifests in everything() {
        for workload in manifests.workloads() {
            let selector = &workload.0["spec"]["selector"]["matchLabels"];
            let names: Vec<_> = selected(&manifests, selector).iter().map(|workload| workload.name()).collect();
            assert_eq!(names, [workload.name()]);
        }
        for service in manifests.all("Service") {
            let selector = &service["spec"]["selector"];
            let [workload] = selected(&manifests, selector)[..] else { panic!("{service} is of one workload") };
            let selected = selector.get(POD_NAME).map_or(workload.name(), |pod| pod.as_str().unwrap());
            assert_eq!(selected, name(service));
        }
        for budget in manifests.all("PodDisruptionBudget") {
            let names: Vec<_> = selected(&manifests, &budget["spec"]["selector"]["matchLabels"])
                .iter()
                .map(|workload| workload.name())
                .collect();
            assert_eq!(names, [name(budget)]);
            assert_eq!(budget["spec"]["maxUnavailable"], 1, "or a node could not be drained");
        }
    }
}

#[test]
fn services_lead_to_ports_that_their_pods_have() {
    for manifests in everything() {
        for service in manifests.all("Service") {
            let [workload] = selected(&manifests, &service["spec"]["selector"])[..] else { panic!("{service}") };
            for port in list(&service["spec"], "ports") {
                number(&port["port"]);
                assert!(workload.port(&port["targetPort"]).is_some(), "{}: {port}", name(service));
                // Where it has no address of its own, a name leads to the pods, and the port is not translated.
                assert!(!is_headless(service) || workload.port(&port["targetPort"]) == Some(number(&port["port"])));
            }
        }
    }
}

#[test]
fn probes_ask_ports_that_there_are() {
    for manifests in everything() {
        let containers =
            manifests.workloads().flat_map(|workload| workload.containers().iter().map(move |c| (workload, c)));
        for (workload, container) in containers {
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                let Some(probe) = container.get(probe) else { continue };
                let asks = probe.get("httpGet").map(|http| workload.port(&http["port"]).is_some());
                let runs = probe.get("exec").map(|exec| !list(exec, "command").is_empty());
                assert_eq!(asks.or(runs), Some(true), "{}: {probe}", workload.name());
            }
        }
    }
}

#[test]
fn configmaps_secrets_accounts_and_volumes_that_are_used_are_there() {
    for manifests in everything() {
        for workload in manifests.workloads() {
            let (pod, named) = (workload.pod(), workload.name());
            manifests.get("ServiceAccount", said(pod, "serviceAccountName"));
            let mut volumes: BTreeMap<_, _> =
                list(pod, "volumes").iter().map(|volume| (said(volume, "name"), volume.clone())).collect();
            let claims = list(&workload.0["spec"], "volumeClaimTemplates");
            volumes.extend(claims.iter().map(|claim| (name(claim), json!({ "claim": {} }))));
            for volume in volumes.values() {
                if let Some(config) = volume.get("configMap") {
                    manifests.get("ConfigMap", said(config, "name"));
                }
            }
            let mut mounted = BTreeSet::new();
            for container in workload.containers() {
                // Finds each that the environment is made of, or fails.
                manifests.environment(container, "pod");
                mounted.extend(list(container, "volumeMounts").iter().map(|mount| said(mount, "name")));
            }
            assert_eq!(mounted, volumes.keys().copied().collect(), "{named}: what is mounted, and what there is");
        }
    }
}

#[test]
fn every_secret_and_configmap_is_used() {
    let manifests = Manifests::read();
    let used: String = manifests.workloads().map(|workload| workload.pod().to_string()).collect();
    for wanted in ["ConfigMap", "Secret"] {
        for object in manifests.all(wanted) {
            assert!(used.contains(&format!("\"name\":\"{}\"", name(object))), "{wanted} {}", name(object));
        }
    }
}

#[test]
fn volumes_are_of_the_default_class_and_small() {
    let manifests = Manifests::read();
    let claims = manifests.workloads().flat_map(|workload| list(&workload.0["spec"], "volumeClaimTemplates"));
    let claims: Vec<_> = claims.collect();
    assert_eq!(claims.len(), 2);
    for claim in claims {
        assert!(claim["spec"].get("storageClassName").is_none());
        let size = said(&claim["spec"]["resources"]["requests"], "storage");
        assert!(["1Gi", "2Gi"].contains(&size), "{size}");
    }
}

#[test]
fn the_autoscaler_and_the_ingress_lead_to_what_there_is() {
    let manifests = Manifests::read();
    for autoscaler in manifests.all("HorizontalPodAutoscaler") {
        let target = &autoscaler["spec"]["scaleTargetRef"];
        let scaled = manifests.get(said(target, "kind"), said(target, "name"));
        assert_eq!(scaled["apiVersion"], target["apiVersion"]);
        assert!(autoscaler["spec"]["minReplicas"].as_u64() < autoscaler["spec"]["maxReplicas"].as_u64());
    }
    for ingress in manifests.all("Ingress") {
        for path in list(&ingress["spec"], "rules").iter().flat_map(|rule| list(&rule["http"], "paths")) {
            let backend = &path["backend"]["service"];
            let service = manifests.get("Service", said(backend, "name"));
            let has_port = |port: &Value| port["name"] == backend["port"]["name"];
            assert!(list(&service["spec"], "ports").iter().any(has_port), "{backend}");
        }
    }
}

#[test]
fn the_operator_of_prometheus_finds_the_pods_and_the_port_that_the_annotations_name() {
    let manifests = Manifests::read();
    let monitors = Manifests::of("monitoring/podmonitor.yaml");
    assert_eq!(monitors.all("PodMonitor").map(name).collect::<Vec<_>>(), ["gateway", "state"]);
    for monitor in monitors.all("PodMonitor") {
        let [workload] = selected(&manifests, &monitor["spec"]["selector"]["matchLabels"])[..] else {
            panic!("{monitor} is of one kind of pods")
        };
        assert_eq!(workload.name(), name(monitor));
        let [endpoint] = list(&monitor["spec"], "podMetricsEndpoints") else { panic!("one port") };
        let port = workload.port(&endpoint["port"]).unwrap();
        let annotations = &workload.0["spec"]["template"]["metadata"]["annotations"];
        assert_eq!(said(annotations, "prometheus.io/port"), port.to_string());
        assert_eq!(annotations["prometheus.io/path"], endpoint["path"]);
        assert_eq!(said(annotations, "prometheus.io/scrape"), "true");
    }
}
