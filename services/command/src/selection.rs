//! Selected dimmers, in the order in which they were selected.

use std::fmt;
use std::str::FromStr;

use ghostlight_rig::{Dimmer, Level};

/// One dimmer of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The dimmer.
    pub dimmer: Dimmer,
    /// Its share of a level that the selection is set to: 100 %, or its level in the word that selected it. The larger
    /// one, if it was selected twice.
    pub share: Level,
}

impl Member {
    /// A dimmer with a share of 100 %.
    pub const fn full(dimmer: Dimmer) -> Self {
        Self { dimmer, share: Level::FULL }
    }
}

/// Selected dimmers, in order: 1 to 65,535, each once.
///
/// A client keeps its last selection, and sends it with its next text. The text form (`Display`, `FromStr`) is for that:
/// `1-10,20-12/2,5*50` is 1 thru 10, then 20, 18, 16, 14, 12, then 5 with a share of 50 %. Each part is a dimmer or a
/// run with its step, and has the share of its dimmers if that is not 100 %.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(Vec<Member>);

impl Selection {
    /// The selection of these members, in this order; `None` if there are none. A dimmer that comes twice stays at its
    /// first place.
    pub fn new(members: impl IntoIterator<Item = Member>) -> Option<Self> {
        let mut builder = SelectionBuilder::default();
        members.into_iter().for_each(|member| builder.add(member));
        builder.finish()
    }

    /// The members, in order.
    pub fn members(&self) -> &[Member] {
        &self.0
    }

    /// The parts of the selection as a text names them, without shares: `1 thru 10`, `20 thru 12 by 2`, `5`.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = String> {
        runs(&self.0).map(|run| match run.step {
            _ if run.first == run.last => run.first.to_string(),
            1 => format!("{} thru {}", run.first, run.last),
            step => format!("{} thru {} by {step}", run.first, run.last),
        })
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, run) in runs(&self.0).enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            run.fmt(f)?;
        }
        Ok(())
    }
}

/// Why a text is not a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a selection is a list such as 1-10,20-12/2,5*50, with each dimmer once")]
pub struct SelectionError;

impl FromStr for Selection {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        let mut builder = SelectionBuilder::default();
        for part in text.split(',') {
            let run = Run::parse(part).ok_or(SelectionError)?;
            for member in run.members() {
                if builder.has(member.dimmer) {
                    return Err(SelectionError);
                }
                builder.add(member);
            }
        }
        builder.finish().ok_or(SelectionError)
    }
}

/// Dimmers with one distance between neighbours, and one share.
#[derive(Clone, Copy)]
struct Run {
    first: Dimmer,
    last: Dimmer,
    /// The distance, at least 1, whichever the direction.
    step: u16,
    share: Level,
}

impl Run {
    fn parse(text: &str) -> Option<Self> {
        let (dimmers, share) = text.split_once('*').unwrap_or((text, "100"));
        let (range, step) = dimmers.split_once('/').unwrap_or((dimmers, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last, step) = (Dimmer::parse(first)?, Dimmer::parse(last)?, Dimmer::parse(step)?.get());
        let is_hit = first.get().abs_diff(last.get()).is_multiple_of(step);
        let share = Level::parse(share).ok()?;
        if is_hit { Some(Self { first, last, step, share }) } else { None }
    }

    fn members(self) -> impl Iterator<Item = Member> {
        let share = self.share;
        range(self.first, self.last).step_by(usize::from(self.step)).map(move |dimmer| Member { dimmer, share })
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        if self.first != self.last {
            write!(f, "-{}", self.last)?;
        }
        if self.step != 1 {
            write!(f, "/{}", self.step)?;
        }
        if self.share == Level::FULL { Ok(()) } else { write!(f, "*{}", self.share) }
    }
}

/// The runs of members, each as long as it can be. Two dimmers are a run only if they are neighbours.
fn runs(members: &[Member]) -> impl Iterator<Item = Run> {
    let mut rest = members;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let len = run_len(rest);
        let last = rest[len - 1];
        let step = if len > 1 { first.dimmer.get().abs_diff(rest[1].dimmer.get()) } else { 1 };
        rest = &rest[len..];
        Some(Run { first: first.dimmer, last: last.dimmer, step, share: first.share })
    })
}

fn run_len(members: &[Member]) -> usize {
    let distance = |pair: &[Member]| i32::from(pair[1].dimmer.get()) - i32::from(pair[0].dimmer.get());
    let Some(step) = members.get(..2).map(distance) else {
        return members.len();
    };
    let goes_on = |pair: &&[Member]| distance(pair) == step && pair[0].share == pair[1].share;
    let len = members.windows(2).take_while(goes_on).count() + 1;
    if len == 2 && step.abs() != 1 { 1 } else { len }
}

