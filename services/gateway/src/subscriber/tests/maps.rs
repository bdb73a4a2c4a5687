//! Whole maps, and clients that come from a map of another gateway.

use super::*;

#[tokio::test]
async fn a_client_is_sent_the_whole_map_if_the_steps_to_it_are_not_known() {
    // The hub's first snapshot is at revision 1, and knows nothing before.
    let mut stage = Stage::new();
    stage.change(levels([(1, 10)]));
    stage.skip(30);
    let position = stage.position();
    let (delta, snapshot) = (vec!["delta", "beacon"], vec!["snapshot", "beacon"]);
    let cases = [
        (1, 0, &snapshot, "before all that is known"),
        (1, 1, &delta, "all changes since are known"),
        (1, 2, &delta, "just before what was skipped"),
        (1, 3, &snapshot, "within what was skipped"),
        (1, 4, &vec!["beacon"], "here"),
        (0, 4, &snapshot, "another epoch"),
        (1, 5, &vec![], "ahead of this gateway"),
        (2, 0, &vec![], "a newer epoch"),
    ];
    assert_eq!(position, Position::new(1, 4));
    for (epoch, revision, expected, why) in cases {
        let mut reader = stage.resumed(epoch, revision);
        let told = all_told(&mut reader);
        assert_eq!(&names(&told), expected, "{why}");
        match told.first() {
            Some(Told::Delta(text)) => assert_eq!(read_delta(text).prev, Revision(revision), "{why}"),
            Some(Told::Snapshot(text)) => assert_eq!(read_snapshot(text).position, position, "{why}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_map_that_was_replaced_is_sent_whole_to_all() {
    let mut stage = Stage::new();
    let (mut full, mut plain) = (stage.current(), stage.reader(Subscription::plain()));
    all_told(&mut plain);
    let (old, old_cursor, had) = (stage.hub.latest(), full.cursor.unwrap(), stage.position());
    stage.renew(levels([(1, 10)]));
    assert_eq!(full.position(), had, "where it was sent to, and not the same revision of the new epoch");
    assert_eq!(read_snapshot(&first_map(&mut full)).state, stage.service.rig.map().state());
    assert_eq!(
        all_told(&mut plain),
        [Told::Snapshot(r#"{"1":10,"9":null}"#.into())],
        "it names the level that is gone"
    );
    assert_eq!(all_told(&mut stage.reader(Subscription::plain())), [Told::Snapshot(r#"{"1":10}"#.into())]);

    // What a reader began to do before the map was replaced ends with the new map.
    assert!(full.catch_up(old_cursor).is_none());
    let mut reader = stage.reader(full_of_all());
    assert_eq!(reader.next_beacon(&old), None, "it is about another position");
}

#[tokio::test]
async fn a_removed_level_is_named_only_to_those_who_had_it() {
    let mut stage = Stage::new();
    stage.change(levels([(1, 10)]));
    let mut plain = stage.reader(Subscription::plain());
    all_told(&mut plain);
    stage.change(no_level(1));
    assert_eq!(all_told(&mut plain), [Told::Delta(r#"{"1":null}"#.into())]);
    assert_eq!(all_told(&mut stage.reader(Subscription::plain())), [Told::Snapshot(r#"{"9":90}"#.into())]);
}

#[tokio::test]
async fn a_whole_map_is_encoded_once_for_all_who_came_before_it_was() {
    let mut stage = Stage::new();
    let mut early = [stage.reader(full_of_all()), stage.reader(full_of_all()), stage.reader(full_of_all())];
    let mut labels = stage.reader(of(Protocol::Full, [KindId::Label]));
    let map = first_map(&mut early[0]);
    assert!(is_shared(&first_map(&mut early[1]), &map));
    assert_eq!(read_snapshot(&first_map(&mut labels)).kinds, Interest::NONE.with(KindId::Label));

    // One that came before a change may be sent the map before it, and then the change.
    let map = first_map(&mut stage.reader(full_of_all()));
    stage.change(levels([(1, 10)]));
    assert!(is_shared(&first_map(&mut early[2]), &map));
    assert_eq!(read_delta(&one_delta(all_told(&mut early[2])[..1].to_vec())).update, levels([(1, 10)]));
    // One that comes after the change may have seen it already.
    let newer = first_map(&mut stage.reader(full_of_all()));
    assert_eq!(read_snapshot(&newer).position, stage.position());

    // After a new epoch, one map serves new clients and those that had an older one, however far they had come.
    let mut old = [stage.current(), stage.current()];
    stage.renew(levels([(1, 20)]));
    let map = first_map(&mut stage.reader(full_of_all()));
    assert!(old[0].position().revision > stage.position().revision, "further than the new one");
    for reader in &mut old {
        assert!(is_shared(&first_map(reader), &map));
    }

    // Also if the map that was in doubt goes back.
    let mut old = stage.current();
    let Position { epoch, revision } = stage.position();
    for level in [30, 40] {
        stage.change(levels([(1, level)]));
    }
    all_told(&mut old);
    stage.service = Service { store: THEIRS, ..Service::at(Position::new(epoch.0, revision.0 + 1)) };
    stage.hub.feed().doubt();
    stage.service.answer(stage.hub.feed());
    assert!(old.position() > stage.position());
    let map = first_map(&mut stage.reader(full_of_all()));
    assert!(is_shared(&first_map(&mut old), &map));
}

#[tokio::test]
async fn an_encoded_map_from_which_the_steps_are_not_known_is_sent_to_nobody() {
    let mut stage = Stage::new();
    let [mut first, mut slow] = [stage.reader(full_of_all()), stage.reader(full_of_all())];
    all_told(&mut first);
    stage.skip(20);
    stage.skip(40);
    assert_eq!(read_snapshot(&first_map(&mut slow)).position, stage.position());
}

#[tokio::test]
async fn a_client_is_sent_no_map_that_is_older_than_its_own() {
    let mut stage = Stage::new();
    let here = stage.position();
    // It saw the next change at another gateway, and this one skips that change.
    let mut ahead = stage.resumed(1, here.revision.0 + 1);
    stage.current();
    stage.skip(20);
    assert_eq!(ahead.hub.state().whole.as_ref().unwrap().position, here, "an older map is at hand");
    assert_eq!(read_snapshot(&first_map(&mut ahead)).position, stage.position());
}

#[tokio::test]
async fn a_client_that_is_ahead_of_this_gateway_waits_for_it() {
    let mut stage = Stage::new();
    let next = stage.position().revision.0 + 1;
    let mut readers = [stage.resumed(1, next), stage.resumed(1, next), stage.resumed(1, next + 4)];
    assert!(readers.iter_mut().all(|reader| all_told(reader).is_empty()));
    stage.change(levels([(1, 10)]));
    let [met, _, ahead] = &mut readers;
    assert_eq!(names(&all_told(met)), ["beacon"], "it has this already");
    assert_eq!(all_told(ahead), []);
    stage.change(levels([(1, 20)]));
    let [_, passed, ahead] = &mut readers;
    let told = all_told(passed);
    assert_eq!((names(&told), read_delta(text_of(&told[0])).prev), (vec!["delta", "beacon"], Revision(next)));
    assert_eq!(all_told(ahead), []);

    // In a newer epoch, its position is void, also once that epoch has come further.
    stage.renew(levels([(1, 30)]));
    while stage.position().revision <= ahead.ahead.unwrap().0.revision {
        stage.change(levels([(1, 40)]));
    }
    assert_eq!(names(&all_told(ahead)), ["snapshot", "beacon"]);
}

/// Whether a client that is ahead is sent the map all the same: `heard_after` is the time from its arrival until the last
/// message of a state service.
#[tokio::test]
async fn a_client_that_stays_ahead_of_a_map_that_is_proved_is_of_another_order() {
    let ms = Duration::from_millis;
    for (is_proved, heard_after, is_sent) in [
        (true, BEHIND_LOG_DELAY + ms(1), true),
        (true, BEHIND_LOG_DELAY, false),
        (true, ms(1_000), false),
        (false, BEHIND_LOG_DELAY + ms(1), false),
        (false, Duration::ZERO, false),
    ] {
        let mut stage = Stage::new();
        stage.change(levels([(1, 10)]));
        if is_proved {
            stage.service.confirm(stage.hub.feed());
        }
        let ahead = stage.position().revision.0 + 7;
        let mut reader = stage.resumed(1, ahead);
        let heard = stage.hub.latest().heard.unwrap();
        reader.ahead = reader.ahead.map(|(position, _)| (position, heard.checked_sub(heard_after).unwrap()));
        let told = all_told(&mut reader);
        let expected = if is_sent { vec!["snapshot", "beacon"] } else { vec![] };
        assert_eq!(names(&told), expected, "proved: {is_proved}, heard after {heard_after:?}");
        if is_sent {
            assert_eq!(reader.position(), stage.position());
        }
    }
}
