//! The kinds that a reader wants.

use super::{KindId, KindVisitor, Listed};

/// The set of kinds that a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interest(u64);

impl Interest {
    /// No kinds.
    pub const NONE: Self = Self(0);

    /// All kinds that this version knows.
    pub fn all() -> Self {
        KindId::ALL.iter().copied().collect()
    }

    /// The same kinds and `kind`.
    #[must_use]
    pub const fn with(self, kind: KindId) -> Self {
        Self(self.0 | Self::bit(kind))
    }

    /// Whether the set contains a kind.
    pub const fn wants(self, kind: KindId) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// Whether the set contains every kind of another set.
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// The kinds that are in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds that are in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The kinds in the set, in the order of the list.
    pub fn kinds(self) -> impl Iterator<Item = KindId> {
        KindId::ALL.iter().copied().filter(move |kind| self.wants(*kind))
    }

    /// The kinds with these names. Names that this version does not know are ignored.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().filter_map(KindId::named).collect()
    }

    const fn bit(kind: KindId) -> u64 {
        1 << kind as u32
    }
}

/// The kinds of a reader that does not name any.
impl Default for Interest {
    fn default() -> Self {
        struct Defaults(Interest);
        impl KindVisitor for Defaults {
            fn visit<K: Listed>(&mut self) {
                if K::IS_DEFAULT {
                    self.0 = self.0.with(K::ID);
                }
            }
        }
        let mut defaults = Defaults(Self::NONE);
        super::visit_kinds(&mut defaults);
        defaults.0
    }
}

impl FromIterator<KindId> for Interest {
    fn from_iter<I: IntoIterator<Item = KindId>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}
