//! The deployment: its pods, and how they find each other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use ghostlight_servers::Port;
use serde_json::Value;

use super::pod::Pod;
use super::pod_plan::PodPlan;
use super::render::Network;
use super::service::Service;
use crate::files::{list, said};
use crate::manifests::{Manifests, Workload, is_headless, kind, name, number, selects};

/// What runs here.
pub(crate) const RUN: [&str; 4] = ["nats", "postgres", "state", "gateway"];

/// The whole deployment. All of it ends when this is dropped.
pub(crate) struct Deployment {
    manifests: Manifests,
    network: Network,
    pods: Vec<Pod>,
    /// Those that were replaced.
    gone: Vec<Pod>,
    /// What leads to pods that come and go.
    services: BTreeMap<String, Service>,
    /// Where nobody listens.
    nowhere: Vec<Port>,
    /// How many pods were given a name of their own.
    named: usize,
}

impl Deployment {
    /// Gives names and ports to all, and starts nothing.
    pub(crate) async fn new() -> Self {
        let mut deployment = Self {
            manifests: Manifests::read(),
            network: Network::default(),
            pods: Vec::new(),
            gone: Vec::new(),
            services: BTreeMap::new(),
            nowhere: Vec::new(),
            named: 0,
        };
        let plans = deployment.name_lasting_pods();
        deployment.name_services().await;
        let Self { manifests, network, pods, .. } = &mut deployment;
        let pod =
            |(workload, plan): (String, PodPlan)| Pod::new(manifests, network, manifests.workload(&workload), plan);
        pods.extend(plans.into_iter().map(pod));
        deployment
    }

    /// Starts all of it, and waits until it is ready.
    pub(crate) async fn ready() -> Self {
        let mut deployment = Self::new().await;
        for workload in deployment.to_start() {
            deployment.start(&workload);
        }
        deployment.all_ready().await;
        deployment
    }

    /// The workload of each pod that there is to be.
    pub(crate) fn to_start(&self) -> Vec<String> {
        RUN.iter().flat_map(|&workload| vec![workload.to_owned(); self.replicas(workload)]).collect()
    }

    /// How many pods of a workload there are to be.
    fn replicas(&self, workload: &str) -> usize {
        let scales = |scaler: &&Value| said(&scaler["spec"]["scaleTargetRef"], "name") == workload;
        let replicas = match self.manifests.all("HorizontalPodAutoscaler").find(scales) {
            Some(scaler) => &scaler["spec"]["minReplicas"],
            None => &self.manifests.workload(workload).0["spec"]["replicas"],
        };
        number(replicas).into()
    }

    /// The pods of StatefulSets have names before there are any.
    fn name_lasting_pods(&mut self) -> Vec<(String, PodPlan)> {
        let sets = RUN.iter().map(|&name| self.manifests.workload(name)).filter(|set| is_lasting(*set));
        let mut plans = Vec::new();
        for set in sets {
            for (ordinal, labels) in set.pod_labels().iter().enumerate() {
                let plan = PodPlan::reserve(set, &format!("{}-{ordinal}", set.name()));
                let leads_here = |service: &&Value| selects(&service["spec"]["selector"], labels);
                for service in self.manifests.all("Service").filter(leads_here).filter(|service| !is_headless(service))
                {
                    for port in list(&service["spec"], "ports") {
                        let address = plan.places.address(set.port(&port["targetPort"]).unwrap());
                        let known = self.network.0.insert((name(service).to_owned(), number(&port["port"])), address);
                        assert_eq!(known, None, "{} leads to one pod of a StatefulSet", name(service));
                    }
                }
                plans.push((set.name().to_owned(), plan));
            }
        }
        plans
    }

    /// The other Services with an address of their own: with pods here or without.
    async fn name_services(&mut self) {
        let named: BTreeSet<_> = self.network.0.keys().map(|(name, _)| name.clone()).collect();
        let is_other = |service: &&Value| !is_headless(service) && !named.contains(name(service));
        for service in self.manifests.all("Service").filter(is_other) {
            let [port] = list(&service["spec"], "ports") else { panic!("{service} has not one port") };
            let selected =
                |workload: &str| selects(&service["spec"]["selector"], self.manifests.workload(workload).labels());
            let address = match RUN.iter().find(|workload| selected(workload)) {
                Some(&workload) => {
                    let service = Service::start().await;
                    let address = service.address;
                    self.services.insert(workload.to_owned(), service);
                    address
                }
                None => {
                    self.nowhere.push(Port::reserve().unwrap());
                    self.nowhere.last().unwrap().address()
                }
            };
            self.network.0.insert((name(service).to_owned(), number(&port["port"])), address);
        }
    }

