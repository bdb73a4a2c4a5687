//! The number of a dimmer, which operators call a channel.

use std::fmt;
use std::num::NonZeroU16;

/// A dimmer's number, 1 to 65,535. Its address on a DMX universe is *patch*, which is outside Ghostlight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimmer(NonZeroU16);

impl Dimmer {
    /// The lowest dimmer, 1.
    pub const MIN: Self = Self(NonZeroU16::MIN);

    /// The dimmer with this number; `None` for 0.
    pub const fn new(number: u16) -> Option<Self> {
        match NonZeroU16::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Reads a number in its only spelling: 1 to 65535, without sign, space or leading zero.
    pub fn parse(text: &str) -> Option<Self> {
        let is_canonical = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_canonical { text.parse().ok().and_then(Self::new) } else { None }
    }

    /// The number, 1 to 65,535.
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for Dimmer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Dimmer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dimmer {}", self.0)
    }
}
