//! Who set what.

use std::collections::BTreeMap;

use crate::{Change, Item, Origin};

/// What of a delta is one origin's: a fader's own echo is known by it, and a console can tell who moved what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// Who asked.
    pub origin: Origin,
    /// The items whose value in the delta is what it asked for, in order. What a later change of the same delta set
    /// anew is no longer its own.
    pub items: Vec<Item>,
}

/// The attributions of changes that happened in this order. A change without an origin gets none, and takes what it sets
/// from those before it all the same.
pub(crate) fn attributions<'a>(applied: impl Iterator<Item = &'a Change> + Clone) -> Vec<Attribution> {
    let mut all = applied.clone();
    match (all.next(), all.next()) {
        // The usual case: one change, alone.
        (Some(Change { origin: Some(origin), update, .. }), None) => {
            return vec![Attribution { origin: origin.clone(), items: update.items().collect() }];
        }
        _ if applied.clone().all(|change| change.origin.is_none()) => return Vec::new(),
        _ => {}
    }
    let mut attributions = Vec::new();
    let mut last_set: BTreeMap<Item, Option<usize>> = BTreeMap::new();
    for change in applied {
        let attribution = change.origin.clone().map(|origin| {
            attributions.push(Attribution { origin, items: Vec::new() });
            attributions.len() - 1
        });
        last_set.extend(change.update.items().map(|item| (item, attribution)));
    }
    for (item, attribution) in last_set {
        if let Some(attribution) = attribution.and_then(|attribution| attributions.get_mut(attribution)) {
            attribution.items.push(item);
        }
    }
    attributions
}
