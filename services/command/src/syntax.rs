//! What a text says, before names and the levels of the rig are looked up.

use std::num::NonZeroU16;

use ghostlight_rig::{Dimmer, Label, Level, Reverse};

use crate::{Factor, Spanned, Word};

/// One command of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `1 thru 5`: selects dimmers for the commands after it, and does nothing to them.
    Select(Selector),
    /// `1 thru 5 at 50`: does something to a selection.
    Act {
        /// The dimmers; `None` means the last selection.
        selector: Option<Selector>,
        /// What is done to them.
        action: Spanned<Action>,
    },
    /// `record wash`: records every dimmer above 0 % as a word.
    Record(Recording),
    /// `delete word wash`: deletes a word.
    Delete(Spanned<Word>),
    /// `master at 80`: sets the grand master.
    Master(LevelChange),
    /// `blackout on`: sets blackout.
    Blackout(bool),
    /// `undo` or `redo`. It is the only command of its text.
    Reverse(Reverse),
}

/// What is done to selected dimmers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `at 50`, `full`, `+10`: one change of each level.
    Change(LevelChange),
    /// `at 0 thru 100`: levels that go evenly over the selection in its order.
    Fan(Fan),
    /// `copy 11 thru 13`: copies the levels to these dimmers, one by one.
    Copy(Selector),
    /// `forget`: removes the levels.
    Forget,
    /// `label "Front wash"`: labels the dimmers; `None`, which is `label ""`, removes their labels.
    Label(Option<Label>),
    /// `record wash`: records the selected dimmers as a word.
    Record(Recording),
}

/// A change of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelChange {
    /// `at 50`, `full`, `out`: to this level. The dimmers of a word get this share of their levels in it.
    To(Level),
    /// `+10`: up by points of percent, at most to 100 %.
    Raise(Level),
    /// `-10`: down by points of percent, at most to 0 %.
    Lower(Level),
    /// `*50%`: multiplied, at most to 100 %.
    Scale(Factor),
}

/// Levels that go evenly from each to the next, at least two: `0 thru 100 thru 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fan {
    /// The level of the first dimmer.
    pub from: Level,
    /// The level after it; that of the last dimmer, if no more follow.
    pub to: Level,
    /// The levels that follow.
    pub then: Vec<Level>,
}

impl Fan {
    /// All levels, in order.
    pub fn levels(&self) -> impl Iterator<Item = Level> {
        [self.from, self.to].into_iter().chain(self.then.iter().copied())
    }
}

/// What a word is to stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The word.
    pub word: Spanned<Word>,
    /// The level of every dimmer in it, as in `record wash at full`; `None` for the level that each has.
    pub level: Option<Level>,
}

/// Which dimmers, in an order: a term, and further terms that are added or taken away one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The first term.
    pub first: Spanned<Term>,
    /// The other terms.
    pub rest: Vec<(Operator, Spanned<Term>)>,
}

/// What is done with a further term of a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`, `,` or `and`: its dimmers come after those before.
    Add,
    /// `-` or `except`: its dimmers are taken away.
    Remove,
}

/// A part of a selector: `1 thru 20 by 2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The dimmers.
    pub base: Base,
    /// Which of them, one filter after another.
    pub filters: Vec<Filter>,
}

/// The dimmers that a term begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// `1`
    Dimmer(Dimmer),
    /// `1 thru 10` or `10 thru 1`, both ends included, in the direction as written. `thru 10` begins at 1.
    Range(Dimmer, Dimmer),
    /// The dimmers of a word, or those with a label.
    Name(Spanned<Word>),
    /// `all`: the dimmers that have a level or a label.
    All,
    /// `on`: the dimmers above 0 %.
    On,
    /// `last`: the last selection.
    Last,
    /// `(1 + 3)`
    Group(Box<Selector>),
}

/// Which dimmers of a term stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// `odd`: those with odd numbers.
    Odd,
    /// `even`: those with even numbers.
    Even,
    /// `by 2`: the first, and every so many after it.
    By(NonZeroU16),
}
