//! All rigs of one log.

use std::collections::BTreeMap;

use crate::{Delta, Entry, Image, Position, Revision, Rig, RigName, Stamp, Verdict};

/// All rigs that share one log, and where that log stands.
///
/// A rig is made by its first entry; [`main`](RigName::default) is always there. When as many are there as may be, an
/// entry for another is refused.
#[derive(Clone, Debug)]
pub struct Rigs {
    position: Position,
    rigs: BTreeMap<RigName, Rig>,
    most: usize,
}

impl Rigs {
    /// The rigs as a store kept them, in an order that goes on from `start`; at most `most` of them, though none that
    /// was stored is dropped.
    pub fn restore(image: Image, start: Position, most: usize) -> Self {
        let rigs = image.rigs.into_iter().map(|(name, rig)| (name, Rig::restore(rig, start.epoch)));
        let mut rigs: BTreeMap<_, _> = rigs.collect();
        rigs.entry(RigName::default()).or_insert_with(|| Rig::new(start.epoch));
        Self { position: start, rigs, most }
    }

    /// Where the log stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The rig of this name, if it has been made.
    pub fn get(&self, name: &RigName) -> Option<&Rig> {
        self.rigs.get(name)
    }

    /// The rigs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&RigName, &Rig)> {
        self.rigs.iter()
    }

    /// Folds one entry of the log into its rig. Entries come in the log's order.
    pub fn apply(&mut self, revision: Revision, name: &RigName, entry: &Entry) -> Delta {
        self.position.revision = revision;
        if !self.rigs.contains_key(name) {
            if self.rigs.len() >= self.most {
                return self.refuse(entry);
            }
            self.rigs.insert(name.clone(), Rig::new(self.position.epoch));
        }
        self.rigs.get_mut(name).map(|rig| rig.apply(revision, entry)).unwrap_or_default()
    }

    fn refuse(&self, entry: &Entry) -> Delta {
        let verdicts = (0..entry.changes().len()).map(|index| (index, Verdict::NoRoom)).collect();
        Delta { position: self.position, verdicts, ..Delta::default() }
    }

    /// What has changed after `cursor`, in all rigs. The stamp is for whoever reads the log to add.
    pub fn image_since(&self, cursor: Revision) -> Image {
        let changed = self.rigs.iter().filter(|(_, rig)| rig.position().revision > cursor);
        Image {
            position: self.position,
            stamp: Stamp::default(),
            since: Position { revision: cursor, ..self.position },
            rigs: changed.map(|(name, rig)| (name.clone(), rig.image_since(cursor))).collect(),
        }
    }
}
