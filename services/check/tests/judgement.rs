//! The laws, one by one: a history that keeps it, and one that breaks it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use ghostlight_check::{Event, Judge, Law, Literal, News, Tolerates, Violation, Way, Who};
use ghostlight_rig::{Delta, Digest, Dimmer, Level, Levels, Position, Revision, Snapshot, State, Update};

const A: Who = Who(0);
const B: Who = Who(1);

fn at(revision: u64) -> Position {
    Position::new(1, revision)
}

fn level(hundredths: u16) -> Level {
    Level::from_hundredths(hundredths).unwrap()
}

/// Levels in hundredths; 0 takes a level away.
fn levels<const N: usize>(levels: [(u16, u16); N]) -> Levels {
    let one =
        |(number, hundredths): (u16, u16)| (Dimmer::new(number).unwrap(), (hundredths > 0).then(|| level(hundredths)));
    levels.map(one).into()
}

fn map<const N: usize>(held: [(u16, u16); N]) -> BTreeMap<Dimmer, Level> {
    levels(held).into_iter().filter_map(|(dimmer, level)| Some((dimmer, level?))).collect()
}

/// A history as it is told to the judge. It begins where everybody has the empty map.
struct History {
    judge: Judge,
    shown: BTreeMap<Who, Literal>,
    found: Vec<Violation>,
}

impl History {
    fn begin() -> Self {
        Self::tolerating(&[])
    }

    fn tolerating(tolerates: &[Tolerates]) -> Self {
        let mut history = Self { judge: Judge::new(at(0), tolerates), shown: BTreeMap::new(), found: Vec::new() };
        for who in [A, B] {
            history.tell(who, Event::Connected);
            history.snapshot(who, at(0), []);
        }
        history
    }

    fn tell(&mut self, who: Who, event: Event) -> &mut Self {
        self.found.extend(self.judge.observe(who, event));
        self
    }

    fn sent<const N: usize>(&mut self, who: Who, seq: u64, set: [(u16, u16); N]) -> &mut Self {
        self.tell(who, Event::Sent { seq, levels: levels(set), way: Way::Socket })
    }

    fn keyed<const N: usize>(&mut self, who: Who, seq: u64, set: [(u16, u16); N]) -> &mut Self {
        self.tell(who, Event::Sent { seq, levels: levels(set), way: Way::Keyed })
    }

    fn acked(&mut self, who: Who, seq: u64, revision: u64) -> &mut Self {
        self.tell(who, Event::Acked { seq, position: at(revision) })
    }

    fn refused(&mut self, who: Who, seq: u64) -> &mut Self {
        self.tell(who, Event::Refused { seq })
    }

    fn unknown(&mut self, who: Who, seq: u64) -> &mut Self {
        self.tell(who, Event::Unknown { seq })
    }

    /// What leads from a revision to a position.
    fn delta_to<const N: usize>(&mut self, who: Who, prev: u64, position: Position, set: [(u16, u16); N]) -> &mut Self {
        let (prev, levels) = (Revision(prev), levels(set));
        let update = Update::from(levels.clone());
        let shown = self.shown.entry(who).or_default();
        shown.delta(&Delta { position, prev, update, ..Delta::default() });
        let digest = shown.digest();
        self.tell(who, Event::Saw { position, digest, news: News::Delta { prev, levels } })
    }

    fn delta<const N: usize>(&mut self, who: Who, prev: u64, revision: u64, set: [(u16, u16); N]) -> &mut Self {
        self.delta_to(who, prev, at(revision), set)
    }

    /// Both are told the same.
    fn both<const N: usize>(&mut self, prev: u64, revision: u64, set: [(u16, u16); N]) -> &mut Self {
        self.delta(A, prev, revision, set).delta(B, prev, revision, set)
    }

    fn snapshot<const N: usize>(&mut self, who: Who, position: Position, held: [(u16, u16); N]) -> &mut Self {
        let state = State { levels: map(held), ..State::default() };
        let shown = self.shown.entry(who).or_default();
        shown.snapshot(&Snapshot { position, state: state.clone() });
        let digest = shown.digest();
        self.tell(who, Event::Saw { position, digest, news: News::Snapshot(state.levels) })
    }

