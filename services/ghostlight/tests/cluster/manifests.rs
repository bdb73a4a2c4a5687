//! The objects in `deploy`, as `kubectl apply` reads them, and what the containers of a pod are started with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::files::{deploy, list, said};

/// The namespace that everything is in.
pub(crate) const NAMESPACE: &str = "ghostlight";

/// The label with the name of a StatefulSet's pod, which the StatefulSet sets.
pub(crate) const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";

/// The files that `kubectl apply -f deploy` takes: those with one of three suffixes, in the order of their names, and none
/// in folders.
pub(crate) fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = deploy(".").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|suffix| ["yaml", "yml", "json"].iter().any(|s| suffix == *s)));
    files.sort();
    assert!(!files.is_empty());
    files
}

/// All objects, in the order in which they are applied.
pub(crate) struct Manifests(Vec<Value>);

impl Manifests {
    /// What `kubectl apply -f deploy` applies.
    pub(crate) fn read() -> Self {
        Self(files().iter().flat_map(|file| objects(&std::fs::read_to_string(file).unwrap())).collect())
    }

    /// What is applied once `kubectl apply -f deploy/tracing` is done too.
    pub(crate) fn with_tracing() -> Self {
        Self([Self::read().0, Self::of("tracing/jaeger.yaml").0].concat())
    }

    /// The objects of one file elsewhere in `deploy`.
    pub(crate) fn of(path: &str) -> Self {
        Self(objects(&crate::files::text(path)))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Value> {
        self.0.iter()
    }

    /// All of a kind.
    pub(crate) fn all<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = &'a Value> {
        self.iter().filter(move |object| kind(object) == wanted)
    }

    /// The one of a kind, which may be written as kubectl takes it, and name, if it is there.
    pub(crate) fn find(&self, wanted: &str, named: &str) -> Option<&Value> {
        self.iter().find(|object| kind(object).eq_ignore_ascii_case(wanted) && name(object) == named)
    }

    /// The one of a kind and name.
    pub(crate) fn get(&self, wanted: &str, named: &str) -> &Value {
        self.find(wanted, named).unwrap_or_else(|| panic!("there is no {wanted} {named}"))
    }

    /// What runs pods, by name.
    pub(crate) fn workloads(&self) -> impl Iterator<Item = Workload<'_>> {
        let runs_pods = |object: &&Value| object["spec"]["template"]["spec"]["containers"].is_array();
        self.iter().filter(runs_pods).map(Workload)
    }

    /// What runs pods under a name.
    pub(crate) fn workload(&self, named: &str) -> Workload<'_> {
        self.workloads().find(|workload| workload.name() == named).unwrap_or_else(|| panic!("nothing runs {named}"))
    }

    /// The environment of a container in a pod of that name, as the kubelet makes it.
    ///
    /// <https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/>: `$(NAME)`
    /// stands for a variable that was defined before, and for itself if there is none.
    pub(crate) fn environment(&self, container: &Value, pod: &str) -> BTreeMap<String, String> {
        let mut environment = BTreeMap::new();
        for source in list(container, "envFrom") {
            let data = self.get("ConfigMap", said(&source["configMapRef"], "name"))["data"].as_object().unwrap();
            environment.extend(data.iter().map(|(name, value)| (name.clone(), text_of(value))));
        }
        for variable in list(container, "env") {
            let value = match variable.get("value") {
                Some(value) => Some(expand(value.as_str().unwrap(), &environment)),
                None => self.value_from(&variable["valueFrom"], pod),
            };
            environment.extend(value.map(|value| (said(variable, "name").to_owned(), value)));
        }
        environment
    }

    /// A value from elsewhere; none if that is optional and not there.
    fn value_from(&self, source: &Value, pod: &str) -> Option<String> {
        let (kind, source) = source.as_object().and_then(|source| source.iter().next()).unwrap();
        match kind.as_str() {
            "secretKeyRef" => Some(self.secret(said(source, "name"), said(source, "key"))),
            "configMapKeyRef" => {
                let config = self.find("ConfigMap", said(source, "name"));
                assert!(config.is_some() || source["optional"] == true, "{source}: it is not there");
                config.map(|config| said(&config["data"], said(source, "key")).to_owned())
            }
            "fieldRef" => match said(source, "fieldPath") {
                "metadata.name" => Some(pod.to_owned()),
                other => panic!("{other} is not known here"),
            },
            other => panic!("{other} is not known here"),
        }
    }

    /// What a secret has under a key.
    pub(crate) fn secret(&self, named: &str, key: &str) -> String {
        let encoded = said(&self.get("Secret", named)["data"], key);
        String::from_utf8(BASE64.decode(encoded.as_bytes()).unwrap()).unwrap()
    }
}

