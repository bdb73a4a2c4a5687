//! What clients see: growth, continuity, one map, origin, convergence.

use ghostlight_check::{Event, Law, News, Violation};
use ghostlight_rig::{Digest, Dimmer, Kind, NoKey, Position, Revision, kinds};

use crate::history::{A, B, Change, History, at, level, levels};

#[test]
fn a_change_that_everybody_sees_where_it_is_acknowledged() {
    History::begin()
        .sent(A, Change(1), "1@10 2@20")
        .both(0..3, "1@10 2@20")
        .acked(A, Change(1), at(3))
        .beacon(B, at(3))
        .holds();
    // Who is slow skips what came in between.
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").delta(A, 0..1, "1@10").acked(A, Change(1), at(1)).sent(A, Change(2), "1@11");
    history.delta(A, 1..2, "1@11").acked(A, Change(2), at(2)).delta(B, 0..2, "1@11").holds();
}

#[test]
fn positions_grow() {
    let sent = |history: &mut History| {
        history.sent(A, Change(1), "1@10").both(0..1, "1@10").acked(A, Change(1), at(1)).sent(A, Change(2), "1@11");
        history.both(1..2, "1@11").acked(A, Change(2), at(2));
    };
    let history = &mut History::begin();
    sent(history);
    history.tell(B, Event::Connected).snapshot(B, at(2), "1@11").beacon(B, at(2)).holds();
    let history = &mut History::begin();
    sent(history);
    history.tell(B, Event::Connected).snapshot(B, at(1), "1@10").delta(B, 1..2, "1@11");
    history.breaks(Law::Growth, "client 1 stood at 1-2 and received position 1-1 after that");
    let history = &mut History::begin();
    sent(history);
    history.delta(B, 1..2, "1@11").breaks(Law::Growth, "client 1 stood at 1-2 and received position 1-2");
    let history = &mut History::begin();
    sent(history);
    let digest = kinds::levels::Levels::digest(&Dimmer::MIN, &level(10));
    history.tell(B, Event::Beacon { position: at(1), digest }).breaks(Law::Growth, "client 1 stood at 1-2");
}

#[test]
fn what_is_told_continues_what_was_told() {
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").delta(A, 0..1, "1@10").acked(A, Change(1), at(1)).sent(A, Change(2), "1@11");
    history.delta(A, 1..2, "1@11").acked(A, Change(2), at(2)).delta(B, 1..2, "1@11");
    history.breaks(Law::Continuity, "client 1 stood at 1-0 and received a delta from revision 1 to 1-2");
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").delta(A, 0..1, "1@10").acked(A, Change(1), at(1));
    let digest = kinds::levels::Levels::digest(&Dimmer::MIN, &level(10));
    history.tell(B, Event::Beacon { position: at(1), digest }).delta(B, 0..1, "1@10");
    history.breaks(Law::Continuity, "client 1 stood at 1-0 and received a beacon at 1-1");
    // No delta leads from one epoch into another.
    let history = &mut History::begin();
    history.delta_to(A, 0, Position::new(2, 1), "").snapshot(B, Position::new(2, 1), "");
    history.breaks(Law::Continuity, "client 0 stood at 1-0");
}

#[test]
fn at_equal_positions_the_maps_are_equal() {
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").sent(B, Change(1), "1@11").delta(A, 0..1, "1@10").delta(B, 0..1, "1@11");
    history.acked(A, Change(1), at(1)).acked(B, Change(1), at(1)).breaks(Law::OneMap, "two maps at 1-1: client 0 saw ");
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").both(0..1, "1@10").acked(A, Change(1), at(1));
    history.tell(B, Event::Beacon { position: at(1), digest: Digest::default() });
    history.breaks(Law::OneMap, "two maps at 1-1");
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10 2@20").both(0..1, "1@10 2@20").acked(A, Change(1), at(1)).read(
        B,
        at(1),
        at(1),
        "1@10",
    );
    history.breaks(Law::OneMap, "two maps at 1-1");
}