    fn beacon(&mut self, who: Who, revision: u64) -> &mut Self {
        let digest = self.shown[&who].digest();
        self.tell(who, Event::Beacon { position: at(revision), digest })
    }

    fn read<const N: usize>(&mut self, who: Who, after: u64, revision: u64, held: [(u16, u16); N]) -> &mut Self {
        self.tell(who, Event::Read { after: at(after), position: at(revision), levels: map(held) })
    }

    /// All that is found wrong with it.
    fn end(&mut self) -> Vec<Violation> {
        let judge = std::mem::replace(&mut self.judge, Judge::new(at(0), &[]));
        self.found.extend(judge.finish());
        std::mem::take(&mut self.found)
    }

    #[track_caller]
    fn holds(&mut self) {
        assert_eq!(self.end(), []);
    }

    /// This law is broken, and no other.
    #[track_caller]
    fn breaks(&mut self, law: Law, says: &str) {
        let found = self.end();
        assert!(!found.is_empty() && found.iter().all(|violation| violation.law() == law), "{law}: {found:?}");
        let told: Vec<_> = found.iter().map(Violation::to_string).collect();
        assert!(told.iter().any(|told| told.contains(says)), "{says}: {told:?}");
    }
}

#[test]
fn a_change_that_everybody_sees_where_it_is_acknowledged() {
    History::begin().sent(A, 1, [(1, 10), (2, 20)]).both(0, 3, [(1, 10), (2, 20)]).acked(A, 1, 3).beacon(B, 3).holds();
    // Who is slow skips what came in between.
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).delta(A, 0, 1, [(1, 10)]).acked(A, 1, 1).sent(A, 2, [(1, 11)]);
    history.delta(A, 1, 2, [(1, 11)]).acked(A, 2, 2).delta(B, 0, 2, [(1, 11)]).holds();
}

#[test]
fn positions_grow() {
    let sent = |history: &mut History| {
        history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).acked(A, 1, 1).sent(A, 2, [(1, 11)]);
        history.both(1, 2, [(1, 11)]).acked(A, 2, 2);
    };
    let history = &mut History::begin();
    sent(history);
    history.tell(B, Event::Connected).snapshot(B, at(2), [(1, 11)]).beacon(B, 2).holds();
    let history = &mut History::begin();
    sent(history);
    history.tell(B, Event::Connected).snapshot(B, at(1), [(1, 10)]).delta(B, 1, 2, [(1, 11)]);
    history.breaks(Law::Growth, "client 1 stood at 1-2 and was told of 1-1 after that");
    let history = &mut History::begin();
    sent(history);
    history.delta(B, 1, 2, [(1, 11)]).breaks(Law::Growth, "client 1 stood at 1-2 and was told of 1-2");
    let history = &mut History::begin();
    sent(history);
    let digest = Digest::of_level(Dimmer::MIN, level(10));
    history.tell(B, Event::Beacon { position: at(1), digest }).breaks(Law::Growth, "client 1 stood at 1-2");
}

#[test]
fn what_is_told_continues_what_was_told() {
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).delta(A, 0, 1, [(1, 10)]).acked(A, 1, 1).sent(A, 2, [(1, 11)]);
    history.delta(A, 1, 2, [(1, 11)]).acked(A, 2, 2).delta(B, 1, 2, [(1, 11)]);
    history.breaks(Law::Continuity, "client 1 stood at 1-0 and was told what leads from revision 1 to 1-2");
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).delta(A, 0, 1, [(1, 10)]).acked(A, 1, 1);
    let digest = Digest::of_level(Dimmer::MIN, level(10));
    history.tell(B, Event::Beacon { position: at(1), digest }).delta(B, 0, 1, [(1, 10)]);
    history.breaks(Law::Continuity, "client 1 stood at 1-0 and a beacon told of 1-1");
    // No delta leads from one epoch into another.
    let history = &mut History::begin();
    history.delta_to(A, 0, Position::new(2, 1), []).snapshot(B, Position::new(2, 1), []);
    history.breaks(Law::Continuity, "client 0 stood at 1-0");
}

