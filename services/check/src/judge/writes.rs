//! The register of changes: what they ask for, their outcomes, and which attempts may still turn up.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::Bound::{Excluded, Included};

use ghostlight_rig::{Dimmer, Level, Levels, Position};

use crate::violation::{Known, Named, Violation};
use crate::{Way, Who};

type Key = (Who, u64);

/// A change that a client asked for.
#[derive(Debug)]
struct Write {
    levels: Levels,
    way: Way,
    /// The newest position that any client knew before the change was first sent.
    since: Position,
    /// How many refusals there were before the change was first sent.
    refusals: u64,
    /// The connection that carried the change last.
    connection: u64,
    /// How often the change was sent.
    sent: u32,
    /// How many attempts may have happened without an acknowledgement, or may still happen.
    open: u32,
    /// How many attempts are void: they were refused, or repeat another under its key. A void attempt can be seen, if
    /// it is announced before it is saved and then not saved; but it does not stay.
    void: u32,
    /// How many open and void attempts have turned up, at each dimmer where any has.
    turned_up: BTreeMap<Dimmer, (u32, u32)>,
    acked: Option<Position>,
    is_pending: bool,
}

impl Write {
    /// How many attempts without an acknowledgement have not turned up at a dimmer: unanswered ones, and void ones.
    fn left(&self, dimmer: Dimmer) -> (u32, u32) {
        let (unanswered, void) = self.turned_up.get(&dimmer).copied().unwrap_or_default();
        (self.open.saturating_sub(unanswered), self.void.saturating_sub(void))
    }
}

/// The last acknowledged changes of one dimmer, in a range of the log.
#[derive(Debug)]
pub(super) struct Newest {
    pub(super) position: Position,
    /// Possible values: the order of changes in an entry is unknown, except for the changes of one connection.
    pub(super) values: Vec<(Named, Option<Level>)>,
}

/// All changes that still matter. A change that is acknowledged, and can turn up nowhere else, is forgotten once the
/// log is judged beyond it.
#[derive(Debug, Default)]
pub(super) struct Writes {
    all: HashMap<Key, Write>,
    by_value: HashMap<(Dimmer, Option<Level>), Vec<Key>>,
    /// The changes that wait for an answer, by the newest position known when they were sent.
    pending: BTreeSet<(Position, Key)>,
    acked: BTreeMap<Position, Vec<Key>>,
    /// The refused changes that may have been seen before, the first refusal first.
    refused: VecDeque<Key>,
    /// How many older refusals are forgotten.
    refused_forgotten: u64,
    /// Every level that any change set.
    ever: HashSet<(Dimmer, Level)>,
}

impl Writes {
    /// A change is sent, for the first time or once more.
    pub(super) fn sent(&mut self, who: Who, seq: u64, levels: Levels, way: Way, connection: u64, known: Position) {
        let key = (who, seq);
        let refusals = self.refused_forgotten + self.refused.len() as u64;
        let by_value = &mut self.by_value;
        let ever = &mut self.ever;
        let write = self.all.entry(key).or_insert_with(|| {
            for (&dimmer, &level) in &levels {
                by_value.entry((dimmer, level)).or_default().push(key);
                ever.extend(level.map(|level| (dimmer, level)));
            }
            Write {
                levels,
                way,
                since: known,
                refusals,
                connection,
                sent: 0,
                open: 0,
                void: 0,
                turned_up: BTreeMap::new(),
                acked: None,
                is_pending: false,
            }
        });
        // Under a key, at most one attempt happens.
        let is_void = way == Way::Keyed && write.sent > 0;
        write.open += u32::from(!is_void);
        write.void += u32::from(is_void);
        write.sent += 1;
        write.connection = connection;
        write.is_pending = true;
        self.pending.insert((write.since, key));
    }

    /// A change is acknowledged. Returns how it was carried, on which its order with other changes depends.
    pub(super) fn acked(&mut self, change: Named, position: Position) -> Result<Carried, Violation> {
        let key = (change.who, change.seq);
        let write = self.settle(change)?;
        if position <= write.since {
            return Err(Violation::BeforeSent { change, acked: position, known: write.since });
        }
        write.acked = Some(position);
        write.open = write.open.saturating_sub(1);
        let carried = match write.way {
            Way::Keyed => Carried::Apart,
            Way::Socket if write.sent == 1 => Carried::Once,
            Way::Socket => Carried::Again,
        };
        self.acked.entry(position).or_default().push(key);
        Ok(carried)
    }

    /// An attempt is refused.
    pub(super) fn refused(&mut self, change: Named) -> Result<(), Violation> {
        let write = self.settle(change)?;
        // Under a key, an earlier attempt may have happened although this one was refused.
        if write.open > 0 && (write.way == Way::Socket || write.sent == 1) {
            write.open -= 1;
            write.void += 1;
            self.refused.push_back((change.who, change.seq));
        }
        Ok(())
    }

    /// The outcome of a change will not be known.
    pub(super) fn unknown(&mut self, change: Named) -> Result<(), Violation> {
        self.settle(change).map(drop)
    }

    /// Removes a change from those that wait for an answer.
    fn settle(&mut self, change: Named) -> Result<&mut Write, Violation> {
        let key = (change.who, change.seq);
        let write = self.all.get_mut(&key).filter(|write| write.is_pending).ok_or(Violation::Stray { change })?;
        write.is_pending = false;
        self.pending.remove(&(write.since, key));
        Ok(write)
    }

    /// Whether any change set a dimmer to a level.
    pub(super) fn wrote(&self, dimmer: Dimmer, level: Level) -> bool {
        self.ever.contains(&(dimmer, level))
    }

