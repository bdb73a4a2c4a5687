//! The list of rigs.

use ghostlight_rig::{Position, RigName};
use serde::Serialize;

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

#[derive(Serialize)]
struct ListText {
    rigs: Vec<SummaryText>,
}

#[derive(Serialize)]
struct SummaryText {
    name: String,
    position: String,
    dimmers: usize,
}
