//! The digest of the items of one kind.

use std::fmt;
use std::ops::{AddAssign, SubAssign};

use crate::fnv::fnv1a_32;

/// The digest of the items of one kind: two 32-bit lanes. Each lane is the wrapping sum of one mixed word for every
/// item whose value is not its initial value.
///
/// A sum does not depend on the order in which values arrived, and a changed value costs one subtraction and one
/// addition. A lane mixes with the finaliser of MurmurHash3 (x86, 32 bits). Lanes have 32 bits, so that a browser
/// computes them with `Math.imul` and no `BigInt`. Lane `i` of one item is:
/// - for a word: the word xor the lane's seed, mixed. The word of a level is `dimmer << 14 | hundredths` (16 + 14
///   bits), that of the grand master its hundredths, and that of blackout 1;
/// - for bytes: FNV-1a (32 bits) over them, from the offset basis xor the lane's seed, mixed. The bytes of a label are
///   the dimmer's two, the lower first, and its UTF-8. Those of every other kind are the key's text, a zero byte and
///   the value's text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Digest([u32; 2]);

const SEEDS: [u32; 2] = [0, 0x9e37_79b9];

impl Digest {
    /// The digest with these lanes.
    pub const fn from_lanes(lanes: [u32; 2]) -> Self {
        Self(lanes)
    }

    /// The two lanes.
    pub const fn lanes(self) -> [u32; 2] {
        self.0
    }

    /// The digest of one item by the default rule: over its key's text, a zero byte, and its value's text.
    pub fn of_text(key: &str, value: &str) -> Self {
        Self::of_bytes(key.bytes().chain([0]).chain(value.bytes()))
    }

    /// The digest of an item that these bytes distinguish from the other items of its kind.
    pub(crate) fn of_bytes(bytes: impl Iterator<Item = u8> + Clone) -> Self {
        Self(SEEDS.map(|seed| mix(fnv1a_32(seed, bytes.clone()))))
    }

    /// The digest of an item that this word distinguishes from the other items of its kind.
    pub(crate) fn of_word(word: u32) -> Self {
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

/// The finaliser of MurmurHash3 (x86, 32 bits).
fn mix(mut word: u32) -> u32 {
    word ^= word >> 16;
    word = word.wrapping_mul(0x85eb_ca6b);
    word ^= word >> 13;
    word = word.wrapping_mul(0xc2b2_ae35);
    word ^ (word >> 16)
}

impl Digest {
    /// Reads sixteen hexadecimal digits, the first lane first; `None` if the text is not that.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digest = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let lane = |text| u32::from_str_radix(text, 16).ok();
        let (first, second) = text.split_at_checked(8).filter(|_| is_digest)?;
        Some(Self::from_lanes([lane(first)?, lane(second)?]))
    }
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
