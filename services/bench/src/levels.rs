//! Levels as the load writes and scans them: in the short form that servers send, and in one pass.

use crate::failure::Fault;

/// The first of the dimmers that a run uses. It is far above patched dimmers, so that a run on a rig in use moves no
/// light.
const FIRST_DIMMER: u16 = 60_001;
/// The dimmer of the measure `echo`.
pub(crate) const ECHO_DIMMER: u16 = 60_005;
/// The first dimmer of the measure `http`. Each connection has its own, so that no answer shows another's level.
pub(crate) const HTTP_DIMMERS: u16 = 60_101;
/// The first dimmer of the measure `writers`. Each writer has its own.
pub(crate) const WRITERS_DIMMERS: u16 = 60_301;
/// The most writers. Each needs a dimmer.
pub(crate) const MAX_WRITERS: usize = 1_000;
/// The most HTTP connections. Each needs a dimmer.
pub(crate) const MAX_CONNECTIONS: usize = 200;

/// A change that forgets every dimmer that a run may have set.
pub(crate) fn forget() -> String {
    let http = HTTP_DIMMERS..HTTP_DIMMERS + MAX_CONNECTIONS as u16;
    let writers = WRITERS_DIMMERS..WRITERS_DIMMERS + MAX_WRITERS as u16;
    let all = (FIRST_DIMMER..=ECHO_DIMMER).chain(http).chain(writers);
    format!("{{{}}}", all.map(|dimmer| format!("\"{dimmer}\":null")).collect::<Vec<_>>().join(","))
}

/// A level given in hundredths of a percent, in its shortest form.
pub(crate) fn level_text(hundredths: u16) -> String {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match rest {
        0 => format!("{whole}"),
        _ if rest % 10 == 0 => format!("{whole}.{}", rest / 10),
        _ => format!("{whole}.{rest:02}"),
    }
}

/// A change of one dimmer, as a body of the plain protocol.
pub(crate) fn one(dimmer: u16, hundredths: u16) -> String {
    format!("{{\"{dimmer}\":{}}}", level_text(hundredths))
}

/// A change of one dimmer, as an entry of the log.
pub(crate) fn entry(dimmer: u16, hundredths: u16) -> String {
    format!(r#"{{"changes":[{{"levels":{}}}]}}"#, one(dimmer, hundredths))
}

/// A change of one dimmer, as the delta that announces it. The epoch is one that a server may have.
pub(crate) fn delta(revision: u64, dimmer: u16, hundredths: u16) -> String {
    let (prev, levels) = (revision.saturating_sub(1), one(dimmer, hundredths));
    format!(
        r#"{{"type":"delta","epoch":1790000000,"prev":{prev},"revision":{revision},"levels":{levels},"origins":[]}}"#
    )
}

/// A level that differs from number to number, and has the usual lengths.
pub(crate) fn varied(number: u64) -> u16 {
    (number * 37 % 10_001) as u16
}

/// Calls `on` with each dimmer and level of a message of the plain protocol.
///
/// # Errors
/// [`Fault::Wrong`] if the message is anything else: an error, or not in the short form.
pub(crate) fn scan(text: &[u8], on: impl FnMut(u16, Option<u16>)) -> Result<(), Fault> {
    scanned(text, on).ok_or_else(|| Fault::wrong("expected levels", text))
}

fn scanned(text: &[u8], mut on: impl FnMut(u16, Option<u16>)) -> Option<()> {
    let mut rest = text.strip_prefix(b"{")?;
    if rest == b"}" {
        return Some(());
    }
    loop {
        let (dimmer, after) = digits(rest.strip_prefix(b"\"")?)?;
        let (level, after) = level(after.strip_prefix(b"\":")?)?;
        on(u16::try_from(dimmer).ok()?, level);
        if after == b"}" {
            return Some(());
        }
        rest = after.strip_prefix(b",")?;
    }
}

fn level(text: &[u8]) -> Option<(Option<u16>, &[u8])> {
    if let Some(after) = text.strip_prefix(b"null") {
        return Some((None, after));
    }
    let (whole, mut after) = digits(text)?;
    let mut hundredths = whole.checked_mul(100)?;
    if let Some(fraction) = after.strip_prefix(b".") {
        let (value, rest) = digits(fraction)?;
        hundredths += match fraction.len() - rest.len() {
            1 => value * 10,
            2 => value,
            _ => return None,
        };
        after = rest;
    }
    Some((Some(u16::try_from(hundredths).ok().filter(|&level| level <= 10_000)?), after))
}

/// The number at the start of the text, and the rest of the text.
fn digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=5).contains(&length) {
        return None;
    }
    let (number, after) = text.split_at(length);
    Some((number.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')), after))
}

/// Makes changes that can be recognised by their levels, so that their arrival at a client can be timed. Four dimmers
/// hold the number of the change and that of its round, as digits to the base 10,000.
pub(crate) struct Marks {
    round: u32,
}

/// The base of the digits. Two digits make one number.
const BASE: u32 = 10_000;

impl Marks {
    /// Marks of a new round, which the current millisecond tells from other rounds.
    pub(crate) fn new() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self { round: (now.as_millis() % u128::from(BASE * BASE)) as u32 }
    }

    /// The change of this number.
    pub(crate) fn change(&self, number: u32) -> String {
        let digits = [number / BASE, number % BASE, self.round / BASE, self.round % BASE];
        let levels = (FIRST_DIMMER..).zip(digits).map(|(dimmer, digit)| {
            // A digit is below 10,000.
            format!("\"{dimmer}\":{}", level_text(digit as u16))
        });
        format!("{{{}}}", levels.collect::<Vec<_>>().join(","))
    }
}