    /// Starts a pod: one that has a name and does not run, or a new one. Gives its name.
    pub(crate) fn start(&mut self, workload: &str) -> String {
        let waits = |pod: &Pod| pod.workload == workload && !pod.is_running();
        let index = self.pods.iter().position(waits).unwrap_or_else(|| self.add(workload));
        self.pods[index].start(&self.manifests, &self.network);
        self.pods[index].name().to_owned()
    }

    /// Another pod of a Deployment.
    fn add(&mut self, workload: &str) -> usize {
        let made = self.manifests.workload(workload);
        assert!(!is_lasting(made), "all of {workload} run");
        self.named += 1;
        let plan = PodPlan::reserve(made, &format!("{workload}-{}", self.named));
        let pod = Pod::new(&self.manifests, &self.network, made, plan);
        if let Some(service) = self.services.get(workload) {
            let port = made.port(&Value::from("http")).unwrap();
            service.add(pod.plan.places.address(port), pod.health());
        }
        self.pods.push(pod);
        self.pods.len() - 1
    }

    /// Replaces a pod as an update does: of a Deployment, a new one is ready before it goes; of a StatefulSet, it comes
    /// again with its volumes.
    pub(crate) async fn replace(&mut self, pod: &str) {
        let workload = self.pod(pod).workload.clone();
        if is_lasting(self.manifests.workload(&workload)) {
            self.pod_mut(pod).delete().await;
            self.start(&workload);
            return self.pod(pod).ready().await;
        }
        let strategy = &self.manifests.workload(&workload).0["spec"]["strategy"]["rollingUpdate"];
        assert_eq!((&strategy["maxSurge"], &strategy["maxUnavailable"]), (&1.into(), &0.into()));
        let new = self.start(&workload);
        self.pod(&new).ready().await;
        self.remove(pod).await;
    }

    /// Deletes a pod of a Deployment for good. Our programs end well.
    pub(crate) async fn remove(&mut self, pod: &str) {
        let index = self.pods.iter().position(|other| other.name() == pod).unwrap();
        let mut old = self.pods.remove(index);
        assert_eq!(old.delete().await, Some(0), "{pod}");
        self.gone.push(old);
    }

    /// The names of a workload's pods, in the order in which an update takes them.
    pub(crate) fn names(&self, workload: &str) -> Vec<String> {
        let names = self.pods.iter().filter(|pod| pod.workload == workload).map(|pod| pod.name().to_owned());
        match is_lasting(self.manifests.workload(workload)) {
            true => names.rev().collect(),
            false => names.collect(),
        }
    }

    /// The pods of some workloads.
    pub(crate) fn pods<'a>(&'a self, workloads: &'a [&str]) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().filter(|pod| workloads.contains(&pod.workload.as_str()))
    }

    pub(crate) fn pod(&self, name: &str) -> &Pod {
        self.pods.iter().find(|pod| pod.name() == name).unwrap_or_else(|| panic!("there is no {name}"))
    }

    pub(crate) fn pod_mut(&mut self, name: &str) -> &mut Pod {
        self.pods.iter_mut().find(|pod| pod.name() == name).unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// Waits until every pod that runs is ready.
    pub(crate) async fn all_ready(&self) {
        for pod in self.pods.iter().filter(|pod| pod.is_running()) {
            pod.ready().await;
        }
    }

    /// Where consoles connect.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address("gateway", 80))
    }

    /// What a name and a port in the cluster lead to.
    pub(crate) fn address(&self, name: &str, port: u16) -> SocketAddr {
        self.network.0[&(name.to_owned(), port)]
    }

    /// Where the NATS servers are, and the password of one of their users.
    pub(crate) fn nats(&self, user: &str) -> (Vec<String>, String) {
        let ports = self.network.0.iter().filter(|((_, port), _)| *port == 4222);
        let urls = ports.map(|(_, address)| format!("nats://{address}")).collect();
        (urls, self.manifests.secret("nats", user))
    }

    /// What went wrong so far, that no test asked for.
    pub(crate) fn faults(&mut self) -> Vec<String> {
        self.pods.iter_mut().chain(&mut self.gone).flat_map(Pod::faults).collect()
    }
}

/// Whether its pods keep their names and volumes.
fn is_lasting(workload: Workload<'_>) -> bool {
    kind(workload.0) == "StatefulSet"
}
