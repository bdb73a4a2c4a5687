//! The words of the grammar itself.

use std::fmt;

macro_rules! keywords {
    ($($(#[$doc:meta])* $keyword:ident: $first:literal $(| $other:literal)*,)*) => {
        /// A word that the grammar uses. A name that contains one is written in quotes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Keyword {
            $($(#[$doc])* $keyword,)*
        }

        impl Keyword {
            /// Every spelling, with its keyword. The first spelling of a keyword is the canonical one.
            pub const SPELLINGS: &[(&str, Self)] = &[$(($first, Self::$keyword), $(($other, Self::$keyword),)*)*];

            /// The canonical spelling.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$keyword => $first,)*
                }
            }
        }
    };
}

keywords! {
    /// From one dimmer through to another, or from one level to another.
    Thru: "thru" | "through",
    /// Every so many dimmers.
    By: "by",
    /// The odd numbers.
    Odd: "odd",
    /// The even numbers.
    Even: "even",
    /// The dimmers that have a level or a label.
    All: "all",
    /// The dimmers above 0 %; of `blackout`: true.
    On: "on",
    /// Of `blackout`: false.
    Off: "off",
    /// The client's last selection.
    Last: "last",
    /// More dimmers; after an action: one more command.
    And: "and",
    /// Without these dimmers.
    Except: "except" | "without",
    /// To this level.
    At: "at",
    /// To 100 %.
    Full: "full",
    /// To 0 %.
    Out: "out" | "zero",
    /// Percent.
    Percent: "percent",
    /// Copies levels to other dimmers.
    Copy: "copy",
    /// Stands between `copy` and its destination.
    To: "to",
    /// Removes levels.
    Forget: "forget",
    /// Labels dimmers.
    Label: "label",
    /// The grand master.
    Master: "master",
    /// Blackout.
    Blackout: "blackout",
    /// Records a word.
    Record: "record",
    /// Deletes a word.
    Delete: "delete",
    /// Takes the client's last change back.
    Undo: "undo",
    /// Makes the change again that was taken back last.
    Redo: "redo",
    /// Stands before the name of a word.
    Word: "word",
    /// Ends a command.
    Enter: "enter",
    /// Kept for cues, which this language does not have.
    Cue: "cue",
    /// Means nothing.
    Please: "please",
    /// Means nothing.
    The: "the",
    /// Means nothing.
    Dimmer: "dimmer" | "dimmers" | "channel" | "channels" | "chan",
}

impl Keyword {
    /// The keyword with this spelling, in capital or small ASCII letters.
    pub fn named(text: &str) -> Option<Self> {
        let is_spelling = |(spelling, _): &&(&str, Self)| spelling.eq_ignore_ascii_case(text);
        Self::SPELLINGS.iter().find(is_spelling).map(|&(_, keyword)| keyword)
    }

    /// Whether the keyword means nothing: it may stand before and after a part of a selection.
    pub const fn is_noise(self) -> bool {
        matches!(self, Self::Please | Self::The | Self::Dimmer)
    }
}

/// As messages name it: `` `thru` ``.
impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_found_in_any_case() {
        for (spelling, keyword) in Keyword::SPELLINGS {
            assert_eq!(Keyword::named(spelling), Some(*keyword));
            assert_eq!(Keyword::named(&spelling.to_uppercase()), Some(*keyword));
        }
        assert_eq!(Keyword::named("th"), None);
    }
}
