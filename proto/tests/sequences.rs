//! What a replica makes of messages, one after the other. The same files hold the page's replica.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use ghostlight_proto::{LevelsText, ServerMessage, decode};
use ghostlight_rig::{Received, Replica};
use serde_json::{Value, json};

fn word(received: Received) -> &'static str {
    match received {
        Received::Applied | Received::Replaced => "applied",
        Received::Had => "had",
        Received::Behind => "behind",
        Received::Foreign => "foreign",
        Received::Gap => "gap",
        Received::NewEpoch => "new epoch",
        Received::Diverged => "diverged",
    }
}

fn take(replica: &mut Replica, message: &Value) -> Received {
    match decode(&Bytes::from(message.to_string())).unwrap().message {
        ServerMessage::Snapshot(snapshot) => replica.snapshot(&snapshot),
        ServerMessage::Delta(delta) => replica.delta(&delta),
        ServerMessage::Beacon(beacon) => replica.beacon(&beacon),
        other => panic!("{other:?} is not for a replica"),
    }
}

#[test]
fn a_replica_goes_through_the_golden_sequences() {
    let mut count = 0;
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sequences")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let steps: Vec<Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut replica = Replica::default();
        for (place, step) in steps.iter().enumerate() {
            let Some(message) = step.get("take") else {
                assert_eq!(step, &json!({"doubt": true}), "{} step {place}", path.display());
                replica.doubt();
                continue;
            };
            let received = word(take(&mut replica, message));
            let levels: BTreeMap<_, _> = replica.map().levels().collect();
            let found = json!({
                "take": message,
                "received": received,
                "position": replica.position().to_string(),
                "levels": LevelsText(&levels),
            });
            assert_eq!(&found, step, "{} step {place}", path.display());
        }
        count += 1;
    }
    assert!(count > 5, "only {count} sequences");
}
