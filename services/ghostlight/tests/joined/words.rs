//! Dictionaries of a deployment: set at one gateway, whole at every other.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::deployment::{Deployment, Gateway};
use crate::support::{counted, until};

const WORDS: &str = "/v1/rigs/main/words";
const COUNT: usize = 12_000;

/// Many words at one level. It fills several parts.
fn dictionary(level: usize) -> Value {
    let look = |number: usize| json!({(number % 500 + 1).to_string(): level, "65535": level});
    (0..COUNT).map(|number| (format!("word {number}"), look(number))).collect::<serde_json::Map<_, _>>().into()
}

/// Puts a dictionary, and tries again as long as the gateway says that it cannot now, as a busy machine makes it.
async fn put(gateway: &Gateway, words: &Value) -> StatusCode {
    let once = async || {
        let status = Client::new().put(gateway.url(WORDS)).json(words).send().await.unwrap().status();
        (status != StatusCode::SERVICE_UNAVAILABLE).then_some(status)
    };
    until("the gateway takes a dictionary", once).await
}

async fn words(gateway: &Gateway) -> Value {
    Client::new().get(gateway.url(WORDS)).send().await.unwrap().json().await.unwrap()
}

/// The levels of a word of the first part, of one of the last, and of one between, as a look-up answers them.
async fn looked_up(gateway: &Gateway) -> Vec<Value> {
    let text = json!({"text": format!("word 0, word {}, word {}", COUNT / 2, COUNT - 1)});
    let answer = Client::new().post(gateway.url("/v1/rigs/main/lookup")).json(&text).send().await.unwrap();
    let topics: BTreeMap<String, Value> =
        serde_json::from_value(answer.json::<Value>().await.unwrap()["topics"].clone()).unwrap();
    topics.into_values().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dictionary_is_whole_at_every_gateway_and_of_two_at_once_one_counts() {
    let deployment = Deployment::new("words").await;
    let _states = (deployment.ready_state().await, deployment.ready_state().await);
    let ((one, _), (other, admin)) = (deployment.counting_gateway().await, deployment.counting_gateway().await);
    one.set(json!({"1": 50})).await;
    let first = dictionary(10);
    assert_eq!(put(&one, &first).await, StatusCode::OK);
    until("all words at the other", async || (words(&other).await == first).then_some(())).await;

    // While the next one comes, look-ups are of the old words or of the new ones.
    let (is_done, second) = (AtomicBool::new(false), dictionary(20));
    let upload = async {
        assert_eq!(put(&one, &second).await, StatusCode::OK);
        is_done.store(true, Ordering::Relaxed);
    };
    let looks = async {
        let mut seen = Vec::new();
        while !is_done.load(Ordering::Relaxed) || seen.last() != Some(&json!(20)) {
            let levels = looked_up(&other).await;
            assert!(
                levels.len() == 3 && levels.iter().all(|level| *level == levels[0]),
                "half a dictionary: {levels:?}"
            );
            seen.push(levels[0].clone());
        }
        seen
    };
    let ((), seen) = tokio::join!(upload, looks);
    assert!(seen.is_sorted_by_key(Value::as_u64) && seen[0] == 10, "{seen:?}");

    // Both gateways at once.
    let (third, fourth) = (dictionary(30), dictionary(40));
    let statuses = tokio::join!(put(&one, &third), put(&other, &fourth));
    assert!([statuses.0, statuses.1].contains(&StatusCode::OK), "{statuses:?}");
    assert!([statuses.0, statuses.1].iter().all(|status| [200, 412].contains(&status.as_u16())), "{statuses:?}");
    until("one dictionary at both", async || {
        let (shown, other_shown) = (words(&one).await, words(&other).await);
        (shown == other_shown && [&third, &fourth].contains(&&shown)).then_some(())
    })
    .await;
    assert_eq!(counted(&admin, ["ghostlight_divergences_total"]).await["ghostlight_divergences_total"], 0);
}
