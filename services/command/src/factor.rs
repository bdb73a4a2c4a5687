//! Factors of levels.

use std::fmt;

use ghostlight_rig::write_percent;

/// What a level is multiplied by: 0 to 10,000 percent with at most two decimals, held as whole hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor(u32);

impl Factor {
    /// The largest factor, a hundred times.
    pub const MAX: Self = Self(1_000_000);

    /// The factor of this many hundredths of a percent; `None` above [`Factor::MAX`].
    pub const fn from_hundredths(hundredths: u32) -> Option<Self> {
        if hundredths <= Self::MAX.0 { Some(Self(hundredths)) } else { None }
    }

    /// Reads ASCII digits with or without a point and more digits. Rounds to hundredths of a percent, halves up. `None`
    /// above [`Factor::MAX`].
    pub(crate) fn parse(digits: &str) -> Option<Self> {
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole: u32 = whole.parse().ok().filter(|whole| *whole <= Self::MAX.0 / 100)?;
        let digit = |place: usize| fraction.as_bytes().get(place).map_or(0, |digit| u32::from(digit - b'0'));
        let rounded_up = u32::from(digit(2) >= 5);
        let is_above = whole * 100 == Self::MAX.0 && fraction.bytes().any(|digit| digit != b'0');
        if is_above { None } else { Self::from_hundredths(whole * 100 + digit(0) * 10 + digit(1) + rounded_up) }
    }

    /// Hundredths of a percent, 0 to 1,000,000.
    pub const fn hundredths(self) -> u32 {
        self.0
    }
}

/// The shortest decimal of percent: `50`, `12.5`.
impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_percent(f, self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_read_and_written_exactly() {
        for (text, hundredths) in [
            ("0", Some(0)),
            ("50", Some(5_000)),
            ("33.33", Some(3_333)),
            ("0.005", Some(1)),
            ("12.345", Some(1_235)),
            ("99.999", Some(10_000)),
            ("10000.00", Some(1_000_000)),
            ("10000.001", None),
            ("10001", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(Factor::parse(text).map(Factor::hundredths), hundredths, "{text}");
        }
        let written = [0, 5_000, 1_250, 1_234, 1_000_000].map(|h| Factor(h).to_string());
        assert_eq!(written, ["0", "50", "12.5", "12.34", "10000"]);
    }
}
