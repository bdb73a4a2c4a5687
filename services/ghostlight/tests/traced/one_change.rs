//! One change gives one trace, from the console to every gateway that echoes it.

use std::collections::BTreeSet;
use std::time::Instant;

use reqwest::Client;
use serde_json::json;

use crate::collector::Span;
use crate::deployment::{Deployment, SPAN, TRACE, traceparent};
use crate::support::{Console, until};

const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// The spans of this name.
fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// Waits until a trace is whole: two state services have saved, and both gateways have sent it to their clients.
async fn whole(deployment: &Deployment, trace: &str) -> Vec<Span> {
    until("the whole trace", async || {
        let spans = deployment.collector.trace(trace);
        let count = |name| named(&spans, name).len();
        let is_whole = count("append") == 1 && count("save") == 2 && count("apply") == 2 && count("deliver") >= 3;
        (is_whole && count("fold") == 2 && spans.iter().any(|span| span.kind == SERVER)).then_some(spans)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_over_http_gives_one_trace_with_every_stage() {
    let deployment = Deployment::start("traced_http", &[]).await;
    let mut consoles = Vec::new();
    for address in [deployment.addresses[0], deployment.addresses[1], deployment.addresses[1]] {
        let mut console = Console::open(address, None).await;
        console.message("snapshot").await;
        consoles.push(console);
    }
    let client = Client::new();
    let url = format!("http://{}/v1/rigs/main/levels", deployment.addresses[0]);
    until("changes to be taken", async || {
        client.post(&url).json(&json!({"9": 1})).send().await.unwrap().status().is_success().then_some(())
    })
    .await;

    // While NATS is held, the log takes long: what a client sees is then mostly what Ghostlight waits for.
    deployment.nats.pause().unwrap();
    let asked = client.post(&url).header("traceparent", traceparent(true)).json(&json!({"1": 50})).send();
    let began = Instant::now();
    let asked = tokio::spawn(asked);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    deployment.nats.resume().unwrap();
    let answer = asked.await.unwrap().unwrap();
    let seen = began.elapsed().as_secs_f64();
    assert!(answer.status().is_success());
    let given_back = answer.headers()["traceparent"].to_str().unwrap().to_owned();
    let spans = whole(&deployment, TRACE).await;

    let [request] = named(&spans, "POST /v1/rigs/{rig}/levels")[..] else { panic!("{spans:#?}") };
    assert_eq!((request.parent.as_str(), request.kind), (SPAN, SERVER));
    assert_eq!(given_back, format!("00-{TRACE}-{}-01", request.id));
    assert_eq!(request.attributes["http.request.method"], "POST");
    assert_eq!(request.attributes["http.route"], "/v1/rigs/{rig}/levels");
    assert_eq!(request.attributes["http.response.status_code"], "200");
    let [receive] = named(&spans, "receive")[..] else { panic!("{spans:#?}") };
    let [append] = named(&spans, "append")[..] else { panic!("{spans:#?}") };
    assert_eq!((&receive.parent, &append.parent), (&request.id, &receive.id));
    assert_eq!((append.kind, append.attributes["messaging.system"].as_str()), (PRODUCER, "nats"));
    assert_eq!(append.attributes["messaging.destination.name"], "ghostlight.main.changes");
    follows_on(&spans, append);

    // What is told adds up to what the client saw.
    let told = receive.seconds() + append.seconds();
    let gateway_ends = named(&spans, "apply").iter().map(|apply| apply.end_ns).max().unwrap();
    let whole_way = (gateway_ends.max(append.end_ns) - receive.start_ns) as f64 / 1e9;
    for told in [request.seconds(), whole_way, told] {
        assert!((told - seen).abs() <= seen / 10.0, "{told} s of {seen} s: {spans:#?}");
    }
}

/// That everything after an append follows on it: two folds, each announced and saved; two gateways apply and deliver.
fn follows_on(spans: &[Span], append: &Span) {
    let ids = |spans: &[&Span]| spans.iter().map(|span| span.id.clone()).collect::<BTreeSet<_>>();
    let (folds, announces) = (named(spans, "fold"), named(spans, "announce"));
    assert!(folds.iter().all(|fold| fold.parent == append.id && fold.kind == CONSUMER), "{spans:#?}");
    assert!(announces.iter().all(|announce| ids(&folds).contains(&announce.parent) && announce.kind == PRODUCER));
    for save in named(spans, "save") {
        assert!(ids(&folds).contains(&save.parent) && save.links == [save.parent.clone()], "{save:#?}");
        assert_eq!((save.kind, save.attributes["db.system.name"].as_str()), (CLIENT, "postgresql"));
    }
    let applies = named(spans, "apply");
    assert!(applies.iter().all(|apply| ids(&announces).contains(&apply.parent) && apply.kind == CONSUMER));
    let delivers = named(spans, "deliver");
    assert!(delivers.iter().all(|deliver| ids(&applies).contains(&deliver.parent)), "{spans:#?}");
    let clients: Vec<_> = delivers.iter().map(|deliver| deliver.attributes["ghostlight.client"].as_str()).collect();
    assert!(["only", "first", "last"].iter().all(|which| clients.contains(which)), "{clients:?}");

    let known = ids(&spans.iter().collect::<Vec<_>>());
    assert!(spans.iter().all(|span| span.parent == SPAN || span.parent.is_empty() || known.contains(&span.parent)));
    let named: BTreeSet<_> = spans.iter().map(|span| span.resource["service.name"].as_str()).collect();
    assert_eq!(named, ["ghostlight-gateway", "ghostlight-state"].into());
    let instances: BTreeSet<_> = spans.iter().map(|span| &span.resource["service.instance.id"]).collect();
    assert_eq!(instances.len(), 4, "two gateways and two state services");
    assert!(spans.iter().all(|span| !span.failed && span.end_ns >= span.start_ns), "{spans:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_over_the_websocket_is_in_the_trace_that_its_client_names() {
    let deployment =
        Deployment::start("traced_socket", &[("OTEL_TRACES_SAMPLER", "parentbased_always_off".to_owned())]).await;
    let mut consoles = Vec::new();
    for address in [deployment.addresses[0], deployment.addresses[1], deployment.addresses[1]] {
        let mut console = Console::open(address, None).await;
        console.message("snapshot").await;
        consoles.push(console);
    }
    let console = &mut consoles[0];
    // A client's word counts for more than chance: unsampled by itself, sampled if it says so.
    console.say(json!({"type": "set", "seq": 1, "levels": {"1": 1}})).await;
    let ack = console.message("ack").await;
    assert_eq!(ack.get("traceparent"), None);
    let set = json!({"type": "set", "seq": 2, "levels": {"1": 2}, "traceparent": traceparent(false)});
    console.say(set).await;
    assert_eq!(console.message("ack").await["traceparent"], traceparent(false));
    console.say(json!({"type": "set", "seq": 3, "levels": {"1": 3}, "traceparent": traceparent(true)})).await;
    let given_back = console.message("ack").await["traceparent"].as_str().unwrap().to_owned();

    let spans = whole(&deployment, TRACE).await;
    let [set] = named(&spans, "set")[..] else { panic!("{spans:#?}") };
    assert_eq!((set.parent.as_str(), given_back), (SPAN, format!("00-{TRACE}-{}-01", set.id)));
    let [append] = named(&spans, "append")[..] else { panic!("{spans:#?}") };
    follows_on(&spans, append);
    assert_eq!(deployment.collector.spans().len(), spans.len(), "nothing else was sampled");

    // One that cannot be read is as good as none.
    console.say(json!({"type": "set", "seq": 4, "levels": {"1": 4}, "traceparent": "00-zz"})).await;
    assert_eq!(console.message("ack").await.get("traceparent"), None);
}