/// Nobody else sees that position, and nothing that is acknowledged is missing: still, what was told does not lead there.
#[test]
fn what_is_told_leads_where_it_says() {
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").delta(A, 0..1, "1@10").unknown(A, Change(1)).sent(B, Change(1), "2@20");
    // Client 1 is not told of dimmer 1, and later it is.
    history.delta(B, 0..2, "2@20").acked(B, Change(1), at(2)).delta(B, 2..3, "1@10").delta(A, 1..3, "2@20");
    history.breaks(Law::Place, "between 1-1 and 1-2 dimmer 1 came to be without a level, which no change did there");
    let history = &mut History::begin();
    let (position, prev, digest) = (at(1), Revision(0), kinds::master::Master::digest(&NoKey, &level(50)));
    history.sent(A, Change(1), "1@10");
    history.tell(A, Event::Saw { position, digest, news: News::Delta { prev, levels: levels("1@10") } });
    history.acked(A, Change(1), at(1)).snapshot(A, at(2), "1@10").delta(B, 0..2, "1@10");
    let found = history.end();
    assert_eq!(found[0].to_string(), "the message to client 0 at 1-1 does not lead there from the map at 1-0");
    assert!(found.iter().all(|violation| violation.law() == Law::OneMap), "{found:?}");
}

/// A reader that skips much is caught up with what differs, so that what changed back meanwhile is not in it.
#[test]
fn what_has_changed_back_need_not_be_told() {
    let history = &mut History::begin();
    history
        .sent(A, Change(1), "1@10")
        .delta(A, 0..1, "1@10")
        .acked(A, Change(1), at(1))
        .sent(A, Change(2), "1@0")
        .keyed(A, Change(3), "2@20");
    history
        .acked(A, Change(3), at(3))
        .delta(B, 0..3, "2@20")
        .delta(A, 1..3, "1@0 2@20")
        .acked(A, Change(2), at(2))
        .holds();
}

#[test]
fn nobody_sees_what_nobody_wrote() {
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").both(0..1, "1@12").acked(A, Change(1), at(1));
    let found = history.end();
    let told: Vec<_> = found.iter().filter(|found| found.law() == Law::Origin).map(Violation::to_string).collect();
    assert_eq!(told[0], "client 0 saw dimmer 1 at 0.12, at 1-1: nobody wrote that");
}

#[test]
fn in_the_end_all_stand_on_the_newest_map() {
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").delta(A, 0..1, "1@10").acked(A, Change(1), at(1));
    history.breaks(Law::Convergence, "client 1 ends at 1-0, and the newest is 1-1");
    let history = &mut History::begin();
    history.keyed(A, Change(1), "1@10").acked(A, Change(1), at(1));
    history.breaks(Law::Convergence, "change 1 of client 0 is acknowledged at 1-1, but no client reached that");
}

#[test]
fn what_cannot_be_read_is_told() {
    let history = &mut History::begin();
    history.tell(A, Event::Unreadable { why: "unknown type \"oops\"".to_owned() });
    history.breaks(Law::Protocol, "client 0 received a message that it cannot read: unknown type \"oops\"");
}

/// What has been judged is forgotten, so a long history takes no more than a short one; and a fault is found soon, not
/// only in the end.
#[test]
fn a_long_history_is_judged_on_the_way() {
    let history = &mut History::begin();
    for revision in 1..=30_000 {
        let value = 1 + (revision % 9_000) as u16;
        history
            .sent(A, Change(revision), &format!("1@{value}"))
            .both(revision - 1..revision, &format!("1@{value}"))
            .acked(A, Change(revision), at(revision));
    }
    assert_eq!(history.found, []);
    assert!(history.judge.judged() > at(29_900), "{}", history.judge.judged());
    let size = format!("{:?}", history.judge).len();
    assert!(size < 2_000_000, "the judge still holds {size} characters of history");
    for revision in 30_001..=30_100 {
        let value = 1 + (revision % 9_000) as u16;
        history.sent(A, Change(revision), &format!("1@{value}")).both(revision - 1..revision, "").acked(
            A,
            Change(revision),
            at(revision),
        );
    }
    assert!(history.found.iter().any(|found| matches!(found, Violation::Lost { acked, .. } if *acked == at(30_001))));
}
