//! What the README says of latency, as it says it; only the addresses are this test's own.

use std::process::Command;

use reqwest::Client;
use serde_json::json;

use crate::collector::Collector;
use crate::process::Process;
use crate::support::until;

const README: &str = include_str!("../../../../README.md");

/// The lines of the section's shell commands.
fn commands() -> Vec<&'static str> {
    let (_, section) = README.split_once("## How it feels to the consoles: latency").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    blocks.flat_map(str::lines).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readmes_commands_do_what_it_says() {
    let (folder, collector) = (tempfile::tempdir().unwrap(), Collector::start().await);
    let commands = commands();
    let serve = commands.iter().find(|command| command.ends_with(" ghostlight serve")).unwrap();
    let variables = serve.split(' ').filter_map(|word| word.split_once('='));
    let ours = format!("{}", collector.http);
    let mut environment: Vec<_> =
        variables.map(|(name, value)| (name, value.replace("127.0.0.1:4318", &ours))).collect();
    environment.push(("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()));
    let store = format!("sqlite:{}", folder.path().join("rigs.db").display());
    let args = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--store", &store].map(str::to_owned);
    let server = Process::start_with(&args, &environment);
    let admin = server.admin().await.trim_start_matches("http://").to_owned();
    let url = format!("http://{}/", server.address().await);
    let answer = Client::new().post(url).json(&json!({"1": 50})).send().await.unwrap();
    let trace = answer.headers()["traceparent"].to_str().unwrap()[3..35].to_owned();
    until("the trace", async || collector.trace(&trace).iter().any(|span| span.name == "save").then_some(())).await;

    let mut said = Vec::new();
    for command in commands.iter().filter(|command| command.starts_with("curl ")) {
        let output = Command::new("sh").args(["-c", &command.replace("127.0.0.1:9464", &admin)]).output().unwrap();
        assert!(output.status.success(), "{command}");
        said.push(String::from_utf8(output.stdout).unwrap());
    }
    let [metrics, ready, log] = &said[..] else { panic!("{said:?}") };
    assert!(metrics.contains("ghostlight_changes_total 1\n"), "{metrics}");
    assert_eq!((ready.as_str(), log.as_str()), ("ready\n", "info,ghostlight_gateway=debug\n"));
}
