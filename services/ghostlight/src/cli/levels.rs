//! What can be set as words of a command line: `1=50`, `3-10=0`, `7=none`, `7:Wash`, `master=80`, `blackout=on`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use ghostlight_proto::{parse_dimmer, parse_level};
use ghostlight_rig::{Dimmer, Label, Level, Update};

/// A dimmer, `7`, or a range of them, `3-10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimmers {
    first: Dimmer,
    last: Dimmer,
}

impl Dimmers {
    /// Just this one.
    pub fn one(dimmer: Dimmer) -> Self {
        Self { first: dimmer, last: dimmer }
    }

    /// Whether this dimmer is among them.
    pub fn contains(self, dimmer: Dimmer) -> bool {
        (self.first..=self.last).contains(&dimmer)
    }

    /// All of them, in order.
    pub fn iter(self) -> impl Iterator<Item = Dimmer> {
        let numbers: RangeInclusive<u16> = self.first.get()..=self.last.get();
        numbers.filter_map(Dimmer::new)
    }

    /// Takes one more in, if it is the next after the last.
    fn extend(&mut self, dimmer: Dimmer) -> bool {
        let next = self.last.get().checked_add(1) == Some(dimmer.get());
        if next {
            self.last = dimmer;
        }
        next
    }
}

impl FromStr for Dimmers {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let dimmer = |text: &str| {
            parse_dimmer(text).ok_or_else(|| format!("{text:?} is no dimmer, a whole number from 1 to 65535"))
        };
        let Some((first, last)) = word.split_once('-') else { return dimmer(word).map(Self::one) };
        let (first, last) = (dimmer(first)?, dimmer(last)?);
        if first > last {
            return Err(format!("a range starts with the lower number: {last}-{first}"));
        }
        Ok(Self { first, last })
    }
}

impl fmt::Display for Dimmers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { self.first.fmt(f) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// Dimmers and the level that they are to take, `3-10=50`; `none` forgets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The dimmers.
    pub dimmers: Dimmers,
    /// Their level.
    pub level: Option<Level>,
}

/// One thing to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// `3-10=50`: levels.
    Levels(Assignment),
    /// `3-10:Front wash`: labels; without one after the colon they are taken off.
    Labels(Dimmers, Option<Label>),
    /// `master=80`: the grand master.
    Master(Level),
    /// `blackout=on`.
    Blackout(bool),
}

impl FromStr for Word {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let separator = word.find(['=', ':']).ok_or("it has no = or :, as in 1=50, 3-10=0 or 7:Wash")?;
        let (name, value) = (&word[..separator], &word[separator + 1..]);
        match (name, &word[separator..=separator]) {
            ("master", "=") => level(value, "0 to 100").map(Self::Master),
            ("blackout", "=") => match value {
                "on" => Ok(Self::Blackout(true)),
                "off" => Ok(Self::Blackout(false)),
                _ => Err(format!("{value:?} is not on or off")),
            },
            (dimmers, "=") if value == "none" => {
                Ok(Self::Levels(Assignment { dimmers: dimmers.parse()?, level: None }))
            }
            (dimmers, "=") => {
                let dimmers = dimmers.parse()?;
                Ok(Self::Levels(Assignment { dimmers, level: Some(level(value, "0 to 100, or none")?) }))
            }
            (dimmers, _) => {
                let label = if value.is_empty() { None } else { Some(Label::new(value).map_err(|e| e.to_string())?) };
                Ok(Self::Labels(dimmers.parse()?, label))
            }
        }
    }
}

fn level(text: &str, range: &str) -> Result<Level, String> {
    let number = text.strip_suffix('%').unwrap_or(text);
    parse_level(number).map_err(|_| format!("{text:?} is no level: {range}"))
}

/// As one would type it; with a label in quotes.
impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Levels(assignment) => assignment.fmt(f),
            Self::Labels(dimmers, Some(label)) => write!(f, "{dimmers}:{:?}", label.as_str()),
            Self::Labels(dimmers, None) => write!(f, "{dimmers}:"),
            Self::Master(level) => write!(f, "master={level}"),
            Self::Blackout(on) => write!(f, "blackout={}", if *on { "on" } else { "off" }),
        }
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => write!(f, "{}={level}", self.dimmers),
            None => write!(f, "{}=none", self.dimmers),
        }
    }
}

/// What these ask for together. Where two set one thing, the later one counts.
pub fn to_update(words: &[Word]) -> Update {
    let mut update = Update::default();
    for word in words {
        match word {
            Word::Levels(Assignment { dimmers, level }) => {
                update.levels.extend(dimmers.iter().map(|dimmer| (dimmer, *level)));
            }
            Word::Labels(dimmers, label) => {
                update.labels.extend(dimmers.iter().map(|dimmer| (dimmer, label.clone())));
            }
            Word::Master(level) => update.master = Some(*level),
            Word::Blackout(on) => update.blackout = Some(*on),
        }
    }
    update
}

