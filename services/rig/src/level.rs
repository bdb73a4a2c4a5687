//! The level of a dimmer.

use std::fmt;

/// A level in percent, 0 to 100 with at most two decimals, held as whole hundredths so that it round-trips exactly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Level(u16);

/// Why something is not a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    /// Not a number.
    #[error("a level is a number of percent, not {0}")]
    NotANumber(&'static str),
    /// Below 0 or above 100.
    #[error("a level is 0 to 100 percent")]
    OutOfRange,
}

impl Level {
    /// 0 %.
    pub const OUT: Self = Self(0);
    /// 100 %.
    pub const FULL: Self = Self(10_000);

    /// The level of this many hundredths of a percent; `None` above 10,000.
    pub const fn from_hundredths(hundredths: u16) -> Option<Self> {
        if hundredths <= Self::FULL.0 { Some(Self(hundredths)) } else { None }
    }

    /// Hundredths of a percent, 0 to 10,000.
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// Reads a number of percent, as JSON writes numbers (RFC 8259, section 6): `50`, `50.0` and `5e1` are one level.
    /// Rounds to hundredths of a percent, halves up.
    ///
    /// # Errors
    /// [`LevelError`] if the text is not such a number, or not in 0 to 100.
    pub fn parse(text: &str) -> Result<Self, LevelError> {
        if !is_json_number(text) {
            return Err(LevelError::NotANumber("text"));
        }
        hundredths(text).ok_or(LevelError::OutOfRange)
    }

    /// The level scaled by a master: the product, rounded to the nearest hundredth of a percent, halves up.
    pub const fn under(self, master: Self) -> Self {
        let full = Self::FULL.0 as u32;
        Self(((self.0 as u32 * master.0 as u32 + full / 2) / full) as u16)
    }

    /// The level raised by `points` of percent; `None` above 100 %.
    pub const fn raised(self, points: Self) -> Option<Self> {
        Self::from_hundredths(self.0 + points.0)
    }

    /// The level lowered by `points` of percent; `None` below 0 %.
    pub const fn lowered(self, points: Self) -> Option<Self> {
        match self.0.checked_sub(points.0) {
            Some(hundredths) => Some(Self(hundredths)),
            None => None,
        }
    }

    /// The level multiplied by a factor in hundredths of a percent (10,000 is once), rounded to the nearest hundredth of
    /// a percent, halves up; `None` above 100 %.
    pub const fn times(self, factor: u32) -> Option<Self> {
        let once = Self::FULL.0 as u64;
        let product = (self.0 as u64 * factor as u64 + once / 2) / once;
        if product <= once { Some(Self(product as u16)) } else { None }
    }

    /// The level at `step` of `steps` equal steps from `self` to `to`, rounded to the nearest hundredth of a percent,
    /// halves up. Both ends are exact.
    ///
    /// # Panics
    /// If `steps` is 0, or `step` is above `steps`.
    pub const fn between(self, to: Self, step: u32, steps: u32) -> Self {
        assert!(step <= steps && steps > 0, "a step is one of the steps");
        let (step, steps) = (step as u64, steps as u64);
        let sum = self.0 as u64 * (steps - step) + to.0 as u64 * step;
        Self(((sum + steps / 2) / steps) as u16)
    }

    /// The value of a DMX512 slot (ANSI E1.11), 0 to 255, rounded to the nearest.
    pub const fn to_dmx(self) -> u8 {
        ((self.0 as u32 * 255 + 5_000) / 10_000) as u8
    }
}

/// Whether the text is a JSON number: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
fn is_json_number(text: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let is_whole = is_digits(whole) && (whole == "0" || !whole.starts_with('0'));
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    is_whole && fraction.is_none_or(is_digits) && exponent.is_none_or(is_digits)
}

