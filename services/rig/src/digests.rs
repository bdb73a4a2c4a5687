//! A short proof that two maps hold the same values: the digest of each kind.

use crate::{Digest, Interest, KindId};

/// The digests of the kinds that a message covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digests([Option<Digest>; KindId::ALL.len()]);

impl Digests {
    /// The digest of a kind; that of an empty rig if there is none.
    pub fn of(&self, kind: KindId) -> Digest {
        self.0[kind as usize].unwrap_or_default()
    }

    /// Sets the digest of a kind.
    pub fn set(&mut self, kind: KindId, digest: Digest) {
        self.0[kind as usize] = Some(digest);
    }

    /// The digests of exactly these kinds; a missing one is that of an empty rig.
    #[must_use]
    pub fn restricted_to(&self, kinds: Interest) -> Self {
        kinds.kinds().map(|kind| (kind, self.of(kind))).collect()
    }

    /// The sum over all kinds. A difference in one kind changes it.
    pub fn sum(&self) -> Digest {
        self.0.iter().flatten().fold(Digest::default(), |mut sum, digest| {
            sum += *digest;
            sum
        })
    }

    /// The kinds that have a digest.
    pub fn kinds(&self) -> Interest {
        self.iter().map(|(kind, _)| kind).collect()
    }

    /// Each kind that has a digest, and the digest.
    pub fn iter(&self) -> impl Iterator<Item = (KindId, Digest)> + '_ {
        KindId::ALL.iter().filter_map(|kind| Some((*kind, self.0[*kind as usize]?)))
    }

    /// Whether the digests are equal for every wanted kind that both have.
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
