//! Faults: a whole deployment under the consistency checker, while one part of it after another is killed, held or cut.
//!
//! A run fails when a law of the checker is broken, when a replica diverged, when an alarm was false, or when all is not
//! well again in time after a fault has healed. How fast that was is told in a table; it decides nothing.

mod fault;
mod speakers;
mod table;

use std::time::{Duration, Instant};

use futures_util::future::join3;
use ghostlight_check::{Driver, Options, Report, Running};
use ghostlight_rig::RigName;
use serde_json::Value;

use crate::cluster::{Cluster, ClusterGateway};
use crate::support::{Map, until, within};
use fault::{Fault, Spell};
use speakers::all_speak;
use table::{Row, Table};

/// How long it is looked what is usual, before anything fails.
const USUAL: Duration = Duration::from_secs(3);

/// How much a run does.
#[derive(Clone, Debug)]
struct Effort {
    clients: usize,
    rate: f64,
    spell: Spell,
    /// So long at least; every fault comes at least once.
    lasts: Duration,
    seed: u64,
    /// These faults one after the other, again and again; `None` for all of them, shuffled anew each time.
    only: Option<Vec<Fault>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_whatever_fails() {
    let spell = Spell { short: Duration::from_secs(2), long: Duration::from_secs(4) };
    run(Effort { clients: 12, rate: 10.0, spell, lasts: Duration::ZERO, seed: 7, only: None }).await;
}

/// As long and as hard as the environment says; `cargo xtask faults` says it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults"]
async fn nothing_acknowledged_is_lost_in_a_long_run() {
    let minutes = std::env::var("GHOSTLIGHT_FAULT_MINUTES").ok().and_then(|minutes| minutes.parse().ok()).unwrap_or(5);
    let seed = std::env::var("GHOSTLIGHT_FAULT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let spell = Spell { short: Duration::from_secs(5), long: Duration::from_secs(20) };
    let only = std::env::var("GHOSTLIGHT_FAULT_ONLY").ok().map(|names| names.split(',').map(fault).collect());
    run(Effort { clients: 30, rate: 20.0, spell, lasts: Duration::from_secs(minutes * 60), seed, only }).await;
}

fn fault(name: &str) -> Fault {
    Fault::named(name).unwrap_or_else(|| panic!("{name:?} is none of {:?}", Fault::ALL))
}

async fn run(effort: Effort) {
    let mut cluster = Cluster::start().await;
    let options = Options {
        urls: cluster.urls(),
        clients: effort.clients,
        rate: effort.rate,
        seed: effort.seed,
        ..Options::default()
    };
    let running = Driver::start(options).await.unwrap();
    let mark = running.mark();
    tokio::time::sleep(USUAL).await;
    let mut table = Table::new(running.gaps_since(mark).into_iter().max().unwrap_or_default());
    let mut chance = fastrand::Rng::with_seed(effort.seed);
    let began = Instant::now();
    while table.is_empty() || began.elapsed() < effort.lasts {
        for fault in faults(effort.only.as_deref(), &mut chance) {
            let row = suffer(fault, &mut cluster, &running, &mut chance, effort.spell).await;
            println!("{row}");
            tell_news(&cluster);
            table.add(row);
            if running.progress().violations > 0 {
                break;
            }
        }
    }
    let report = within("the end of the run", running.stop()).await;
    println!("{table}\n{report}");
    judge(&cluster, &report).await;
}

/// The faults of one round.
fn faults(only: Option<&[Fault]>, chance: &mut fastrand::Rng) -> Vec<Fault> {
    let mut faults = only.unwrap_or(&Fault::ALL).to_vec();
    if only.is_none() {
        chance.shuffle(&mut faults);
    }
    faults
}

/// What the state services have said meanwhile: what a slow recovery is found by.
fn tell_news(cluster: &Cluster) {
    for (number, state) in cluster.states.iter().enumerate() {
        state.news().iter().for_each(|line| println!("    state {number}: {line}"));
    }
}

/// One fault, from the blow to when all is well again: for every client, and so far that the next may strike. While a
/// state service does not speak, whoever strikes the other one takes both away, and that is another fault; and what the
/// NATS servers need to agree again is this fault's doing, not the next one's.
async fn suffer(
    fault: Fault,
    cluster: &mut Cluster,
    running: &Running,
    chance: &mut fastrand::Rng,
    spell: Spell,
) -> Row {
    let mark = running.mark();
    fault.strike(cluster, busiest(running), chance, spell).await;
    let (healed, when) = (running.mark(), Instant::now());
    let before = running.progress();
    let well = async {
        until(&format!("all to be well again after {fault:?}"), async || {
            let now = running.progress();
            let moved = running.all_moved_since(healed) && now.counts.acked > before.counts.acked;
            (moved && now.live() == now.live_at.len() && all_ready(&cluster.gateways).await).then_some(())
        })
        .await;
        when.elapsed()
    };
    let speaking = async {
        within(&format!("all state services to speak after {fault:?}"), all_speak(cluster)).await;
        when.elapsed()
    };
    let (well_after, all_speak_after, ()) = join3(well, speaking, cluster.stream_settled()).await;
    // A gap that began meanwhile is this fault's too.
    let settled = running.mark();
    until("all to hear on", async || running.all_moved_since(settled).then_some(())).await;
    let worst = |spells: Vec<Duration>| spells.into_iter().max().unwrap_or_default();
    Row {
        fault,
        gap: worst(running.gaps_since(mark)),
        away: worst(running.away_since(mark)),
        well_after,
        all_speak_after,
    }
}

/// The gateway that most clients are at: where a blow is felt.
fn busiest(running: &Running) -> usize {
    let live_at = running.progress().live_at;
    let clients = |gateway: &usize| live_at.iter().filter(|at| **at == Some(*gateway)).count();
    (0..Cluster::GATEWAYS).max_by_key(clients).unwrap_or_default()
}

async fn all_ready(gateways: &[ClusterGateway]) -> bool {
    for gateway in gateways {
        if !gateway.is_ready().await {
            return false;
        }
    }
    true
}

/// What must hold in the end.
async fn judge(cluster: &Cluster, report: &Report) {
    assert!(report.is_good(), "{report}");
    assert!(report.converged_within.is_some(), "{report}");
    assert_eq!(cluster.alarms(), [""; 0], "no entry was lost, so that was a false alarm");
    let rig = RigName::new("check").unwrap();
    let mut maps = Vec::new();
    for gateway in &cluster.gateways {
        let diverged = gateway.gateway.process.logged("this replica held another map");
        assert_eq!(diverged, [""; 0]);
        let url = gateway.gateway.url(&format!("/v1/rigs/{rig}/levels"));
        maps.push(reqwest::get(url).await.unwrap().json::<Map>().await.unwrap());
    }
    assert!(maps.iter().all(|map| *map == maps[0]));
    until("the database to hold it all", async || {
        let store = ghostlight_store::open(&cluster.store, Default::default()).await.ok()?;
        let image = store.load().await.ok()?;
        let levels = &image.rigs.get(&rig)?.slots.levels;
        let set = levels.iter().filter_map(|(dimmer, slot)| Some((dimmer.get().to_string(), slot.value?)));
        let saved: Map = set.map(|(dimmer, level)| (dimmer, percent(level.hundredths()))).collect();
        (saved == maps[0]).then_some(())
    })
    .await;
}

/// A level as JSON has it.
fn percent(hundredths: u16) -> Value {
    if hundredths.is_multiple_of(100) { (hundredths / 100).into() } else { (f64::from(hundredths) / 100.0).into() }
}
