//! What a feed does with announcements, and what it shows its readers.

use std::time::Duration;

use ghostlight_proto::Timing;
use ghostlight_rig::{
    Change, ClientId, Console, ConsoleKind, ConsoleName, Entry, Interest, Key, KindId, Look, Revision, Roster, Upload,
    Verdict, Word,
};
use proptest::prelude::*;

use super::*;
use crate::testing::*;

/// A service whose rig has one level, and a feed that has the rig's snapshot.
fn followed() -> (Service, RigFeed) {
    let (mut service, feed) = (Service::new(), feed());
    service.change(levels([(9, 90)]));
    service.answer(&feed);
    (service, feed)
}

fn latest(feed: &RigFeed) -> Latest {
    Latest::clone(&feed.latest.borrow())
}

/// What readers see of the map.
fn shown(feed: &RigFeed) -> (Position, u64, bool, String) {
    let latest = latest(feed);
    (latest.position, latest.generation, latest.delta.is_some(), latest.beacon.as_str().to_owned())
}

#[test]
fn a_change_is_shown_in_the_bytes_in_which_it_was_announced() {
    let (mut service, feed) = followed();
    let before = latest(&feed);
    let announcement = service.tell(&feed, levels([(1, 50)]));
    let now = latest(&feed);
    assert_eq!(now.position, service.rig.position());
    assert_eq!((now.prev, now.generation), (before.position.revision, before.generation));
    assert_eq!(now.delta_kinds, Interest::NONE.with(KindId::Level));
    assert!(now.applied > before.applied && now.heard >= now.applied);
    let texts = now.delta.unwrap();
    assert_eq!(texts.full.as_bytes(), announcement.text);
    assert_eq!(texts.plain.as_str(), r#"{"1":50}"#);
    assert_eq!(feed.state().replica.map().state(), service.rig.map().state());

    service.tell(&feed, label(1, "Wash"));
    let now = latest(&feed);
    assert_eq!(now.delta_kinds, Interest::NONE.with(KindId::Label));
    assert_eq!(now.delta.unwrap().plain.as_str(), "", "the plain protocol has nothing to send");
}

#[test]
fn an_entry_is_looked_up_by_its_position() {
    let (mut service, feed) = followed();
    let keyed = |level| Change { idempotency_key: Some(Key::new("key").unwrap()), ..levels([(1, level)]).into() };
    service.tell(&feed, keyed(10));
    let first = service.rig.position();
    let announcement = Announcement { fold: Duration::from_micros(7), ..service.change(keyed(10)) };
    feed.take(&service.name, &announcement);
    let second = service.rig.position();

    assert!(feed.folded(first).unwrap().verdicts.is_empty());
    let repeated = feed.folded(second).unwrap();
    assert_eq!(*repeated.verdicts, [(0, Verdict::Repeated(first))].into());
    let timing = Timing::new(Duration::ZERO, repeated.fold, Duration::ZERO);
    assert_eq!(timing.fold_us, 7);
    assert_eq!(Some(repeated.heard), latest(&feed).applied);
    for unknown in [Position::new(1, 1), Position::new(1, 4), Position::new(2, 3)] {
        assert!(feed.folded(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn copies_of_the_last_sixteen_deltas_are_known_by_their_bytes() {
    let (mut service, feed) = followed();
    let announced: Vec<_> = (1..=20).map(|level| service.tell(&feed, levels([(1, level)]))).collect();
    let before = shown(&feed);
    let copies = announced.iter().map(|copy| feed.take(&service.name, copy).unwrap());
    let (old, known) = (vec![Received::Behind; 4], vec![Received::Had; 16]);
    assert_eq!(copies.collect::<Vec<_>>(), [old, known].concat());
    assert_eq!(shown(&feed), before);

    // After a snapshot that does not continue the map, they may be of another order.
    let mut after = Service::at(Position::new(2, 0));
    after.change(levels([(1, 1)]));
    after.answer(&feed);
    assert_eq!(feed.take(&service.name, &announced[19]), Some(Received::Behind));
}

#[test]
fn what_does_not_follow_changes_nothing() {
    let (mut service, feed) = followed();
    service.tell(&feed, levels([(1, 10)]));
    let before = shown(&feed);
    let lost = service.change(levels([(1, 20)]));
    let after_it = service.change(levels([(1, 30)]));
    let mut renewed = Service::at(Position::new(2, 0));
    let renewed = renewed.change(levels([(1, 40)]));
    for (announcement, received) in [(&after_it, Received::Gap), (&renewed, Received::NewEpoch)] {
        assert_eq!(feed.take(&service.name, announcement), Some(received));
        assert_eq!(shown(&feed), before);
    }
    assert_eq!(feed.take(&service.name, &lost), Some(Received::Applied));
    assert_eq!(feed.take(&service.name, &after_it), Some(Received::Applied), "it was not remembered as heard");
    assert_eq!(shown(&feed).0, service.rig.position());
}

#[test]
fn a_beacon_is_shown_until_the_map_changes() {
    let (mut service, feed) = followed();
    let (mut beacons, all) = (0, Interest::all());
    for level in [10, 20] {
        for _ in 0..2 {
            let beacon = service.confirm(&feed);
            beacons += 1;
            let now = latest(&feed);
            assert_eq!((now.beacon.as_bytes(), now.beacon_kinds, now.beacons), (&beacon.text[..], all, beacons));
        }
        service.tell(&feed, levels([(1, level)]));
        assert_eq!((latest(&feed).beacon.as_str(), latest(&feed).beacons), ("", beacons), "it proves nothing now");
    }
}

/// Each beacon, and whether it lets the beacon before it stand, and whether it ends a silence.
#[test]
fn only_a_beacon_that_agrees_proves_the_map_and_only_one_about_the_map_takes_the_proof_away() {
    type Sent = fn(&mut Service, &RigFeed) -> Announcement;
    let behind: Sent = |service, feed| {
        let beacon = service.beacon();
        service.tell(feed, levels([(1, 10)]));
        service.confirm(feed);
        beacon
    };
    let ahead: Sent = |service, _| {
        service.change(levels([(1, 10)]));
        service.beacon()
    };
    let renewed: Sent = |_, _| Service::at(Position::new(2, 0)).beacon();
    let diverged: Sent = |_, _| {
        let mut other = Service::new();
        other.change(levels([(1, 99)]));
        other.beacon()
    };
    let foreign: Sent = |service, _| {
        service.store = THEIRS;
        service.beacon()
    };
    for (sent, received, stands, is_heard) in [
        (behind, Received::Behind, true, false),
        (ahead, Received::Gap, false, true),
        (renewed, Received::NewEpoch, false, true),
        (diverged, Received::Diverged, false, true),
        (foreign, Received::Foreign, true, false),
    ] {
        let (mut service, feed) = followed();
        service.confirm(&feed);
        let beacon = sent(&mut service, &feed);
        let before = latest(&feed);
        heard_ago(&feed, STALE_AFTER);
        feed.note_silence();
        assert_eq!(feed.take(&service.name, &beacon), Some(received));
        let now = latest(&feed);
        assert_eq!((now.position, now.beacons), (before.position, before.beacons), "{received:?}");
        assert_eq!(now.beacon.as_str(), if stands { before.beacon.as_str() } else { "" }, "{received:?}");
        assert_eq!(now.is_stale, !is_heard, "{received:?}");
        let metrics = &feed.instruments.metrics;
        assert_eq!(metrics.divergences.get(), u64::from(received == Received::Diverged));
        assert_eq!(metrics.foreign_stores.get(), u64::from(received == Received::Foreign));
    }
}

#[test]
fn an_alarm_about_a_foreign_store_is_counted_each_time_and_logged_once() {
    let (mut service, feed) = followed();
    let foreign = Service { store: THEIRS, ..Service::new() };
    let foreign_beacon = || assert_eq!(feed.take(&service.name, &foreign.beacon()), Some(Received::Foreign));
    assert_eq!(errors_logged(foreign_beacon), 1);
    assert_eq!(errors_logged(foreign_beacon), 0);
    assert_eq!(errors_logged(|| foreign.answer(&feed)), 0, "nor about its snapshot");
    assert_eq!(feed.instruments.metrics.foreign_stores.get(), 3);
    assert_eq!(feed.state().replica.store(), OURS);
    let third = Service { store: StoreId(3), ..Service::new() };
    assert_eq!(errors_logged(|| third.answer(&feed)), 1, "another store is another alarm");

    // Its own store raises none.
    service.tell(&feed, levels([(1, 10)]));
    assert_eq!(errors_logged(|| drop(service.confirm(&feed))), 0);
    service.change(levels([(1, 20)]));
    assert_eq!(errors_logged(|| service.answer(&feed)), 0);
    assert_eq!(feed.instruments.metrics.foreign_stores.get(), 4);
}

#[test]
fn a_snapshot_that_continues_the_map_keeps_the_generation_and_what_is_remembered() {
    let (mut service, feed) = followed();
    service.tell(&feed, levels([(1, 10)]));
    service.confirm(&feed);
    let (known, generation) = (service.rig.position(), latest(&feed).generation);
    service.change(levels([(2, 20)]));
    service.answer(&feed);
    assert_eq!(shown(&feed), (service.rig.position(), generation, false, String::new()));
    assert!(latest(&feed).applied >= feed.folded(known).map(|folded| folded.heard));
    assert_eq!(feed.state().replica.map().state(), service.rig.map().state());

    // The same again changes nothing, and proves nothing; it only shows that a state service is there.
    service.confirm(&feed);
    let before = shown(&feed);
    heard_ago(&feed, STALE_AFTER);
    feed.note_silence();
    service.answer(&feed);
    assert_eq!((shown(&feed), latest(&feed).is_stale), (before, false));
}

#[test]
fn a_snapshot_of_a_new_epoch_begins_a_generation_and_one_from_below_is_passed_over() {
    let (mut service, feed) = followed();
    service.tell(&feed, levels([(1, 10)]));
    let (known, generation) = (service.rig.position(), latest(&feed).generation);
    assert!(feed.folded(known).is_some());
    let mut renewed = Service::at(Position::new(2, 0));
    renewed.answer(&feed);
    assert_eq!(shown(&feed), (renewed.rig.position(), generation + 1, false, String::new()));
    assert!(feed.folded(known).is_none(), "the outcomes of another order are forgotten");

    renewed.tell(&feed, levels([(3, 30)]));
    let before = shown(&feed);
    heard_ago(&feed, STALE_AFTER);
    feed.note_silence();
    service.answer(&feed);
    assert_eq!((shown(&feed), latest(&feed).is_stale), (before, true));
}

#[test]
fn a_map_in_doubt_is_replaced_by_that_of_another_store() {
    let (mut service, feed) = followed();
    service.tell(&feed, levels([(1, 10)]));
    let generation = latest(&feed).generation;
    let foreign = Service { store: THEIRS, ..Service::at(Position::new(1, 1)) };
    foreign.answer(&feed);
    assert_eq!(shown(&feed).0, service.rig.position(), "there is no doubt yet");
    feed.doubt();
    foreign.answer(&feed);
    assert_eq!(shown(&feed), (foreign.rig.position(), generation + 1, false, String::new()));
    assert_eq!(feed.state().replica.store(), THEIRS);
}

#[test]
fn a_map_that_a_beacon_has_shown_to_be_wrong_is_replaced_at_its_position() {
    let (service, feed) = followed();
    let mut other = Service::new();
    other.change(levels([(9, 10)]));
    assert_eq!(feed.take(&service.name, &other.beacon()), Some(Received::Diverged));
    let generation = latest(&feed).generation;
    other.answer(&feed);
    assert_eq!(shown(&feed), (service.rig.position(), generation + 1, false, String::new()));
    assert_eq!(feed.state().replica.map().state(), other.rig.map().state());
}

/// Whoever may publish to gateways must not replace their maps, and a newer version may send what this one does not know.
#[test]
fn what_is_not_an_announcement_is_passed_over() {
    let (mut service, feed) = followed();
    let before = shown(&feed);
    heard_ago(&feed, STALE_AFTER);
    feed.note_silence();
    let mut forged = Service::at(Position::new(7, 0));
    forged.change(levels([(1, 99)]));
    let texts = [
        forged.snapshot(),
        ServerMessage::Stale { seconds: 7 }.encode(),
        ServerMessage::Presence(Roster::default()).encode(),
        Bytes::from_static(br#"{"type":"from the future"}"#),
        Bytes::from_static(br#"{"type":"delta"}"#),
        Bytes::from_static(b"\xff"),
        Bytes::new(),
    ];
    for text in texts {
        assert_eq!(feed.take(&service.name, &Announcement::of(text.clone())), None, "{text:?}");
        assert_eq!((shown(&feed), latest(&feed).is_stale), (before.clone(), true), "{text:?}");
    }
    // Nor is what is no snapshot an answer.
    for text in [service.change(levels([(1, 1)])).text, service.beacon().text, Bytes::from_static(b"hello")] {
        feed.take_answer(&service.name, text.clone());
        assert_eq!((shown(&feed), latest(&feed).is_stale), (before.clone(), true), "{text:?}");
    }
}

#[test]
fn the_roster_of_another_gateway_goes_to_the_presence() {
    let (service, feed) = followed();
    let console = Console {
        client: None,
        name: ConsoleName::new("desk").unwrap(),
        kind: ConsoleKind::new("desk").unwrap(),
        since_ms: 1,
    };
    // Rosters that come within 50 ms are shown together, and the presence is as old as this test.
    let shown = feed.presence.watch();
    let gateway = ClientId::new("gateway-other").unwrap();
    let roster = Roster::of([console]);
    let deadline = Instant::now() + 3 * STALE_AFTER;
    while shown.borrow().roster.total == 0 {
        assert!(Instant::now() < deadline, "it is never shown");
        let roster = ServerMessage::Roster { gateway: gateway.clone(), roster: roster.clone() }.encode();
        assert_eq!(feed.take(&service.name, &Announcement::of(roster)), None);
    }
    assert_eq!(shown.borrow().roster, roster);
}

#[test]
fn a_feed_is_stale_three_seconds_after_the_last_message_until_the_next_one() {
    let (mut service, feed) = (Service::new(), feed());
    let mut watched = feed.latest.subscribe();
    feed.note_silence();
    assert!(!watched.has_changed().unwrap(), "what was never heard is not silent");
    assert_eq!(latest(&feed).silence(), None);

    service.answer(&feed);
    heard_ago(&feed, STALE_AFTER / 3);
    watched.mark_unchanged();
    feed.note_silence();
    assert!(!watched.has_changed().unwrap());

    heard_ago(&feed, 2 * STALE_AFTER);
    watched.mark_unchanged();
    feed.note_silence();
    assert!(watched.has_changed().unwrap() && latest(&feed).is_stale);
    assert!(latest(&feed).silence() >= Some(2 * STALE_AFTER));
    watched.mark_unchanged();
    feed.note_silence();
    assert!(!watched.has_changed().unwrap(), "readers are told once");

    assert_eq!(feed.instruments.stale(), Duration::ZERO, "the period is not over");
    service.tell(&feed, levels([(1, 10)]));
    assert!(!latest(&feed).is_stale && latest(&feed).silence() < Some(STALE_AFTER));
    let stale = feed.instruments.stale();
    assert!(stale >= STALE_AFTER, "{stale:?}");
    service.tell(&feed, levels([(1, 20)]));
    assert_eq!(feed.instruments.stale(), stale, "it was not stale since");
}

#[test]
fn the_stale_time_of_a_feed_that_is_let_go_counts() {
    let (_, fresh) = followed();
    let instruments = fresh.instruments.clone();
    heard_ago(&fresh, 2 * STALE_AFTER);
    drop(fresh);
    assert_eq!(instruments.stale(), Duration::ZERO, "it was not stale");

    let (_, stale) = followed();
    let instruments = stale.instruments.clone();
    heard_ago(&stale, 2 * STALE_AFTER);
    stale.note_silence();
    drop(stale);
    assert!(instruments.stale() >= STALE_AFTER);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_position_waits_until_the_map_is_there() {
    let (mut service, feed) = followed();
    let here = service.rig.position();
    assert_eq!(feed.position(), here);
    tokio::time::timeout(SOON, feed.reached(here)).await.expect("it is there");
    let next = Position { revision: Revision(here.revision.0 + 1), ..here };
    let waits = tokio::time::timeout(SOON, feed.reached(next));
    tokio::pin!(waits);
    assert!(futures_util::poll!(&mut waits).is_pending());
    service.tell(&feed, levels([(1, 10)]));
    waits.await.expect("it has come");
}

#[test]
fn a_delta_with_a_dictionary_is_shown_as_a_step_and_not_in_its_own_bytes() {
    let (mut service, feed) = followed();
    service.tell(&feed, word("old", Some(Look::new())));
    let new = Word::new("new").unwrap();
    let look = Look::from([(dimmer(1), percent(50))]);
    let (upload, parts) = Upload::split([(new.clone(), look.clone())], 1_000).unwrap();
    for part in parts {
        service.tell(&feed, part);
    }
    service.tell(&feed, Change { dictionary: Some(upload), ..Change::default() });
    assert!(latest(&feed).delta.is_none());
    assert_eq!(feed.words().iter().collect::<Vec<_>>(), [(&new, &look)]);
}

/// The words that a replica holds, and those that are ready to be looked up.
fn both_words(feed: &RigFeed) -> [Vec<(Word, Look)>; 2] {
    let state = feed.state();
    let held = state.replica.map().state().words.into_iter().collect();
    let ready = feed.words().iter().map(|(word, look)| (word.clone(), look.clone())).collect();
    [held, ready]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However the words come (in a delta, in a snapshot after a loss, or with a new epoch), what is looked up is what the
    /// map holds.
    #[test]
    fn the_words_that_are_ready_are_those_of_the_map(
        steps in prop::collection::vec((0..4_u8, 0..4_u16, prop::option::of(0..3_u16)), 1..30),
    ) {
        let (mut service, feed) = followed();
        for (step, name, level) in steps {
            let look = level.map(|level| Look::from([(dimmer(1), percent(level))]));
            let update = word(&format!("word {name}"), look);
            match step {
                0 => drop(service.tell(&feed, update)),
                1 => {
                    service.change(update);
                    service.answer(&feed);
                }
                2 => drop(service.tell(&feed, levels([(name + 1, 50)]))),
                _ => {
                    let Position { epoch, .. } = service.rig.position();
                    service = Service::at(Position::new(epoch.0 + 1, 0));
                    service.fold(&Entry::new(update.into()));
                    service.answer(&feed);
                }
            }
            let [held, ready] = both_words(&feed);
            prop_assert_eq!(&ready, &held);
            let of_service: Vec<_> = service.rig.map().state().words.into_iter().collect();
            prop_assert_eq!(ready, of_service);
        }
    }
}
