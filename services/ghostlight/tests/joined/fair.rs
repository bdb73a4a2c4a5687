//! Input from many: nobody starves the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use reqwest::{Client, StatusCode};
use serde_json::json;
use tokio::task::JoinSet;

use crate::house::House;
use crate::support::{map, within};

/// Clients of the flood, each of which sends its next change once the last is answered.
const FLOOD: u16 = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_through_one_gateway_starves_nobody_at_another() {
    let house = House::new("fair").await;
    let _state = house.ready_state().await;
    let (flooded, other) = (house.gateway().await, house.gateway().await);
    flooded.set(json!({"1": 0})).await;
    other.shows(&map(json!({"1": 0}))).await;

    let (ends, taken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut flood = JoinSet::new();
    for client in 0..FLOOD {
        let (ends, taken, url) = (ends.clone(), taken.clone(), flooded.url("/v1/rigs/flood/levels"));
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
    for level in 1..=50 {
        let (here, there) = tokio::join!(flooded.post(json!({"1": level})), other.post(json!({"2": level})));
        assert_eq!((here.status(), there.status()), (StatusCode::OK, StatusCode::OK));
    }
    assert!(taken.load(Ordering::Relaxed) > 0, "there was no flood");
    ends.store(true, Ordering::Relaxed);
    within("the end of the flood", flood.join_all()).await;
    other.shows(&map(json!({"1": 50, "2": 50}))).await;
}