/// The marks that one client shows.
#[derive(Default)]
pub(crate) struct Shown {
    digits: [u16; 4],
}

impl Shown {
    /// Takes a message in. Returns the number of the change that the client shows now, if the message set any mark, and
    /// the marks are of this round.
    pub(crate) fn take(&mut self, text: &[u8], marks: &Marks) -> Result<Option<u32>, Fault> {
        let mut touched = false;
        scan(text, |dimmer, level| {
            let digit = dimmer.checked_sub(FIRST_DIMMER).and_then(|at| self.digits.get_mut(usize::from(at)));
            if let Some(digit) = digit {
                *digit = level.unwrap_or_default();
                touched = true;
            }
        })?;
        let [high, low, round_high, round_low] = self.digits.map(u32::from);
        let ours = touched && round_high * BASE + round_low == marks.round;
        Ok(ours.then_some(high * BASE + low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<(u16, Option<u16>)>> {
        let mut levels = vec![];
        scan(text.as_bytes(), |dimmer, level| levels.push((dimmer, level))).ok().map(|()| levels)
    }

    #[test]
    fn what_is_written_is_read() {
        for hundredths in 0..=10_000 {
            assert_eq!(read(&one(7, hundredths)), Some(vec![(7, Some(hundredths))]));
        }
    }

    #[test]
    fn levels_are_scanned() {
        assert_eq!(read("{}"), Some(vec![]));
        assert_eq!(read(r#"{"1":50,"2":null,"3":0.5}"#), Some(vec![(1, Some(5_000)), (2, None), (3, Some(50))]));
        let wrong =
            ["", "{", "[]", r#"{"error":{}}"#, r#"{"1":101}"#, r#"{"1":1.234}"#, r#"{"1":1},"#, r#"{"70000":1}"#];
        for wrong in wrong {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn marks_are_read_back_and_those_of_others_are_not() {
        let (marks, other) = (Marks { round: 12_345_678 }, Marks { round: 12_345_679 });
        let mut shown = Shown::default();
        for number in [1, 9_999, 10_000, 99_999_999] {
            assert_eq!(shown.take(marks.change(number).as_bytes(), &marks).ok(), Some(Some(number)));
            assert_eq!(shown.take(b"{\"1\":50}", &marks).ok(), Some(None));
        }
        assert_eq!(shown.take(other.change(5).as_bytes(), &marks).ok(), Some(None));
    }
}
