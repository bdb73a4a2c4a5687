//! What whoever wrote a text should know.

use std::fmt;

use ghostlight_rig::{Dimmer, Item, Reverse};

use crate::{Member, Selection, Word};

/// The most parts of a selection that a note lists.
const MAX_LISTED: usize = 8;

/// Something that whoever wrote a text should know, though it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A command without a selection, or with `last`, means these dimmers.
    Last(Selection),
    /// So many levels would have been above 100 %.
    ClampedAtFull(usize),
    /// So many levels would have been below 0 %.
    ClampedAtOut(usize),
    /// The grand master would have been above 100 % or below 0 %.
    MasterClamped,
    /// Dimmers were taken away that were not selected, here this many, the first of which is named.
    NotSelected(Dimmer, usize),
    /// A copy to more dimmers than it has levels begins again with the first.
    CopiedInTurn {
        /// How many levels are copied.
        levels: usize,
        /// To how many dimmers.
        dimmers: usize,
    },
    /// The word had a look before.
    Replaced(Word),
    /// Every level of the recorded word is 0, so that it brings nothing up.
    RecordedOut(Word),
    /// There is no change of the client that could be taken back, or made again.
    Nothing(Reverse),
    /// Others have changed these items since: they stay as they are.
    Left(Vec<Item>),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let were = |count: usize| if count == 1 { "was" } else { "were" };
        match self {
            Self::Last(selection) => write!(f, "the last selection is {}", listed(selection)),
            Self::ClampedAtFull(count) => {
                write!(f, "{count} level{} {} limited to 100 %", plural(*count), were(*count))
            }
            Self::ClampedAtOut(count) => write!(f, "{count} level{} {} limited to 0 %", plural(*count), were(*count)),
            Self::MasterClamped => f.write_str("the grand master was limited to its range"),
            Self::NotSelected(first, 1) => write!(f, "dimmer {first} was not selected before it was taken away"),
            Self::NotSelected(first, count) => {
                write!(f, "dimmer {first} and {} more were not selected before they were taken away", count - 1)
            }
            Self::CopiedInTurn { levels, dimmers } => {
                write!(f, "{levels} level{} {} copied to {dimmers} dimmers in turn", plural(*levels), were(*levels))
            }
            Self::Replaced(word) => write!(f, "the look of {word} was replaced"),
            Self::RecordedOut(word) => write!(f, "every level of {word} is 0"),
            Self::Nothing(reverse) => {
                write!(f, "no change of this client is remembered that could be {}", past(*reverse))
            }
            Self::Left(items) => write!(f, "changed by others since, and left as it is: {}", items_text(items)),
        }
    }
}

fn past(reverse: Reverse) -> &'static str {
    match reverse {
        Reverse::Undo => "undone",
        Reverse::Redo => "redone",
    }
}

/// Items as a person names them: `dimmer 1 thru 3, label of dimmer 7`. Of many, the first ones and how many more there are.
fn items_text(items: &[Item]) -> String {
    let dimmers = items.iter().filter_map(|item| match item {
        Item::Level(dimmer) => Some(Member::full(*dimmer)),
        _ => None,
    });
    let dimmers = Selection::new(dimmers).map(|dimmers| format!("dimmer {}", listed(&dimmers)));
    let others: Vec<_> = items.iter().filter(|item| !matches!(item, Item::Level(_))).collect();
    let named = others.iter().take(MAX_LISTED).map(|item| match item {
        Item::Label(dimmer) => format!("label of dimmer {dimmer}"),
        Item::Word(word) => format!("word {word}"),
        item => item.kind().name().to_owned(),
    });
    let more = others.len().checked_sub(MAX_LISTED).filter(|more| *more > 0).map(|more| format!("{more} more"));
    dimmers.into_iter().chain(named).chain(more).collect::<Vec<_>>().join(", ")
}

/// The parts of a selection, the first eight of them.
fn listed(selection: &Selection) -> String {
    let mut parts = selection.ranges();
    let shown: Vec<_> = parts.by_ref().take(MAX_LISTED).collect();
    match parts.count() {
        0 => shown.join(" + "),
        more => format!("{} and {more} more ranges", shown.join(" + ")),
    }
}
