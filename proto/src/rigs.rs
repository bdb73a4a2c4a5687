//! The list of rigs.

use ghostlight_rig::{Position, RigName};
use serde::{Deserialize, Serialize};

/// One rig in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RigSummary {
    /// The rig's name.
    pub name: RigName,
    /// The position of the rig's last entry.
    pub position: Position,
    /// How many of the rig's dimmers have a level.
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

/// Whether a list, as [`encode_rigs`] writes it, contains this rig.
pub fn lists_rig(list: &[u8], rig: &RigName) -> bool {
    let list: ListText = serde_json::from_slice(list).unwrap_or_default();
    list.rigs.iter().any(|summary| summary.name == rig.as_str())
}

/// The names of the rigs in a list, as [`encode_rigs`] writes it.
pub fn listed_rigs(list: &[u8]) -> Vec<String> {
    let list: ListText = serde_json::from_slice(list).unwrap_or_default();
    list.rigs.into_iter().map(|summary| summary.name).collect()
}

/// The list of all rigs, joined from the lists of all partitions; `None` if one of these cannot be read.
pub fn join_rigs(lists: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Option<bytes::Bytes> {
    let mut rigs = Vec::new();
    for list in lists {
        rigs.extend(serde_json::from_slice::<ListText>(list.as_ref()).ok()?.rigs);
    }
    rigs.sort_by(|one, other| one.name.cmp(&other.name));
    Some(serde_json::to_vec(&ListText { rigs }).ok()?.into())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> bytes::Bytes {
        let name = |name: &&str| RigName::new(name).ok();
        let summary = |name| RigSummary { name, position: Position::new(7, 42), dimmers: 3 };
        encode_rigs(names.iter().filter_map(name).map(summary))
    }

    #[test]
    fn the_lists_of_the_partitions_are_one_list_by_name() {
        let parts = [list(&["b", "main"]), list(&[]), list(&["a", "c"])];
        assert_eq!(join_rigs(parts), Some(list(&["a", "b", "c", "main"])));
        assert_eq!(join_rigs([list(&["a"])]), Some(list(&["a"])));
        assert_eq!(join_rigs(["{\"rigs\":[]}", "[]"]), None);
    }
}
