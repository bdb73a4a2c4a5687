//! The deployment: two gateways and two state services, which all export to one collector.

use std::net::SocketAddr;

use ghostlight_servers::{NatsOptions, NatsServer, Postgres};

use crate::collector::Collector;
use crate::process::Process;

/// The trace that a client says its change belongs to.
pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The span in it.
pub(crate) const SPAN: &str = "00f067aa0ba902b7";

pub(crate) fn traceparent(is_sampled: bool) -> String {
    format!("00-{TRACE}-{SPAN}-{:02x}", u8::from(is_sampled))
}

pub(crate) struct Deployment {
    pub(crate) nats: NatsServer,
    pub(crate) collector: Collector,
    pub(crate) gateways: Vec<Process>,
    pub(crate) states: Vec<Process>,
    pub(crate) addresses: Vec<SocketAddr>,
}

impl Deployment {
    /// Starts all of it; gateways export over gRPC, state services over HTTP. `more` is for the environment of all.
    pub(crate) async fn start(name: &str, more: &[(&'static str, String)]) -> Self {
        let nats = NatsServer::start(&NatsOptions::default()).await.unwrap();
        let store = Postgres::shared().await.unwrap().database(name).await.unwrap();
        let collector = Collector::start().await;
        let environment = |protocol: &str| [collector.environment(protocol), more.to_vec()].concat();
        let url = nats.url();
        let state = || {
            let args = ["state", "--bus", &url, "--store", &store, "--admin", "127.0.0.1:0"].map(str::to_owned);
            Process::start_with(&args, &environment("http/protobuf"))
        };
        let gateway = || {
            let args = ["gateway", "--bus", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
            Process::start_with(&args.map(str::to_owned), &environment("grpc"))
        };
        let (states, gateways) = (vec![state(), state()], vec![gateway(), gateway()]);
        for state in &states {
            state.says("store").await;
        }
        let mut addresses = Vec::new();
        for gateway in &gateways {
            addresses.push(gateway.address().await);
        }
        Self { nats, collector, gateways, states, addresses }
    }
}
