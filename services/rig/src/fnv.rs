//! FNV-1a, as the IETF's draft-eastlake-fnv defines it.

/// The 32-bit hash, from the offset basis xor a seed; seed 0 gives the plain hash.
pub(crate) fn fnv1a_32(seed: u32, bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5 ^ seed, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A 64-bit hash in progress.
pub(crate) struct Fnv64(pub(crate) u64);

impl Default for Fnv64 {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv64 {
    /// Hashes some more bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
