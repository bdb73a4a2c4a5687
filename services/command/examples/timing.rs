//! How long texts take: `cargo run --release -p ghostlight-command --example timing`.
//!
//! It prints figures, and decides nothing: they depend on the machine. They are the processor's time of one thread, so that
//! other programs hardly change them.
#![allow(clippy::print_stdout, reason = "it prints figures")]

use std::hint::black_box;
use std::time::Duration;

use ghostlight_command::{Context, Dictionary, Look, Word, lookup, parse, understand};
use ghostlight_rig::{Dimmer, Label, Level, State};
use rustix::time::{ClockId, clock_gettime};

/// What people type, and what is refused.
const TEXTS: &[&str] = &[
    "1 at 50",
    "dimmer 3-10 @ 0, wash at 50, 9 + 11 full",
    "1 thru 20 by 2 - 5 + 31 thru 40 odd at 0 thru 100 thru 0",
    "the front wash dimmers at 33.3 please; scene 77 full; blackout off",
    "1 thru 3 copy 11 thru 13, 7 label \"Front wash\"; master at 80",
    "1 thru 20 att 50",
    "frnt wash full",
    "bühne links + 前灯 at 5",
];

/// How often each text is timed.
const RUNS: usize = 20_000;

fn main() {
    let longest = "1 thru 9 odd + ".repeat(270) + "1 full";
    for text in TEXTS.iter().copied().chain([longest.as_str()]) {
        report(&format!("parse {}", shown(text)), RUNS, || drop(black_box(parse(black_box(text)))));
    }
    let small = Rig::new(512, 100);
    for text in TEXTS {
        report(&format!("understand {}", shown(text)), RUNS / 20, || small.understand(text));
    }
    let whole = Rig::new(65_535, 100_000);
    for text in [
        "1 thru 65535 at 50",
        "1 thru 65535 at 0 thru 100",
        "on +10",
        "all forget",
        "\"label 77\" full",
        "scenne 77 full",
    ] {
        report(&format!("whole rig: {text}"), 30, || whole.understand(text));
    }
    for (name, text) in worst() {
        report(&format!("whole rig: {name}"), 3, || whole.understand(&text));
    }
    let story =
        "Scene 7 went on until scene 99999, and then the front wash of scene 500 was all that we saw. ".repeat(40);
    report("lookup of 3,720 bytes among 100,000 words", 300, || drop(black_box(lookup(&story, &whole.words))));
}

/// Texts that take as long as the limits allow.
fn worst() -> Vec<(&'static str, String)> {
    let fill = |part: &str, last: &str| part.repeat((4_000 - last.len()) / part.len()) + last;
    vec![
        ("8 times on +1", ["on +1"; 8].join("; ")),
        ("5 times 1 thru 65535 label", "1 thru 65535 label \"x\"; ".repeat(5) + "x full"),
        ("names without end", fill("scene 1 + ", "scene 1 full")),
        ("words recorded, then named", "record a-b; ".repeat(60) + &"a b + ".repeat(500) + "a b full"),
        ("a name of one letter each", fill("x ", "full")),
        ("1 thru 65535 less one, 7 times", "1 thru 65535".to_owned() + &" - 9".repeat(7) + " full"),
    ]
}

struct Rig {
    state: State,
    words: Dictionary,
}

impl Rig {
    /// A rig whose dimmers all have a level and a label, and its words.
    fn new(dimmers: u16, words: u32) -> Self {
        let dimmer = |number| Dimmer::new(number).expect("it is not 0");
        let mut state = State::default();
        let half = Level::from_hundredths(5_000).expect("it is at most 100 %");
        let label = |number: u16| Label::new(&format!("Label {number}")).expect("it is short");
        state.levels.extend((1..=dimmers).map(|number| (dimmer(number), half)));
        state.labels.extend((1..=dimmers).map(|number| (dimmer(number), label(number))));
        let word = |name: &str| Word::new(name).expect("it is a word");
        let look: Look = (1..=20).map(|number| (dimmer(number), half)).collect();
        let named = ["wash", "front wash", "bühne links", "前灯"].map(word);
        let scenes = (0..words).map(|number| word(&format!("scene {number}")));
        Self { state, words: named.into_iter().chain(scenes).map(|word| (word, look.clone())).collect() }
    }

    fn understand(&self, text: &str) {
        let context = Context { view: &self.state, words: &self.words, last: None };
        drop(black_box(understand(black_box(text), context)));
    }
}

fn shown(text: &str) -> String {
    if text.len() <= 60 { text.to_owned() } else { format!("{} bytes: {}…", text.len(), &text[..40]) }
}

/// The time for which this thread has run.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a thread has not run for less than no time")
}

fn report(name: &str, runs: usize, run: impl Fn()) {
    let timed = |_| {
        let start = processor_time();
        run();
        processor_time() - start
    };
    let mut times: Vec<Duration> = (0..runs).map(timed).collect();
    times.sort_unstable();
    let at = |share: usize| times[(runs - 1) * share / 100];
    println!("{name:75} least {:>9.1?}  p50 {:>9.1?}  p99 {:>9.1?}", at(0), at(50), at(99));
}
