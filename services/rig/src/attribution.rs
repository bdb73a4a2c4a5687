//! Which client set which items.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::{Item, Origin, Reversal, Update};

/// The part of a delta that one origin set. A fader finds its own echo by it, and a console shows who moved a fader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// The client and its number for the change.
    pub origin: Origin,
    /// The items whose value in the delta was set by this origin, in order. An item that a later change of the same
    /// delta set again belongs to the later change.
    pub items: Vec<Item>,
    /// Whether the change took back an earlier one of the same client, or made it again.
    pub reversal: Option<Reversal>,
}

/// A change that happened: who asked for it, and all that it set.
#[derive(Clone, Debug)]
pub(crate) struct Applied<'a> {
    pub(crate) origin: Option<&'a Origin>,
    pub(crate) reversal: Option<Reversal>,
    pub(crate) update: Cow<'a, Update>,
}

/// The attributions of changes that happened in this order. A change without an origin gets none, but still takes the
/// items that it sets from the changes before it.
pub(crate) fn attributions(applied: &[Applied<'_>]) -> Vec<Attribution> {
    match applied {
        // The usual case: a single change.
        [Applied { origin: Some(origin), reversal, update }] => {
            let (origin, items) = ((*origin).clone(), update.items().collect());
            return vec![Attribution { origin, items, reversal: *reversal }];
        }
        _ if applied.iter().all(|change| change.origin.is_none()) => return Vec::new(),
        _ => {}
    }
    let mut attributions = Vec::new();
    let mut last_set: BTreeMap<Item, Option<usize>> = BTreeMap::new();
    for Applied { origin, reversal, update } in applied {
        let attribution = origin.cloned().map(|origin| {
            attributions.push(Attribution { origin, items: Vec::new(), reversal: *reversal });
            attributions.len() - 1
        });
        last_set.extend(update.items().map(|item| (item, attribution)));
    }
    for (item, attribution) in last_set {
        if let Some(attribution) = attribution.and_then(|attribution| attributions.get_mut(attribution)) {
            attribution.items.push(item);
        }
    }
    attributions
}
