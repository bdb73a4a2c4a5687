//! A short proof that two maps hold the same levels.

use std::fmt;

use crate::{Dimmer, Level};

/// Two 32-bit lanes, each the wrapping sum of one mixed word for every dimmer that has a level.
///
/// A sum does not depend on the order in which levels arrived, and a changed level costs one subtraction and one
/// addition. The word is `dimmer << 14 | hundredths` (16 + 14 bits); a lane mixes `word ^ seed` with the finaliser of
/// MurmurHash3 (x86, 32 bits). Lanes of 32 bits, so that a browser computes it with `Math.imul` and no `BigInt`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Digest([u32; 2]);

const SEEDS: [u32; 2] = [0, 0x9e37_79b9];

impl Digest {
    /// The digest whose lanes are these.
    pub const fn from_lanes(lanes: [u32; 2]) -> Self {
        Self(lanes)
    }

    /// Its lanes.
    pub const fn lanes(self) -> [u32; 2] {
        self.0
    }

    /// Takes one dimmer's level in.
    pub fn add(&mut self, dimmer: Dimmer, level: Level) {
        self.combine(dimmer, level, u32::wrapping_add);
    }

    /// Takes one dimmer's level out again.
    pub fn remove(&mut self, dimmer: Dimmer, level: Level) {
        self.combine(dimmer, level, u32::wrapping_sub);
    }

    fn combine(&mut self, dimmer: Dimmer, level: Level, combine: fn(u32, u32) -> u32) {
        let word = u32::from(dimmer.get()) << 14 | u32::from(level.hundredths());
        for (lane, seed) in self.0.iter_mut().zip(SEEDS) {
            *lane = combine(*lane, mix(word ^ seed));
        }
    }
}

/// The finaliser of MurmurHash3 for 32 bits.
fn mix(mut word: u32) -> u32 {
    word ^= word >> 16;
    word = word.wrapping_mul(0x85eb_ca6b);
    word ^= word >> 13;
    word = word.wrapping_mul(0xc2b2_ae35);
    word ^ (word >> 16)
}

/// Sixteen hexadecimal digits, the first lane first.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:08x}", self.0[0], self.0[1])
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