    /// The outcomes of all changes up to this position in the log are known; `None` if none waits for an answer.
    pub(super) fn known_until(&self) -> Option<Position> {
        self.pending.first().map(|&(since, _)| since)
    }

    /// The last acknowledged changes of each dimmer, after `from` and up to `to`.
    pub(super) fn newest(&self, from: Position, to: Position) -> BTreeMap<Dimmer, Newest> {
        let mut newest: BTreeMap<Dimmer, Newest> = BTreeMap::new();
        for (&position, keys) in self.acked.range((Excluded(from), Included(to))) {
            for &(who, seq) in keys {
                let Some(write) = self.all.get(&(who, seq)) else { continue };
                for (&dimmer, &level) in &write.levels {
                    let one = newest.entry(dimmer).or_insert_with(|| Newest { position, values: Vec::new() });
                    if one.position < position {
                        *one = Newest { position, values: Vec::new() };
                    }
                    one.values.push((Named { who, seq }, level));
                }
            }
        }
        newest.values_mut().for_each(|newest| self.keep_last(&mut newest.values));
        newest
    }

    /// Of the changes that one connection carried into one entry, keeps the last.
    fn keep_last(&self, values: &mut Vec<(Named, Option<Level>)>) {
        if values.len() < 2 {
            return;
        }
        let connection = |named: &Named| {
            let write = self.all.get(&(named.who, named.seq)).filter(|write| write.way == Way::Socket);
            write.map(|write| (named.who, write.connection))
        };
        let later = values.clone();
        values.retain(|(named, _)| {
            let own = connection(named);
            own.is_none() || !later.iter().any(|(other, _)| other.seq > named.seq && connection(other) == own)
        });
    }

    /// Whether an attempt without an acknowledgement can have set a dimmer to a value by `position`. The attempt counts
    /// as turned up then, and cannot turn up again.
    ///
    /// If it may be an unanswered attempt or a void one, it is taken for unanswered, but the void one counts as used
    /// up: whichever it was, the other may turn up later. If several changes set this value (they remove the level), it
    /// is not known whose void attempt it was, and none is used up.
    pub(super) fn turns_up(&mut self, dimmer: Dimmer, level: Option<Level>, position: Position) -> Option<TurnedUp> {
        let keys = self.by_value.get(&(dimmer, level))?;
        let possible = keys.iter().filter_map(|key| Some((*key, self.all.get(key)?)));
        let possible = possible.filter(|(_, write)| write.since < position);
        let left: Vec<_> = possible.map(|(key, write)| (key, write.left(dimmer))).collect();
        let unanswered = left.iter().find(|(_, left)| left.0 > 0).map(|(key, _)| *key);
        let void = left.iter().find(|(_, left)| left.1 > 0).map(|(key, _)| *key);
        if void.is_none() || keys.len() == 1 {
            let used = self.all.get_mut(&void.or(unanswered)?)?.turned_up.entry(dimmer).or_default();
            let used = if void.is_some() { &mut used.1 } else { &mut used.0 };
            *used += 1;
        }
        match (unanswered, void) {
            (None, Some((who, seq))) => Some(TurnedUp::Void(Named { who, seq })),
            _ => Some(TurnedUp::Unanswered),
        }
    }

    /// The last change that set a value, if it is still known.
    pub(super) fn known(&self, dimmer: Dimmer, level: Option<Level>) -> Known {
        let key = self.by_value.get(&(dimmer, level)).and_then(|keys| keys.last());
        Known(key.and_then(|key| Some((Named { who: key.0, seq: key.1 }, self.all.get(key)?.acked))))
    }

    /// The log is judged up to a position.
    pub(super) fn judged(&mut self, until: Position) {
        let mut passed = Vec::new();
        while let Some(entry) = self.acked.first_entry().filter(|entry| *entry.key() <= until) {
            passed.extend(entry.remove());
        }
        // A change that was refused before another was sent is before the other in the log, if it is there at all.
        let refusals = passed.iter().filter_map(|key| Some(self.all.get(key)?.refusals)).max().unwrap_or_default();
        while self.refused_forgotten < refusals {
            passed.extend(self.refused.pop_front());
            self.refused_forgotten += 1;
        }
        for key in passed {
            if self.all.get(&key).is_some_and(|write| write.open == 0 && !write.is_pending) {
                self.forget(key);
            }
        }
    }

    /// The acknowledged changes after the position up to which the log is judged.
    pub(super) fn beyond(&self) -> impl Iterator<Item = (Named, Position)> + '_ {
        let named = |(&position, keys): (&Position, &Vec<Key>)| {
            keys.iter().map(move |&(who, seq)| (Named { who, seq }, position)).collect::<Vec<_>>()
        };
        self.acked.iter().flat_map(named)
    }

    fn forget(&mut self, key: Key) {
        let Some(write) = self.all.remove(&key) else { return };
        for (dimmer, level) in write.levels {
            if let Some(keys) = self.by_value.get_mut(&(dimmer, level)) {
                keys.retain(|other| *other != key);
                if keys.is_empty() {
                    self.by_value.remove(&(dimmer, level));
                }
            }
        }
    }
}

/// An attempt that turned up without an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TurnedUp {
    /// An attempt whose outcome its client did not learn.
    Unanswered,
    /// A void attempt.
    Void(Named),
}

/// How an acknowledged change was carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// Over the client's connection, once.
    Once,
    /// Over the client's connection, after an older one had failed.
    Again,
    /// Not over the client's connection.
    Apart,
}