#[test]
fn at_equal_positions_the_maps_are_equal() {
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).sent(B, 1, [(1, 11)]).delta(A, 0, 1, [(1, 10)]).delta(B, 0, 1, [(1, 11)]);
    history.acked(A, 1, 1).acked(B, 1, 1).breaks(Law::OneMap, "two maps at 1-1: client 0 saw ");
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).acked(A, 1, 1);
    history.tell(B, Event::Beacon { position: at(1), digest: Digest::default() });
    history.breaks(Law::OneMap, "two maps at 1-1");
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10), (2, 20)]).both(0, 1, [(1, 10), (2, 20)]).acked(A, 1, 1).read(B, 1, 1, [(1, 10)]);
    history.breaks(Law::OneMap, "two maps at 1-1");
}

/// Nobody else sees that position, and nothing that is acknowledged is missing: still, what was told does not lead there.
#[test]
fn what_is_told_leads_where_it_says() {
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).delta(A, 0, 1, [(1, 10)]).unknown(A, 1).sent(B, 1, [(2, 20)]);
    // Client 1 is not told of dimmer 1, and later it is.
    history.delta(B, 0, 2, [(2, 20)]).acked(B, 1, 2).delta(B, 2, 3, [(1, 10)]).delta(A, 1, 3, [(2, 20)]);
    history.breaks(Law::Place, "between 1-1 and 1-2 dimmer 1 came to be without a level, which no change did there");
    let history = &mut History::begin();
    let (position, prev, digest) = (at(1), Revision(0), Digest::of_master(level(50)));
    history.sent(A, 1, [(1, 10)]);
    history.tell(A, Event::Saw { position, digest, news: News::Delta { prev, levels: levels([(1, 10)]) } });
    history.acked(A, 1, 1).snapshot(A, at(2), [(1, 10)]).delta(B, 0, 2, [(1, 10)]);
    let found = history.end();
    assert_eq!(found[0].to_string(), "what client 0 was told at 1-1 does not lead there from the map at 1-0");
    assert!(found.iter().all(|violation| violation.law() == Law::OneMap), "{found:?}");
}

/// A reader that skips much is caught up with what differs, so that what changed back meanwhile is not in it.
#[test]
fn what_has_changed_back_need_not_be_told() {
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).delta(A, 0, 1, [(1, 10)]).acked(A, 1, 1).sent(A, 2, [(1, 0)]).keyed(A, 3, [(2, 20)]);
    history.acked(A, 3, 3).delta(B, 0, 3, [(2, 20)]).delta(A, 1, 3, [(1, 0), (2, 20)]).acked(A, 2, 2).holds();
}

#[test]
fn a_change_comes_after_all_that_was_known_when_it_was_sent() {
    let history = &mut History::begin();
    history.sent(B, 1, [(2, 20)]).both(0, 5, [(2, 20)]).acked(B, 1, 5).sent(A, 1, [(1, 10)]).both(5, 6, [(1, 10)]);
    history.acked(A, 1, 6).holds();
    let history = &mut History::begin();
    history.sent(B, 1, [(2, 20)]).both(0, 5, [(2, 20)]).acked(B, 1, 5).sent(A, 1, [(1, 10)]);
    history.acked(A, 1, 4).breaks(Law::Order, "change 1 of client 0 is acknowledged at 1-4, and 1-5 was known");
}

#[test]
fn the_changes_of_a_connection_come_in_their_order() {
    let both = |first, second| {
        let mut history = History::begin();
        history.sent(A, 1, [(1, 10)]).sent(A, 2, [(2, 20)]).both(0, 2, [(1, 10), (2, 20)]);
        history.acked(A, 1, first).acked(A, 2, second);
        history
    };
    both(1, 2).holds();
    both(2, 2).holds();
    both(2, 1).breaks(Law::Order, "change 2 of client 0 is acknowledged at 1-1");
    // The answers may come in another order.
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).sent(A, 2, [(2, 20)]).both(0, 2, [(1, 10), (2, 20)]).acked(A, 2, 2);
    history.acked(A, 1, 1).holds();
    // Over HTTP there is no order, and none between connections.
    let history = &mut History::begin();
    history.keyed(A, 1, [(1, 10)]).keyed(A, 3, [(2, 20)]).both(0, 2, [(1, 10), (2, 20)]).acked(A, 1, 2);
    history.acked(A, 3, 1).holds();
}

