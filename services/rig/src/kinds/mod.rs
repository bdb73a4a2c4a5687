//! The kinds of things that a rig has.
//!
//! A new kind is one file beside this one, and one line in the list below.

#[macro_use]
mod registry;

pub mod blackout;
pub mod labels;
pub mod levels;
#[cfg(feature = "made-up-kind")]
pub mod made_up;
pub mod master;
pub mod word_parts;
pub mod words;

mod interest;
mod key;
mod kind;
mod scalar;
mod slot;

use std::collections::BTreeMap;

use crate::Dimmer;
#[cfg(feature = "made-up-kind")]
use crate::ItemName;
use crate::{PartNumber, Word};

pub use interest::Interest;
pub use key::{ItemKey, NoKey};
pub use kind::{Bound, Form, KeyOf, Keyed, Kind, KindVisitor, Listed, Shape, Single, SlotsOf, StateOf, UpdateOf};
pub use scalar::Scalar;
pub use slot::{Changed, Slot};
pub use update::visit_kinds;

// Each line: the name of the member, its description, the item (with its key, if there are many), and the kind's type.
kinds! { ($)
    levels "Levels of dimmers.": Level(dimmer: Dimmer) => levels::Levels,
    labels "Labels of dimmers.": Label(dimmer: Dimmer) => labels::Labels,
    master "The grand master.": Master => master::Master,
    blackout "Whether the rig is blacked out.": Blackout => blackout::Blackout,
    words "Words and their looks.": Word(word: Word) => words::Words,
    word_parts "Parts of a dictionary that is being uploaded.": WordPart(place: PartNumber) => word_parts::WordParts,
    #[cfg(feature = "made-up-kind")]
    made_up "Made-up items.": MadeUp(name: ItemName) => made_up::MadeUp,
}

// After the list, because it uses the macros that the list defines.
mod update;

/// Levels by dimmer; `None` removes the level.
pub type Levels = BTreeMap<Dimmer, Option<crate::Level>>;

/// Labels by dimmer; `None` removes the label.
pub type Labels = BTreeMap<Dimmer, Option<crate::Label>>;

impl From<Levels> for Update {
    fn from(levels: Levels) -> Self {
        Self { levels, ..Self::default() }
    }
}
