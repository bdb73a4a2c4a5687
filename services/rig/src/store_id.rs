//! Which store keeps the rigs.

use std::fmt;

/// The identity of a store: 128 random bits, made with the store. A copy and a restored backup have that of the original.
/// 0 is none.
///
/// An order of changes belongs to one store. A service with another store would begin another order over it, from other
/// rigs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StoreId(pub u128);

impl StoreId {
    /// Whether both are known and differ: what one keeps says nothing about what the other keeps.
    pub fn is_foreign_to(self, other: Self) -> bool {
        let is_known = self != Self::default() && other != Self::default();
        is_known && self != other
    }

    /// Reads 32 hexadecimal digits in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u128::from_str_radix(text, 16).ok().filter(|id| is_id && *id != 0).map(Self)
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::StoreId;

    #[test]
    fn an_id_is_32_hexadecimal_digits() {
        let text = "00112233445566778899aabbccddeeff";
        assert_eq!(StoreId::parse(text).unwrap().to_string(), text);
        for bad in [
            "",
            "0",
            "00000000000000000000000000000000",
            "0112233445566778899aabbccddeeff",
            "+0112233445566778899aabbccddeeff",
            "00112233445566778899AABBCCDDEEFF",
        ] {
            assert_eq!(StoreId::parse(bad), None, "{bad}");
        }
    }
}
