//! The sequence of maps that the log had, put together from what all clients saw, and judged against the acknowledged
//! changes.
//!
//! What a client received at a position is kept at first. Once no client can receive an earlier position any more, and
//! the outcome of every change up to there is known, the kept positions are judged in order, each once. With complete
//! knowledge there is only one rule: **at every position each dimmer shows what was acknowledged last up to there, or
//! what an attempt without an acknowledgement can have set.**

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Included};

use ghostlight_rig::kinds::levels::Levels as LevelKind;
use ghostlight_rig::{Digest, Dimmer, Level, Levels, Listed as _, Position};

use super::writes::{Newest, TurnedUp, Writes};
use crate::violation::{Named, Shown};
use crate::{News, Tolerates, Violation, Who};

/// The number of steps of which the changes are remembered. A reader that skips more steps is caught up from so far
/// back that nothing has changed back since.
const REMEMBERED_STEPS: usize = 4_096;

/// What the first client at a position received.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) who: Who,
    /// The client's position before.
    pub(super) base: Position,
    pub(super) digest: Digest,
    pub(super) news: News,
}

/// What is known of a dimmer at the position up to which everything is judged.
#[derive(Debug)]
struct Standing {
    shown: Option<Level>,
    /// The values that the last acknowledged changes can have left.
    acked: Vec<Option<Level>>,
    /// The values that turned up since without an acknowledgement, in order.
    unacked: Vec<Option<Level>>,
}

/// A dimmer that no client has set.
impl Default for Standing {
    fn default() -> Self {
        Self { shown: None, acked: vec![None], unacked: Vec::new() }
    }
}

/// One step to the next position that any client saw.
#[derive(Clone, Copy, Debug)]
struct Step {
    from: Position,
    to: Position,
    /// Whether unsaved changes may be gone, because a new epoch began in between.
    is_restart: bool,
    /// Whether acknowledged changes may be gone.
    may_lose: bool,
}

/// The maps that any client saw.
#[derive(Debug)]
pub(super) struct Timeline {
    at: Position,
    dimmers: BTreeMap<Dimmer, Standing>,
    digest: Digest,
    /// Whether `dimmers` is known to be the map at `at`. If not, the next snapshot makes it so.
    is_sound: bool,
    seen: BTreeMap<Position, Seen>,
    /// The values before each of the newest steps, of the dimmers that it changed.
    undo: BTreeMap<Position, Levels>,
    /// The void attempts that were seen. A state service announces a change before it is saved. If it is not saved, a
    /// new epoch begins without it, before any later change is acknowledged.
    void: Vec<Void>,
    may_lose: bool,
}

/// A void attempt that a client saw.
#[derive(Clone, Copy, Debug)]
struct Void {
    change: Named,
    dimmer: Dimmer,
    position: Position,
}

impl Timeline {
    /// A timeline that begins with an empty map.
    pub(super) fn new(start: Position, tolerates: &[Tolerates]) -> Self {
        Self {
            at: start,
            dimmers: BTreeMap::new(),
            digest: Digest::default(),
            is_sound: true,
            seen: BTreeMap::new(),
            undo: BTreeMap::new(),
            void: Vec::new(),
            may_lose: tolerates.contains(&Tolerates::LostTail),
        }
    }

    /// The position up to which everything is judged.
    pub(super) fn at(&self) -> Position {
        self.at
    }

    /// A client saw a map. Only the first client's is kept: digests show whether the others saw the same.
    pub(super) fn saw(&mut self, position: Position, seen: Seen) {
        if position > self.at {
            self.seen.entry(position).or_insert(seen);
        }
    }

