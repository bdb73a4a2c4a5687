//! A short proof that two maps hold the same.

use std::fmt;
use std::ops::{AddAssign, SubAssign};

use crate::{Dimmer, Label, Level};

/// Two 32-bit lanes, each the wrapping sum of one mixed word for every item that is not as in an empty rig.
///
/// A sum does not depend on the order in which values arrived, and a changed value costs one subtraction and one
/// addition. A lane mixes `word ^ seed` with the finaliser of MurmurHash3 (x86, 32 bits). Lanes of 32 bits, so that a
/// browser computes it with `Math.imul` and no `BigInt`. The words:
/// - a dimmer's level: `dimmer << 14 | hundredths` (16 + 14 bits);
/// - the grand master, unless it is at full: its hundredths, as if it were dimmer 0;
/// - blackout: `0x3fff`, which is no level's;
/// - a dimmer's label: FNV-1a (32 bits) over the dimmer's two bytes, the lower first, and the label's UTF-8, from the
///   offset basis xor the lane's seed. This word is mixed as it is: the seed is in it already.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Digest([u32; 2]);

const SEEDS: [u32; 2] = [0, 0x9e37_79b9];
const BLACKOUT: u32 = 0x3fff;

impl Digest {
    /// The digest whose lanes are these.
    pub const fn from_lanes(lanes: [u32; 2]) -> Self {
        Self(lanes)
    }

    /// Its lanes.
    pub const fn lanes(self) -> [u32; 2] {
        self.0
    }

    /// The digest of one dimmer's level alone.
    pub fn of_level(dimmer: Dimmer, level: Level) -> Self {
        Self::of_word(u32::from(dimmer.get()) << 14 | u32::from(level.hundredths()))
    }

    /// The digest of one dimmer's label alone.
    pub fn of_label(dimmer: Dimmer, label: &Label) -> Self {
        let bytes = || dimmer.get().to_le_bytes().into_iter().chain(label.as_str().bytes());
        Self(SEEDS.map(|seed| mix(fnv1a(seed, bytes()))))
    }

    /// The digest of a grand master alone.
    pub fn of_master(master: Level) -> Self {
        if master == Level::FULL { Self::default() } else { Self::of_word(u32::from(master.hundredths())) }
    }

    /// The digest of blackout alone.
    pub fn of_blackout(blackout: bool) -> Self {
        if blackout { Self::of_word(BLACKOUT) } else { Self::default() }
    }

    fn of_word(word: u32) -> Self {
        Self(SEEDS.map(|seed| mix(word ^ seed)))
    }
}

impl AddAssign for Digest {
    fn add_assign(&mut self, other: Self) {
        self.0 = [self.0[0].wrapping_add(other.0[0]), self.0[1].wrapping_add(other.0[1])];
    }
}

impl SubAssign for Digest {
    fn sub_assign(&mut self, other: Self) {
        self.0 = [self.0[0].wrapping_sub(other.0[0]), self.0[1].wrapping_sub(other.0[1])];
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

/// FNV-1a for 32 bits, from the offset basis xor a seed.
fn fnv1a(seed: u32, bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5 ^ seed, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
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