/// A Deployment or a StatefulSet.
#[derive(Clone, Copy)]
pub(crate) struct Workload<'a>(pub(crate) &'a Value);

impl<'a> Workload<'a> {
    pub(crate) fn name(self) -> &'a str {
        name(self.0)
    }

    pub(crate) fn pod(self) -> &'a Value {
        &self.0["spec"]["template"]["spec"]
    }

    pub(crate) fn labels(self) -> &'a Map<String, Value> {
        self.0["spec"]["template"]["metadata"]["labels"].as_object().unwrap()
    }

    /// The labels of its pods, each different set once. The pods of a StatefulSet have one more, with their name.
    pub(crate) fn pod_labels(self) -> Vec<Map<String, Value>> {
        if kind(self.0) != "StatefulSet" {
            return vec![self.labels().clone()];
        }
        let named = |ordinal| (POD_NAME.to_owned(), Value::from(format!("{}-{ordinal}", self.name())));
        let replicas = number(&self.0["spec"]["replicas"]);
        (0..replicas).map(|ordinal| self.labels().clone().into_iter().chain([named(ordinal)]).collect()).collect()
    }

    pub(crate) fn containers(self) -> &'a [Value] {
        assert!(self.pod().get("initContainers").is_none(), "they would have to be looked at too");
        list(self.pod(), "containers")
    }

    /// Its one container.
    pub(crate) fn container(self) -> &'a Value {
        let [container] = self.containers() else { panic!("{} is to have one container", self.name()) };
        container
    }

    /// The ports of all its containers, by name.
    pub(crate) fn ports(self) -> BTreeMap<&'a str, u16> {
        let ports = self.containers().iter().flat_map(|container| list(container, "ports"));
        ports.map(|port| (said(port, "name"), number(&port["containerPort"]))).collect()
    }

    /// The port that a name or a number means, if it is one of its own.
    pub(crate) fn port(self, wanted: &Value) -> Option<u16> {
        let ports = self.ports();
        match wanted.as_str() {
            Some(name) => ports.get(name).copied(),
            None => ports.values().copied().find(|port| *port == number(wanted)),
        }
    }
}

/// Whether labels are those that a selector asks for.
pub(crate) fn selects(selector: &Value, labels: &Map<String, Value>) -> bool {
    let wanted = selector.as_object().unwrap();
    assert!(!wanted.is_empty() && wanted.values().all(Value::is_string), "{selector} is no map of labels");
    wanted.iter().all(|(name, value)| labels.get(name) == Some(value))
}

/// Whether a Service has no address of its own, so that its name leads to its pods.
pub(crate) fn is_headless(service: &Value) -> bool {
    service["spec"]["clusterIP"] == "None"
}

pub(crate) fn kind(object: &Value) -> &str {
    said(object, "kind")
}

pub(crate) fn name(object: &Value) -> &str {
    said(&object["metadata"], "name")
}

pub(crate) fn number(value: &Value) -> u16 {
    value
        .as_u64()
        .and_then(|number| u16::try_from(number).ok())
        .filter(|port| *port > 0)
        .unwrap_or_else(|| panic!("{value} is no port"))
}

/// The objects of a text of several documents.
pub(crate) fn objects(text: &str) -> Vec<Value> {
    let documents = serde_norway::Deserializer::from_str(text);
    documents.map(|document| Value::deserialize(document).unwrap()).filter(|object| !object.is_null()).collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text, and a ConfigMap holds nothing else")).to_owned()
}

fn expand(text: &str, environment: &BTreeMap<String, String>) -> String {
    let mut expanded = text.to_owned();
    for (name, value) in environment {
        expanded = expanded.replace(&format!("$({name})"), value);
    }
    expanded
}

#[test]
fn variables_stand_for_what_was_defined_before() {
    let known = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
    assert_eq!(expand("x$(A)y$(A)$(B)", &known), "x1y1$(B)");
}
