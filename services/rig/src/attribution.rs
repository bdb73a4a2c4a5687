//! Which client set which items.

use std::collections::BTreeMap;

use crate::{Change, Item, Origin};

/// The part of a delta that one origin set. A fader finds its own echo by it, and a console shows who moved a fader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// The client and its number for the change.
    pub origin: Origin,
    /// The items whose value in the delta was set by this origin, in order. An item that a later change of the same
    /// delta set again belongs to the later change.
    pub items: Vec<Item>,
}

/// The attributions of changes that happened in this order. A change without an origin gets none, but still takes the
/// items that it sets from the changes before it.
pub(crate) fn attributions<'a>(applied: impl Iterator<Item = &'a Change> + Clone) -> Vec<Attribution> {
    let mut all = applied.clone();
    match (all.next(), all.next()) {
        // The usual case: a single change.
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
