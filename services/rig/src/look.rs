//! What a word stands for.

use std::sync::Arc;

use crate::{Dimmer, Level};

/// Levels of dimmers, each dimmer once, in order. A clone shares the levels, because a map, a delta and a dictionary hold the
/// same look.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Look(Arc<[(Dimmer, Level)]>);

impl Look {
    /// A look without dimmers.
    pub fn new() -> Self {
        Self::default()
    }

    /// The dimmers and their levels, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Dimmer, Level)> + '_ {
        self.0.iter().copied()
    }

    /// The number of dimmers.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the look has no dimmers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of bytes of the look as a JSON object without spaces: `{"1":100,"2":12.5}`.
    pub fn json_len(&self) -> usize {
        let member = |(dimmer, level): (Dimmer, Level)| r#""":,"#.len() + digits(dimmer.get()) + level_len(level);
        // A comma stands between two members.
        "{}".len() + self.iter().map(member).sum::<usize>().saturating_sub(1)
    }
}

/// How many decimal digits a number has.
fn digits(number: u16) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// The length of a level's shortest decimal text.
fn level_len(level: Level) -> usize {
    let (whole, rest) = (level.hundredths() / 100, level.hundredths() % 100);
    let fraction = match rest {
        0 => 0,
        _ if rest.is_multiple_of(10) => 2,
        _ => 3,
    };
    digits(whole) + fraction
}

impl Default for Look {
    fn default() -> Self {
        Self(Arc::from([]))
    }
}

/// Of several levels of one dimmer, the last one counts.
impl FromIterator<(Dimmer, Level)> for Look {
    fn from_iter<T: IntoIterator<Item = (Dimmer, Level)>>(levels: T) -> Self {
        let mut levels: Vec<_> = levels.into_iter().collect();
        if !levels.is_sorted_by(|(one, _), (other, _)| one < other) {
            // Reversed, so that the last level of a dimmer is the one that is kept; the sort is stable.
            levels.reverse();
            levels.sort_by_key(|(dimmer, _)| *dimmer);
            levels.dedup_by_key(|(dimmer, _)| *dimmer);
        }
        Self(levels.into())
    }
}

impl<const N: usize> From<[(Dimmer, Level); N]> for Look {
    fn from(levels: [(Dimmer, Level); N]) -> Self {
        Self::from_iter(levels)
    }
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter().map(|(dimmer, level)| (dimmer.get(), level))).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_look_is_a_map_of_levels(levels in prop::collection::vec((1u16.., 0u16..=10_000), 0..20)) {
            let levels: Vec<_> = levels
                .into_iter()
                .map(|(dimmer, level)| (Dimmer::new(dimmer % 9 + 1).unwrap(), Level::from_hundredths(level).unwrap()))
                .collect();
            let (look, map) = (levels.iter().copied().collect::<Look>(), levels.into_iter().collect::<BTreeMap<_, _>>());
            prop_assert!(look.iter().eq(map.iter().map(|(dimmer, level)| (*dimmer, *level))));
            prop_assert_eq!((look.len(), look.is_empty()), (map.len(), map.is_empty()));
            let members: Vec<_> = map.iter().map(|(dimmer, level)| format!("\"{dimmer}\":{level}")).collect();
            prop_assert_eq!(look.json_len(), format!("{{{}}}", members.join(",")).len());
        }
    }
}
