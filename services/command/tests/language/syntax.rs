//! Commands of every form, at random.

use std::num::NonZeroU16;

use ghostlight_command::syntax::{
    Action, Base, Command, Fan, Filter, LevelChange, Operator, Recording, Selector, Term,
};
use ghostlight_command::{Factor, Span, Spanned, Word};
use ghostlight_rig::{Dimmer, Label, Level};
use proptest::prelude::*;

fn placed<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::default())
}

fn some_word() -> impl Strategy<Value = Spanned<Word>> {
    let name = prop_oneof![
        3 => "[a-z]{1,6}( [a-z0-9]{1,4}){0,2}",
        1 => "\\PC{1,12}",
        1 => prop::sample::select(&["full", "stage on", "1", "front-wash", "bühne", "前灯", "a\"b\\", "2nd", "wash 01"][..])
            .prop_map(str::to_owned),
    ];
    name.prop_filter_map("not a word", |name| Word::new(&name).ok()).prop_map(placed)
}

fn some_dimmer() -> impl Strategy<Value = Dimmer> {
    (1u16..).prop_filter_map("0 is no dimmer", Dimmer::new)
}

fn some_level() -> impl Strategy<Value = Level> {
    let hundredths = prop_oneof![prop::sample::select(&[0u16, 1, 500, 5_000, 10_000][..]), 0u16..=10_000];
    hundredths.prop_map(|hundredths| Level::from_hundredths(hundredths).unwrap())
}

fn some_filter() -> impl Strategy<Value = Filter> {
    prop_oneof![Just(Filter::Odd), Just(Filter::Even), any::<NonZeroU16>().prop_map(Filter::By)]
}

fn some_selector() -> impl Strategy<Value = Selector> {
    let base = prop_oneof![
        3 => some_dimmer().prop_map(Base::Dimmer),
        3 => (some_dimmer(), some_dimmer()).prop_map(|(first, last)| Base::Range(first, last)),
        3 => some_word().prop_map(Base::Name),
        1 => Just(Base::All),
        1 => Just(Base::On),
        1 => Just(Base::Last),
    ];
    let simple = selector_of(base.boxed());
    simple.prop_recursive(4, 16, 4, |inner| {
        let group = inner.clone().prop_map(|selector| Base::Group(Box::new(selector)));
        let dimmer = some_dimmer().prop_map(Base::Dimmer);
        selector_of(prop_oneof![group, dimmer].boxed())
    })
}

fn selector_of(base: BoxedStrategy<Base>) -> BoxedStrategy<Selector> {
    let term = (base, prop::collection::vec(some_filter(), 0..3));
    let term = term.prop_map(|(base, filters)| placed(Term { base, filters })).boxed();
    let operator = prop_oneof![Just(Operator::Add), Just(Operator::Remove)];
    let rest = prop::collection::vec((operator, term.clone()), 0..4);
    (term, rest).prop_map(|(first, rest)| Selector { first, rest }).boxed()
}

fn some_change() -> impl Strategy<Value = LevelChange> {
    prop_oneof![
        some_level().prop_map(LevelChange::To),
        some_level().prop_map(LevelChange::Raise),
        some_level().prop_map(LevelChange::Lower),
        (0u32..=1_000_000).prop_map(|factor| LevelChange::Scale(Factor::from_hundredths(factor).unwrap())),
    ]
}

fn some_recording() -> impl Strategy<Value = Recording> {
    (some_word(), prop::option::of(some_level())).prop_map(|(word, level)| Recording { word, level })
}

/// An action that needs no selection before it to be told from a command.
fn some_action() -> impl Strategy<Value = Action> {
    let label = prop::option::of("\\PC{1,40}").prop_map(|text| text.map(|text| Label::new(&text).unwrap()));
    prop_oneof![
        3 => some_change().prop_map(Action::Change),
        1 => (some_level(), some_level(), prop::collection::vec(some_level(), 0..3))
            .prop_map(|(from, to, then)| Action::Fan(Fan { from, to, then })),
        1 => some_selector().prop_map(Action::Copy),
        1 => Just(Action::Forget),
        1 => label.prop_map(Action::Label),
    ]
}

fn some_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => some_selector().prop_map(Command::Select),
        4 => (prop::option::of(some_selector()), some_action())
            .prop_map(|(selector, action)| Command::Act { selector, action: placed(action) }),
        1 => (some_selector(), some_recording()).prop_map(|(selector, recording)| Command::Act {
            selector: Some(selector),
            action: placed(Action::Record(recording)),
        }),
        1 => some_recording().prop_map(Command::Record),
        1 => some_word().prop_map(Command::Delete),
        1 => some_change().prop_map(Command::Master),
        1 => any::<bool>().prop_map(Command::Blackout),
    ]
}

/// One to five commands of every form.
pub(crate) fn some_commands() -> impl Strategy<Value = Vec<Spanned<Command>>> {
    prop::collection::vec(some_command().prop_map(placed), 1..6)
}
