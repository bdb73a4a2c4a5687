//! How labels of dimmers are compared with names.

use ghostlight_rig::Label;
use ghostlight_rig::word::{fold, is_plain_phrase, phrase};

/// What a label is compared by: its words, apart from punctuation. Empty if it has none.
pub(super) fn phrase_of(label: &Label) -> String {
    phrase(&fold(label.as_str()))
}

/// Whether a label reads as a phrase. Of 65,535 labels, almost all are decided without an allocation.
pub(super) fn reads_as(label: &Label, phrase: &str) -> bool {
    label.as_str().eq_ignore_ascii_case(phrase) || !is_plain_phrase(label.as_str()) && phrase_of(label) == phrase
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_compared_folded_and_apart_from_punctuation() {
        let reads_as = |label, phrase| reads_as(&Label::new(label).unwrap(), phrase);
        for label in ["Front wash", "front-wash!", "  FRONT \u{a0} WASH "] {
            assert!(reads_as(label, "front wash"), "{label}");
        }
        assert!(reads_as("STRASSE", "strasse") && reads_as("Straße", "strasse"));
        assert!(!reads_as("front wash 1", "front wash") && !reads_as("!", "front wash"));
    }
}
