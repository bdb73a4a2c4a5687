//! Dimmers and levels as words of a command line: `1=50`, `3-10=0`, `7=none`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use ghostlight_proto::{parse_dimmer, parse_level};
use ghostlight_rig::{Dimmer, Level, Levels};

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

impl FromStr for Assignment {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let (dimmers, level) = word.split_once('=').ok_or("it has no =, as in 1=50 or 3-10=0")?;
        let dimmers = dimmers.parse()?;
        if level == "none" {
            return Ok(Self { dimmers, level: None });
        }
        let number = level.strip_suffix('%').unwrap_or(level);
        let level = parse_level(number).map_err(|_| format!("{level:?} is no level: 0 to 100, or none"))?;
        Ok(Self { dimmers, level: Some(level) })
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

/// The levels that these ask for together. Where two name one dimmer, the later one counts.
pub fn to_levels(assignments: &[Assignment]) -> Levels {
    assignments.iter().flat_map(|one| one.dimmers.iter().map(|dimmer| (dimmer, one.level))).collect()
}

/// The shortest assignments that ask for these levels: neighbours at one level become a range.
pub fn to_assignments(levels: impl IntoIterator<Item = (Dimmer, Option<Level>)>) -> Vec<Assignment> {
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

    fn words(levels: &Levels) -> String {
        let words = to_assignments(levels.iter().map(|(&dimmer, &level)| (dimmer, level)));
        words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn read(text: &str) -> Result<Levels, String> {
        let assignments: Result<Vec<_>, _> = text.split_whitespace().map(str::parse).collect();
        assignments.map(|assignments| to_levels(&assignments))
    }

    #[test]
    fn a_word_names_dimmers_and_their_level() {
        let levels = read("1=50 3-5=12.5% 7=none 65535=100").unwrap();
        let expected = [(1, Some(5_000)), (3, Some(1_250)), (4, Some(1_250)), (5, Some(1_250)), (7, None)];
        let expected = expected.into_iter().chain([(65_535, Some(10_000))]);
        let expected: Levels =
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
    fn the_whole_range_is_one_word() {
        let all = read("1-65535=42").unwrap();
        assert_eq!(all.len(), 65_535);
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
        ] {
            let error = read(word).unwrap_err();
            assert!(error.contains(problem), "{word}: {error}");
        }
    }
}
