//! Rigs that divide over four streams, each with a state service and a store of its own, while two gateways serve all.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::future::join_all;
use ghostlight_proto::subjects;
use ghostlight_rig::{Partition, Partitions, RigName};
use ghostlight_servers::{NatsOptions, NatsServer};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::deployment::Gateway;
use crate::process::Process;
use crate::support::{Console, until};

/// Each of the four partitions has several of these.
const RIGS: usize = 24;

fn four() -> Partitions {
    Partitions::new(4).unwrap()
}

fn rig(name: &str) -> RigName {
    RigName::new(name).unwrap()
}

/// All rigs: `main`, and others.
fn rigs() -> Vec<RigName> {
    let names = (1..RIGS).map(|number| rig(&format!("stage-{number}")));
    let rigs: Vec<_> = std::iter::once(RigName::default()).chain(names).collect();
    for partition in four().all() {
        assert!(rigs.iter().filter(|rig| partition.holds(rig)).count() >= 3, "{partition}");
    }
    rigs
}

/// State services for every partition, all through one NATS server, each with a file of its own.
struct Parted {
    states: Vec<Process>,
    stores: TempDir,
}

impl Parted {
    async fn start(nats: &NatsServer, partitions: Partitions) -> Self {
        let mut parted = Self { states: Vec::new(), stores: TempDir::new().unwrap() };
        for partition in partitions.all() {
            parted.states.push(parted.state(nats, partition));
        }
        for state in &parted.states {
            state.says("store").await;
        }
        parted
    }

    /// A state service of a partition, that starts.
    fn state(&self, nats: &NatsServer, partition: Partition) -> Process {
        state_on(&self.store(partition), nats, partition)
    }

    fn store(&self, partition: Partition) -> String {
        format!("sqlite:{}", self.stores.path().join(format!("{}.db", partition.index())).display())
    }

    /// The state service of a partition.
    fn of(&mut self, partition: Partition) -> &mut Process {
        &mut self.states[usize::from(partition.index())]
    }
}

/// A state service of a partition, with this store, that starts.
fn state_on(store: &str, nats: &NatsServer, partition: Partition) -> Process {
    let args = ["state", "--bus", &nats.url(), "--store", store, "--partition", &partition.to_string()];
    Process::start(&args.map(str::to_owned))
}

async fn nats() -> NatsServer {
    NatsServer::start(&NatsOptions::default()).await.unwrap()
}

/// A gateway for so many partitions.
async fn gateway(nats: &NatsServer, partitions: Partitions) -> Gateway {
    let (bus, count) = (nats.url(), partitions.to_string());
    let args = ["gateway", "--bus", &bus, "--listen", "127.0.0.1:0", "--partitions", &count];
    let process = Process::start(&args.map(str::to_owned));
    let address = process.address().await;
    Gateway { process, address }
}

/// Two gateways for four partitions.
async fn two_gateways(nats: &NatsServer) -> [Gateway; 2] {
    [gateway(nats, four()).await, gateway(nats, four()).await]
}

/// Sends a change of all kinds of items.
async fn patch(gateway: &Gateway, rig: &RigName, change: &Value) -> StatusCode {
    Client::new().patch(gateway.url(&format!("/v1/rigs/{rig}?create=1"))).json(change).send().await.unwrap().status()
}

/// Changes a rig as soon as changes are taken.
async fn set(gateway: &Gateway, rig: &RigName, change: Value) {
    until(&format!("a change of {rig} to be taken"), async || {
        let status = patch(gateway, rig, &change).await;
        assert!(matches!(status, StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE), "{status}");
        (status == StatusCode::OK).then_some(())
    })
    .await;
}

/// All that a rig holds, as a gateway tells it; nothing while it cannot.
async fn whole(gateway: &Gateway, rig: &RigName) -> Option<Value> {
    let answer = Client::new().get(gateway.url(&format!("/v1/rigs/{rig}"))).send().await.unwrap();
    if answer.status().is_success() { Some(answer.json().await.unwrap()) } else { None }
}

/// Waits until a gateway shows these levels of a rig.
async fn shows(gateway: &Gateway, rig: &RigName, levels: &Value) {
    until(&format!("{levels} of {rig}"), async || (whole(gateway, rig).await?["levels"] == *levels).then_some(()))
        .await;
}

/// The rigs that a gateway lists, with how many dimmers each has; nothing while it has no list.
async fn listed(gateway: &Gateway) -> Option<BTreeMap<RigName, u64>> {
    let answer = Client::new().get(gateway.url("/v1/rigs")).send().await.unwrap();
    if !answer.status().is_success() {
        return None;
    }
    let list: Value = answer.json().await.unwrap();
    let rigs = list["rigs"].as_array().unwrap();
    let listed: BTreeMap<_, _> =
        rigs.iter().map(|told| (rig(told["name"].as_str().unwrap()), told["dimmers"].as_u64().unwrap())).collect();
    assert_eq!(listed.len(), rigs.len(), "a rig is listed once: {list}");
    Some(listed)
}

