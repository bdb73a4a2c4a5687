//! A cluster of three nats-servers, any of which can be cut off.

use std::io;
use std::net::SocketAddr;

use crate::nats::{NatsOptions, NatsServer, is_ready};
use crate::ports::Port;
use crate::proxy::Proxy;
use crate::{probe, programs};

/// Three nats-servers. A stream keeps its entries as long as two of them reach each other. All are killed when this
/// value is dropped.
///
/// Every route between two nodes goes through a proxy of its own, so that a cut affects all traffic.
pub struct NatsCluster {
    nodes: Vec<NatsServer>,
    routes: Vec<Route>,
    /// The address that each node advertises to the others: see [`NatsCluster::start`].
    _nowhere: Port,
}

/// The route from one node to another.
struct Route {
    from: usize,
    to: usize,
    proxy: Proxy,
}

impl NatsCluster {
    /// The number of nodes.
    pub const NODES: usize = 3;

    /// Starts the nodes, and waits until they form a cluster.
    ///
    /// # Errors
    /// nats-server is not installed, or the nodes did not form a cluster.
    pub async fn start(options: &NatsOptions) -> io::Result<Self> {
        programs::nats_server()?;
        let ports: Vec<_> = (0..Self::NODES).map(|_| Port::reserve()).collect::<Result<_, _>>()?;
        let mut routes = Vec::new();
        for from in 0..Self::NODES {
            for to in (0..Self::NODES).filter(|to| *to != from) {
                routes.push(Route { from, to, proxy: Proxy::to(ports[to].address())? });
            }
        }
        // Nodes advertise addresses to each other, to be connected to directly, past our proxies. Nobody listens on the
        // address that they advertise here.
        let nowhere = Port::reserve()?;
        let mut nodes = Vec::new();
        for (number, port) in ports.iter().enumerate() {
            let ways = routes.iter().filter(|route| route.from == number).map(|route| route.proxy.address());
            let cluster = cluster(port, &nowhere, ways);
            nodes.push(NatsServer::prepare(&name(number), options, &cluster)?);
        }
        let mut cluster = Self { nodes, routes, _nowhere: nowhere };
        for node in &mut cluster.nodes {
            node.start_among_others().await?;
        }
        cluster.wait_ready().await?;
        Ok(cluster)
    }

    /// Waits until every node that runs and is not cut off has a working JetStream, and all see the same leader.
    ///
    /// # Errors
    /// This did not happen in time.
    pub async fn wait_ready(&self) -> io::Result<()> {
        probe::until("the cluster is ready", async || {
            let mut leader = None;
            for number in (0..Self::NODES).filter(|number| self.is_among_others(*number)) {
                let node = &self.nodes[number];
                let seen = self.leader_seen_by(number).await;
                if seen.is_none() || !is_ready(node.address(), node.monitoring()).await {
                    return Ok(None);
                }
                if *leader.get_or_insert(seen) != seen {
                    return Ok(None);
                }
            }
            Ok(leader.map(drop))
        })
        .await
    }

    /// Starts a node again after it was stopped or killed. It may take a while to catch up: see
    /// [`NatsCluster::wait_ready`].
    ///
    /// # Errors
    /// The node is running, or did not start.
    pub async fn start_again(&mut self, number: usize) -> io::Result<()> {
        self.nodes[number].start_among_others().await
    }

    /// A node, by its number from 0. To start one again, use [`NatsCluster::start_again`].
    pub fn node(&mut self, number: usize) -> &mut NatsServer {
        &mut self.nodes[number]
    }

    /// The number of the node with this name, which appears in the servers' answers.
    pub fn number_of(&self, server_name: &str) -> Option<usize> {
        (0..Self::NODES).find(|number| name(*number) == server_name)
    }

    /// The URLs of all nodes. Clients may connect to any of them.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(NatsServer::url).collect()
    }

    /// Cuts a node off from the others. Clients still reach it.
    pub fn cut_off(&self, number: usize) {
        self.routes_of(number).for_each(|route| route.proxy.cut());
    }

    /// Holds all traffic between a node and the others, as a network that loses everything: connections stay open.
    pub fn stall(&self, number: usize) {
        self.routes_of(number).for_each(|route| route.proxy.stall());
    }

    /// Ends a [`NatsCluster::cut_off`] or a [`NatsCluster::stall`].
    pub fn heal(&self, number: usize) {
        self.routes_of(number).for_each(|route| route.proxy.heal());
    }

    /// The node that leads the cluster, as another node sees it; `None` if it sees no leader, or does not answer.
    pub async fn leader_seen_by(&self, number: usize) -> Option<usize> {
        let answer = probe::get(self.nodes[number].monitoring(), "/jsz").await?;
        let (_, meta) = answer.split_once("\"meta_cluster\"")?;
        let (_, leader) = meta.split_once("\"leader\": \"")?;
        self.number_of(leader.split('"').next()?)
    }

    fn routes_of(&self, number: usize) -> impl Iterator<Item = &Route> {
        self.routes.iter().filter(move |route| route.from == number || route.to == number)
    }

    fn is_among_others(&self, number: usize) -> bool {
        self.nodes[number].pid().is_ok() && self.routes_of(number).any(|route| route.proxy.is_open())
    }
}

fn name(number: usize) -> String {
    format!("n{}", number + 1)
}

fn cluster(port: &Port, advertised: &Port, routes: impl Iterator<Item = SocketAddr>) -> String {
    let urls: Vec<_> = routes.map(|route| format!("\"nats-route://{route}\"")).collect();
    format!(
        "cluster {{\n  name: ghostlight\n  listen: \"{}\"\n  advertise: \"{}\"\n  no_advertise: true\n  routes: [{}]\n}}",
        port.address(),
        advertised.address(),
        urls.join(", ")
    )
}
