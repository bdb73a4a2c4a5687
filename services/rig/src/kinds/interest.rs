//! Which kinds a reader wants.

use super::{KindId, KindVisitor, Listed};

/// The kinds that a reader wants: a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interest(u64);

impl Interest {
    /// None.
    pub const NONE: Self = Self(0);

    /// All that this version knows.
    pub fn all() -> Self {
        KindId::ALL.iter().copied().collect()
    }

    /// The same and this kind.
    #[must_use]
    pub const fn with(self, kind: KindId) -> Self {
        Self(self.0 | Self::bit(kind))
    }

    /// Whether a kind is wanted.
    pub const fn wants(self, kind: KindId) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// Whether all of another is wanted.
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// What both want.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds that are wanted.
    pub fn kinds(self) -> impl Iterator<Item = KindId> {
        KindId::ALL.iter().copied().filter(move |kind| self.wants(*kind))
    }

    /// The kinds with these names. Names that this version does not know are passed over.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().filter_map(KindId::named).collect()
    }

    const fn bit(kind: KindId) -> u64 {
        1 << kind as u32
    }
}

/// What readers get that do not say what they want.
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
