//! Random entries, and the histories that they make.

use ghostlight_rig::{
    Change, ClientId, Delta, Entry, Epoch, ItemName, Labels, Level, Levels, LogTime, Origin, Received, Replica,
    Revision, Rig, Update,
};
use proptest::prelude::*;

use crate::support::{self, Map, at, dimmer, key, label, look, map_of, word};

/// Few dimmers and few levels, so that changes meet; the last dimmer is there for its number.
pub(crate) fn some_levels() -> impl Strategy<Value = Levels> {
    let number = prop_oneof![1u16..=6, Just(65_535)];
    let level = prop::option::weighted(0.75, prop::sample::select(&[0u16, 1, 5_000, 10_000][..]));
    let level = level.prop_map(|hundredths| hundredths.and_then(Level::from_hundredths));
    prop::collection::btree_map(number.prop_map(dimmer), level, 0..4)
}

pub(crate) fn some_labels() -> impl Strategy<Value = Labels> {
    let text = prop::option::weighted(0.75, prop::sample::select(&["wash", "spot", "Ω"][..]));
    let number = prop_oneof![1u16..=3, Just(65_535)];
    prop::collection::btree_map(number.prop_map(dimmer), text.prop_map(|text| text.map(label)), 0..3)
}

pub(crate) fn some_update() -> impl Strategy<Value = Update> {
    let master = prop::sample::select(&[0u16, 5_000, 10_000][..]).prop_map(Level::from_hundredths);
    let master = prop_oneof![3 => Just(None), 1 => master];
    let blackout = prop::option::weighted(0.25, any::<bool>());
    let labels = prop_oneof![2 => Just(Labels::new()), 1 => some_labels()];
    let name = prop::sample::select(&["one", "two"][..]).prop_map(|name| ItemName::new(name).unwrap());
    let text = prop::option::weighted(0.75, prop::sample::select(&["a", "b"][..]).prop_map(label));
    let made_up = prop::collection::btree_map(name, text, 0..2);
    let looks = [look([]), look([(1, 50)]), look([(1, 50), (2, 0)])];
    let looks = prop::option::weighted(0.75, prop::sample::select(looks.to_vec()));
    let words = prop::collection::btree_map(prop::sample::select(&["a", "b c"][..]).prop_map(word), looks, 0..2);
    (some_levels(), labels, master, blackout, words, made_up).prop_map(
        |(levels, labels, master, blackout, words, made_up)| {
            let word_parts = [].into();
            Update { levels, labels, master, blackout, words, word_parts, made_up }
        },
    )
}

pub(crate) fn some_change() -> impl Strategy<Value = Change> {
    let if_match = prop::option::weighted(0.3, (1u64..=2, 0u64..40).prop_map(|(epoch, revision)| at(epoch, revision)));
    let client = prop::sample::select(&["a", "b"][..]).prop_map(|name| ClientId::new(name).unwrap());
    let origin = prop::option::weighted(0.6, (client, 0u64..9).prop_map(|(client, seq)| Origin { client, seq }));
    (some_update(), if_match, origin).prop_map(|(update, if_match, origin)| Change {
        if_match,
        origin,
        ..update.into()
    })
}

pub(crate) fn some_entry() -> impl Strategy<Value = Entry> {
    let once = prop::option::weighted(0.3, prop::sample::select(&["k", "l", "m"][..]));
    (prop::collection::vec(some_change(), 1..4), once).prop_map(|(mut changes, once)| {
        if let Some(last) = changes.last_mut() {
            last.idempotency_key = once.map(key);
        }
        support::entry(changes)
    })
}

/// Entries, and how far each revision is from the one before: revisions need not be contiguous.
pub(crate) fn some_log() -> impl Strategy<Value = Vec<(u64, Entry)>> {
    prop::collection::vec((1u64..=3, some_entry()), 1..16)
}

/// A history: the rig before the first entry and after each, and the deltas between.
pub(crate) struct History {
    pub(crate) rigs: Vec<Rig>,
    pub(crate) deltas: Vec<Delta>,
}

impl History {
    pub(crate) fn of(epoch: u64, log: &[(u64, Entry)]) -> Self {
        let mut history = Self { rigs: vec![Rig::new(Epoch(epoch))], deltas: Vec::new() };
        for (step, entry) in log {
            let mut rig = history.rigs.last().unwrap().clone();
            let revision = Revision(rig.position().revision.0 + step);
            history.deltas.push(rig.apply(revision, LogTime(1_000 * revision.0), entry));
            history.rigs.push(rig);
        }
        history
    }

    pub(crate) fn last(&self) -> &Rig {
        self.rigs.last().unwrap()
    }

    /// A replica that has taken a snapshot of the beginning, and the first `deltas` deltas.
    pub(crate) fn replica(&self, deltas: usize) -> Replica {
        let mut replica = Replica::default();
        assert_eq!(replica.snapshot(&self.rigs[0].snapshot()), Received::Replaced);
        for delta in &self.deltas[..deltas] {
            assert_eq!(replica.delta(delta), Received::Applied);
        }
        replica
    }

    /// The map where a cursor stands, which may be between two entries.
    pub(crate) fn map_at(&self, cursor: u64) -> Map {
        let rig = self.rigs.iter().rev().find(|rig| rig.position().revision.0 <= cursor).unwrap();
        map_of(rig.map())
    }
}

/// Up to three places in a history of `length` entries, in order.
pub(crate) fn places(length: usize, at: [prop::sample::Index; 3]) -> [usize; 3] {
    let mut places = at.map(|index| index.index(length + 1));
    places.sort_unstable();
    places
}
