//! What clients make of all that they are told.

use std::collections::BTreeMap;

use ghostlight_rig::{Look, Received, Replica, Update};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// What a client makes of all that it is told.
struct Client {
    reader: Subscriber,
    /// The map of a client of the full protocol.
    replica: Replica,
    /// The levels of a client of the plain protocol, or the outputs.
    levels: BTreeMap<String, Value>,
}

impl Client {
    fn new(reader: Subscriber) -> Self {
        Self { reader, replica: Replica::default(), levels: BTreeMap::new() }
    }

    fn catch_up(&mut self) {
        for told in all_told(&mut self.reader) {
            let text = text_of(&told);
            match self.reader.subscription.protocol {
                Protocol::Plain => self.take_levels(object(text), false),
                Protocol::Output if matches!(told, Told::Snapshot(_) | Told::Delta(_)) => {
                    self.take_levels(object(text)["output"].take(), matches!(told, Told::Snapshot(_)));
                }
                Protocol::Full | Protocol::Output => {}
            }
            if self.reader.subscription.protocol == Protocol::Plain {
                continue;
            }
            match read(text) {
                ServerMessage::Snapshot(snapshot) => {
                    let received = self.replica.snapshot(&snapshot);
                    assert!(matches!(received, Received::Applied | Received::Replaced), "{received:?}");
                }
                ServerMessage::Delta(delta) => assert_eq!(self.replica.delta(&delta), Received::Applied),
                ServerMessage::Beacon(beacon) => assert_eq!(self.replica.beacon(&beacon), Received::Had),
                other => panic!("{other:?}"),
            }
        }
    }

    fn take_levels(&mut self, levels: Value, is_whole: bool) {
        if is_whole {
            self.levels.clear();
        }
        let Value::Object(levels) = levels else { panic!("{levels} is not a map") };
        self.levels.extend(levels);
        self.levels.retain(|_, level| !level.is_null());
    }
}

#[derive(Clone, Debug)]
enum Event {
    /// A change that the gateway hears of.
    Heard(Update),
    /// A change whose announcement is lost: a snapshot follows.
    Lost(Update),
    /// A new epoch.
    Renewed(Update),
    Confirmed,
    /// A client catches up; the others fall behind.
    Reads(usize),
}

fn updates() -> impl Strategy<Value = Update> {
    let dimmers = || 1..5_u16;
    let level = prop::option::of(0..=100_u16);
    prop_oneof![
        4 => (dimmers(), level).prop_map(|(at, level)| level.map_or_else(|| no_level(at), |level| levels([(at, level)]))),
        1 => dimmers().prop_map(|at| label(at, &format!("Label {at}"))),
        1 => (0..=100_u16).prop_map(|master| Update { master: Some(percent(master)), ..Update::default() }),
        1 => any::<bool>().prop_map(|black| Update { blackout: Some(black), ..Update::default() }),
        1 => (0..3_u16).prop_map(|at| word(&format!("word {at}"), Some(Look::from([(dimmer(1), percent(at))])))),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => updates().prop_map(Event::Heard),
        2 => updates().prop_map(Event::Lost),
        1 => updates().prop_map(Event::Renewed),
        2 => Just(Event::Confirmed),
        6 => (0..6_usize).prop_map(Event::Reads),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However often a client reads, and whatever is lost on the way: it goes only forward, and in the end it has the map.
    #[test]
    fn every_client_ends_with_the_map_of_its_kinds(events in prop::collection::vec(events(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _entered = runtime.enter();
        let mut stage = Stage::new();
        let subscriptions = [
            full_of_all(),
            full_of_all(),
            of(Protocol::Full, [KindId::Label, KindId::Word]),
            of(Protocol::Output, [KindId::Level, KindId::Master]),
            Subscription::plain(),
            Subscription::plain(),
        ];
        let mut clients = subscriptions.map(|subscription| Client::new(stage.reader(subscription)));
        for event in events {
            match event {
                Event::Heard(update) => drop(stage.change(update)),
                Event::Lost(update) => {
                    stage.service.change(update);
                    stage.service.answer(stage.hub.feed());
                }
                Event::Renewed(update) => stage.renew(update),
                Event::Confirmed => drop(stage.service.confirm(stage.hub.feed())),
                Event::Reads(client) => clients[client].catch_up(),
            }
        }
        let map = stage.service.rig.map();
        for client in &mut clients {
            client.catch_up();
            prop_assert_eq!(client.reader.position(), stage.service.rig.position());
            let Subscription { protocol, kinds } = client.reader.subscription;
            let wanted: Levels = match protocol {
                Protocol::Plain => all_levels(map).collect(),
                Protocol::Output => outputs(map, all_levels(map).collect()),
                Protocol::Full => Levels::new(),
            };
            let Value::Object(wanted) = object(&plain(&wanted)) else { unreachable!("levels are an object") };
            prop_assert_eq!(&client.levels, &wanted.into_iter().collect());
            if protocol != Protocol::Plain {
                prop_assert_eq!(client.replica.map().state(), map.slots().state(kinds));
            }
        }
    }
}
