//! Faults in outside input.

use std::fmt;

/// The most faults that are named; the others are only counted.
pub const MAX_FAULTS: usize = 20;

/// One thing that is wrong in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key with the fault, cut to 40 characters.
    pub key: String,
    /// What is wrong with the key or its value.
    pub problem: String,
}

impl Fault {
    pub(crate) fn new(key: &str, problem: impl fmt::Display) -> Self {
        const SHOWN: usize = 40;
        let mut key: String = key.chars().take(SHOWN + 1).collect();
        if key.chars().count() > SHOWN {
            key.pop();
            key.push('…');
        }
        Self { key, problem: problem.to_string() }
    }
}

/// Why input was refused. One bad dimmer or level refuses the whole input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadInput {
    /// Not JSON, or not of the right form.
    #[error("{0}")]
    Form(String),
    /// Bad dimmers, levels or other values.
    #[error("{}", describe(.faults, *.more))]
    Levels {
        /// The first [`MAX_FAULTS`] faults.
        faults: Vec<Fault>,
        /// How many more faults there are.
        more: usize,
    },
}

/// Why a message from a server or another gateway was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Its type is not known to this version. The message is to be ignored: a newer version may send more types.
    #[error("unknown type {0:?}")]
    UnknownType(String),
    /// Its type is known or missing, and the message is bad.
    #[error(transparent)]
    Bad(#[from] BadInput),
}

/// The faults found so far: the first are named, the others are counted.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    faults: Vec<Fault>,
    more: usize,
}

impl Faults {
    pub(crate) fn add(&mut self, key: &str, problem: impl fmt::Display) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault::new(key, problem));
        } else {
            self.more += 1;
        }
    }

    /// The value that was read, if there are no faults.
    pub(crate) fn none_or<T>(self, read: T) -> Result<T, BadInput> {
        if self.faults.is_empty() { Ok(read) } else { Err(BadInput::Levels { faults: self.faults, more: self.more }) }
    }
}

impl BadInput {
    /// A problem with the form. If it quotes a long input, its middle is left out, so that the answer stays short.
    pub(crate) fn form(problem: impl fmt::Display) -> Self {
        const HEAD: usize = 160;
        const TAIL: usize = 40;
        let problem = problem.to_string();
        let length = problem.chars().count();
        if length <= HEAD + TAIL {
            return Self::Form(problem);
        }
        let head = problem.chars().take(HEAD);
        let tail = problem.chars().skip(length - TAIL);
        Self::Form(head.chain(['…']).chain(tail).collect())
    }
}

/// Refuses arrays, because serde would read an array of a message's field values as that message.
pub(crate) fn refuse_array(json: &[u8]) -> Result<(), BadInput> {
    if json.trim_ascii_start().starts_with(b"[") { Err(BadInput::form("a message is an object")) } else { Ok(()) }
}

impl From<serde_json::Error> for BadInput {
    fn from(error: serde_json::Error) -> Self {
        Self::form(error)
    }
}

fn describe(faults: &[Fault], more: usize) -> String {
    let mut text: Vec<_> = faults.iter().map(|fault| format!("{:?}: {}", fault.key, fault.problem)).collect();
    if more > 0 {
        text.push(format!("and {more} more"));
    }
    text.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_long_problem_is_left_out() {
        let problem = |length: usize| "ä".repeat(length - 2) + "bc";
        assert_eq!(BadInput::form(problem(200)), BadInput::Form(problem(200)));
        let cut = format!("{}…{}bc", "ä".repeat(160), "ä".repeat(38));
        assert_eq!(BadInput::form(problem(201)), BadInput::Form(cut.clone()));
        assert_eq!(BadInput::form(problem(100_000)), BadInput::Form(cut));
    }

    #[test]
    fn faults_that_are_not_named_are_counted() {
        let mut faults = Faults::default();
        (0..MAX_FAULTS).for_each(|key| faults.add(&key.to_string(), "bad"));
        let all_named = Faults { faults: faults.faults.clone(), more: 0 }.none_or(()).unwrap_err().to_string();
        assert!(all_named.starts_with("\"0\": bad; \"1\": bad"), "{all_named}");
        assert!(all_named.ends_with(&format!("\"{}\": bad", MAX_FAULTS - 1)), "{all_named}");
        faults.add("x", "bad");
        assert_eq!(faults.none_or(()).unwrap_err().to_string(), format!("{all_named}; and 1 more"));
        assert_eq!(Faults::default().none_or(7), Ok(7));
    }
}
