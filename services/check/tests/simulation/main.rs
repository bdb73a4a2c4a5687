//! A seeded simulation of a whole deployment under the judge: services fold one log and crash, gateways hear of it over
//! a bus, clients write, break off and resume elsewhere. While nothing is wrong, the judge finds nothing. Every fault
//! that is planted it finds, and names the law that is broken.
//!
//! `GHOSTLIGHT_SIM_SEEDS=100000` runs more seeds without a fault.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "what was found out by which law is worth a look")]

mod client;
mod gateway;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use ghostlight_check::{Law, Tolerates, Violation};
use world::{Fault, Gateways, World};

const SEEDS: u64 = 200;
const STEPS: usize = 1_500;

fn run(seed: u64, gateways: Gateways, fault: Fault, tolerates: &[Tolerates]) -> Vec<Violation> {
    let mut world = World::new(seed, gateways, fault, tolerates);
    for _ in 0..STEPS {
        world.step();
    }
    world.settle();
    world.judged()
}

fn told(violations: &[Violation]) -> String {
    violations.iter().map(|violation| format!("\n{}: {violation}", violation.law())).collect()
}

/// Runs seeds with a fault: in more than half of them it must be found out, by one of these laws among others, and each of them must
/// find it out sometimes. Where it is not, it has not come to anything that anybody could have seen.
fn must_break(laws: &[Law], gateways: Gateways, fault: Fault) {
    let mut broken: BTreeMap<Law, usize> = BTreeMap::new();
    let mut found = 0;
    for seed in 0..50 {
        let violations = run(seed, gateways, fault, &[]);
        let in_one: BTreeSet<_> = violations.iter().map(Violation::law).collect();
        found += usize::from(laws.iter().any(|law| in_one.contains(law)));
        in_one.into_iter().for_each(|law| *broken.entry(law).or_default() += 1);
    }
    println!("{fault:?}: {broken:?}");
    assert!(found > 25, "{fault:?}: found out {found} times of 50, by {broken:?}");
    assert!(laws.iter().all(|law| broken.contains_key(law)), "{fault:?}: not all of {laws:?} are in {broken:?}");
}

#[test]
fn where_nothing_is_wrong_nothing_is_found() {
    let seeds = std::env::var("GHOSTLIGHT_SIM_SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        for gateways in [Gateways::Guarded, Gateways::Naive] {
            let violations = run(seed, gateways, Fault::None, &[]);
            assert!(violations.is_empty(), "seed {seed}, {gateways:?}: {}", told(&violations));
        }
    }
}

#[test]
fn a_replica_makes_good_for_a_bad_bus() {
    for fault in [Fault::Drop, Fault::Reorder, Fault::Double] {
        for seed in 0..50 {
            let violations = run(seed, Gateways::Guarded, fault, &[]);
            assert!(violations.is_empty(), "seed {seed}, {fault:?}: {}", told(&violations));
        }
    }
}

#[test]
fn without_its_protections_a_bad_bus_is_found_out() {
    must_break(&[Law::Continuity], Gateways::Naive, Fault::Drop);
    must_break(&[Law::OneMap, Law::Place], Gateways::Naive, Fault::Drop);
    must_break(&[Law::Growth], Gateways::Naive, Fault::Reorder);
    must_break(&[Law::Growth], Gateways::Naive, Fault::Double);
}

#[test]
fn what_is_acknowledged_and_lost_is_found_out() {
    must_break(&[Law::Place], Gateways::Guarded, Fault::Unapplied);
    must_break(&[Law::Place], Gateways::Guarded, Fault::LostTail);
}

#[test]
fn a_lost_tail_is_no_fault_where_it_is_tolerated() {
    for seed in 0..50 {
        let violations = run(seed, Gateways::Guarded, Fault::LostTail, &[Tolerates::LostTail]);
        assert!(violations.is_empty(), "seed {seed}: {}", told(&violations));
    }
}

#[test]
fn an_order_that_goes_on_over_a_lost_tail_is_found_out() {
    must_break(&[Law::OneMap, Law::Place, Law::Order], Gateways::Guarded, Fault::SameEpoch);
}

#[test]
fn what_each_part_may_do_wrong_is_found_out() {
    must_break(&[Law::Growth], Gateways::Guarded, Fault::BehindGateway);
    must_break(&[Law::ReadYourWrites], Gateways::Guarded, Fault::EarlyAck);
    must_break(&[Law::OneMap, Law::Place], Gateways::Guarded, Fault::TwoOrders);
    must_break(&[Law::Origin], Gateways::Guarded, Fault::Corrupt);
    must_break(&[Law::Order], Gateways::Guarded, Fault::OldAck);
}
