//! What the README says of many gateways, as it says it; only the addresses are this test's own.

use serde_json::json;

use crate::deployment::{Deployment, Gateway};
use crate::process::Process;
use crate::support::map;

const README: &str = include_str!("../../../../README.md");

#[tokio::test]
async fn the_readmes_commands_make_a_deployment() {
    let deployment = Deployment::new("readme").await;
    let (_, section) = README.split_once("## With many gateways").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let (mut states, mut gateways) = (Vec::new(), Vec::new());
    for line in block.lines() {
        let own = |word: &str| match word {
            "nats://127.0.0.1:4222" => deployment.nats.url(),
            "postgres://ghostlight@127.0.0.1/ghostlight" => deployment.store.clone(),
            word if word.starts_with("127.0.0.1:") => "127.0.0.1:0".to_owned(),
            word => word.to_owned(),
        };
        let words: Vec<_> = line.split_whitespace().map(own).collect();
        assert_eq!(words[0], "ghostlight", "{line}");
        let process = Process::start(&words[1..]);
        match words[1].as_str() {
            "state" => states.push(process),
            "gateway" => gateways.push(Gateway { address: process.address().await, process }),
            other => panic!("{other}"),
        }
    }
    assert_eq!((states.len(), gateways.len()), (1, 2));
    gateways[0].set(json!({"1": 50})).await;
    gateways[1].shows(&map(json!({"1": 50}))).await;
}