/// The dimmers from `first` to `last`, both included, in this direction.
pub(crate) fn range(first: Dimmer, last: Dimmer) -> impl Iterator<Item = Dimmer> {
    let len = first.get().abs_diff(last.get());
    let number = move |at| if first <= last { first.get() + at } else { first.get() - at };
    (0..=len).map(move |at| Dimmer::new(number(at)).expect("no number between two dimmers is 0"))
}

/// A selection under construction.
#[derive(Clone, Debug, Default)]
pub(crate) struct SelectionBuilder {
    members: Vec<Member>,
    /// The place of each dimmer by its number, from 1; 0 if it is not selected.
    places: Vec<u16>,
}

impl SelectionBuilder {
    /// Whether the dimmer is selected.
    pub(crate) fn has(&self, dimmer: Dimmer) -> bool {
        self.places.get(usize::from(dimmer.get())).is_some_and(|&place| place > 0)
    }

    /// Adds a dimmer at the end. One that is there stays at its place, with the larger of its shares.
    pub(crate) fn add(&mut self, member: Member) {
        let number = usize::from(member.dimmer.get());
        if number >= self.places.len() {
            self.places.resize(number + 1, 0);
        }
        if let Some(before) = usize::from(self.places[number]).checked_sub(1) {
            let share = &mut self.members[before].share;
            *share = member.share.max(*share);
            return;
        }
        self.members.push(member);
        self.places[number] = u16::try_from(self.members.len()).expect("there are 65,535 dimmers, each here once");
    }

    /// How many dimmers are selected.
    pub(crate) const fn len(&self) -> usize {
        self.members.len()
    }

    /// Takes dimmers away.
    pub(crate) fn remove(&mut self, removed: &[Member]) {
        let places = &mut self.places;
        for member in removed {
            if let Some(place) = places.get_mut(usize::from(member.dimmer.get())) {
                *place = 0;
            }
        }
        self.members.retain(|member| places[usize::from(member.dimmer.get())] > 0);
        for (place, member) in (1..=u16::MAX).zip(&self.members) {
            places[usize::from(member.dimmer.get())] = place;
        }
    }

    /// The selection; `None` if it is empty.
    pub(crate) fn finish(self) -> Option<Selection> {
        if self.members.is_empty() { None } else { Some(Selection(self.members)) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn member(number: u16, hundredths: u16) -> Member {
        Member { dimmer: Dimmer::new(number).unwrap(), share: Level::from_hundredths(hundredths).unwrap() }
    }

    #[test]
    fn the_text_of_a_selection_keeps_its_order_and_shares() {
        for text in ["1", "1-10", "10-1", "1-9/2", "9-1/4", "1,3", "1-2,4,6*50", "5*12.5,1-3*0", "1-65535", "65535,1"] {
            assert_eq!(text.parse::<Selection>().unwrap().to_string(), text);
        }
        let whole: Selection = "1-65535".parse().unwrap();
        assert_eq!(whole.members().len(), 65_535);
    }

    #[test]
    fn what_is_not_a_selection_is_refused() {
        for bad in ["", "0", "1,", "1,1", "1-5,3", "1-4/2", "1-5/0", "1*101", "1 - 5", "65536", "01", "a"] {
            assert_eq!(bad.parse::<Selection>(), Err(SelectionError), "{bad:?}");
        }
    }

    #[test]
    fn a_dimmer_selected_twice_keeps_its_place_and_its_larger_share() {
        let selection = Selection::new([member(2, 50), member(1, 10_000), member(2, 70), member(1, 1)]).unwrap();
        assert_eq!(selection.members(), [member(2, 70), member(1, 10_000)]);
        assert_eq!(Selection::new([]), None);
    }

    #[test]
    fn what_is_taken_away_leaves_the_others_in_order() {
        let mut builder = SelectionBuilder::default();
        [3, 1, 2].into_iter().for_each(|number| builder.add(member(number, 10_000)));
        builder.remove(&[member(1, 10_000), member(9, 10_000)]);
        assert!(!builder.has(Dimmer::MIN));
        builder.add(member(1, 50));
        builder.add(member(2, 50));
        assert_eq!(builder.finish().unwrap().to_string(), "3-2,1*0.5");
    }

    proptest! {
        #[test]
        fn the_text_of_a_selection_is_read_as_the_selection(
            members in prop::collection::vec((1u16..40, prop::sample::select(&[0u16, 5_000, 10_000][..])), 1..60),
        ) {
            let selection = Selection::new(members.into_iter().map(|(number, share)| member(number, share))).unwrap();
            prop_assert_eq!(selection.to_string().parse::<Selection>(), Ok(selection));
        }
    }
}
