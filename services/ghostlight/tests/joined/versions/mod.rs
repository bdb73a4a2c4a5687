//! Versions side by side: processes of this version among newer ones, which say more than this one knows.

mod newer;

use std::collections::BTreeMap;

use async_nats::jetstream;
use ghostlight_client::{Client, Options, State};
use ghostlight_proto::{ServerMessage, encode_entry, subjects};
use ghostlight_rig::{
    Change, ClientId, Console as Listed, ConsoleKind, ConsoleName, Entry, Image, Origin, Partition, Partitions,
    Position, RigName, Roster, Stamp,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::deployment::{Deployment, Gateway};
use crate::support::{Console, Map, counted, map, until, within};
use newer::{NewerState, client, headers, with_more};

/// What must not be counted while all is well.
const ALARMING: [&str; 3] = ["ghostlight_gaps_total", "ghostlight_divergences_total", "ghostlight_resyncs_total"];

/// What a process has counted of that.
async fn counted_alarms(admin: &str) -> BTreeMap<&'static str, u64> {
    counted(admin, ALARMING).await
}

/// A gateway of a newer version: its entries have more in them, and its roster.
struct NewerGateway(async_nats::Client);

impl NewerGateway {
    /// Sets a level of the rig `main`; answers its place in the log.
    async fn set(&self, dimmer: u16, level: u16) -> u64 {
        let levels =
            ghostlight_proto::parse_levels(json!({ dimmer.to_string(): level }).to_string().as_bytes()).unwrap();
        let origin = Some(Origin { client: ClientId::new("tomorrow").unwrap(), seq: u64::from(level) });
        let entry = encode_entry(&Entry::new(Change { origin, ..Change::from(levels) }));
        self.append(with_more(&entry)).await
    }

    /// Appends an entry of the rig `main`; answers its place in the log.
    async fn append(&self, entry: bytes::Bytes) -> u64 {
        let jetstream = jetstream::new(self.0.clone());
        let subject = subjects::changes(&RigName::default(), Partitions::default());
        let sent = jetstream.publish_with_headers(subject, headers(), entry).await.unwrap();
        within("the stream to take an entry", async { sent.await }).await.unwrap().sequence
    }

    /// Tells that a console is there.
    async fn tell_roster(&self) {
        let console = Listed {
            client: None,
            name: ConsoleName::new("Tomorrow").unwrap(),
            kind: ConsoleKind::new("lens").unwrap(),
            since_ms: 1,
        };
        let gateway = ClientId::new("gateway-of-tomorrow").unwrap();
        let text = ServerMessage::Roster { gateway, roster: Roster::of([console]) }.encode();
        let subject = subjects::echo(&RigName::default(), Partitions::default());
        self.0.publish_with_headers(subject, headers(), with_more(&text)).await.unwrap();
    }
}

/// A console that holds what it was told against what is due.
struct Follower {
    console: Console,
    map: Map,
    position: (u64, u64),
    /// How many messages had something in them that is yet to come.
    newer: usize,
}

impl Follower {
    /// Connects as the page of a newer version would.
    async fn open(gateway: &Gateway) -> Self {
        let hello = json!({"type": "hello", "client": "page", "want": ["tomorrow", "presence"], "tomorrow": [{}]});
        let mut console = Console::greet(gateway.address, &RigName::default(), hello).await;
        let snapshot = console.message("snapshot").await;
        Self { console, map: map(snapshot["levels"].clone()), position: position(&snapshot), newer: 0 }
    }

    /// Follows until it stands at a revision. Nothing but steps and beacons may come, and each step from where it stands.
    async fn reach(&mut self, revision: u64) {
        while self.position.1 < revision {
            let message = self.console.next().await;
            self.newer += usize::from(!message["tomorrow"].is_null());
            match message["type"].as_str().unwrap() {
                "delta" => {
                    assert_eq!(message["epoch"], self.position.0);
                    assert!(message["prev"].as_u64().unwrap() <= self.position.1, "{message} at {:?}", self.position);
                    for (dimmer, level) in message["levels"].as_object().into_iter().flatten() {
                        self.map.insert(dimmer.clone(), level.clone());
                    }
                    self.map.retain(|_, level| !level.is_null());
                    self.position = position(&message);
                }
                "beacon" | "presence" => {}
                _ => panic!("{message} at {:?}", self.position),
            }
        }
    }

    /// Waits until it is told of a console that is connected elsewhere.
    async fn sees(&mut self, name: &str) {
        loop {
            let presence = self.console.message("presence").await;
            if presence["consoles"].as_array().unwrap().iter().any(|console| console["name"] == name) {
                return;
            }
        }
    }
}

fn position(message: &Value) -> (u64, u64) {
    (message["epoch"].as_u64().unwrap(), message["revision"].as_u64().unwrap())
}

/// The Rust client, once it is live.
async fn live(gateway: &Gateway) -> Client {
    let client = Client::connect(gateway.url("").trim_end_matches('/'), Options::default()).await.unwrap();
    until("the client to be live", async || (client.state() == State::Live).then_some(())).await;
    client
}

/// The client's map, as JSON has it.
fn levels(client: &Client) -> Map {
    let levels = client.levels().into_iter();
    levels.map(|(dimmer, level)| (dimmer.to_string(), f64::from(level.hundredths()) / 100.0)).map(whole).collect()
}

