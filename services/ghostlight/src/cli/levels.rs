//! Changes as words of a command line: `1=50`, `3-10=0`, `7=none`, `7:Wash`, `master=80`, `blackout=on`, and for any
//! kind with keys, `labels/7=Wash`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use ghostlight_rig::kinds::Keyed;
use ghostlight_rig::kinds::labels::Labels;
use ghostlight_rig::kinds::levels::Levels;
use ghostlight_rig::kinds::words::Words;
use ghostlight_rig::{
    Dimmer, Form, ItemKey, KeyOf, Kind, KindId, KindVisitor, Level, Listed, Look, Scalar, Shape, Update, visit_kinds,
};

/// A dimmer, `7`, or a range of them, `3-10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimmers {
    first: Dimmer,
    last: Dimmer,
}

impl Dimmers {
    /// A single dimmer.
    pub fn one(dimmer: Dimmer) -> Self {
        Self { first: dimmer, last: dimmer }
    }

    /// Whether the range has this dimmer.
    pub fn contains(self, dimmer: Dimmer) -> bool {
        (self.first..=self.last).contains(&dimmer)
    }

    /// All dimmers of the range, in order.
    pub fn iter(self) -> impl Iterator<Item = Dimmer> {
        let numbers: RangeInclusive<u16> = self.first.get()..=self.last.get();
        numbers.filter_map(Dimmer::new)
    }

    /// Adds a dimmer if it follows the last one; returns whether it did.
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
        let dimmer =
            |text: &str| Dimmer::parse(text).ok_or_else(|| format!("{text:?} is not a dimmer number (1 to 65535)"));
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

/// One word of a command line: a change of one or more items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(Update);

impl FromStr for Word {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let separator = word.find(['=', ':']).ok_or("it has no = or :, as in 1=50, 3-10=0 or 7:Wash")?;
        let (name, value) = (&word[..separator], &word[separator + 1..]);
        let mut update = Update::default();
        if &word[separator..=separator] == ":" {
            set_dimmers::<Labels>(&mut update, name, value, "")?;
        } else if let Some((kind, key)) = kind_and_key(name) {
            let mut setting = SetItem { key, value, update: &mut update, result: Ok(()) };
            kind.visit(&mut setting);
            setting.result?;
        } else {
            set_dimmers::<Levels>(&mut update, name, value, "none")?;
        }
        Ok(Self(update))
    }
}

/// The kind and the key that a name stands for: `master`, or `labels/7`.
fn kind_and_key(name: &str) -> Option<(KindId, &str)> {
    let (kind, key) = name.split_once('/').unwrap_or((name, ""));
    Some((KindId::named(kind)?, key))
}

/// Sets one kind's value for dimmers; the value `removed` removes it.
fn set_dimmers<K: Listed<Shape = Keyed<Dimmer>>>(
    update: &mut Update,
    dimmers: &str,
    value: &str,
    removed: &str,
) -> Result<(), String> {
    let dimmers: Dimmers = dimmers.parse()?;
    let value = if value == removed { None } else { Some(read::<K>(value, removed)?) };
    dimmers.iter().for_each(|dimmer| K::set(update, dimmer, value.clone()));
    Ok(())
}

/// Sets one item of any kind.
struct SetItem<'a> {
    key: &'a str,
    value: &'a str,
    update: &'a mut Update,
    result: Result<(), String>,
}

impl KindVisitor for SetItem<'_> {
    fn visit<K: Listed>(&mut self) {
        let removed = if <K::Shape as Shape<K>>::IS_SINGLE { "" } else { "none" };
        self.result = KeyOf::<K>::read(self.key).and_then(|key| {
            let is_removed = !removed.is_empty() && self.value == removed;
            let value = if is_removed { None } else { Some(read::<K>(self.value, removed)?) };
            K::set(self.update, key, value);
            Ok(())
        });
    }
}

/// Parses a value as a person writes it. The error mentions the word `removed`, which the caller accepts too.
fn read<K: Kind>(value: &str, removed: &str) -> Result<K::Value, String> {
    let or_removed = if removed.is_empty() { String::new() } else { format!(", or {removed}") };
    match K::FORM {
        Form::Number => {
            let number = value.strip_suffix('%').unwrap_or(value);
            let number = K::read(Scalar::Number(number.into()));
            number.map_err(|_| format!("{value:?} is not a level (0 to 100{or_removed})"))
        }
        Form::Text => K::read(Scalar::Text(value.into())),
        Form::Flag => match value {
            "on" => K::read(Scalar::Flag(true)),
            "off" => K::read(Scalar::Flag(false)),
            _ => Err(format!("{value:?} is not on or off")),
        },
        Form::Levels => K::read(Words::write(&look(value)?)),
    }
}

/// The look that a person writes as `1=50,3-10=0`; empty for one without dimmers.
pub(super) fn look(text: &str) -> Result<Look, String> {
    let mut levels = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (dimmers, level) =
            part.split_once('=').ok_or_else(|| format!("{part:?} has no =, as in 1=50 or 3-10=0"))?;
        let (dimmers, level): (Dimmers, _) = (dimmers.parse()?, read::<Levels>(level, "")?);
        levels.extend(dimmers.iter().map(|dimmer| (dimmer, level)));
    }
    let look: Look = levels.iter().copied().collect();
    if look.len() < levels.len() { Err("a dimmer comes twice in the look".to_owned()) } else { Ok(look) }
}

