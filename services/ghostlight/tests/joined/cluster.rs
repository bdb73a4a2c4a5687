//! A whole deployment: three NATS servers, PostgreSQL, two state services and three gateways, each of which can be
//! killed, held, cut off and started again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ghostlight_servers::{NatsCluster, NatsOptions, Postgres, Proxy};

use crate::deployment::Gateway;
use crate::process::Process;
use crate::support::until;

/// Servers that do not agree who leads learn that within a heartbeat, which comes every second.
const SETTLED: Duration = Duration::from_millis(1_500);

/// A whole deployment. All of it ends when this is dropped.
pub(crate) struct Cluster {
    pub(crate) nats: NatsCluster,
    pub(crate) postgres: Postgres,
    pub(crate) store: String,
    pub(crate) states: Vec<Process>,
    pub(crate) gateways: Vec<ClusterGateway>,
}

/// A gateway, and its ways to the NATS servers.
pub(crate) struct ClusterGateway {
    pub(crate) gateway: Gateway,
    ways: Vec<Proxy>,
    bus: String,
}

impl ClusterGateway {
    async fn start(nats: &[SocketAddr]) -> Self {
        let ways: Vec<_> = nats.iter().map(|server| Proxy::to(*server).unwrap()).collect();
        let urls: Vec<_> = ways.iter().map(|way| format!("nats://{}", way.address())).collect();
        let bus = urls.join(",");
        let gateway = Gateway::start(&bus, "127.0.0.1:0").await;
        Self { gateway, ways, bus }
    }

    /// Starts it anew where it was.
    pub(crate) async fn start_again(&mut self) {
        self.gateway = Gateway::start(&self.bus, &self.gateway.address.to_string()).await;
    }

    /// Cuts it off from NATS.
    pub(crate) fn cut(&self) {
        self.ways.iter().for_each(Proxy::cut);
    }

    pub(crate) fn heal(&self) {
        self.ways.iter().for_each(Proxy::heal);
    }

    /// Whether it takes changes and hears of them.
    pub(crate) async fn is_ready(&self) -> bool {
        let answer = reqwest::get(self.gateway.url("/readyz")).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}

impl Cluster {
    /// How many state services and gateways there are.
    pub(crate) const STATES: usize = 2;
    pub(crate) const GATEWAYS: usize = 3;

    /// Starts all of it, and waits until it is ready.
    pub(crate) async fn start() -> Self {
        let nats = NatsCluster::start(&NatsOptions::default()).await.unwrap();
        let postgres = Postgres::start().await.unwrap();
        let store = postgres.database("cluster").await.unwrap();
        let mut cluster = Self { nats, postgres, store, states: Vec::new(), gateways: Vec::new() };
        for _ in 0..Self::STATES {
            let state = cluster.new_state();
            state.says("store").await;
            cluster.states.push(state);
        }
        let servers: Vec<_> = (0..NatsCluster::NODES).map(|number| cluster.nats.node(number).address()).collect();
        for _ in 0..Self::GATEWAYS {
            cluster.gateways.push(ClusterGateway::start(&servers).await);
        }
        cluster.ready().await;
        cluster
    }

    /// A state service that starts.
    pub(crate) fn new_state(&self) -> Process {
        let bus = self.nats.urls().join(",");
        let args = ["state", "--bus", &bus, "--store", &self.store, "--stream-replicas", "3"];
        Process::start(&args.map(str::to_owned))
    }

    /// Waits until every gateway is ready.
    pub(crate) async fn ready(&self) {
        for gateway in &self.gateways {
            until("a gateway to be ready", async || gateway.is_ready().await.then_some(())).await;
        }
    }

    /// Where consoles connect.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.gateways.iter().map(|gateway| gateway.gateway.url("").trim_end_matches('/').to_owned()).collect()
    }

    /// The NATS server that leads the stream.
    pub(crate) async fn stream_leader(&self) -> usize {
        let client = async_nats::connect(self.nats.urls()).await.unwrap();
        let jetstream = async_nats::jetstream::new(client);
        until("the stream's leader", async || {
            let stream = jetstream.get_stream(stream()).await.ok()?;
            let leader = stream.cached_info().cluster.as_ref()?.leader.clone()?;
            self.nats.number_of(&leader)
        })
        .await
    }

    /// Waits until all NATS servers have followed one leader of the stream for a while. One that was away may make them
    /// choose another, seconds after it is back.
    pub(crate) async fn stream_settled(&self) {
        let client = async_nats::connect(self.nats.urls()).await.unwrap();
        let jetstream = async_nats::jetstream::new(client);
        let mut known = (None, Instant::now());
        until("the stream to be settled", async || {
            let stream = jetstream.get_stream(stream()).await.ok();
            let cluster = stream.and_then(|stream| stream.cached_info().cluster.clone());
            let whole = cluster.filter(|cluster| cluster.replicas.iter().all(|peer| peer.active < SETTLED));
            let leader = whole.and_then(|cluster| cluster.leader);
            if leader.is_none() || leader != known.0 {
                known = (leader, Instant::now());
            }
            (known.0.is_some() && known.1.elapsed() >= SETTLED).then_some(())
        })
        .await;
    }

    /// Alarms that a state service which runs has raised.
    pub(crate) fn alarms(&self) -> Vec<String> {
        self.states.iter().flat_map(|state| state.logged("ALARM")).collect()
    }
}

/// The stream's name.
fn stream() -> String {
    ghostlight_proto::subjects::stream(ghostlight_rig::Partition::default())
}