/// Whole numbers are written without a fraction.
fn whole((dimmer, level): (String, f64)) -> (String, Value) {
    (dimmer, serde_json::from_str(&level.to_string()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_gateway_and_its_consoles_follow_newer_services_without_a_gap() {
    let deployment = Deployment::new("newer_state").await;
    let state = NewerState::start(&deployment).await;
    let newer = NewerGateway(client(&deployment).await);
    let (gateway, admin) = deployment.counting_gateway().await;
    gateway.set(json!({"1": 50})).await;
    let (mut follower, client) = (Follower::open(&gateway).await, live(&gateway).await);
    let before = counted_alarms(&admin).await;

    let mut last = 0;
    for level in 1..=40_u16 {
        assert_eq!(gateway.post(json!({"2": level, "3": null})).await.status(), StatusCode::OK);
        last = newer.set(3, level).await;
    }
    follower.reach(last).await;
    let due = map(json!({"1": 50, "2": 40, "3": 40}));
    assert_eq!(follower.map, due);
    assert!(follower.newer > 0, "a gateway passes on what it does not know");
    gateway.shows(&due).await;
    until("the client's map", async || (levels(&client) == due).then_some(())).await;
    assert_eq!(client.state(), State::Live);
    newer.tell_roster().await;
    follower.sees("Tomorrow").await;
    // A beacon proves it: its digest is that of the map.
    while position(&follower.console.message("beacon").await).1 < last {}
    assert_eq!(counted_alarms(&admin).await, before, "nothing was missed, and nothing asked for again");
    state.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_and_new_side_by_side_are_one_rig_and_the_old_ones_can_stay() {
    let deployment = Deployment::new("side_by_side").await;
    let older = deployment.ready_state().await;
    let gateways = [deployment.counting_gateway().await, deployment.counting_gateway().await];
    gateways[0].0.set(json!({"1": 50})).await;
    gateways[1].0.shows(&map(json!({"1": 50}))).await;
    let mut followers = [Follower::open(&gateways[0].0).await, Follower::open(&gateways[1].0).await];
    let before = [counted_alarms(&gateways[0].1).await, counted_alarms(&gateways[1].1).await];

    let newer = NewerGateway(client(&deployment).await);
    let mut last = 0;
    let mut set = async |state: &str, levels: std::ops::RangeInclusive<u16>| {
        for level in levels {
            let gateway = &gateways[usize::from(level % 2)].0;
            assert_eq!(gateway.post(json!({"2": level})).await.status(), StatusCode::OK, "{state}");
            last = newer.set(3, level).await;
        }
        last
    };
    let state = NewerState::start(&deployment).await;
    set("both", 1..=30).await;
    state.stop().await;
    let last = set("the older one alone", 31..=40).await;
    let due = map(json!({"1": 50, "2": 40, "3": 40}));
    for (follower, (gateway, admin)) in followers.iter_mut().zip(&gateways) {
        follower.reach(last).await;
        assert_eq!(follower.map, due);
        gateway.shows(&due).await;
        // The digest of the one that stayed is that of the gateways.
        while position(&follower.console.message("beacon").await).1 < last {}
        assert_eq!(counted_alarms(admin).await["ghostlight_divergences_total"], 0);
    }
    assert_eq!([counted_alarms(&gateways[0].1).await, counted_alarms(&gateways[1].1).await], before);
    assert_eq!(older.logged("ERROR"), [""; 0]);
    let store = ghostlight_store::open(&deployment.store, Default::default()).await.unwrap();
    until("all to be saved", async || (store.load().await.unwrap().position.revision.0 == last).then_some(())).await;
}

/// What an older service cannot fold it does not fold: it would show another map than the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_needs_a_newer_version_silences_the_older_ones_until_that_has_saved_it() {
    let deployment = Deployment::new("needs").await;
    let state = deployment.ready_state().await;
    let gateway = deployment.gateway().await;
    gateway.set(json!({"1": 50})).await;
    let before = gateway.position().await;
    let store = ghostlight_store::open(&deployment.store, Default::default()).await.unwrap();
    let stands = Position::new(before.0, before.1);
    until("it to be saved", async || (store.load().await.unwrap().position == stands).then_some(())).await;
    let mut console = Console::open(gateway.address, None).await;
    let nats = client(&deployment).await;
    let entry = json!({"needs": ["fade"], "changes": [{"levels": {"1": 99}, "fade": 3}]});
    let last = NewerGateway(nats.clone()).append(entry.to_string().into()).await;

    let why = state.logs("only a newer version understands").await;
    assert!(why.contains(&format!("entry {last}")) && why.contains("fade"), "{why}");
    console.message("stale").await;
    gateway.shows(&map(json!({"1": 50}))).await;
    assert_eq!(gateway.position().await, before, "it was not folded");

    // A newer one folds and saves it.
    let stream = jetstream::new(nats).get_stream(subjects::stream(Partition::default())).await.unwrap();
    let taken = stream.get_raw_message(last).await.unwrap().time.unix_timestamp_nanos();
    let image = store.load().await.unwrap();
    assert_eq!(image.position, stands, "no new order begins");
    let (position, stamp) = (Position::new(before.0, last), Stamp(taken.try_into().unwrap()));
    store.save(&Image { since: stands, position, stamp, ..image }).await.unwrap();
    state.logs("caught up with the log").await;
    gateway.set(json!({"2": 20})).await;
    gateway.shows(&map(json!({"1": 50, "2": 20}))).await;
    assert_eq!(gateway.position().await, (before.0, last + 1));
    let tries = state.logged("only a newer version understands").len();
    assert!(tries < 30, "it tried {tries} times in a few seconds");
}
