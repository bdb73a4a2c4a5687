//! A database that is removed while the server runs.

use std::fs;

use reqwest::Client;
use serde_json::json;

use crate::support::{Served, folder, until};

/// What is answered has happened: into a file that the next start would not find, nothing is saved.
#[tokio::test]
async fn changes_are_refused_while_the_database_is_not_at_its_path() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let (database, aside) = (path.join("rigs.db"), path.join("aside.db"));
    let post = async |level: u16| {
        let answer = Client::new().post(served.url("/")).json(&json!({"1": level})).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!(post(10).await, 200);
    fs::rename(&database, &aside).unwrap();
    // What becomes of the change that finds it out is known no sooner than the database is back.
    assert!(matches!(post(20).await, 503 | 504));
    assert_eq!(post(25).await, 503);
    let ready = Client::new().get(served.url("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    fs::rename(&aside, &database).unwrap();
    until("changes to be taken again", async || (post(30).await == 200).then_some(())).await;
    served.kill().await;
    let served = Served::start(&path, &[]).await;
    assert_eq!(served.map().await, serde_json::from_value(json!({"1": 30})).unwrap());
}
