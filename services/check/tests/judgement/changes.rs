//! What becomes of changes: order, place, read your writes.

use ghostlight_check::{Event, Law, Tolerates};
use ghostlight_rig::Position;

use crate::history::{A, B, Change, History, at};

#[test]
fn a_change_comes_after_all_that_was_known_when_it_was_sent() {
    let history = &mut History::begin();
    history
        .sent(B, Change(1), "2@20")
        .both(0..5, "2@20")
        .acked(B, Change(1), at(5))
        .sent(A, Change(1), "1@10")
        .both(5..6, "1@10");
    history.acked(A, Change(1), at(6)).holds();
    let history = &mut History::begin();
    history.sent(B, Change(1), "2@20").both(0..5, "2@20").acked(B, Change(1), at(5)).sent(A, Change(1), "1@10");
    history
        .acked(A, Change(1), at(4))
        .breaks(Law::Order, "change 1 of client 0 is acknowledged at 1-4, and 1-5 was known");
}

#[test]
fn the_changes_of_a_connection_come_in_their_order() {
    let both = |first, second| {
        let mut history = History::begin();
        history.sent(A, Change(1), "1@10").sent(A, Change(2), "2@20").both(0..2, "1@10 2@20");
        history.acked(A, Change(1), at(first)).acked(A, Change(2), at(second));
        history
    };
    both(1, 2).holds();
    both(2, 2).holds();
    both(2, 1).breaks(Law::Order, "change 2 of client 0 is acknowledged at 1-1");
    // The answers may come in another order.
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").sent(A, Change(2), "2@20").both(0..2, "1@10 2@20").acked(A, Change(2), at(2));
    history.acked(A, Change(1), at(1)).holds();
    // Over HTTP there is no order, and none between connections.
    let history = &mut History::begin();
    history.keyed(A, Change(1), "1@10").keyed(A, Change(3), "2@20").both(0..2, "1@10 2@20").acked(A, Change(1), at(2));
    history.acked(A, Change(3), at(1)).holds();
}

#[test]
fn an_answer_is_to_something_that_was_asked() {
    let history = &mut History::begin();
    history
        .acked(A, Change(1), at(1))
        .breaks(Law::Order, "change 1 of client 0 is answered, but did not wait for an answer");
    let history = &mut History::begin();
    history
        .sent(A, Change(1), "1@10")
        .both(0..1, "1@10")
        .acked(A, Change(1), at(1))
        .refused(A, Change(1))
        .breaks(Law::Order, "answered");
}

#[test]
fn what_is_acknowledged_is_there() {
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10 2@20").both(0..1, "1@10").acked(A, Change(1), at(1));
    history.breaks(Law::Place, "change 1 of client 0 is acknowledged at 1-1, and at 1-1 dimmer 2 is without a level");
    // And stays.
    let history = &mut History::begin();
    history
        .sent(A, Change(1), "1@10")
        .both(0..1, "1@10")
        .acked(A, Change(1), at(1))
        .sent(A, Change(2), "1@11")
        .both(1..2, "1@11");
    history.acked(A, Change(2), at(2)).both(2..3, "1@10");
    history.breaks(Law::Place, "between 1-2 and 1-3 dimmer 1 came to be at 0.1, which no change did there");
}

#[test]
fn what_is_acknowledged_is_not_there_before_its_place() {
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").both(0..1, "1@10").both(1..2, "").acked(A, Change(1), at(2));
    history.breaks(
        Law::Place,
        "came to be at 0.1, which no change did there; change 1 of client 0 wrote it, acknowledged",
    );
}

#[test]
fn of_changes_in_one_entry_any_may_be_the_last_but_a_connection_has_its_order() {
    for last in [10, 11] {
        let history = &mut History::begin();
        history.sent(A, Change(1), "1@10").sent(B, Change(1), "1@11").both(0..1, &format!("1@{last}"));
        history.acked(A, Change(1), at(1)).acked(B, Change(1), at(1)).holds();
    }
    let history = &mut History::begin();
    history
        .sent(A, Change(1), "1@10")
        .sent(A, Change(2), "1@11")
        .both(0..1, "1@11")
        .acked(A, Change(1), at(1))
        .acked(A, Change(2), at(1))
        .holds();
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").sent(A, Change(2), "1@11").both(0..1, "1@10").acked(A, Change(1), at(1)).acked(
        A,
        Change(2),
        at(1),
    );
    history.breaks(Law::Place, "dimmer 1 is at 0.1, not at 0.11 or newer");
}