#[test]
fn an_answer_is_to_something_that_was_asked() {
    let history = &mut History::begin();
    history.acked(A, 1, 1).breaks(Law::Order, "change 1 of client 0 is answered, and waits for no answer");
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).acked(A, 1, 1).refused(A, 1).breaks(Law::Order, "answered");
}

#[test]
fn what_is_acknowledged_is_there() {
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10), (2, 20)]).both(0, 1, [(1, 10)]).acked(A, 1, 1);
    history.breaks(Law::Place, "change 1 of client 0 is acknowledged at 1-1, and at 1-1 dimmer 2 is without a level");
    // And stays.
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).acked(A, 1, 1).sent(A, 2, [(1, 11)]).both(1, 2, [(1, 11)]);
    history.acked(A, 2, 2).both(2, 3, [(1, 10)]);
    history.breaks(Law::Place, "between 1-2 and 1-3 dimmer 1 came to be at 0.1, which no change did there");
}

#[test]
fn what_is_acknowledged_is_not_there_before_its_place() {
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).both(1, 2, []).acked(A, 1, 2);
    history.breaks(
        Law::Place,
        "came to be at 0.1, which no change did there; change 1 of client 0 wrote it, acknowledged",
    );
}

#[test]
fn of_changes_in_one_entry_any_may_be_the_last_but_a_connection_has_its_order() {
    for last in [10, 11] {
        let history = &mut History::begin();
        history.sent(A, 1, [(1, 10)]).sent(B, 1, [(1, 11)]).both(0, 1, [(1, last)]);
        history.acked(A, 1, 1).acked(B, 1, 1).holds();
    }
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).sent(A, 2, [(1, 11)]).both(0, 1, [(1, 11)]).acked(A, 1, 1).acked(A, 2, 1).holds();
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).sent(A, 2, [(1, 11)]).both(0, 1, [(1, 10)]).acked(A, 1, 1).acked(A, 2, 1);
    history.breaks(Law::Place, "dimmer 1 is at 0.1, not at 0.11 or newer");
}

#[test]
fn without_an_answer_a_change_may_happen_as_often_as_it_was_sent() {
    let happens = |sent: u32, times: u64| {
        let mut history = History::begin();
        for _ in 0..sent {
            history.sent(A, 1, [(1, 10)]);
        }
        history.unknown(A, 1);
        for round in 0..times {
            let (seq, revision) = (round + 1, 2 * round);
            history.both(revision, revision + 1, [(1, 10)]).sent(B, seq, [(1, 20 + seq as u16)]);
            history.both(revision + 1, revision + 2, [(1, 20 + seq as u16)]).acked(B, seq, revision + 2);
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
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).acked(A, 1, 1).sent(A, 2, [(1, 11)]).both(1, 2, [(1, 11)]);
    // It is set to what it was before, by nobody; that somebody asks for this later explains nothing.
    history.acked(A, 2, 2).both(2, 3, [(1, 10)]).sent(B, 1, [(1, 10)]).unknown(B, 1);
    history.breaks(Law::Place, "between 1-2 and 1-3 dimmer 1 came to be at 0.1");
}

#[test]
fn acknowledged_the_second_time_it_may_have_happened_the_first_time_too() {
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).sent(B, 1, [(1, 11)]).both(1, 2, [(1, 11)]).acked(B, 1, 2);
    history.sent(A, 1, [(1, 10)]).both(2, 3, [(1, 10)]).acked(A, 1, 3).holds();
}