/// The change that these words make together. If two set one item, the later one counts.
pub fn to_update(words: &[Word]) -> Update {
    words.iter().fold(Update::default(), |mut update, Word(word)| {
        update.extend(word);
        update
    })
}

/// The words that make this change, as a person would type them; texts are in quotes.
pub fn to_words(update: &Update) -> Vec<String> {
    let mut writing = WriteWords { update, words: Vec::new() };
    visit_kinds(&mut writing);
    writing.words
}

struct WriteWords<'a> {
    update: &'a Update,
    words: Vec<String>,
}

impl KindVisitor for WriteWords<'_> {
    fn visit<K: Listed>(&mut self) {
        match K::ID {
            KindId::Level => self.words.extend(level_words(&self.update.levels)),
            KindId::Label => self.words.extend(self.update.labels.iter().map(|(dimmer, label)| match label {
                Some(label) => format!("{dimmer}:{:?}", label.as_str()),
                None => format!("{dimmer}:"),
            })),
            _ => self.words.extend(K::changes(self.update).map(|(key, value)| {
                let value = value.map_or("none".to_owned(), |value| written::<K>(value));
                match key.to_string() {
                    key if key.is_empty() => format!("{}={value}", K::NAME),
                    key => format!("{}/{key}={value}", K::NAME),
                }
            })),
        }
    }
}

/// A value as a person would type it.
fn written<K: Kind>(value: &K::Value) -> String {
    match K::write(value) {
        object @ Scalar::Object(_) => Words::read(object).map(|look| written_look(&look)).unwrap_or_default(),
        Scalar::Text(text) => format!("{text:?}"),
        Scalar::Flag(is) => if is { "on" } else { "off" }.to_owned(),
        number => number.to_string(),
    }
}

/// A look as a person would type it.
pub(super) fn written_look(look: &Look) -> String {
    let levels = look.iter().map(|(dimmer, level)| (dimmer, Some(level)));
    level_words(&levels.collect()).collect::<Vec<_>>().join(",")
}

/// The shortest words that set these levels: neighbours at one level become a range.
fn level_words(levels: &ghostlight_rig::Levels) -> impl Iterator<Item = String> {
    let mut ranges: Vec<(Dimmers, Option<Level>)> = Vec::new();
    for (&dimmer, &level) in levels {
        let is_joined = ranges.last_mut().is_some_and(|(dimmers, last)| *last == level && dimmers.extend(dimmer));
        if !is_joined {
            ranges.push((Dimmers::one(dimmer), level));
        }
    }
    ranges.into_iter().map(|(dimmers, level)| match level {
        Some(level) => format!("{dimmers}={level}"),
        None => format!("{dimmers}=none"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(update: &Update) -> String {
        to_words(update).join(" ")
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
        assert_eq!(words(&to_update(&["7:a=b: c".parse().unwrap()])), r#"7:"a=b: c""#);
        let items = ["made_up/one=a b", "labels/7=Wash", "levels/8=none"].map(|word| word.parse().unwrap());
        assert_eq!(words(&to_update(&items)), r#"8=none 7:"Wash" made_up/one="a b""#);
        let looks =
            ["words/Front Wash=1=50,3-4=12.5%,5=0", "words/spot=none", "words/dark="].map(|word| word.parse().unwrap());
        let told = to_words(&to_update(&looks));
        assert_eq!(told, ["words/dark=", "words/front wash=1=50,3-4=12.5,5=0", "words/spot=none"]);
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
            ("=5", "\"\" is not a dimmer number"),
            ("0=5", "\"0\" is not a dimmer number"),
            ("01=5", "\"01\" is not a dimmer number"),
            ("65536=5", "\"65536\" is not a dimmer number"),
            ("x=5", "\"x\" is not a dimmer number"),
            ("-5=5", "\"\" is not a dimmer number"),
            ("1-=5", "\"\" is not a dimmer number"),
            ("1-2-3=5", "\"2-3\" is not a dimmer number"),
            ("10-1=5", "starts with the lower number: 1-10"),
            ("1=", "\"\" is not a level"),
            ("1=%", "\"%\" is not a level"),
            ("1=-1", "\"-1\" is not a level"),
            ("1=100.01", "\"100.01\" is not a level"),
            ("1=50%%", "\"50%%\" is not a level"),
            ("1=null", "\"null\" is not a level"),
            ("1=\"5\"", "is not a level"),
            ("1=5=6", "\"5=6\" is not a level"),
            ("1=5:6", "\"5:6\" is not a level"),
            ("x:Wash", "\"x\" is not a dimmer number"),
            ("1:a\u{7}", "1 to 40 characters"),
            ("master=none", "\"none\" is not a level (0 to 100)"),
            ("master:80", "\"master\" is not a dimmer number"),
            ("master/1=5", "without a key"),
            ("labels/x=5", "a dimmer is a whole number"),
            ("blackout=yes", "\"yes\" is not on or off"),
            ("words/a=1", "has no =, as in 1=50"),
            ("words/a=1=50,1-2=0", "a dimmer comes twice"),
            ("words/a=0=50", "is not a dimmer number"),
            ("words/!=1=50", "a word has a letter or a digit"),
        ] {
            let error = read(word).unwrap_err();
            assert!(error.contains(problem), "{word}: {error}");
        }
    }
}