#[test]
fn without_an_answer_a_change_may_happen_as_often_as_it_was_sent() {
    let happens = |sent: u32, times: u64| {
        let mut history = History::begin();
        for _ in 0..sent {
            history.sent(A, Change(1), "1@10");
        }
        history.unknown(A, Change(1));
        for round in 0..times {
            let (seq, revision) = (round + 1, 2 * round);
            history.both(revision..revision + 1, "1@10").sent(B, Change(seq), &format!("1@{}", 20 + seq));
            history.both(revision + 1..revision + 2, &format!("1@{}", 20 + seq)).acked(
                B,
                Change(seq),
                at(revision + 2),
            );
        }
        history
    };
    for (sent, times) in [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)] {
        happens(sent, times).holds();
    }
    happens(1, 2).breaks(Law::Place, "refused or has happened already");
    happens(2, 3).breaks(Law::Place, "refused or has happened already");
}

#[test]
fn nothing_happens_before_it_is_sent() {
    let history = &mut History::begin();
    history
        .sent(A, Change(1), "1@10")
        .both(0..1, "1@10")
        .acked(A, Change(1), at(1))
        .sent(A, Change(2), "1@11")
        .both(1..2, "1@11");
    // It is set to what it was before, by nobody; that somebody asks for this later explains nothing.
    history.acked(A, Change(2), at(2)).both(2..3, "1@10").sent(B, Change(1), "1@10").unknown(B, Change(1));
    history.breaks(Law::Place, "between 1-2 and 1-3 dimmer 1 came to be at 0.1");
}

#[test]
fn acknowledged_the_second_time_it_may_have_happened_the_first_time_too() {
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").both(0..1, "1@10").sent(B, Change(1), "1@11").both(1..2, "1@11").acked(
        B,
        Change(1),
        at(2),
    );
    history.sent(A, Change(1), "1@10").both(2..3, "1@10").acked(A, Change(1), at(3)).holds();
}

#[test]
fn under_a_key_a_change_happens_once() {
    let history = &mut History::begin();
    history
        .keyed(A, Change(1), "1@10")
        .both(0..1, "1@10")
        .keyed(A, Change(1), "1@10")
        .acked(A, Change(1), at(1))
        .holds();
    let history = &mut History::begin();
    history.keyed(A, Change(1), "1@10").both(0..1, "1@10").sent(B, Change(1), "1@11").both(1..2, "1@11").acked(
        B,
        Change(1),
        at(2),
    );
    history.keyed(A, Change(1), "1@10").both(2..3, "1@10").acked(A, Change(1), at(1));
    history.breaks(Law::Place, "between 1-2 and 1-3 dimmer 1 came to be at 0.1");
    let history = &mut History::begin();
    history.keyed(A, Change(1), "1@10").both(0..1, "1@10").sent(B, Change(1), "1@11").both(1..2, "1@11").acked(
        B,
        Change(1),
        at(2),
    );
    history.keyed(A, Change(1), "1@10").both(2..3, "1@10").acked(A, Change(1), at(3));
    history.breaks(Law::Place, "stays from an attempt that was refused or a repeat: dimmer 1 showed it at 1-1");
    // Told before it was saved, and not saved: then it happens when it is asked for again.
    let (history, new) = (&mut History::begin(), |revision| Position::new(2, revision));
    history.keyed(A, Change(1), "1@10").both(0..1, "1@10").snapshot(A, new(0), "").snapshot(B, new(0), "");
    history.keyed(A, Change(1), "1@10").delta_to(A, 0, new(1), "1@10").delta_to(B, 0, new(1), "1@10");
    history.tell(A, Event::Acked { seq: 1, position: new(1) }).holds();
    // That the second attempt is refused says nothing of the first.
    let history = &mut History::begin();
    history.keyed(A, Change(1), "1@10").both(0..1, "1@10").keyed(A, Change(1), "1@10").refused(A, Change(1)).holds();
    let history = &mut History::begin();
    history
        .keyed(A, Change(1), "1@10")
        .both(0..1, "1@10")
        .refused(A, Change(1))
        .breaks(Law::Place, "stays from an attempt that was refused");
}

