//! The collector of traces, without Jaeger and with it.

use serde_json::Value;

use crate::files::{list, said};
use crate::manifests::Manifests;

/// Merges one configuration into another, as the collector does: maps are merged, anything else is replaced.
/// <https://opentelemetry.io/docs/collector/configuration/#basics>
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter().for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
        }
        (into, from) => *into = from,
    }
}

/// The configuration that the collector is started with.
fn configuration(manifests: &Manifests) -> Value {
    let container = manifests.workload("collector").container();
    let environment = manifests.environment(container, "collector");
    let mut whole = Value::Null;
    for argument in list(container, "args") {
        let source = argument.as_str().unwrap().strip_prefix("--config=").unwrap();
        let text = match source.strip_prefix("env:") {
            Some(variable) => {
                let (name, default) = variable.split_once(":-").unwrap();
                environment.get(name).map_or(default, String::as_str)
            }
            None => {
                assert_eq!(source, "/etc/collector/collector.yaml");
                said(&manifests.get("ConfigMap", "collector")["data"], "collector.yaml")
            }
        };
        merge(&mut whole, serde_norway::from_str(text).unwrap());
    }
    whole
}

/// The names of a configuration's exporters of traces.
fn exporters(configuration: &Value) -> Vec<&str> {
    let exporters = list(&configuration["service"]["pipelines"]["traces"], "exporters");
    exporters.iter().map(|exporter| exporter.as_str().unwrap()).collect()
}

/// An exporter to Jaeger would log an error for each batch, and drop it.
#[test]
fn without_jaeger_nothing_is_sent_to_it() {
    let configuration = configuration(&Manifests::read());
    assert_eq!(exporters(&configuration), ["debug"]);
    assert!(!configuration.to_string().contains("jaeger"), "{configuration}");
}

#[test]
fn with_jaeger_traces_wait_until_it_is_there() {
    let manifests = Manifests::with_tracing();
    let configuration = configuration(&manifests);
    assert_eq!(exporters(&configuration), ["debug", "otlp_grpc/jaeger"]);
    let exporter = &configuration["exporters"]["otlp_grpc/jaeger"];
    let port = manifests.workload("jaeger").ports()["otlp-grpc"];
    assert_eq!(said(exporter, "endpoint"), format!("jaeger:{port}"));
    // Both are on unless they are turned off.
    for waiting in ["retry_on_failure", "sending_queue"] {
        assert_eq!(exporter.get(waiting), None, "{waiting}");
    }
}

#[test]
fn its_pipelines_are_made_of_what_it_has_and_listen_where_the_pod_does() {
    for manifests in [Manifests::read(), Manifests::with_tracing()] {
        let configuration = configuration(&manifests);
        let has = |kind: &str, part: &Value| configuration[kind].get(part.as_str().unwrap()).is_some();
        for pipeline in configuration["service"]["pipelines"].as_object().unwrap().values() {
            for kind in ["receivers", "processors", "exporters"] {
                assert!(list(pipeline, kind).iter().all(|part| has(kind, part)), "{pipeline}");
            }
        }
        assert!(list(&configuration["service"], "extensions").iter().all(|one| has("extensions", one)));
        let ports = manifests.workload("collector").ports();
        let listens = |endpoint: &Value, port: &str| {
            assert_eq!(endpoint.as_str(), Some(&*format!("0.0.0.0:{}", ports[port])));
        };
        listens(&configuration["receivers"]["otlp"]["protocols"]["http"]["endpoint"], "otlp-http");
        listens(&configuration["extensions"]["health_check"]["endpoint"], "health");
    }
}
