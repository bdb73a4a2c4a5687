//! Levels as JSON writes them: exact decimals, never through a float.

use ghostlight_rig::Level;
use serde_json::value::RawValue;

/// Why a JSON value is not a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    /// Not a JSON number.
    #[error("a level is a number of percent, not {0}")]
    NotANumber(&'static str),
    /// Below 0 or above 100.
    #[error("a level is 0 to 100 percent")]
    OutOfRange,
}

/// Reads a level as JSON writes it (RFC 8259, section 6): `50`, `50.0` and `5e1` are one level. What is finer than a
/// hundredth of a percent is rounded, halves up.
///
/// # Errors
/// [`LevelError`] if it is no JSON number, or not in 0 to 100.
pub fn parse_level(text: &str) -> Result<Level, LevelError> {
    let value: &RawValue = serde_json::from_str(text).map_err(|_| LevelError::NotANumber("text"))?;
    level_of_json(value.get())
}

/// Reads a level from the text of a JSON value, known to be well formed.
pub(crate) fn level_of_json(json: &str) -> Result<Level, LevelError> {
    match json.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => hundredths(json).ok_or(LevelError::OutOfRange),
        Some(b'"') => Err(LevelError::NotANumber("a string")),
        Some(b't' | b'f') => Err(LevelError::NotANumber("true or false")),
        Some(b'{') => Err(LevelError::NotANumber("an object")),
        Some(b'[') => Err(LevelError::NotANumber("an array")),
        _ => Err(LevelError::NotANumber("null")),
    }
}

/// The level whose percentage this JSON number is; `None` if it is out of range.
fn hundredths(number: &str) -> Option<Level> {
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|&d| d == b'0').map(|d| d - b'0').collect();
    if digits.is_empty() {
        return Some(Level::OUT);
    }
    // With the point moved two places, this many digits stand before it: whole hundredths.
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

/// An exponent, or one that is as far out as makes no difference: no input has so many digits.
fn clamped(exponent: &str) -> i64 {
    const FAR: i64 = 1 << 40;
    let far = if exponent.starts_with('-') { -FAR } else { FAR };
    exponent.parse().unwrap_or(far).clamp(-FAR, FAR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<u16> {
        parse_level(text).ok().map(Level::hundredths)
    }

    #[test]
    fn one_level_has_many_spellings() {
        for text in ["50", "50.0", "5e1", "5E+1", "0.5e2", "500e-1", "50.000000000000000000000000000"] {
            assert_eq!(read(text), Some(5_000), "{text}");
        }
        for text in ["0", "-0", "-0.0", "0e999999999999999999999", "1e-400", "0.0049999"] {
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
            assert_eq!(parse_level(text), Err(LevelError::OutOfRange), "{text}");
        }
        assert_eq!(read("100.000"), Some(10_000));
    }

    #[test]
    fn what_is_no_number_is_named() {
        for (text, what) in
            [("\"50\"", "a string"), ("true", "true or false"), ("{}", "an object"), ("[1]", "an array")]
        {
            assert_eq!(parse_level(text), Err(LevelError::NotANumber(what)), "{text}");
        }
        for text in ["", "fifty", "05", "+5", ".5", "5.", "0x10", "NaN", "1 2"] {
            assert_eq!(parse_level(text), Err(LevelError::NotANumber("text")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_level_round_trips(hundredths in 0u16..=10_000) {
            let level = Level::from_hundredths(hundredths).unwrap();
            prop_assert_eq!(parse_level(&level.to_string()), Ok(level));
        }

        #[test]
        fn moving_the_point_and_the_exponent_together_changes_nothing(
            whole in 0u32..=99, fraction in 0u32..100_000, shift in 0usize..20,
        ) {
            let plain = format!("{whole}.{fraction:05}");
            let shifted = format!("0.{}{whole:02}{fraction:05}e{}", "0".repeat(shift), shift + 2);
            prop_assert_eq!(parse_level(&plain), parse_level(&shifted));
            let exact = (u64::from(whole) * 100_000 + u64::from(fraction) + 500) / 1_000;
            prop_assert_eq!(read(&plain), Some(exact as u16));
        }
    }
}
