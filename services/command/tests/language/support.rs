//! The rig that texts are tested against, and what a text means to it, as text.

use std::fmt::Write;

use ghostlight_command::{Context, Dictionary, Selection, Understood, Word, understand};
use ghostlight_rig::{Dimmer, Label, Level, State};

/// A rig, its words, and a client's last selection.
pub(crate) struct Given {
    pub(crate) state: State,
    pub(crate) words: Dictionary,
    pub(crate) last: Option<Selection>,
}

impl Given {
    /// Reads lines: `level DIMMERS LEVEL`, `label DIMMERS TEXT`, `word NAME [DIMMERS=LEVEL...]`, `last SELECTION`.
    pub(crate) fn read(text: &str) -> Self {
        let mut given = Self { state: State::default(), words: Dictionary::default(), last: None };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (what, rest) = line.split_once(' ').unwrap();
            match what {
                "word" => given.word(rest),
                "last" => given.last = Some(rest.parse().unwrap()),
                _ => given.item(what, rest),
            }
        }
        given
    }

    fn item(&mut self, what: &str, rest: &str) {
        let (dimmers, value) = rest.split_once(' ').unwrap();
        let dimmers = dimmers_of(dimmers);
        match what {
            "level" => {
                let level = Level::parse(value).unwrap();
                self.state.levels.extend(dimmers.into_iter().map(|dimmer| (dimmer, level)));
            }
            "label" => {
                let label = Label::new(value).unwrap();
                self.state.labels.extend(dimmers.into_iter().map(|dimmer| (dimmer, label.clone())));
            }
            _ => panic!("{what} is nothing that a rig has"),
        }
    }

    fn word(&mut self, line: &str) {
        let (levels, name): (Vec<_>, Vec<_>) = line.split(' ').partition(|part| part.contains('='));
        let mut look = Vec::new();
        for (dimmers, level) in levels.iter().map(|part| part.split_once('=').unwrap()) {
            look.extend(dimmers_of(dimmers).into_iter().map(|dimmer| (dimmer, Level::parse(level).unwrap())));
        }
        self.words.insert(Word::new(&name.join(" ")).unwrap(), look.into_iter().collect());
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context { view: &self.state, words: &self.words, last: self.last.as_ref() }
    }

    /// What a text means, one line for each part: `=` the sentence, `>` what changes, `&` the selection that is kept, `~`
    /// a note; or `!` the error, and `^` a line that points at it.
    pub(crate) fn told(&self, text: &str) -> String {
        let understood = match understand(text, self.context()) {
            Ok(understood) => understood,
            Err(error) => {
                let underlined = error.underlined(text);
                let underline = underlined.lines().nth(1).unwrap();
                return format!("^ {underline}\n! {}: {error}\n", error.kind.name());
            }
        };
        let again = understand(&understood.sentence, self.context());
        assert_eq!(again.as_ref(), Ok(&understood), "the sentence of {text:?} means the same");
        told(&understood)
    }
}

fn dimmers_of(run: &str) -> Vec<Dimmer> {
    run.parse::<Selection>().unwrap().members().iter().map(|member| member.dimmer).collect()
}

fn told(understood: &Understood) -> String {
    let mut told = format!("= {}\n", understood.sentence);
    let update = &understood.update;
    if !update.levels.is_empty() {
        writeln!(told, "> levels{}", levels_of(understood)).unwrap();
    }
    let quoted = |label: &Label| format!("{:?}", label.as_str());
    for (dimmer, label) in &update.labels {
        writeln!(told, "> label {dimmer} {}", label.as_ref().map_or("none".to_owned(), quoted)).unwrap();
    }
    if let Some(master) = update.master {
        writeln!(told, "> master {master}").unwrap();
    }
    if let Some(blackout) = update.blackout {
        writeln!(told, "> blackout {blackout}").unwrap();
    }
    if let Some(reverse) = understood.reverse {
        writeln!(told, "< {}", reverse.name()).unwrap();
    }
    for (word, look) in &understood.update.words {
        let look = look.as_ref().map(|look| runs(look.iter().map(|(dimmer, level)| (dimmer, level.to_string()))));
        writeln!(told, "> word {word:?}{}", look.unwrap_or_else(|| " deleted".to_owned())).unwrap();
    }
    if let Some(selection) = &understood.selection {
        writeln!(told, "& {selection}").unwrap();
    }
    for note in &understood.notes {
        writeln!(told, "~ {note}").unwrap();
    }
    told
}

/// The levels that change: ` 1-3=50 5=none`.
pub(crate) fn levels_of(understood: &Understood) -> String {
    runs(understood.update.levels.iter().map(|(dimmer, level)| (*dimmer, value(*level))))
}

fn value(level: Option<Level>) -> String {
    level.map_or("none".to_owned(), |level| level.to_string())
}

fn runs(values: impl Iterator<Item = (Dimmer, String)>) -> String {
    let mut runs: Vec<(u16, u16, String)> = Vec::new();
    for (dimmer, value) in values {
        match runs.last_mut() {
            Some((_, last, of_run)) if *last + 1 == dimmer.get() && *of_run == value => *last += 1,
            _ => runs.push((dimmer.get(), dimmer.get(), value)),
        }
    }
    let written = runs.iter().map(|(first, last, value)| match first == last {
        true => format!(" {first}={value}"),
        false => format!(" {first}-{last}={value}"),
    });
    written.collect()
}
