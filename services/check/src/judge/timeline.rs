//! The sequence of maps that the log had, put together from what all clients saw, and judged against what was
//! acknowledged.
//!
//! What a client is told at a position is first kept. Once nobody can be told of an earlier position any more, and the
//! fate of every change up to there is known, the kept positions are judged in order, each once: with all knowledge,
//! there are no cases to tell apart. **At every position each dimmer shows what was acknowledged last up to there, or
//! what an attempt without an acknowledgement can have set.**

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Included};

use ghostlight_rig::kinds::levels::Levels as LevelKind;
use ghostlight_rig::{Digest, Dimmer, Level, Levels, Listed as _, Position};

use super::writes::{Newest, TurnedUp, Writes};
use crate::violation::{Named, Shown};
use crate::{News, Tolerates, Violation, Who};

/// Of so many steps it is remembered what they changed: a reader that skips more is caught up from further back than
/// anything that changed back meanwhile.
const REMEMBERED_STEPS: usize = 4_096;

/// What the first client at a position told.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) who: Who,
    /// Where it stood before.
    pub(super) base: Position,
    pub(super) digest: Digest,
    pub(super) news: News,
}

/// What is known of a dimmer at the position up to which all is judged.
#[derive(Debug)]
struct Standing {
    shown: Option<Level>,
    /// What may stand there of what was acknowledged last.
    acked: Vec<Option<Level>>,
    /// What turned up since without an acknowledgement, in order.
    unacked: Vec<Option<Level>>,
}

/// A dimmer that nobody has set.
impl Default for Standing {
    fn default() -> Self {
        Self { shown: None, acked: vec![None], unacked: Vec::new() }
    }
}

/// One step from a position to the next that anybody saw.
#[derive(Clone, Copy, Debug)]
struct Step {
    from: Position,
    to: Position,
    /// Whether what had not been saved may be gone: a new order began in between.
    is_restart: bool,
    /// Whether what had been acknowledged may be gone.
    may_lose: bool,
}

/// The maps that anybody saw.
#[derive(Debug)]
pub(super) struct Timeline {
    at: Position,
    dimmers: BTreeMap<Dimmer, Standing>,
    digest: Digest,
    /// Whether `dimmers` is known to be the map at `at`. If it is not, the next snapshot helps.
    is_sound: bool,
    seen: BTreeMap<Position, Seen>,
    /// What the newest steps changed, as it was before.
    undo: BTreeMap<Position, Levels>,
    /// What is void and was seen all the same. A state service tells of a change before it is saved. If it is not saved, a
    /// new epoch begins without it, before anything is acknowledged that came later.
    void: Vec<Void>,
    may_lose: bool,
}

/// A void attempt that was seen.
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

    /// Up to where all is judged.
    pub(super) fn at(&self) -> Position {
        self.at
    }

    /// Somebody saw a map. What the first one was told is enough: that the others saw the same, their digests tell.
    pub(super) fn saw(&mut self, position: Position, seen: Seen) {
        if position > self.at {
            self.seen.entry(position).or_insert(seen);
        }
    }

    /// What is void and is there at the end.
    pub(super) fn void(&self) -> impl Iterator<Item = Violation> + '_ {
        self.void.iter().copied().map(Violation::from)
    }

    /// Judges all that was seen up to a position.
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

    /// The dimmers that somebody's news may change, with what they then show.
    ///
    /// A delta goes over the map that its reader held, which others may have left already: what they saw change since, and
    /// is not in the delta, has changed back.
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

/// What is found at a dimmer in one step.
enum Found {
    Right,
    /// It shows what is void.
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
        // Whatever was there before the tail of the log: that says nothing of what has turned up.
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
            // From here on that stands, so that each fault is found once.
            standing.stands(shown);
            Found::Wrong(wrong(step, dimmer, shown, newest, writes))
        }
    }
}

impl Standing {
    /// Takes a value for one that was acknowledged.
    fn stands(&mut self, shown: Option<Level>) {
        self.acked = vec![shown];
        self.unacked.clear();
    }

    /// Whether the dimmer shows what was there before some of what was not acknowledged: that may not have been saved.
    /// What it may have gone back to stays known, because it may just as well have been set to that anew.
    fn goes_back(&self) -> bool {
        self.unacked.contains(&self.shown) || self.acked.contains(&self.shown)
    }
}

/// What is wrong with a dimmer that shows what it cannot.
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