    /// The void attempts that are still in the map at the end.
    pub(super) fn void(&self) -> impl Iterator<Item = Violation> + '_ {
        self.void.iter().copied().map(Violation::from)
    }

    /// Judges everything that was seen up to a position.
    pub(super) fn judge(&mut self, until: Position, writes: &mut Writes) -> Vec<Violation> {
        let mut violations = Vec::new();
        while let Some(entry) = self.seen.first_entry().filter(|entry| *entry.key() <= until) {
            let (position, seen) = entry.remove_entry();
            self.step(position, seen, writes, &mut violations);
        }
        violations
    }

    fn step(&mut self, to: Position, seen: Seen, writes: &mut Writes, out: &mut Vec<Violation>) {
        let Seen { who, base, digest, news } = seen;
        let is_restart = to.epoch > self.at.epoch;
        let step = Step { from: self.at, to, is_restart, may_lose: is_restart && self.may_lose };
        let is_whole = matches!(news, News::Snapshot(_));
        let changed = self.changed(base, news);
        let mut undo = Levels::new();
        let acked = writes.newest(step.from, to);
        if step.is_restart {
            self.void.clear();
        } else if let Some(last) = acked.values().map(|newest| newest.position).max().filter(|_| !self.may_lose) {
            let kept = self.void.extract_if(.., |void| void.position < last);
            out.extend(kept.map(Violation::from));
        }
        let touched: BTreeSet<Dimmer> = changed.keys().chain(acked.keys()).copied().collect();
        for dimmer in touched {
            let standing = self.dimmers.entry(dimmer).or_default();
            let before = standing.shown;
            let shown = changed.get(&dimmer).copied().unwrap_or(before);
            if shown != before {
                undo.insert(dimmer, before);
            }
            match judge_dimmer(step, dimmer, standing, shown, acked.get(&dimmer), writes) {
                Found::Right => {}
                Found::Void(change) => self.void.push(Void { change, dimmer, position: to }),
                Found::Wrong(violation) => out.push(violation),
            }
            self.digest -= before.map(|level| LevelKind::item_digest(&dimmer, &level)).unwrap_or_default();
            self.digest += shown.map(|level| LevelKind::item_digest(&dimmer, &level)).unwrap_or_default();
        }
        let leads_there = self.digest == digest;
        if !leads_there && (self.is_sound || is_whole) {
            out.push(Violation::Broken { who, from: step.from, position: to });
        }
        self.undo.insert(to, undo);
        if self.undo.len() > REMEMBERED_STEPS {
            self.undo.pop_first();
        }
        self.is_sound = leads_there;
        self.at = to;
        writes.judged(to);
    }

    /// The dimmers that a message may change, with their values after it.
    ///
    /// A delta applies to its reader's map, which may be older than the map judged last. What others saw change since
    /// then, and is not in the delta, has changed back.
    fn changed(&self, base: Position, news: News) -> Levels {
        match news {
            News::Delta { levels, .. } if base >= self.at => levels,
            News::Delta { mut levels, .. } => {
                for (&dimmer, &before) in
                    self.undo.range((Excluded(base), Included(self.at))).flat_map(|(_, undo)| undo)
                {
                    levels.entry(dimmer).or_insert(before);
                }
                levels
            }
            News::Snapshot(whole) => {
                let gone = self
                    .dimmers
                    .iter()
                    .filter(|(dimmer, standing)| standing.shown.is_some() && !whole.contains_key(dimmer));
                let gone: Levels = gone.map(|(&dimmer, _)| (dimmer, None)).collect();
                gone.into_iter().chain(whole.into_iter().map(|(dimmer, level)| (dimmer, Some(level)))).collect()
            }
        }
    }
}

impl From<Void> for Violation {
    fn from(Void { change, dimmer, position }: Void) -> Self {
        Self::Stayed { change, dimmer, position }
    }
}

/// The verdict on a dimmer in one step.
enum Found {
    Right,
    /// The dimmer shows a void attempt.
    Void(Named),
    Wrong(Violation),
}

/// Judges one dimmer in one step.
fn judge_dimmer(
    step: Step,
    dimmer: Dimmer,
    standing: &mut Standing,
    shown: Option<Level>,
    newest: Option<&Newest>,
    writes: &mut Writes,
) -> Found {
    let before = std::mem::replace(&mut standing.shown, shown);
    if let Some(newest) = newest {
        standing.acked = newest.values.iter().map(|&(_, level)| level).collect();
        standing.unacked.clear();
        if standing.acked.contains(&shown) {
            return Found::Right;
        }
    } else if shown == before || (step.is_restart && standing.goes_back()) {
        return Found::Right;
    }
    if step.may_lose {
        // Any value from before the lost tail is possible. So the value says nothing about what has turned up.
        standing.stands(shown);
        return Found::Right;
    }
    match writes.turns_up(dimmer, shown, step.to) {
        Some(turned_up) => {
            standing.unacked.push(shown);
            match turned_up {
                TurnedUp::Unanswered => Found::Right,
                TurnedUp::Void(change) => Found::Void(change),
            }
        }
        None => {
            // From here on this value counts as right, so that each fault is found once.
            standing.stands(shown);
            Found::Wrong(wrong(step, dimmer, shown, newest, writes))
        }
    }
}

impl Standing {
    /// Counts a value as acknowledged.
    fn stands(&mut self, shown: Option<Level>) {
        self.acked = vec![shown];
        self.unacked.clear();
    }

    /// Whether the dimmer shows an earlier value: unacknowledged changes may not have been saved. The values in between
    /// stay known, because the dimmer may also have been set to this value again.
    fn goes_back(&self) -> bool {
        self.unacked.contains(&self.shown) || self.acked.contains(&self.shown)
    }
}

/// The violation of a dimmer that shows an impossible value.
fn wrong(step: Step, dimmer: Dimmer, shown: Option<Level>, newest: Option<&Newest>, writes: &Writes) -> Violation {
    let (from, position) = (step.from, step.to);
    let last = newest.and_then(|newest| Some((newest.position, newest.values.last()?)));
    match last {
        Some((acked, &(change, wanted))) => {
            Violation::Lost { change, acked, position, dimmer, shown: Shown(shown), wanted: Shown(wanted) }
        }
        None => {
            let known = writes.known(dimmer, shown);
            Violation::OutOfPlace { from, position, dimmer, shown: Shown(shown), known }
        }
    }
}