/// The level of a JSON number of percent; `None` if it is out of range.
fn hundredths(number: &str) -> Option<Level> {
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|&d| d == b'0').map(|d| d - b'0').collect();
    if digits.is_empty() {
        return Some(Level::OUT);
    }
    // The number of digits before the point once the point is moved two places right: the whole hundredths.
    let before_point = digits.len() as i64 - fraction.len() as i64 + clamped(exponent) + 2;
    if negative || before_point > 5 {
        return None;
    }
    if before_point < 0 {
        return Some(Level::OUT);
    }
    let split = before_point as usize;
    let (kept, rest) = digits.split_at(split.min(digits.len()));
    let padded = kept.iter().chain(std::iter::repeat(&0)).take(split);
    let kept = padded.fold(0u32, |sum, &digit| sum * 10 + u32::from(digit));
    let above_full = kept == 10_000 && rest.iter().any(|&digit| digit != 0);
    let rounded = kept + u32::from(rest.first().is_some_and(|&digit| digit >= 5));
    if above_full { None } else { u16::try_from(rounded).ok().and_then(Level::from_hundredths) }
}

/// The exponent, clamped to ±2^40. This changes no result, because no input has that many digits.
fn clamped(exponent: &str) -> i64 {
    const FAR: i64 = 1 << 40;
    let far = if exponent.starts_with('-') { -FAR } else { FAR };
    exponent.parse().unwrap_or(far).clamp(-FAR, FAR)
}

/// The shortest decimal: `50`, `12.5`, `12.34`.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_percent(f, u32::from(self.0))
    }
}

