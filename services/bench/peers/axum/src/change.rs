//! What a client may send.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Number;

/// New levels of some dimmers: 1 to 65,535, and 0 to 100 percent.
#[derive(Debug, Deserialize, Serialize)]
#[serde(try_from = "BTreeMap<u16, Number>")]
pub struct Change(BTreeMap<u16, Number>);

impl Change {
    /// The dimmers with their levels.
    pub fn levels(&self) -> impl Iterator<Item = (u16, Number)> {
        self.0.iter().map(|(dimmer, level)| (*dimmer, level.clone()))
    }
}

impl TryFrom<BTreeMap<u16, Number>> for Change {
    type Error = &'static str;

    fn try_from(levels: BTreeMap<u16, Number>) -> Result<Self, Self::Error> {
        let is_level = |level: &Number| level.as_f64().is_some_and(|level| (0.0..=100.0).contains(&level));
        if levels.contains_key(&0) || !levels.values().all(is_level) {
            return Err("dimmers are 1 to 65535, and levels 0 to 100");
        }
        Ok(Self(levels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dimmers_with_levels_are_a_change() {
        for (text, is_change) in [
            ("{}", true),
            (r#"{"1":0,"65535":100,"3":33.25}"#, true),
            (r#"{"0":1}"#, false),
            (r#"{"65536":1}"#, false),
            (r#"{"1":101}"#, false),
            (r#"{"1":-1}"#, false),
            (r#"{"1":"5"}"#, false),
            (r#"{"one":5}"#, false),
            ("[]", false),
        ] {
            assert_eq!(serde_json::from_str::<Change>(text).is_ok(), is_change, "{text}");
        }
    }
}
