//! The register of changes: what was asked for, what became of it, and what of it may yet turn up.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::Bound::{Excluded, Included};

use ghostlight_rig::{Dimmer, Level, Levels, Position};

use crate::violation::{Known, Named, Violation};
use crate::{Way, Who};

type Key = (Who, u64);

/// A change.
#[derive(Debug)]
struct Write {
    levels: Levels,
    way: Way,
    /// The newest position that anybody knew before it was first sent.
    since: Position,
    /// How many refusals there were before it was first sent.
    refusals: u64,
    /// The connection that carried it last.
    connection: u64,
    /// How often it was sent.
    sent: u32,
    /// How many attempts may have happened without being acknowledged, or may yet.
    open: u32,
    /// How many attempts are void: they were refused, or repeat another under its key. A void attempt can be seen all the
    /// same, told of before it was saved and then not saved; but it does not stay.
    void: u32,
    /// How many of both have turned up, at each dimmer where any has.
    turned_up: BTreeMap<Dimmer, (u32, u32)>,
    acked: Option<Position>,
    is_pending: bool,
}

impl Write {
    /// How many attempts that were not acknowledged have not turned up at a dimmer: unanswered ones, and void ones.
    fn left(&self, dimmer: Dimmer) -> (u32, u32) {
        let (unanswered, void) = self.turned_up.get(&dimmer).copied().unwrap_or_default();
        (self.open.saturating_sub(unanswered), self.void.saturating_sub(void))
    }
}

/// What was acknowledged last for one dimmer, in a stretch of the log.
#[derive(Debug)]
pub(super) struct Newest {
    pub(super) position: Position,
    /// What may stand there: an entry's changes are told without their order, but those of one connection have theirs.
    pub(super) values: Vec<(Named, Option<Level>)>,
}

/// All changes that still matter: one that is acknowledged, and can turn up nowhere else, is forgotten once the log has
/// been judged beyond it.
#[derive(Debug, Default)]
pub(super) struct Writes {
    all: HashMap<Key, Write>,
    by_value: HashMap<(Dimmer, Option<Level>), Vec<Key>>,
    /// Those that wait for an answer, by what was known when they were sent.
    pending: BTreeSet<(Position, Key)>,
    acked: BTreeMap<Position, Vec<Key>>,
    /// Those that were refused and may have been seen before that, the first refusal first.
    refused: VecDeque<Key>,
    /// How many refusals before those are forgotten.
    refused_forgotten: u64,
    /// Every level that was ever written.
    ever: HashSet<(Dimmer, Level)>,
}

impl Writes {
    /// A change is sent, once more if it was sent before.
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
        // Under a key, one attempt at most counts.
        let is_void = way == Way::Keyed && write.sent > 0;
        write.open += u32::from(!is_void);
        write.void += u32::from(is_void);
        write.sent += 1;
        write.connection = connection;
        write.is_pending = true;
        self.pending.insert((write.since, key));
    }

    /// A change is acknowledged. Tells whether it is to be in order with the others of its connection.
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
        // Under a key, an attempt before this one may have happened all the same.
        if write.open > 0 && (write.way == Way::Socket || write.sent == 1) {
            write.open -= 1;
            write.void += 1;
            self.refused.push_back((change.who, change.seq));
        }
        Ok(())
    }

    /// What became of a change will not be known.
    pub(super) fn unknown(&mut self, change: Named) -> Result<(), Violation> {
        self.settle(change).map(drop)
    }

    /// Takes a change out of those that wait.
    fn settle(&mut self, change: Named) -> Result<&mut Write, Violation> {
        let key = (change.who, change.seq);
        let write = self.all.get_mut(&key).filter(|write| write.is_pending).ok_or(Violation::Stray { change })?;
        write.is_pending = false;
        self.pending.remove(&(write.since, key));
        Ok(write)
    }

    /// Whether a level was ever written to a dimmer.
    pub(super) fn wrote(&self, dimmer: Dimmer, level: Level) -> bool {
        self.ever.contains(&(dimmer, level))
    }

    /// What is known of every change that stands up to here in the log; `None` if nothing waits for an answer.
    pub(super) fn known_until(&self) -> Option<Position> {
        self.pending.first().map(|&(since, _)| since)
    }

    /// What was acknowledged last for each dimmer, of what stands after `from` up to `to`.
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

    /// Of the changes that one connection carried into one entry, the last counts.
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

    /// Whether an attempt that was not acknowledged can have set a dimmer to a value by `position`. That attempt has
    /// turned up then, and will not again.
    ///
    /// Where it may be an unanswered one or a void one it is taken for unanswered, but the void one counts as used up:
    /// whichever it was, the other may turn up later. Where several changes wrote that value (they take the level away)
    /// it is not known whose void attempt it was, and none is used up.
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

    /// Who wrote a value, as far as that is known still.
    pub(super) fn known(&self, dimmer: Dimmer, level: Option<Level>) -> Known {
        let key = self.by_value.get(&(dimmer, level)).and_then(|keys| keys.last());
        Known(key.and_then(|key| Some((Named { who: key.0, seq: key.1 }, self.all.get(key)?.acked))))
    }

    /// The log has been judged up to a position.
    pub(super) fn judged(&mut self, until: Position) {
        let mut passed = Vec::new();
        while let Some(entry) = self.acked.first_entry().filter(|entry| *entry.key() <= until) {
            passed.extend(entry.remove());
        }
        // What was refused before another change was sent stands before that, if it ever stood anywhere.
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

    /// The acknowledged changes that stand beyond what was judged.
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

/// What has turned up without an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TurnedUp {
    /// An attempt of which nobody was told what became of it.
    Unanswered,
    /// An attempt that is void.
    Void(Named),
}

/// How an acknowledged change went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// Over the client's connection, once.
    Once,
    /// Over the client's connection, after an older one had failed.
    Again,
    /// Not over the client's connection.
    Apart,
}
