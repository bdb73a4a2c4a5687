//! Input from many: nobody starves the others.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::json;
use tokio::task::JoinSet;

use crate::deployment::{Deployment, Gateway};
use crate::support::{map, within};

/// Clients of the flood, each of which sends its next change once the last is answered.
const FLOOD: u16 = 100;

/// How much longer changes may take beside the flood than without it. Behind all of the flood's changes, each would wait
/// for a hundred others.
const SLOWER: u32 = 60;

/// How long so many changes take, each at both gateways at once.
async fn took(here: &Gateway, there: &Gateway, levels: RangeInclusive<u16>) -> Duration {
    let began = Instant::now();
    for level in levels {
        let (here, there) = tokio::join!(here.post(json!({"1": level})), there.post(json!({"2": level})));
        assert_eq!((here.status(), there.status()), (StatusCode::OK, StatusCode::OK));
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_through_one_gateway_starves_nobody_at_another() {
    let deployment = Deployment::new("fair").await;
    let _state = deployment.ready_state().await;
    let (flooded, other) = (deployment.gateway().await, deployment.gateway().await);
    flooded.set(json!({"1": 0})).await;
    other.shows(&map(json!({"1": 0}))).await;

    let alone = took(&flooded, &other, 1..=50).await;
    let (ends, taken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut flood = JoinSet::new();
    for client in 0..FLOOD {
        let (ends, taken, url) = (ends.clone(), taken.clone(), flooded.url("/v1/rigs/flood/levels?create=1"));
        flood.spawn(async move {
            let http = Client::new();
            while !ends.load(Ordering::Relaxed) {
                let answer = http.post(&url).json(&json!({ (1_000 + client).to_string(): 50 })).send().await.unwrap();
                match answer.status() {
                    StatusCode::OK => drop(taken.fetch_add(1, Ordering::Relaxed)),
                    // It is slowed, and told so.
                    status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
                }
            }
        });
    }
    let beside = took(&flooded, &other, 1..=50).await;
    // The machine is shared with a hundred clients that never rest: what waits behind them all would take far longer.
    assert!(beside < alone * SLOWER, "{beside:?} beside the flood, {alone:?} without it");
    assert!(taken.load(Ordering::Relaxed) > 0, "there was no flood");
    ends.store(true, Ordering::Relaxed);
    within("the end of the flood", flood.join_all()).await;
    other.shows(&map(json!({"1": 50, "2": 50}))).await;
}