/// Writes hundredths of a percent as the shortest decimal of percent: 1,250 is `12.5`.
///
/// # Errors
/// The formatter's error.
pub fn write_percent(f: &mut fmt::Formatter<'_>, hundredths: u32) -> fmt::Result {
    let (whole, hundredths) = (hundredths / 100, hundredths % 100);
    match (hundredths / 10, hundredths % 10) {
        (0, 0) => write!(f, "{whole}"),
        (tenths, 0) => write!(f, "{whole}.{tenths}"),
        _ => write!(f, "{whole}.{hundredths:02}"),
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} %")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn level(hundredths: u16) -> Level {
        Level::from_hundredths(hundredths).unwrap()
    }

    #[test]
    fn is_bounded_to_full() {
        assert_eq!(Level::from_hundredths(10_000), Some(Level::FULL));
        assert_eq!(Level::from_hundredths(10_001), None);
    }

    #[test]
    fn is_written_as_the_shortest_decimal() {
        let written = [0, 1, 10, 105, 1_250, 1_234, 5_000, 10_000].map(|h| level(h).to_string());
        assert_eq!(written, ["0", "0.01", "0.1", "1.05", "12.5", "12.34", "50", "100"]);
    }

    #[test]
    fn a_master_scales_and_never_lifts() {
        for (set, master, output) in [
            (10_000, 10_000, 10_000),
            (10_000, 0, 0),
            (0, 10_000, 0),
            (5_000, 5_000, 2_500),
            (1_234, 10_000, 1_234),
            (1, 5_000, 1),
            (1, 4_999, 0),
            (3_333, 3_333, 1_111),
            (9_999, 9_999, 9_998),
        ] {
            assert_eq!(level(set).under(level(master)), level(output), "{set} under {master}");
        }
    }

    #[test]
    fn points_that_leave_the_range_give_no_level() {
        assert_eq!(level(5_000).raised(level(5_000)), Some(Level::FULL));
        assert_eq!(level(5_000).raised(level(5_001)), None);
        assert_eq!(level(5_000).lowered(level(5_000)), Some(Level::OUT));
        assert_eq!(level(5_000).lowered(level(5_001)), None);
    }

    #[test]
    fn a_factor_multiplies_and_rounds_once() {
        for (set, factor, product) in [
            (5_000, 10_000, Some(5_000)),
            (5_000, 5_000, Some(2_500)),
            (5_000, 20_000, Some(10_000)),
            (5_000, 19_999, Some(10_000)),
            (5_000, 20_001, None),
            (1, 5_000, Some(1)),
            (1, 4_999, Some(0)),
            (10_000, u32::MAX, None),
            (0, u32::MAX, Some(0)),
        ] {
            assert_eq!(level(set).times(factor).map(Level::hundredths), product, "{set} times {factor}");
        }
    }

    #[test]
    fn steps_between_two_levels_have_exact_ends() {
        let fan =
            |from, to, steps| (0..=steps).map(move |step| level(from).between(level(to), step, steps).hundredths());
        assert_eq!(fan(0, 10_000, 4).collect::<Vec<_>>(), [0, 2_500, 5_000, 7_500, 10_000]);
        assert_eq!(fan(0, 10_000, 3).collect::<Vec<_>>(), [0, 3_333, 6_667, 10_000]);
        let down: Vec<_> = fan(10_000, 0, 3).collect();
        assert_eq!(down, [10_000, 6_667, 3_333, 0], "the same levels, in the other order");
    }

    #[test]
    fn rounds_to_the_nearest_dmx_value() {
        let dmx = [0, 19, 20, 5_000, 9_980, 9_981, 10_000].map(|h| level(h).to_dmx());
        assert_eq!(dmx, [0, 0, 1, 128, 254, 255, 255]);
    }

    fn read(text: &str) -> Option<u16> {
        Level::parse(text).ok().map(Level::hundredths)
    }

    #[test]
    fn one_level_has_many_spellings() {
        for text in ["50", "50.0", "5e1", "5E+1", "0.5e2", "500e-1", "50.000000000000000000000000000"] {
            assert_eq!(read(text), Some(5_000), "{text}");
        }
        for text in ["0", "-0", "-0.0", "0e999999999999999999999", "1e-400", "1e-99999999999999999999", "0.0049999"] {
            assert_eq!(read(text), Some(0), "{text}");
        }
    }

    #[test]
    fn halves_round_up_in_decimal() {
        let read = ["12.34", "12.345", "12.344999", "0.005", "99.995", "1.005"].map(read);
        assert_eq!(read, [1_234, 1_235, 1_234, 1, 10_000, 101].map(Some));
    }

    #[test]
    fn what_is_out_of_range_is_refused_before_rounding() {
        for text in ["-1", "-0.001", "100.01", "100.0001", "200", "1e400", "1e99999999999999999999", "99999999999"] {
            assert_eq!(Level::parse(text), Err(LevelError::OutOfRange), "{text}");
        }
        assert_eq!(read("100.000"), Some(10_000));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "fifty", "05", "+5", ".5", "5.", "0x10", "NaN", "1 2"] {
            assert_eq!(Level::parse(text), Err(LevelError::NotANumber("text")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_factor_up_to_once_is_a_master(set in 0u16..=10_000, master in 0u16..=10_000) {
            prop_assert_eq!(level(set).times(u32::from(master)), Some(level(set).under(level(master))));
        }

        #[test]
        fn every_level_round_trips(hundredths in 0u16..=10_000) {
            let level = Level::from_hundredths(hundredths).unwrap();
            prop_assert_eq!(Level::parse(&level.to_string()), Ok(level));
        }

        #[test]
        fn moving_the_point_and_the_exponent_together_changes_nothing(
            whole in 0u32..=99, fraction in 0u32..100_000, shift in 0usize..20,
        ) {
            let plain = format!("{whole}.{fraction:05}");
            let shifted = format!("0.{}{whole:02}{fraction:05}e{}", "0".repeat(shift), shift + 2);
            prop_assert_eq!(Level::parse(&plain), Level::parse(&shifted));
            let exact = (u64::from(whole) * 100_000 + u64::from(fraction) + 500) / 1_000;
            prop_assert_eq!(read(&plain), Some(exact as u16));
        }
    }
}