/// The streams that there are, with the rigs that each has entries of, and how many entries.
async fn streams(nats: &NatsServer) -> BTreeMap<String, (BTreeSet<RigName>, usize)> {
    let client = async_nats::connect(nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let mut held = BTreeMap::new();
    let mut names = jetstream.stream_names();
    while let Some(name) = names.next().await {
        let name = name.unwrap();
        let stream = jetstream.get_stream(&name).await.unwrap();
        let mut told = stream.info_with_subjects(">").await.unwrap();
        let (mut rigs, mut entries) = (BTreeSet::new(), 0);
        while let Some(subject) = told.next().await {
            let (subject, count) = subject.unwrap();
            rigs.extend(subjects::rig_of(&subject));
            entries += count;
        }
        held.insert(name, (rigs, entries));
    }
    held
}

#[tokio::test]
async fn four_partitions_serve_all_rigs_through_every_gateway() {
    let nats = nats().await;
    let _parted = Parted::start(&nats, four()).await;
    let gateways = two_gateways(&nats).await;
    let mut consoles = Vec::new();
    for gateway in &gateways {
        for rig in rigs() {
            let mut console = Console::open_on(gateway.address, &rig, None).await;
            console.message("snapshot").await;
            consoles.push((rig, console));
        }
    }
    // Each rig is changed through one gateway, and every console of it hears that at both.
    let changes = rigs().into_iter().zip(1u64..).map(async |(rig, level)| {
        set(&gateways[level as usize % 2], &rig, json!({"levels": {"1": level}})).await;
        (rig, json!({"1": level}))
    });
    let due: BTreeMap<_, _> = join_all(changes).await.into_iter().collect();
    for (rig, console) in &mut consoles {
        assert_eq!(console.message("delta").await["levels"], due[rig], "{rig}");
    }
    for gateway in &gateways {
        for (rig, levels) in &due {
            shows(gateway, rig, levels).await;
        }
        let all = rigs().into_iter().map(|rig| (rig, 1)).collect();
        assert_eq!(listed(gateway).await, Some(all));
        assert_eq!(reqwest::get(gateway.url("/readyz")).await.unwrap().status(), StatusCode::OK);
    }
    let streams = streams(&nats).await;
    assert_eq!(streams.keys().cloned().collect::<Vec<_>>(), four().all().map(subjects::stream).collect::<Vec<_>>());
    for partition in four().all() {
        let ours = rigs().into_iter().filter(|rig| partition.holds(rig)).collect();
        // The gateways' own trials of whether the log works are entries of `main`.
        assert_eq!(streams[&subjects::stream(partition)].0, ours, "{partition}");
    }
}

#[tokio::test]
async fn a_partition_whose_state_service_is_killed_is_no_matter_to_the_others() {
    let nats = nats().await;
    let mut parted = Parted::start(&nats, four()).await;
    let gateways = two_gateways(&nats).await;
    for rig in rigs() {
        set(&gateways[0], &rig, json!({"levels": {"1": 10}})).await;
        shows(&gateways[1], &rig, &json!({"1": 10})).await;
    }
    let gone = four().of(&rigs()[1]);
    parted.of(gone).kill().await;

    let (lost, others): (Vec<_>, Vec<_>) = rigs().into_iter().partition(|rig| gone.holds(rig));
    for rig in &others {
        assert_eq!(patch(&gateways[0], rig, &json!({"levels": {"2": 20}})).await, StatusCode::OK, "{rig}");
        shows(&gateways[1], rig, &json!({"1": 10, "2": 20})).await;
    }
    // Also one that nobody has made yet.
    let new = (0..).map(|number| rig(&format!("new-{number}"))).find(|rig| !gone.holds(rig)).unwrap();
    assert_eq!(whole(&gateways[0], &new).await, None);
    assert_eq!(patch(&gateways[0], &new, &json!({"levels": {"1": 1}})).await, StatusCode::OK);
    // The list would lack the rigs of that partition: so there is none.
    until("no list", async || listed(&gateways[0]).await.is_none().then_some(())).await;

    // What is asked of its rigs meanwhile is in the log, and answered once somebody folds it.
    let waiting = lost.iter().map(async |rig| patch(&gateways[0], rig, &json!({"levels": {"2": 30}})).await);
    let starting = async {
        let state = parted.state(&nats, gone);
        state.says("store").await;
        state
    };
    let (answers, state) = tokio::join!(join_all(waiting), starting);
    assert!(answers.iter().all(|status| *status == StatusCode::OK), "{answers:?}");
    assert_eq!(state.logged("ALARM"), [""; 0]);
    for gateway in &gateways {
        for rig in &lost {
            shows(gateway, rig, &json!({"1": 10, "2": 30})).await;
        }
        for rig in &others {
            shows(gateway, rig, &json!({"1": 10, "2": 20})).await;
        }
        let all = rigs().into_iter().map(|rig| (rig, 2)).chain([(new.clone(), 1)]).collect();
        assert_eq!(listed(gateway).await, Some(all));
    }
}

#[tokio::test]
async fn a_gateway_that_is_set_to_another_number_changes_nothing() {
    let nats = nats().await;
    let parted = Parted::start(&nats, four()).await;
    let right = gateway(&nats, four()).await;
    let levels = json!({"1": 50});
    for rig in rigs() {
        set(&right, &rig, json!({"levels": levels})).await;
    }
    let before = streams(&nats).await;
    join_all([1, 2, 8].map(async |count| serves_nothing(&gateway(&nats, Partitions::new(count).unwrap()).await).await))
        .await;
    assert_eq!(streams(&nats).await, before);
    for rig in rigs() {
        shows(&right, &rig, &levels).await;
    }
    for state in &parted.states {
        assert_eq!(state.logged("another partition"), [""; 0]);
    }
}

/// Whatever a gateway is asked, it has no rigs, and says so.
async fn serves_nothing(gateway: &Gateway) {
    let asking = rigs().into_iter().map(async |rig| {
        assert_eq!(whole(gateway, &rig).await, None, "{rig}");
        assert_eq!(patch(gateway, &rig, &json!({"levels": {"1": 99}})).await, StatusCode::SERVICE_UNAVAILABLE, "{rig}");
    });
    join_all(asking).await;
    assert_eq!(listed(gateway).await, None);
    let ready = reqwest::get(gateway.url("/readyz")).await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn the_store_of_another_partition_ends_the_state_service_with_why() {
    let nats = nats().await;
    let mut parted = Parted::start(&nats, four()).await;
    let gateway = gateway(&nats, four()).await;
    let theirs: Vec<_> = rigs().into_iter().filter(|rig| four().first().holds(rig)).collect();
    for rig in &theirs {
        set(&gateway, rig, json!({"levels": {"1": 50}})).await;
    }
    let (first, second) = (four().first(), four().all().nth(1).unwrap());
    let store = parted.store(first);
    for partition in [first, second] {
        let state = parted.of(partition);
        state.signal("TERM");
        assert_eq!(state.ended().await, Some(0));
    }
    let before = ghostlight_store::open(&store, Default::default()).await.unwrap().load().await.unwrap();

    let mut state = state_on(&store, &nats, second);
    assert_eq!(state.ended().await, Some(1));
    let told = state.logs("in partition 0/4").await;
    assert!(theirs.iter().any(|rig| told.contains(&format!("the rig {rig},"))), "{told}");
    assert!(told.contains("keeps 1/4") && told.contains("a store of its own") && told.contains(&store), "{told}");
    let after = ghostlight_store::open(&store, Default::default()).await.unwrap().load().await.unwrap();
    assert_eq!(after, before);
    // In its own partition it goes on.
    let state = parted.state(&nats, first);
    state.says("store").await;
    assert_eq!(state.logged("ALARM"), [""; 0]);
}

#[tokio::test]
async fn of_two_partitions_that_are_given_one_empty_store_one_keeps_it() {
    let nats = nats().await;
    let folder = TempDir::new().unwrap();
    let store = format!("sqlite:{}", folder.path().join("shared.db").display());
    let (first, second) = (four().first(), four().all().nth(1).unwrap());
    let mut older = state_on(&store, &nats, first);
    older.says("store").await;
    older.signal("TERM");
    assert_eq!(older.ended().await, Some(0));
    let mut newer = state_on(&store, &nats, second);
    assert_eq!(newer.ended().await, Some(1));
    newer.logs("not of partition 1/4").await;
}

#[tokio::test]
async fn rigs_move_from_one_partition_into_four_over_http() {
    let nats = nats().await;
    let _one = Parted::start(&nats, Partitions::default()).await;
    let old = gateway(&nats, Partitions::default()).await;
    for (rig, number) in rigs().into_iter().zip(1..) {
        let change = json!({
            "levels": {"1": number, "65535": 12.34},
            "labels": {"1": format!("wash {number}"), "7": "spot"},
            "master": 50 + number,
            "blackout": number % 2 == 0,
        });
        set(&old, &rig, change).await;
    }

    // Both are there at once, on one NATS server, and hear nothing of each other.
    let _four = Parted::start(&nats, four()).await;
    let [new, other] = two_gateways(&nats).await;
    let rigs = listed(&old).await.unwrap();
    assert_eq!(rigs.len(), RIGS);
    for rig in rigs.keys() {
        let state = whole(&old, rig).await.unwrap();
        set(&new, rig, state.clone()).await;
        until(&format!("all of {rig}"), async || (whole(&other, rig).await? == state).then_some(())).await;
    }
    assert_eq!(listed(&other).await.unwrap(), rigs);

    let main = RigName::default();
    let before = whole(&old, &main).await;
    set(&new, &main, json!({"levels": {"1": 99}})).await;
    assert_eq!(whole(&old, &main).await, before);
    let served = streams(&nats).await;
    assert_eq!(served.len(), 5, "{:?}", served.keys());
}
