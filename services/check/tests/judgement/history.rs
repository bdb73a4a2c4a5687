//! Histories by hand: what two clients live through, as the judge is told of it.

use std::collections::BTreeMap;
use std::ops::Range;

use ghostlight_check::{Event, Judge, Law, NaiveReplica, News, Tolerates, Violation, Way, Who};
use ghostlight_rig::{Delta, Dimmer, Level, Levels, Position, Revision, Snapshot, State, Update};

pub(crate) const A: Who = Who(0);
pub(crate) const B: Who = Who(1);

pub(crate) fn at(revision: u64) -> Position {
    Position::new(1, revision)
}

pub(crate) fn level(hundredths: u16) -> Level {
    Level::from_hundredths(hundredths).unwrap()
}

/// The number of a change of its client.
#[derive(Clone, Copy)]
pub(crate) struct Change(pub(crate) u64);

/// Levels such as `1@10 2@20`: dimmers, and their levels in hundredths of a percent. A level of 0 takes the level away.
pub(crate) fn levels(text: &str) -> Levels {
    let one = |text: &str| {
        let (number, hundredths) = text.split_once('@').unwrap();
        let hundredths = hundredths.parse().unwrap();
        (Dimmer::parse(number).unwrap(), (hundredths > 0).then(|| level(hundredths)))
    };
    text.split_whitespace().map(one).collect()
}

fn map(held: &str) -> BTreeMap<Dimmer, Level> {
    levels(held).into_iter().filter_map(|(dimmer, level)| Some((dimmer, level?))).collect()
}

/// A history as it is told to the judge. It begins where everybody has the empty map.
pub(crate) struct History {
    pub(crate) judge: Judge,
    shown: BTreeMap<Who, NaiveReplica>,
    pub(crate) found: Vec<Violation>,
}

impl History {
    pub(crate) fn begin() -> Self {
        Self::tolerating(&[])
    }

    pub(crate) fn tolerating(tolerates: &[Tolerates]) -> Self {
        let mut history = Self { judge: Judge::new(at(0), tolerates), shown: BTreeMap::new(), found: Vec::new() };
        for who in [A, B] {
            history.tell(who, Event::Connected);
            history.snapshot(who, at(0), "");
        }
        history
    }

    pub(crate) fn tell(&mut self, who: Who, event: Event) -> &mut Self {
        self.found.extend(self.judge.observe(who, event));
        self
    }

    pub(crate) fn sent(&mut self, who: Who, Change(seq): Change, set: &str) -> &mut Self {
        self.tell(who, Event::Sent { seq, levels: levels(set), way: Way::Socket })
    }

    pub(crate) fn keyed(&mut self, who: Who, Change(seq): Change, set: &str) -> &mut Self {
        self.tell(who, Event::Sent { seq, levels: levels(set), way: Way::Keyed })
    }

    pub(crate) fn acked(&mut self, who: Who, Change(seq): Change, position: Position) -> &mut Self {
        self.tell(who, Event::Acked { seq, position })
    }

    pub(crate) fn refused(&mut self, who: Who, Change(seq): Change) -> &mut Self {
        self.tell(who, Event::Refused { seq })
    }

    pub(crate) fn unknown(&mut self, who: Who, Change(seq): Change) -> &mut Self {
        self.tell(who, Event::Unknown { seq })
    }

    /// What leads from a revision to a position.
    pub(crate) fn delta_to(&mut self, who: Who, prev: u64, position: Position, set: &str) -> &mut Self {
        let (prev, levels) = (Revision(prev), levels(set));
        let update = Update::from(levels.clone());
        let shown = self.shown.entry(who).or_default();
        shown.delta(&Delta { position, prev, update, ..Delta::default() });
        let digest = shown.digests().sum();
        self.tell(who, Event::Saw { position, digest, news: News::Delta { prev, levels } })
    }

    /// The delta from one revision to another.
    pub(crate) fn delta(&mut self, who: Who, revisions: Range<u64>, set: &str) -> &mut Self {
        self.delta_to(who, revisions.start, at(revisions.end), set)
    }

    /// Both are told the same.
    pub(crate) fn both(&mut self, revisions: Range<u64>, set: &str) -> &mut Self {
        self.delta(A, revisions.clone(), set).delta(B, revisions, set)
    }

    pub(crate) fn snapshot(&mut self, who: Who, position: Position, held: &str) -> &mut Self {
        let state = State { levels: map(held), ..State::default() };
        let shown = self.shown.entry(who).or_default();
        shown.snapshot(&Snapshot { position, state: state.clone(), ..Snapshot::default() });
        let digest = shown.digests().sum();
        self.tell(who, Event::Saw { position, digest, news: News::Snapshot(state.levels) })
    }

    pub(crate) fn beacon(&mut self, who: Who, position: Position) -> &mut Self {
        let digest = self.shown[&who].digests().sum();
        self.tell(who, Event::Beacon { position, digest })
    }

    pub(crate) fn read(&mut self, who: Who, after: Position, position: Position, held: &str) -> &mut Self {
        self.tell(who, Event::Read { after, position, levels: map(held) })
    }

    /// All that is found wrong with it.
    pub(crate) fn end(&mut self) -> Vec<Violation> {
        let judge = std::mem::replace(&mut self.judge, Judge::new(at(0), &[]));
        self.found.extend(judge.finish());
        std::mem::take(&mut self.found)
    }

    #[track_caller]
    pub(crate) fn holds(&mut self) {
        assert_eq!(self.end(), []);
    }

    /// This law is broken, and no other.
    #[track_caller]
    pub(crate) fn breaks(&mut self, law: Law, says: &str) {
        let found = self.end();
        assert!(!found.is_empty() && found.iter().all(|violation| violation.law() == law), "{law}: {found:?}");
        let told: Vec<_> = found.iter().map(Violation::to_string).collect();
        assert!(told.iter().any(|told| told.contains(says)), "{says}: {told:?}");
    }
}
