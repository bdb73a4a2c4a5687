//! What a reader is told, from the first map to the last proof.

mod clients;
mod maps;

use futures_util::FutureExt as _;
use ghostlight_bus::Announcement;
use ghostlight_proto::STALE_AFTER;
use ghostlight_rig::{Beacon, Change, Entry, Item, KindId, Update};
use serde_json::{Value, json};

use super::*;
use crate::testing::*;

/// A rig, and the hub of a gateway that follows it.
struct Stage {
    service: Service,
    hub: Arc<Hub>,
}

impl Stage {
    /// A stage whose rig has one level. Must be made in a runtime.
    fn new() -> Self {
        let (log, _) = AskedLog::new();
        let (mut service, hub) = (Service::new(), hub(&appending(Arc::new(log), 1)));
        service.change(levels([(9, 90)]));
        service.answer(hub.feed());
        Self { service, hub }
    }

    fn change(&mut self, change: impl Into<Change>) -> Announcement {
        self.service.tell(self.hub.feed(), change)
    }

    /// Loses two changes. The snapshot that follows continues the map, and skips the revision between them.
    fn skip(&mut self, level: u16) {
        for level in [level - 1, level] {
            self.service.change(levels([(1, level)]));
        }
        self.service.answer(self.hub.feed());
    }

    /// Begins a new epoch, in which the rig has this.
    fn renew(&mut self, change: impl Into<Change>) {
        let Position { epoch, .. } = self.service.rig.position();
        self.service = Service::at(Position::new(epoch.0 + 1, 0));
        self.service.change(change);
        self.service.answer(self.hub.feed());
    }

    /// A new client.
    fn reader(&self, subscription: Subscription) -> Subscriber {
        Subscriber::new(self.hub.clone(), subscription, None)
    }

    /// A new client of all kinds that comes from this revision.
    fn resumed(&self, epoch: u64, revision: u64) -> Subscriber {
        Subscriber::new(self.hub.clone(), full_of_all(), Some(Position::new(epoch, revision)))
    }

    /// A client of all kinds that has everything.
    fn current(&self) -> Subscriber {
        let mut reader = self.reader(full_of_all());
        all_told(&mut reader);
        reader
    }

    fn position(&self) -> Position {
        self.service.rig.position()
    }
}

/// The subscription of all kinds in the full protocol.
fn full_of_all() -> Subscription {
    Subscription { protocol: Protocol::Full, kinds: Interest::all() }
}

fn of(protocol: Protocol, kinds: impl IntoIterator<Item = KindId>) -> Subscription {
    Subscription { protocol, kinds: kinds.into_iter().collect() }
}

/// Everything that there is to tell now, sent.
fn all_told(reader: &mut Subscriber) -> Vec<Told> {
    let mut all = Vec::new();
    while let Some(told) = reader.next() {
        reader.sent();
        all.push(told);
        assert!(all.len() < 10, "it does not come to an end: {all:?}");
    }
    all
}

fn text_of(told: &Told) -> &Utf8Bytes {
    match told {
        Told::Snapshot(text) | Told::Delta(text) | Told::Beacon(text) | Told::Stale(text) => text,
    }
}

/// The kinds of messages.
fn names(told: &[Told]) -> Vec<&'static str> {
    let name = |told: &Told| match told {
        Told::Snapshot(_) => "snapshot",
        Told::Delta(_) => "delta",
        Told::Beacon(_) => "beacon",
        Told::Stale(_) => "stale",
    };
    told.iter().map(name).collect()
}

/// The only message, which is a delta.
fn one_delta(told: Vec<Told>) -> Utf8Bytes {
    assert_eq!(names(&told), ["delta"]);
    text_of(&told[0]).clone()
}

/// The snapshot, and after it the beacon that proves it.
fn map_and_proof(told: Vec<Told>) -> (Utf8Bytes, Beacon) {
    assert_eq!(names(&told), ["snapshot", "beacon"]);
    let ServerMessage::Beacon(beacon) = read(text_of(&told[1])) else { panic!("{told:?}") };
    (text_of(&told[0]).clone(), beacon)
}

/// Whether two texts are one in memory: encoded once for both.
fn is_shared(one: &Utf8Bytes, other: &Utf8Bytes) -> bool {
    one.as_bytes().as_ptr() == other.as_bytes().as_ptr()
}

