//! The list of rigs.

use ghostlight_rig::{Position, RigName};
use serde::{Deserialize, Serialize};

/// What a list tells of one rig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RigSummary {
    /// Its name.
    pub name: RigName,
    /// Where it stands.
    pub position: Position,
    /// How many of its dimmers have a level.
    pub dimmers: usize,
}

/// The text of a list of rigs: `{"rigs": [{"name": "main", "position": "1790000000-42", "dimmers": 12}]}`.
pub fn encode_rigs(rigs: impl IntoIterator<Item = RigSummary>) -> bytes::Bytes {
    let rigs = rigs.into_iter().map(|RigSummary { name, position, dimmers }| SummaryText {
        name: name.to_string(),
        position: position.to_string(),
        dimmers,
    });
    serde_json::to_vec(&ListText { rigs: rigs.collect() }).unwrap_or_default().into()
}

/// Whether a list, as [`encode_rigs`] writes it, has this rig.
pub fn lists_rig(list: &[u8], rig: &RigName) -> bool {
    let list: ListText = serde_json::from_slice(list).unwrap_or_default();
    list.rigs.iter().any(|summary| summary.name == rig.as_str())
}

#[derive(Default, Serialize, Deserialize)]
struct ListText {
    rigs: Vec<SummaryText>,
}

#[derive(Serialize, Deserialize)]
struct SummaryText {
    name: String,
    position: String,
    dimmers: usize,
}