#[test]
fn under_a_key_a_change_happens_once() {
    let history = &mut History::begin();
    history.keyed(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).keyed(A, 1, [(1, 10)]).acked(A, 1, 1).holds();
    let history = &mut History::begin();
    history.keyed(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).sent(B, 1, [(1, 11)]).both(1, 2, [(1, 11)]).acked(B, 1, 2);
    history.keyed(A, 1, [(1, 10)]).both(2, 3, [(1, 10)]).acked(A, 1, 1);
    history.breaks(Law::Place, "between 1-2 and 1-3 dimmer 1 came to be at 0.1");
    let history = &mut History::begin();
    history.keyed(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).sent(B, 1, [(1, 11)]).both(1, 2, [(1, 11)]).acked(B, 1, 2);
    history.keyed(A, 1, [(1, 10)]).both(2, 3, [(1, 10)]).acked(A, 1, 3);
    history.breaks(Law::Place, "stays from an attempt that was refused or a repeat: dimmer 1 showed it at 1-1");
    // Told before it was saved, and not saved: then it happens when it is asked for again.
    let (history, new) = (&mut History::begin(), |revision| Position::new(2, revision));
    history.keyed(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).snapshot(A, new(0), []).snapshot(B, new(0), []);
    history.keyed(A, 1, [(1, 10)]).delta_to(A, 0, new(1), [(1, 10)]).delta_to(B, 0, new(1), [(1, 10)]);
    history.tell(A, Event::Acked { seq: 1, position: new(1) }).holds();
    // That the second attempt is refused says nothing of the first.
    let history = &mut History::begin();
    history.keyed(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).keyed(A, 1, [(1, 10)]).refused(A, 1).holds();
    let history = &mut History::begin();
    history
        .keyed(A, 1, [(1, 10)])
        .both(0, 1, [(1, 10)])
        .refused(A, 1)
        .breaks(Law::Place, "stays from an attempt that was refused");
}

#[test]
fn what_is_refused_does_not_happen() {
    History::begin().sent(A, 1, [(1, 10)]).refused(A, 1).holds();
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).refused(A, 1);
    history.breaks(
        Law::Place,
        "change 1 of client 0 stays from an attempt that was refused or a repeat: dimmer 1 showed it at 1-1",
    );
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).refused(A, 1).sent(B, 1, [(1, 11)]).both(1, 2, [(1, 11)]);
    history.acked(B, 1, 2).breaks(Law::Place, "change 1 of client 0 stays from an attempt that was refused");
    // A new epoch afterwards is no excuse: what came later was acknowledged, so this was saved too.
    let (history, new) = (&mut History::begin(), Position::new(2, 0));
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).refused(A, 1).sent(B, 1, [(1, 11)]).both(1, 2, [(1, 11)]);
    history.acked(B, 1, 2).snapshot(A, new, [(1, 11)]).snapshot(B, new, [(1, 11)]);
    history.breaks(Law::Place, "change 1 of client 0 stays from an attempt that was refused");
    // Told before it was saved, and not saved: the new epoch goes on without it.
    let (history, new) = (&mut History::begin(), Position::new(2, 0));
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).refused(A, 1);
    history.snapshot(A, new, []).snapshot(B, new, []).holds();
}

#[test]
fn a_new_epoch_goes_on_from_what_was_acknowledged() {
    let begin = |tolerates: &[Tolerates]| {
        let mut history = History::tolerating(tolerates);
        history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).acked(A, 1, 1);
        // This one is told and not acknowledged.
        history.sent(B, 1, [(1, 11), (2, 20)]).both(1, 2, [(1, 11), (2, 20)]).unknown(B, 1);
        history
    };
    let new = Position::new(2, 0);
    begin(&[]).snapshot(A, new, [(1, 10)]).snapshot(B, new, [(1, 10)]).holds();
    begin(&[]).snapshot(A, new, [(1, 11), (2, 20)]).snapshot(B, new, [(1, 11), (2, 20)]).holds();
    begin(&[]).snapshot(A, new, []).snapshot(B, new, []).breaks(Law::Place, "between 1-2 and 2-0 dimmer 1 came to be");
    begin(&[Tolerates::LostTail]).snapshot(A, new, []).snapshot(B, new, []).holds();
}

