//! The judge: takes in what happened to the clients, and returns the violations.
//!
//! Some laws are judged at once: [`cursors`] judges growth, continuity and read-your-writes, and [`maps`] that equal
//! positions mean equal maps. The places of acknowledged changes are judged later by the [`timeline`], once the
//! outcomes of all changes up to a position are known; [`writes`] keeps the outcomes. What is judged is forgotten, so
//! that memory does not grow with the length of a run, only with how far its slowest client is behind.

mod cursors;
mod maps;
mod timeline;
mod writes;

use std::collections::BTreeMap;

use ghostlight_rig::kinds::levels::Levels as LevelKind;
use ghostlight_rig::{Digest, Dimmer, Level, Levels, Listed as _, Position};

use crate::violation::Named;
use crate::{Event, News, Tolerates, Violation, Who};
use cursors::Cursors;
use maps::Maps;
use timeline::{Seen, Timeline};
use writes::{Carried, Writes};

/// After this many events the judge looks whether more can be judged, because looking costs more than an event.
const SAMPLE_INTERVAL: u32 = 64;

/// Judges the clients of one rig, in which only they may write. It has no clock and does no I/O.
#[derive(Debug)]
pub struct Judge {
    start: Position,
    /// The newest position that any client has received.
    newest: Position,
    cursors: Cursors,
    maps: Maps,
    writes: Writes,
    timeline: Timeline,
    events: u32,
}

impl Judge {
    /// A judge of what happens after `start`, where the rig is empty.
    pub fn new(start: Position, tolerates: &[Tolerates]) -> Self {
        let timeline = Timeline::new(start, tolerates);
        let (cursors, maps, writes) = (Cursors::default(), Maps::default(), Writes::default());
        Self { start, newest: start, cursors, maps, writes, timeline, events: 0 }
    }

    /// Takes in an event of a client, and returns the violations found now, including those in earlier events.
    pub fn observe(&mut self, who: Who, event: Event) -> Vec<Violation> {
        let mut violations = self.take(who, event);
        self.events += 1;
        if self.events.is_multiple_of(SAMPLE_INTERVAL) {
            violations.extend(self.look());
        }
        violations
    }

    /// The position up to which everything is judged.
    pub fn judged(&self) -> Position {
        self.timeline.at()
    }

    /// The newest position that any client has received.
    pub fn newest(&self) -> Position {
        self.newest
    }

    /// Whether every client is at the newest position.
    pub fn has_converged(&self) -> bool {
        self.cursors.all().all(|(_, at)| at == self.newest)
    }

    /// Judges the rest, once no client writes any more and all should have the newest map.
    pub fn finish(mut self) -> Vec<Violation> {
        let end = Position::new(u64::MAX, u64::MAX);
        let mut violations = self.timeline.judge(end, &mut self.writes);
        violations.extend(self.timeline.void());
        let newest = self.cursors.all().map(|(_, at)| at).max().unwrap_or(self.start);
        let behind = self.cursors.all().filter(|(_, at)| *at < newest);
        violations.extend(behind.map(|(who, at)| Violation::Behind { who, at, newest }));
        let unseen = self.writes.beyond();
        violations.extend(unseen.map(|(change, acked)| Violation::Unseen { change, acked, newest }));
        violations
    }

    /// Judges what has become known since the last look.
    fn look(&mut self) -> Vec<Violation> {
        let Some(passed) = self.cursors.lowest() else { return Vec::new() };
        let until = self.writes.known_until().map_or(passed, |known| known.min(passed));
        self.maps.passed(until);
        self.timeline.judge(until, &mut self.writes)
    }

    fn take(&mut self, who: Who, event: Event) -> Vec<Violation> {
        match event {
            Event::Connected => {
                self.cursors.connected(who);
                Vec::new()
            }
            Event::Sent { seq, levels, way } => {
                self.writes.sent(who, seq, levels, way, self.cursors.connection(who), self.newest);
                Vec::new()
            }
            Event::Acked { seq, position } => self.acked(Named { who, seq }, position),
            Event::Refused { seq } => self.writes.refused(Named { who, seq }).err().into_iter().collect(),
            Event::Unknown { seq } => self.writes.unknown(Named { who, seq }).err().into_iter().collect(),
            Event::Saw { position, digest, news } => self.saw(who, position, digest, news),
            Event::Beacon { position, digest } => {
                self.newest = self.newest.max(position);
                let stands = self.cursors.beacon(who, position);
                stands.into_iter().chain(self.maps.saw(who, position, digest)).collect()
            }
            Event::Read { after, position, levels } => self.read(who, after, position, levels),
            Event::Unreadable { why } => vec![Violation::Unreadable { who, why }],
        }
    }

    fn acked(&mut self, change: Named, position: Position) -> Vec<Violation> {
        self.newest = self.newest.max(position);
        let carried = match self.writes.acked(change, position) {
            Ok(carried) => carried,
            Err(violation) => return vec![violation],
        };
        let told = (carried != Carried::Apart).then(|| self.cursors.told(change, position)).flatten();
        let in_order = (carried == Carried::Once).then(|| self.cursors.in_order(change, position)).flatten();
        told.into_iter().chain(in_order).collect()
    }

    fn saw(&mut self, who: Who, position: Position, digest: Digest, news: News) -> Vec<Violation> {
        self.newest = self.newest.max(position);
        let base = self.cursors.at(who);
        let mut violations: Vec<_> = self.cursors.moved(who, position, &news).into_iter().collect();
        violations.extend(self.maps.saw(who, position, digest));
        match &news {
            News::Delta { levels, .. } => violations.extend(self.unwritten(who, position, written(levels))),
            News::Snapshot(whole) => violations.extend(self.unwritten(who, position, held(whole))),
        }
        self.timeline.saw(position, Seen { who, base, digest, news });
        violations
    }

    fn read(
        &mut self,
        who: Who,
        after: Position,
        position: Position,
        levels: BTreeMap<Dimmer, Level>,
    ) -> Vec<Violation> {
        self.newest = self.newest.max(position);
        let mut violations = Vec::new();
        if position < after {
            violations.push(Violation::ReadOld { who, after, position });
        }
        let mut digest = Digest::default();
        held(&levels).for_each(|(dimmer, level)| digest += LevelKind::item_digest(&dimmer, &level));
        violations.extend(self.maps.saw(who, position, digest));
        violations.extend(self.unwritten(who, position, held(&levels)));
        self.timeline.saw(position, Seen { who, base: Position::default(), digest, news: News::Snapshot(levels) });
        violations
    }

    /// The first level that no client wrote. Positions up to the start are not judged.
    fn unwritten(
        &self,
        who: Who,
        position: Position,
        mut levels: impl Iterator<Item = (Dimmer, Level)>,
    ) -> Option<Violation> {
        let (dimmer, level) = levels.find(|&(dimmer, level)| !self.writes.wrote(dimmer, level))?;
        (position > self.start).then_some(Violation::FromNowhere { who, position, dimmer, level })
    }
}

/// The levels in a delta.
fn written(levels: &Levels) -> impl Iterator<Item = (Dimmer, Level)> + '_ {
    levels.iter().filter_map(|(&dimmer, &level)| Some((dimmer, level?)))
}

/// The levels in a map.
fn held(levels: &BTreeMap<Dimmer, Level>) -> impl Iterator<Item = (Dimmer, Level)> + '_ {
    levels.iter().map(|(&dimmer, &level)| (dimmer, level))
}
