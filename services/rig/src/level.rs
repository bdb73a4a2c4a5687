//! How far up a dimmer is.

use std::fmt;

/// A level in percent, 0 to 100 with at most two decimals, held as whole hundredths so that it round-trips exactly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Level(u16);

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

    /// What is left of it under a master: the product, rounded to the nearest hundredth of a percent, halves up.
    pub const fn under(self, master: Self) -> Self {
        let full = Self::FULL.0 as u32;
        Self(((self.0 as u32 * master.0 as u32 + full / 2) / full) as u16)
    }

    /// The value of a DMX512 slot (ANSI E1.11), 0 to 255, rounded to the nearest.
    pub const fn to_dmx(self) -> u8 {
        ((self.0 as u32 * 255 + 5_000) / 10_000) as u8
    }
}

/// The shortest decimal: `50`, `12.5`, `12.34`.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, hundredths) = (self.0 / 100, self.0 % 100);
        match (hundredths / 10, hundredths % 10) {
            (0, 0) => write!(f, "{whole}"),
            (tenths, 0) => write!(f, "{whole}.{tenths}"),
            _ => write!(f, "{whole}.{hundredths:02}"),
        }
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} %")
    }
}

#[cfg(test)]
mod tests {
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
    fn rounds_to_the_nearest_dmx_value() {
        let dmx = [0, 19, 20, 5_000, 9_980, 9_981, 10_000].map(|h| level(h).to_dmx());
        assert_eq!(dmx, [0, 0, 1, 128, 254, 255, 255]);
    }
}