#[test]
fn what_is_refused_does_not_happen() {
    History::begin().sent(A, Change(1), "1@10").refused(A, Change(1)).holds();
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").both(0..1, "1@10").refused(A, Change(1));
    history.breaks(
        Law::Place,
        "change 1 of client 0 stays from an attempt that was refused or a repeat: dimmer 1 showed it at 1-1",
    );
    let history = &mut History::begin();
    history
        .sent(A, Change(1), "1@10")
        .both(0..1, "1@10")
        .refused(A, Change(1))
        .sent(B, Change(1), "1@11")
        .both(1..2, "1@11");
    history
        .acked(B, Change(1), at(2))
        .breaks(Law::Place, "change 1 of client 0 stays from an attempt that was refused");
    // A new epoch afterwards is no excuse: what came later was acknowledged, so this was saved too.
    let (history, new) = (&mut History::begin(), Position::new(2, 0));
    history
        .sent(A, Change(1), "1@10")
        .both(0..1, "1@10")
        .refused(A, Change(1))
        .sent(B, Change(1), "1@11")
        .both(1..2, "1@11");
    history.acked(B, Change(1), at(2)).snapshot(A, new, "1@11").snapshot(B, new, "1@11");
    history.breaks(Law::Place, "change 1 of client 0 stays from an attempt that was refused");
    // Told before it was saved, and not saved: the new epoch goes on without it.
    let (history, new) = (&mut History::begin(), Position::new(2, 0));
    history.sent(A, Change(1), "1@10").both(0..1, "1@10").refused(A, Change(1));
    history.snapshot(A, new, "").snapshot(B, new, "").holds();
}

#[test]
fn a_new_epoch_goes_on_from_what_was_acknowledged() {
    let begin = |tolerates: &[Tolerates]| {
        let mut history = History::tolerating(tolerates);
        history.sent(A, Change(1), "1@10").both(0..1, "1@10").acked(A, Change(1), at(1));
        // This one is told and not acknowledged.
        history.sent(B, Change(1), "1@11 2@20").both(1..2, "1@11 2@20").unknown(B, Change(1));
        history
    };
    let new = Position::new(2, 0);
    begin(&[]).snapshot(A, new, "1@10").snapshot(B, new, "1@10").holds();
    begin(&[]).snapshot(A, new, "1@11 2@20").snapshot(B, new, "1@11 2@20").holds();
    begin(&[]).snapshot(A, new, "").snapshot(B, new, "").breaks(Law::Place, "between 1-2 and 2-0 dimmer 1 came to be");
    begin(&[Tolerates::LostTail]).snapshot(A, new, "").snapshot(B, new, "").holds();
}

#[test]
fn even_where_nobody_saw_it_an_acknowledged_change_is_in_the_next_epoch() {
    let new = Position::new(2, 0);
    let begin = |tolerates: &[Tolerates]| {
        let mut history = History::tolerating(tolerates);
        history.keyed(A, Change(1), "1@10").acked(A, Change(1), at(7));
        history
    };
    begin(&[]).snapshot(A, new, "1@10").snapshot(B, new, "1@10").holds();
    begin(&[]).snapshot(A, new, "").snapshot(B, new, "").breaks(Law::Place, "acknowledged at 1-7, and at 2-0 dimmer 1");
    begin(&[Tolerates::LostTail]).snapshot(A, new, "").snapshot(B, new, "").holds();
}

#[test]
fn an_answer_comes_after_what_it_is_about() {
    let history = &mut History::begin();
    history.sent(A, Change(1), "1@10").delta(B, 0..1, "1@10").acked(A, Change(1), at(1)).delta(A, 0..1, "1@10");
    history.breaks(
        Law::ReadYourWrites,
        "change 1 of client 0 is acknowledged at 1-1, but the newest position on that connection is",
    );
}

#[test]
fn what_was_answered_is_read() {
    let begin = || {
        let mut history = History::begin();
        history.keyed(A, Change(1), "1@10").both(0..1, "1@10").acked(A, Change(1), at(1));
        history
    };
    begin().read(A, at(1), at(1), "1@10").holds();
    begin()
        .read(A, at(1), at(0), "")
        .breaks(Law::ReadYourWrites, "client 0 was answered at 1-1 and read the map at 1-0");
    // At its position, but without it: no other client need have seen that position.
    let history = &mut History::begin();
    history.keyed(A, Change(1), "1@10").acked(A, Change(1), at(1)).read(A, at(1), at(1), "").sent(B, Change(1), "1@11");
    history
        .both(0..2, "1@11")
        .acked(B, Change(1), at(2))
        .breaks(Law::Place, "acknowledged at 1-1, and at 1-1 dimmer 1 is without");
}