#[test]
fn even_where_nobody_saw_it_an_acknowledged_change_is_in_the_next_epoch() {
    let new = Position::new(2, 0);
    let begin = |tolerates: &[Tolerates]| {
        let mut history = History::tolerating(tolerates);
        history.keyed(A, 1, [(1, 10)]).acked(A, 1, 7);
        history
    };
    begin(&[]).snapshot(A, new, [(1, 10)]).snapshot(B, new, [(1, 10)]).holds();
    begin(&[]).snapshot(A, new, []).snapshot(B, new, []).breaks(Law::Place, "acknowledged at 1-7, and at 2-0 dimmer 1");
    begin(&[Tolerates::LostTail]).snapshot(A, new, []).snapshot(B, new, []).holds();
}

#[test]
fn an_answer_comes_after_what_it_is_about() {
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).delta(B, 0, 1, [(1, 10)]).acked(A, 1, 1).delta(A, 0, 1, [(1, 10)]);
    history
        .breaks(Law::ReadYourWrites, "change 1 of client 0 is acknowledged at 1-1, and that connection has told only");
}

#[test]
fn what_was_answered_is_read() {
    let begin = || {
        let mut history = History::begin();
        history.keyed(A, 1, [(1, 10)]).both(0, 1, [(1, 10)]).acked(A, 1, 1);
        history
    };
    begin().read(A, 1, 1, [(1, 10)]).holds();
    begin().read(A, 1, 0, []).breaks(Law::ReadYourWrites, "client 0 was answered at 1-1 and read the map at 1-0");
    // At its position, but without it: no other client need have seen that position.
    let history = &mut History::begin();
    history.keyed(A, 1, [(1, 10)]).acked(A, 1, 1).read(A, 1, 1, []).sent(B, 1, [(1, 11)]);
    history
        .both(0, 2, [(1, 11)])
        .acked(B, 1, 2)
        .breaks(Law::Place, "acknowledged at 1-1, and at 1-1 dimmer 1 is without");
}

#[test]
fn nobody_sees_what_nobody_wrote() {
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).both(0, 1, [(1, 12)]).acked(A, 1, 1);
    let found = history.end();
    let told: Vec<_> = found.iter().filter(|found| found.law() == Law::Origin).map(Violation::to_string).collect();
    assert_eq!(told[0], "client 0 saw dimmer 1 at 0.12, at 1-1: nobody wrote that");
}

#[test]
fn in_the_end_all_stand_on_the_newest_map() {
    let history = &mut History::begin();
    history.sent(A, 1, [(1, 10)]).delta(A, 0, 1, [(1, 10)]).acked(A, 1, 1);
    history.breaks(Law::Convergence, "client 1 ends at 1-0, and the newest is 1-1");
    let history = &mut History::begin();
    history.keyed(A, 1, [(1, 10)]).acked(A, 1, 1);
    history.breaks(Law::Convergence, "change 1 of client 0 is acknowledged at 1-1, and nobody came that far");
}

#[test]
fn what_cannot_be_read_is_told() {
    let history = &mut History::begin();
    history.tell(A, Event::Unreadable { why: "unknown type \"oops\"".to_owned() });
    history.breaks(Law::Protocol, "client 0 was told what it cannot read: unknown type \"oops\"");
}

/// What has been judged is forgotten, so a long history takes no more than a short one; and a fault is found soon, not
/// only in the end.
#[test]
fn a_long_history_is_judged_on_the_way() {
    let history = &mut History::begin();
    for revision in 1..=30_000 {
        let value = 1 + (revision % 9_000) as u16;
        history.sent(A, revision, [(1, value)]).both(revision - 1, revision, [(1, value)]).acked(A, revision, revision);
    }
    assert_eq!(history.found, []);
    assert!(history.judge.judged() > at(29_900), "{}", history.judge.judged());
    let size = format!("{:?}", history.judge).len();
    assert!(size < 2_000_000, "the judge still holds {size} characters of history");
    for revision in 30_001..=30_100 {
        let value = 1 + (revision % 9_000) as u16;
        history.sent(A, revision, [(1, value)]).both(revision - 1, revision, []).acked(A, revision, revision);
    }
    assert!(history.found.iter().any(|found| matches!(found, Violation::Lost { acked, .. } if *acked == at(30_001))));
}
