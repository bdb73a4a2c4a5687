//! The dimmers of a rig by their labels.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use ghostlight_rig::{Dimmer, Label};

use crate::{View, Word};

/// The dimmers of a rig by the phrases of their labels. Made when it is first used, because few texts name a label.
#[derive(Default)]
pub(super) struct LabelIndex(OnceCell<BTreeMap<String, Vec<Dimmer>>>);

impl LabelIndex {
    /// The dimmers with a label of this phrase.
    pub(super) fn labelled(&self, view: &dyn View, phrase: &str) -> &[Dimmer] {
        self.index(view).get(phrase).map_or(&[], Vec::as_slice)
    }

    /// The phrases of all labels, in order.
    pub(super) fn phrases(&self, view: &dyn View) -> impl Iterator<Item = &str> {
        self.index(view).keys().map(String::as_str)
    }

    fn index(&self, view: &dyn View) -> &BTreeMap<String, Vec<Dimmer>> {
        self.0.get_or_init(|| {
            let mut index: BTreeMap<String, Vec<Dimmer>> = BTreeMap::new();
            for (dimmer, label) in view.labels() {
                index.entry(phrase_of(label)).or_default().push(dimmer);
            }
            index
        })
    }
}

/// What a label is compared by: its words, apart from punctuation. Empty if it has none.
pub(super) fn phrase_of(label: &Label) -> String {
    Word::new(label.as_str()).map(|word| word.phrase()).unwrap_or_default()
}
