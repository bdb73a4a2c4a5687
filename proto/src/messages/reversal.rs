//! `"undo"` and `"redo"`: the revision of the earlier change of the same client that a change takes back or makes again.

use ghostlight_rig::{Reversal, Reverse, Revision};
use serde::Serialize;

use crate::fault::BadInput;

/// The members of a change, and of an origin, that say what it reverses. At most one is there.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct ReversalText {
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redo: Option<u64>,
}

impl ReversalText {
    pub(super) fn of(reversal: Option<Reversal>) -> Self {
        match reversal.map(|Reversal { reverse, of }| (reverse, of.0)) {
            Some((Reverse::Undo, of)) => Self { undo: Some(of), redo: None },
            Some((Reverse::Redo, of)) => Self { undo: None, redo: Some(of) },
            None => Self::default(),
        }
    }
}

/// Reads what a change reverses.
pub(super) fn reversal(undo: Option<u64>, redo: Option<u64>) -> Result<Option<Reversal>, BadInput> {
    let (reverse, of) = match (undo, redo) {
        (None, None) => return Ok(None),
        (Some(of), None) => (Reverse::Undo, of),
        (None, Some(of)) => (Reverse::Redo, of),
        (Some(_), Some(_)) => return Err(BadInput::Form("a change has undo or redo, not both".to_owned())),
    };
    Ok(Some(Reversal { reverse, of: Revision(of) }))
}
