//! A new version is rolled out: everything is restarted under load, one process at a time, each in good order.

use std::time::Duration;

use ghostlight_check::{Driver, Options};
use ghostlight_servers::NatsCluster;

use crate::cluster::{Cluster, ClusterGateway};
use crate::support::{until, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_nothing_and_fails_no_client_that_tries_twice() {
    let mut cluster = Cluster::start().await;
    let options = Options { urls: cluster.urls(), clients: 12, rate: 10.0, seed: 3, ..Options::default() };
    let running = Driver::start(options).await.unwrap();
    let goes_on = async |what: &str| {
        let before = running.progress();
        until(&format!("the show to go on after {what}"), async || {
            let now = running.progress();
            let moved = now.newest > before.newest && now.counts.acked > before.counts.acked + 50;
            (moved && now.live() == now.live_at.len()).then_some(())
        })
        .await;
    };
    for number in 0..Cluster::STATES {
        let state = &mut cluster.states[number];
        state.signal("TERM");
        assert_eq!(state.ended().await, Some(0));
        cluster.states[number] = cluster.new_state();
        cluster.states[number].says("store").await;
        goes_on("a state service").await;
    }
    for gateway in &mut cluster.gateways {
        gateway.gateway.process.signal("TERM");
        assert_eq!(gateway.gateway.process.ended().await, Some(0));
        gateway.start_again().await;
        until("the gateway to be ready", async || gateway.is_ready().await.then_some(())).await;
        goes_on("a gateway").await;
    }
    for node in 0..NatsCluster::NODES {
        cluster.nats.node(node).stop().await.unwrap();
        cluster.nats.start_again(node).await.unwrap();
        within("the NATS servers", cluster.nats.wait_ready()).await.unwrap();
        goes_on("a NATS server").await;
    }
    cluster.postgres.restart().await.unwrap();
    goes_on("the database").await;

    let report = within("the end of the run", running.stop()).await;
    println!("{report}");
    assert!(report.is_good(), "{report}");
    assert!(report.converged_within.is_some_and(|within| within < Duration::from_secs(20)), "{report}");
    assert_eq!((report.counts.refused, report.counts.unknown), (0, 0), "{report}");
    assert_eq!(cluster.alarms(), [""; 0]);
    assert!(
        cluster.gateways.iter().all(|gateway: &ClusterGateway| gateway
            .gateway
            .process
            .logged("another map")
            .is_empty())
    );
}
