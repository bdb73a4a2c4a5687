//! The faults, each from its blow to its healing.

use std::time::Duration;

use ghostlight_servers::NatsCluster;

use crate::support::within;
use crate::troupe::Troupe;

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
    pub(super) async fn strike(self, troupe: &mut Troupe, gateway: usize, chance: &mut fastrand::Rng, spell: Spell) {
        let state = chance.usize(..Troupe::STATES);
        let node = chance.usize(..NatsCluster::NODES);
        let lasts = |spell| tokio::time::sleep(spell);
        match self {
            Self::KillGateway => {
                troupe.gateways[gateway].gateway.process.kill().await;
                lasts(spell.short).await;
                troupe.gateways[gateway].start_again().await;
            }
            Self::KillState => kill_states(troupe, &[state], spell.short).await,
            Self::KillBothStates => kill_states(troupe, &[0, 1], spell.short).await,
            Self::KillNats => kill_nats(troupe, node, spell.short).await,
            Self::KillStreamLeader => {
                let leader = troupe.stream_leader().await;
                kill_nats(troupe, leader, spell.short).await;
            }
            Self::KillPostgres => {
                troupe.postgres.kill().await.unwrap();
                lasts(spell.short).await;
                troupe.postgres.start_again().await.unwrap();
            }
            Self::HoldGateway => {
                let process = &troupe.gateways[gateway].gateway.process;
                process.signal("STOP");
                lasts(spell.short).await;
                process.signal("CONT");
            }
            Self::HoldState => {
                troupe.states[state].signal("STOP");
                lasts(spell.short).await;
                troupe.states[state].signal("CONT");
            }
            Self::HoldNats => {
                troupe.nats.node(node).pause().unwrap();
                lasts(spell.short).await;
                troupe.nats.node(node).resume().unwrap();
            }
            Self::HoldPostgres => {
                troupe.postgres.pause().unwrap();
                lasts(spell.short).await;
                troupe.postgres.resume().unwrap();
            }
            Self::StopPostgres => {
                troupe.postgres.stop().await.unwrap();
                lasts(spell.long).await;
                troupe.postgres.start_again().await.unwrap();
            }
            Self::CutGatewayOff => {
                troupe.gateways[gateway].cut();
                lasts(spell.short).await;
                troupe.gateways[gateway].heal();
            }
            Self::CutNatsOff => {
                troupe.nats.cut_off(node);
                lasts(spell.short).await;
                troupe.nats.heal(node);
            }
            Self::StopAllNats => {
                for node in 0..NatsCluster::NODES {
                    troupe.nats.node(node).stop().await.unwrap();
                }
                lasts(spell.short).await;
                for node in 0..NatsCluster::NODES {
                    troupe.nats.start_again(node).await.unwrap();
                }
                within("the NATS servers", troupe.nats.wait_ready()).await.unwrap();
            }
        }
    }
}

async fn kill_states(troupe: &mut Troupe, states: &[usize], away: Duration) {
    for state in states {
        troupe.states[*state].kill().await;
    }
    tokio::time::sleep(away).await;
    for state in states {
        troupe.states[*state] = troupe.new_state();
    }
    for state in states {
        troupe.states[*state].says("store").await;
    }
}

async fn kill_nats(troupe: &mut Troupe, node: usize, away: Duration) {
    troupe.nats.node(node).kill().await.unwrap();
    tokio::time::sleep(away).await;
    troupe.nats.start_again(node).await.unwrap();
    within("the NATS servers", troupe.nats.wait_ready()).await.unwrap();
}
