//! What of a rig can be set, as members of a message: `levels`, `labels`, `master` and `blackout`.

use std::collections::BTreeMap;

use ghostlight_rig::{Dimmer, Label, Level, State, Update};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::fault::{BadInput, Faults};
use crate::levels::{LabelsText, LevelText, LevelsText, read_labels, read_levels};
use crate::number::level_of_json;

/// Reads an update: any of `levels`, `labels`, `master` and `blackout`, and nothing else. It is a merge patch (RFC 7396)
/// to a rig's [`StateText`], in which `null` takes the level or the label of a dimmer away, and nothing else.
///
/// # Errors
/// [`BadInput`], naming every bad key.
pub fn parse_update(json: &[u8]) -> Result<Update, BadInput> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body<'a> {
        #[serde(borrow, default, deserialize_with = "given")]
        levels: Option<&'a RawValue>,
        #[serde(borrow, default, deserialize_with = "given")]
        labels: Option<&'a RawValue>,
        #[serde(borrow, default, deserialize_with = "given")]
        master: Option<&'a RawValue>,
        #[serde(borrow, default, deserialize_with = "given")]
        blackout: Option<&'a RawValue>,
    }
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(BadInput::form("a change is an object of levels, labels, master and blackout"));
    }
    let Body { levels, labels, master, blackout } = serde_json::from_slice(json)?;
    Members { levels, labels, master, blackout }.read()
}

/// A member as it was written. `null` is a value too: whoever reads it must say what is wrong with it.
pub(crate) fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(value).map(Some)
}

/// The members of a message that set something, as far as they were given.
pub(crate) struct Members<'a> {
    pub(crate) levels: Option<&'a RawValue>,
    pub(crate) labels: Option<&'a RawValue>,
    pub(crate) master: Option<&'a RawValue>,
    pub(crate) blackout: Option<&'a RawValue>,
}

impl Members<'_> {
    pub(crate) fn are_missing(&self) -> bool {
        self.levels.is_none() && self.labels.is_none() && self.master.is_none() && self.blackout.is_none()
    }

    /// Reads them. All that is wrong is named together.
    pub(crate) fn read(self) -> Result<Update, BadInput> {
        let mut faults = Faults::default();
        let mut update = Update::default();
        match self.levels {
            Some(levels) if is_object(levels) => update.levels = read_levels(levels.get().as_bytes(), &mut faults)?,
            Some(_) => faults.add("levels", "levels are an object of dimmers and levels"),
            None => {}
        }
        match self.labels {
            Some(labels) if is_object(labels) => update.labels = read_labels(labels.get().as_bytes(), &mut faults)?,
            Some(_) => faults.add("labels", "labels are an object of dimmers and labels"),
            None => {}
        }
        if let Some(master) = self.master {
            match level_of_json(master.get()) {
                Ok(level) => update.master = Some(level),
                Err(error) => faults.add("master", error),
            }
        }
        if let Some(blackout) = self.blackout {
            match blackout.get() {
                "true" => update.blackout = Some(true),
                "false" => update.blackout = Some(false),
                _ => faults.add("blackout", "blackout is true or false"),
            }
        }
        faults.none_or(update)
    }
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

/// An update as text: the members that it sets; one that sets nothing has no levels to set.
#[derive(Serialize)]
pub struct UpdateText<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    levels: Option<LevelsText<'a, ghostlight_rig::Levels>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<LabelsText<'a, ghostlight_rig::Labels>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    master: Option<LevelText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blackout: Option<bool>,
}

impl<'a> From<&'a Update> for UpdateText<'a> {
    fn from(update: &'a Update) -> Self {
        let has_levels = !update.levels.is_empty() || update.is_empty();
        Self {
            levels: has_levels.then_some(LevelsText(&update.levels)),
            labels: (!update.labels.is_empty()).then_some(LabelsText(&update.labels)),
            master: update.master.map(LevelText),
            blackout: update.blackout,
        }
    }
}

/// All that a rig holds as text: `{"levels": {...}, "labels": {...}, "master": 100, "blackout": false}`, and what leaves
/// it, if that is wanted.
#[derive(Serialize)]
pub struct StateText<'a> {
    levels: LevelsText<'a, BTreeMap<Dimmer, Level>>,
    labels: LabelsText<'a, BTreeMap<Dimmer, Label>>,
    master: LevelText,
    blackout: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<LevelsText<'a, BTreeMap<Dimmer, Level>>>,
}

impl<'a> StateText<'a> {
    /// The text of a state, with the outputs of its dimmers if they are given.
    pub fn new(state: &'a State, output: Option<&'a BTreeMap<Dimmer, Level>>) -> Self {
        Self {
            levels: LevelsText(&state.levels),
            labels: LabelsText(&state.labels),
            master: LevelText(state.master),
            blackout: state.blackout,
            output: output.map(LevelsText),
        }
    }
}
