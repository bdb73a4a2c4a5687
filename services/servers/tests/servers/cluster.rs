//! Three nats-servers are one, and a cut really cuts.

use async_nats::jetstream::{self, stream};
use ghostlight_servers::{NatsCluster, NatsOptions};

use crate::support::{until, within};

/// Stores a message on a stream that is kept three times.
async fn store(cluster: &mut NatsCluster, through: usize) -> bool {
    let url = cluster.node(through).url();
    let client = within("the connection", async_nats::connect(url)).await.unwrap();
    let context = jetstream::new(client);
    let config = stream::Config {
        name: "LIGHTS".to_owned(),
        subjects: vec!["lights".into()],
        num_replicas: NatsCluster::NODES,
        ..Default::default()
    };
    let storing = async {
        context.get_or_create_stream(config).await.ok()?;
        context.publish("lights", "on".into()).await.ok()?.await.ok()
    };
    storing.await.is_some()
}

#[tokio::test]
async fn a_node_that_is_cut_off_has_nobody_and_comes_back() {
    let mut cluster = within("the cluster", NatsCluster::start(&NatsOptions::default())).await.unwrap();
    assert_eq!(cluster.urls().len(), NatsCluster::NODES);
    until("a message is stored", async || store(&mut cluster, 0).await).await;

    let leader = cluster.leader_seen_by(0).await.unwrap();
    cluster.cut_off(leader);
    let others: Vec<_> = (0..NatsCluster::NODES).filter(|number| *number != leader).collect();
    until("the leader notices that it leads nobody", async || cluster.leader_seen_by(leader).await.is_none()).await;
    until("the others have another", async || {
        let seen = cluster.leader_seen_by(others[0]).await;
        seen.is_some_and(|seen| seen != leader) && seen == cluster.leader_seen_by(others[1]).await
    })
    .await;
    within("the others are ready", cluster.wait_ready()).await.unwrap();
    until("the others go on", async || store(&mut cluster, others[0]).await).await;
    assert!(!store(&mut cluster, leader).await, "the one that is cut off acknowledges");

    cluster.heal(leader);
    within("all are one again", cluster.wait_ready()).await.unwrap();
    until("it has come back", async || store(&mut cluster, leader).await).await;
}

#[tokio::test]
async fn a_node_that_was_killed_comes_back() {
    let mut cluster = within("the cluster", NatsCluster::start(&NatsOptions::default())).await.unwrap();
    until("a message is stored", async || store(&mut cluster, 0).await).await;
    cluster.node(0).kill().await.unwrap();
    until("the others go on", async || store(&mut cluster, 1).await).await;
    cluster.start_again(0).await.unwrap();
    within("all are one again", cluster.wait_ready()).await.unwrap();
    until("it goes on", async || store(&mut cluster, 0).await).await;
}