fn object(text: &Utf8Bytes) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_new_client_is_sent_the_map_of_its_kinds_and_then_its_proof() {
    let mut stage = Stage::new();
    stage.change(label(1, "Wash"));
    for kinds in [Interest::all(), Interest::NONE.with(KindId::Label)] {
        let mut reader = stage.reader(Subscription { protocol: Protocol::Full, kinds });
        assert_eq!(reader.position(), Position { revision: Revision(0), ..stage.position() });
        let (map, proof) = map_and_proof(all_told(&mut reader));
        assert_eq!(
            read_snapshot(&map),
            Snapshot { store: OURS, changes: Vec::new(), ..stage.service.rig.snapshot_of(kinds) }
        );
        assert_eq!(proof, Beacon { store: OURS, ..stage.service.rig.beacon_of(kinds) });
        assert_eq!(reader.position(), stage.position());
    }
    let plain = all_told(&mut stage.reader(Subscription::plain()));
    assert_eq!(plain, [Told::Snapshot(r#"{"9":90}"#.into())]);
}

#[tokio::test]
async fn a_change_goes_to_every_client_that_wants_all_of_it_in_the_bytes_of_the_state_service() {
    let mut stage = Stage::new();
    let mut readers = [
        stage.reader(full_of_all()),
        stage.reader(of(Protocol::Full, [KindId::Level, KindId::Label])),
        stage.reader(of(Protocol::Full, [KindId::Label])),
        stage.reader(Subscription::plain()),
    ];
    readers.iter_mut().for_each(|reader| drop(all_told(reader)));

    let both = Update { levels: levels([(1, 50)]).levels, ..label(1, "Wash") };
    let announcement = stage.change(both);
    let [all, two, labels, plain] = readers.each_mut().map(|reader| one_delta(all_told(reader)));
    let texts = stage.hub.latest().delta.clone().unwrap();
    assert_eq!(all.as_bytes(), announcement.text);
    assert!(is_shared(&all, &texts.full) && is_shared(&two, &texts.full) && is_shared(&plain, &texts.plain));
    assert_eq!(read_delta(&labels).update, label(1, "Wash"));

    stage.change(levels([(1, 60)]));
    let told = readers.each_mut().map(all_told);
    let labels = one_delta(told[2].clone());
    assert_eq!(
        read_delta(&labels),
        Delta { update: Update::default(), origins: Vec::new(), ..read_delta(text_of(&told[0][0])) }
    );

    stage.change(label(1, "Spot"));
    let told = readers.each_mut().map(all_told);
    assert_eq!(told.each_ref().map(Vec::len), [1, 1, 1, 0], "no level has changed");
    assert!(is_shared(text_of(&told[0][0]), text_of(&told[2][0])), "it wants all of this one");
    assert!(readers.iter().all(|reader| reader.position() == stage.position()));
}

#[tokio::test]
async fn a_client_that_fell_behind_is_sent_one_step_with_the_newest_values() {
    let mut stage = Stage::new();
    let subscription = of(Protocol::Full, [KindId::Level]);
    let mut reader = stage.reader(subscription);
    all_told(&mut reader);
    let from = stage.position();
    stage.change(by("desk", 1, Update { levels: levels([(1, 10), (2, 10)]).levels, ..label(1, "Wash") }));
    stage.change(by("desk", 2, levels([(1, 20)])));
    let lost = Delta { is_missing: true, ..stage.service.fold(&Entry::new(levels([(3, 30)]).into())) };
    stage.hub.feed().take(&stage.service.name, &announced(lost));

    let step = read_delta(&one_delta(all_told(&mut reader)));
    let [first, second] = [(1, dimmer(2)), (2, dimmer(1))].map(|(seq, at)| {
        let Change { origin, .. } = by("desk", seq, Update::default());
        ghostlight_rig::Attribution { origin: origin.unwrap(), items: vec![Item::Level(at)], reversal: None }
    });
    let whole = Delta {
        position: stage.position(),
        prev: from.revision,
        time: stage.service.rig.map().time(),
        update: levels([(1, 20), (2, 10), (3, 30)]),
        origins: vec![first, second],
        is_missing: true,
        ..Delta::default()
    };
    assert_eq!(step, whole);
}

#[tokio::test]
async fn a_delta_serves_whoever_stands_within_it() {
    let mut stage = Stage::new();
    let mut reader = stage.current();
    stage.change(levels([(1, 10)]));
    let mut newer = stage.current();
    // A state service may announce two entries in one delta.
    let from = stage.position().revision;
    let mut wide = stage.service.fold(&Entry::new(levels([(1, 20)]).into()));
    wide.prev = Revision(from.0 - 1);
    stage.hub.feed().take(&stage.service.name, &announced(wide));
    let text = stage.hub.latest().delta.clone().unwrap().full;
    for reader in [&mut reader, &mut newer] {
        assert!(is_shared(&one_delta(all_told(reader)), &text));
    }
}

#[tokio::test]
async fn a_step_is_encoded_once_for_all_who_need_the_same() {
    let mut stage = Stage::new();
    let levels_only = of(Protocol::Full, [KindId::Level]);
    let mut early = [
        stage.reader(full_of_all()),
        stage.reader(full_of_all()),
        stage.reader(levels_only),
        stage.reader(Subscription::plain()),
    ];
    early.iter_mut().for_each(|reader| drop(all_told(reader)));
    stage.change(label(1, "Wash"));
    let mut later = stage.current();
    for level in [10, 20] {
        stage.change(levels([(1, level)]));
    }
    let [one, other, levels_only, plain] = early.each_mut().map(|reader| one_delta(all_told(reader)));
    assert!(is_shared(&one, &other));
    assert_eq!(read_delta(&levels_only).update, levels([(1, 20)]));
    assert_eq!(plain.as_str(), r#"{"1":20}"#);
    assert_eq!(read_delta(&one_delta(all_told(&mut later))).prev.0, read_delta(&one).prev.0 + 1, "it had the label");

    // And not for those who need another one.
    let [mut behind, mut further] = [stage.resumed(1, 2), stage.resumed(1, 2)];
    let first = all_told(&mut behind);
    stage.change(levels([(2, 5)]));
    let second = all_told(&mut further);
    assert_eq!([&first, &second].map(|told| read_delta(text_of(&told[0])).position.revision.0), [4, 5]);
}

/// The first thing that a reader is sent, which is a snapshot.
fn first_map(reader: &mut Subscriber) -> Utf8Bytes {
    match reader.next() {
        Some(Told::Snapshot(text)) => text,
        other => panic!("{other:?} is not a snapshot"),
    }
}

#[tokio::test]
async fn a_beacon_is_sent_once_to_those_who_have_what_it_proves() {
    let mut stage = Stage::new();
    let label_kind = Interest::NONE.with(KindId::Label);
    let mut readers = [
        stage.reader(full_of_all()),
        stage.reader(of(Protocol::Full, [KindId::Label])),
        stage.reader(of(Protocol::Output, KindId::ALL.iter().copied())),
        stage.reader(Subscription::plain()),
    ];
    readers.iter_mut().for_each(|reader| drop(all_told(reader)));
    for _ in 0..2 {
        stage.service.confirm(stage.hub.feed());
        let told = readers.each_mut().map(all_told);
        assert_eq!(told.each_ref().map(|told| names(told)), [vec!["beacon"], vec!["beacon"], vec!["beacon"], vec![]]);
        let shared = stage.hub.latest().beacon.clone();
        assert!(is_shared(text_of(&told[0][0]), &shared) && is_shared(text_of(&told[2][0]), &shared));
        let ServerMessage::Beacon(labels) = read(text_of(&told[1][0])) else { panic!("{told:?}") };
        assert_eq!(labels.digests.kinds(), label_kind);
        assert!(readers.iter_mut().all(|reader| all_told(reader).is_empty()));
    }
    // One that was overtaken by a change proves nothing.
    stage.service.confirm(stage.hub.feed());
    stage.change(label(1, "Wash"));
    let told = readers.each_mut().map(all_told);
    assert_eq!(told.each_ref().map(|told| names(told)), [vec!["delta"], vec!["delta"], vec!["delta"], vec![]]);
}

#[tokio::test]
async fn a_client_is_told_once_that_its_map_may_be_old() {
    let stage = Stage::new();
    let feed = stage.hub.feed();
    let (mut reader, mut plain) = (stage.current(), stage.reader(Subscription::plain()));
    let mut ahead = stage.resumed(1, 99);
    all_told(&mut plain);
    for seconds in [7, 9] {
        heard_ago(feed, Duration::from_secs(seconds));
        feed.note_silence();
        let told = all_told(&mut reader);
        assert_eq!(names(&told), ["stale"]);
        let ServerMessage::Stale { seconds: silence } = read(text_of(&told[0])) else { panic!("{told:?}") };
        assert!((seconds..seconds + SOON.as_secs()).contains(&silence), "{silence}");
        assert_eq!(names(&all_told(&mut ahead)), ["stale"], "also while it waits");
        assert_eq!(all_told(&mut reader), []);
        assert_eq!(all_told(&mut plain), [], "the plain protocol has levels alone");
        assert_eq!(names(&all_told(&mut stage.reader(full_of_all()))), ["snapshot", "beacon", "stale"]);
        stage.service.confirm(feed);
        assert_eq!(names(&all_told(&mut reader)), ["beacon"]);
        assert_eq!(all_told(&mut ahead), []);
    }
    heard_ago(feed, STALE_AFTER / 3);
    feed.note_silence();
    assert_eq!(all_told(&mut reader), []);
}

#[tokio::test(start_paused = true)]
async fn a_reader_waits_until_there_may_be_something_to_send() {
    let mut stage = Stage::new();
    let mut reader = stage.reader(full_of_all());
    assert!(reader.changed().now_or_never().is_some(), "it has nothing yet");
    all_told(&mut reader);
    assert!(reader.changed().now_or_never().is_none());
    stage.change(levels([(1, 10)]));
    assert!(reader.changed().now_or_never().is_some());
}

#[tokio::test]
async fn deliveries_are_counted_once_they_are_sent() {
    let mut stage = Stage::new();
    let mut reader = stage.reader(full_of_all());
    let counts = |stage: &Stage| {
        let metrics = &stage.hub.instruments().metrics;
        let newest = stage.position().revision;
        (metrics.deliveries.get(), metrics.conflated.get(), stage.hub.subscribers().lags(newest)[0])
    };
    reader.sent();
    assert_eq!(counts(&stage), (0, 0, 0), "nothing was sent");
    all_told(&mut reader);
    assert_eq!(counts(&stage), (1, 0, 0), "a map is a delivery, and a beacon is none");
    stage.change(levels([(1, 10)]));
    assert!(reader.next().is_some());
    assert_eq!(counts(&stage), (1, 0, 1), "on its way");
    reader.sent();
    reader.sent();
    assert_eq!(counts(&stage), (2, 0, 0));
    for level in [20, 30] {
        stage.change(levels([(1, level)]));
    }
    assert_eq!(counts(&stage).2, 2);
    all_told(&mut reader);
    assert_eq!(counts(&stage), (3, 1, 0), "it skipped one");
    stage.renew(levels([(1, 40)]));
    all_told(&mut reader);
    assert_eq!(counts(&stage), (4, 1, 0), "a whole map skips nothing");
}

#[tokio::test]
async fn the_outputs_follow_the_levels_the_master_and_blackout() {
    let mut stage = Stage::new();
    stage.change(Update { master: Some(percent(50)), ..levels([(1, 80)]) });
    // The outputs depend on the master also for a client that does not want it.
    for kinds in [Interest::all(), Interest::NONE.with(KindId::Level)] {
        let mut reader = stage.reader(Subscription { protocol: Protocol::Output, kinds });
        let (map, _) = map_and_proof(all_told(&mut reader));
        assert_eq!(object(&map)["output"], json!({ "1": 40, "9": 45 }));
        let half = Update { master: Some(percent(50)), ..Update::default() };
        let full = Update { master: Some(percent(100)), ..Update::default() };
        let black = Update { blackout: Some(true), ..Update::default() };
        let bright = Update { blackout: Some(false), ..half.clone() };
        for (update, output) in [
            (levels([(1, 60)]), json!({ "1": 30 })),
            (label(1, "Wash"), json!({})),
            (full, json!({ "1": 60, "9": 90 })),
            (black, json!({ "1": 0, "9": 0 })),
            (no_level(1), json!({ "1": null })),
            (bright, json!({ "9": 45 })),
            (levels([(1, 80)]), json!({ "1": 40 })),
        ] {
            stage.change(update.clone());
            let told = one_delta(all_told(&mut reader));
            assert_eq!(object(&told)["output"], output, "{update:?}");
            assert_eq!(read_delta(&told).update, update.of_interest(kinds));
        }
    }
}