/// Words that ask for this.
pub fn to_words(update: &Update) -> Vec<Word> {
    let levels = to_assignments(update.levels.iter().map(|(&dimmer, &level)| (dimmer, level)));
    let labels = update.labels.iter().map(|(&dimmer, label)| Word::Labels(Dimmers::one(dimmer), label.clone()));
    let rest = update.master.map(Word::Master).into_iter().chain(update.blackout.map(Word::Blackout));
    levels.into_iter().map(Word::Levels).chain(labels).chain(rest).collect()
}

/// The shortest assignments that ask for these levels: neighbours at one level become a range.
fn to_assignments(levels: impl IntoIterator<Item = (Dimmer, Option<Level>)>) -> Vec<Assignment> {
    let mut assignments: Vec<Assignment> = Vec::new();
    for (dimmer, level) in levels {
        let joined = assignments.last_mut().is_some_and(|last| last.level == level && last.dimmers.extend(dimmer));
        if !joined {
            assignments.push(Assignment { dimmers: Dimmers::one(dimmer), level });
        }
    }
    assignments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(update: &Update) -> String {
        to_words(update).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn read(text: &str) -> Result<Update, String> {
        let words: Result<Vec<_>, _> = text.split_whitespace().map(str::parse).collect();
        words.map(|words| to_update(&words))
    }

    #[test]
    fn a_word_names_dimmers_and_their_level() {
        let levels = read("1=50 3-5=12.5% 7=none 65535=100").unwrap().levels;
        let expected = [(1, Some(5_000)), (3, Some(1_250)), (4, Some(1_250)), (5, Some(1_250)), (7, None)];
        let expected = expected.into_iter().chain([(65_535, Some(10_000))]);
        let expected: ghostlight_rig::Levels =
            expected.map(|(d, h)| (Dimmer::new(d).unwrap(), h.and_then(Level::from_hundredths))).collect();
        assert_eq!(levels, expected);
    }

    #[test]
    fn a_later_word_counts() {
        assert_eq!(words(&read("1-5=100 3=none 3=0").unwrap()), "1-2=100 3=0 4-5=100");
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["", "1=50", "1-3=0 5=0", "1=0 2=none 3-4=33.33", "65534-65535=100"] {
            assert_eq!(words(&read(text).unwrap()), text);
        }
    }

    #[test]
    fn a_word_may_set_a_label_the_master_or_blackout() {
        let set = read("master=80% blackout=off 3-4:Wash 5: blackout=on").unwrap();
        assert_eq!(words(&set), r#"3:"Wash" 4:"Wash" 5: master=80 blackout=on"#);
        assert_eq!("7:a=b: c".parse(), Ok(Word::Labels("7".parse().unwrap(), Label::new("a=b: c").ok())));
    }

    #[test]
    fn the_whole_range_is_one_word() {
        let all = read("1-65535=42").unwrap();
        assert_eq!(all.levels.len(), 65_535);
        assert_eq!(words(&all), "1-65535=42");
    }

    #[test]
    fn a_bad_word_says_what_is_bad_about_it() {
        for (word, problem) in [
            ("1", "no ="),
            ("=5", "\"\" is no dimmer"),
            ("0=5", "\"0\" is no dimmer"),
            ("01=5", "\"01\" is no dimmer"),
            ("65536=5", "\"65536\" is no dimmer"),
            ("x=5", "\"x\" is no dimmer"),
            ("-5=5", "\"\" is no dimmer"),
            ("1-=5", "\"\" is no dimmer"),
            ("1-2-3=5", "\"2-3\" is no dimmer"),
            ("10-1=5", "starts with the lower number: 1-10"),
            ("1=", "\"\" is no level"),
            ("1=%", "\"%\" is no level"),
            ("1=-1", "\"-1\" is no level"),
            ("1=100.01", "\"100.01\" is no level"),
            ("1=50%%", "\"50%%\" is no level"),
            ("1=null", "\"null\" is no level"),
            ("1=\"5\"", "is no level"),
            ("1=5=6", "\"5=6\" is no level"),
            ("1=5:6", "\"5:6\" is no level"),
            ("x:Wash", "\"x\" is no dimmer"),
            ("1:a\u{7}", "1 to 40 characters"),
            ("master=none", "\"none\" is no level: 0 to 100"),
            ("master:80", "\"master\" is no dimmer"),
            ("blackout=yes", "\"yes\" is not on or off"),
        ] {
            let error = read(word).unwrap_err();
            assert!(error.contains(problem), "{word}: {error}");
        }
    }
}
