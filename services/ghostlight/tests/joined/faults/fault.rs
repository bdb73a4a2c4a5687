//! The faults, each from its blow to its healing.

use std::time::Duration;

use ghostlight_servers::NatsCluster;

use crate::cluster::Cluster;
use crate::support::within;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    KillGateway,
    KillState,
    KillBothStates,
    KillNats,
    KillStreamLeader,
    KillPostgres,
    HoldGateway,
    HoldState,
    HoldNats,
    HoldPostgres,
    StopPostgres,
    CutGatewayOff,
    CutNatsOff,
    StopAllNats,
}

/// How long faults last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spell {
    /// Most of them.
    pub(super) short: Duration,
    /// A database that is away.
    pub(super) long: Duration,
}

impl Fault {
    pub(super) const ALL: [Self; 14] = [
        Self::KillGateway,
        Self::KillState,
        Self::KillBothStates,
        Self::KillNats,
        Self::KillStreamLeader,
        Self::KillPostgres,
        Self::HoldGateway,
        Self::HoldState,
        Self::HoldNats,
        Self::HoldPostgres,
        Self::StopPostgres,
        Self::CutGatewayOff,
        Self::CutNatsOff,
        Self::StopAllNats,
    ];

    /// The fault of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| format!("{fault:?}") == name)
    }

    /// Strikes, waits, and heals; if a gateway is struck, then this one.
    pub(super) async fn strike(self, cluster: &mut Cluster, gateway: usize, chance: &mut fastrand::Rng, spell: Spell) {
        let state = chance.usize(..Cluster::STATES);
        let node = chance.usize(..NatsCluster::NODES);
        let lasts = |spell| tokio::time::sleep(spell);
        match self {
            Self::KillGateway => {
                cluster.gateways[gateway].gateway.process.kill().await;
                lasts(spell.short).await;
                cluster.gateways[gateway].start_again().await;
            }
            Self::KillState => kill_states(cluster, &[state], spell.short).await,
            Self::KillBothStates => kill_states(cluster, &[0, 1], spell.short).await,
            Self::KillNats => kill_nats(cluster, node, spell.short).await,
            Self::KillStreamLeader => {
                let leader = cluster.stream_leader().await;
                kill_nats(cluster, leader, spell.short).await;
            }
            Self::KillPostgres => {
                cluster.postgres.kill().await.unwrap();
                lasts(spell.short).await;
                cluster.postgres.start_again().await.unwrap();
            }
            Self::HoldGateway => {
                let process = &cluster.gateways[gateway].gateway.process;
                process.signal("STOP");
                lasts(spell.short).await;
                process.signal("CONT");
            }
            Self::HoldState => {
                cluster.states[state].signal("STOP");
                lasts(spell.short).await;
                cluster.states[state].signal("CONT");
            }
            Self::HoldNats => {
                cluster.nats.node(node).pause().unwrap();
                lasts(spell.short).await;
                cluster.nats.node(node).resume().unwrap();
            }
            Self::HoldPostgres => {
                cluster.postgres.pause().unwrap();
                lasts(spell.short).await;
                cluster.postgres.resume().unwrap();
            }
            Self::StopPostgres => {
                cluster.postgres.stop().await.unwrap();
                lasts(spell.long).await;
                cluster.postgres.start_again().await.unwrap();
            }
            Self::CutGatewayOff => {
                cluster.gateways[gateway].cut();
                lasts(spell.short).await;
                cluster.gateways[gateway].heal();
            }
            Self::CutNatsOff => {
                cluster.nats.cut_off(node);
                lasts(spell.short).await;
                cluster.nats.heal(node);
            }
            Self::StopAllNats => {
                for node in 0..NatsCluster::NODES {
                    cluster.nats.node(node).stop().await.unwrap();
                }
                lasts(spell.short).await;
                for node in 0..NatsCluster::NODES {
                    cluster.nats.start_again(node).await.unwrap();
                }
                within("the NATS servers", cluster.nats.wait_ready()).await.unwrap();
            }
        }
    }
}

async fn kill_states(cluster: &mut Cluster, states: &[usize], away: Duration) {
    for state in states {
        cluster.states[*state].kill().await;
    }
    tokio::time::sleep(away).await;
    for state in states {
        cluster.states[*state] = cluster.new_state();
    }
    for state in states {
        cluster.states[*state].says("store").await;
    }
}

async fn kill_nats(cluster: &mut Cluster, node: usize, away: Duration) {
    cluster.nats.node(node).kill().await.unwrap();
    tokio::time::sleep(away).await;
    cluster.nats.start_again(node).await.unwrap();
    within("the NATS servers", cluster.nats.wait_ready()).await.unwrap();
}
