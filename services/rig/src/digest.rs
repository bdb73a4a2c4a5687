//! A short proof that two maps hold the same.

use std::fmt;
use std::ops::{AddAssign, SubAssign};

use crate::fnv::fnv1a_32;
use crate::{Interest, KindId};

/// The digest of the items of one kind: two 32-bit lanes, each the wrapping sum of one mixed word for every item whose
/// value is not what a rig begins with.
///
/// A sum does not depend on the order in which values arrived, and a changed value costs one subtraction and one
/// addition. A lane mixes with the finaliser of MurmurHash3 (x86, 32 bits). Lanes of 32 bits, so that a browser computes
/// it with `Math.imul` and no `BigInt`. Lane `i` of one item is:
/// - for a word: the word xor the lane's seed, mixed. A level's word is `dimmer << 14 | hundredths` (16 + 14 bits), the
///   grand master's its hundredths, and that of blackout 1;
/// - for bytes: FNV-1a (32 bits) over them, from the offset basis xor the lane's seed, mixed. A label's bytes are the
///   dimmer's two, the lower first, and its UTF-8. Every other kind has its key's text, a zero byte and its value's text.
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

    /// The digest of one item of a kind by its default rule: over its key's text, a zero byte, and its value's text.
    pub fn of_text(key: &str, value: &str) -> Self {
        Self::of_bytes(key.bytes().chain([0]).chain(value.bytes()))
    }

    /// The digest of an item that is told from others of its kind by these bytes.
    pub(crate) fn of_bytes(bytes: impl Iterator<Item = u8> + Clone) -> Self {
        Self(SEEDS.map(|seed| mix(fnv1a_32(seed, bytes.clone()))))
    }

    /// The digest of an item that is told from others of its kind by this word.
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

/// The digest of each kind that is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digests([Option<Digest>; KindId::ALL.len()]);

impl Digests {
    /// The digest of a kind; that of an empty rig if it is not told of.
    pub fn of(&self, kind: KindId) -> Digest {
        self.0[kind as usize].unwrap_or_default()
    }

    /// Sets the digest of a kind.
    pub fn set(&mut self, kind: KindId, digest: Digest) {
        self.0[kind as usize] = Some(digest);
    }

    /// The digests of these kinds, each told of.
    #[must_use]
    pub fn restricted_to(&self, kinds: Interest) -> Self {
        kinds.kinds().map(|kind| (kind, self.of(kind))).collect()
    }

    /// The sum over all kinds: what differs in one kind alone shows in it.
    pub fn sum(&self) -> Digest {
        self.0.iter().flatten().fold(Digest::default(), |mut sum, digest| {
            sum += *digest;
            sum
        })
    }

    /// The kinds that are told of.
    pub fn kinds(&self) -> Interest {
        self.iter().map(|(kind, _)| kind).collect()
    }

    /// Each kind that is told of, and its digest.
    pub fn iter(&self) -> impl Iterator<Item = (KindId, Digest)> + '_ {
        KindId::ALL.iter().filter_map(|kind| Some((*kind, self.0[*kind as usize]?)))
    }

    /// Whether both tell the same of all kinds that both tell of, among those that are wanted.
    pub fn agree(&self, other: &Self, wanted: Interest) -> bool {
        self.iter()
            .all(|(kind, digest)| !wanted.wants(kind) || other.0[kind as usize].is_none_or(|other| other == digest))
    }
}

impl FromIterator<(KindId, Digest)> for Digests {
    fn from_iter<I: IntoIterator<Item = (KindId, Digest)>>(digests: I) -> Self {
        digests.into_iter().fold(Self::default(), |mut all, (kind, digest)| {
            all.set(kind, digest);
            all
        })
    }
}
