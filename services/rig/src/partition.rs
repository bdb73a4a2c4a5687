//! The division of rigs over several logs, so that there can be more rigs than one log carries.

use std::fmt;
use std::str::FromStr;

use crate::fnv::fnv1a_32;
use crate::{Epoch, RigName};

/// How many partitions the rigs are divided into: 1 to 1,024.
///
/// Its law, tested in `tests/partitions.rs`: exactly one of [`all`](Self::all) holds a rig. It depends on the rig's
/// name alone, so any process that knows the count computes the same partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions(u16);

/// One of the partitions: an index, and the count. Written `2/4`; the first of four is `0/4`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    index: u16,
    among: Partitions,
}

/// Why a partition, or a count of partitions, was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartitionError {
    /// Not a count of partitions.
    #[error("{0:?} is not a number of partitions (1 to {most})", most = Partitions::MAX)]
    Count(String),
    /// Not an index and a count.
    #[error("{0:?} is not a partition: write INDEX/COUNT, as in 0/4 for the first of four")]
    Form(String),
    /// The index is not below the count.
    #[error("there is no partition {index} among {count}: the last is {last}/{count}", last = count - 1)]
    Index {
        /// The index that was asked for.
        index: u16,
        /// The count of partitions.
        count: u16,
    },
}

impl Partitions {
    /// The highest count.
    pub const MAX: u16 = 1_024;

    /// The count; `None` if it is not 1 to 1,024.
    pub fn new(count: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&count).then_some(Self(count))
    }

    /// The count, 1 to 1,024.
    pub fn count(self) -> u16 {
        self.0
    }

    /// The first partition, which always exists.
    pub fn first(self) -> Partition {
        Partition { index: 0, among: self }
    }

    /// All partitions, in order.
    pub fn all(self) -> impl Iterator<Item = Partition> {
        (0..self.0).map(move |index| Partition { index, among: self })
    }

    /// The partition that holds a rig: what NATS computes for its name with the subject mapping
    /// `{{partition(COUNT,1)}}`.
    pub fn of(self, rig: &RigName) -> Partition {
        let index = fnv1a_32(0, rig.as_str().bytes()) % u32::from(self.0);
        Partition { index: u16::try_from(index).unwrap_or_default(), among: self }
    }
}

/// One partition: the rigs are not divided.
impl Default for Partitions {
    fn default() -> Self {
        Self(1)
    }
}

impl FromStr for Partitions {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, PartitionError> {
        text.parse().ok().and_then(Self::new).ok_or_else(|| PartitionError::Count(text.to_owned()))
    }
}

impl fmt::Display for Partitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Partition {
    /// The index, from 0.
    pub fn index(self) -> u16 {
        self.index
    }

    /// The count of partitions.
    pub fn among(self) -> Partitions {
        self.among
    }

    /// Whether the partition holds a rig.
    pub fn holds(self, rig: &RigName) -> bool {
        self.among.of(rig) == self
    }

    /// Whether an epoch belongs to this partition. Epochs take turns (modulo the count), so that the epoch alone tells
    /// which partition a store belongs to, even before the store has rigs.
    pub fn begins(self, epoch: Epoch) -> bool {
        epoch.0 % u64::from(self.among.0) == u64::from(self.index)
    }

    /// The first epoch not before `from` that belongs to this partition.
    pub fn next_epoch(self, from: Epoch) -> Epoch {
        let (index, count) = (u64::from(self.index), u64::from(self.among.0));
        Epoch(from.0 + (index + count - from.0 % count) % count)
    }
}

impl FromStr for Partition {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, PartitionError> {
        let form = || PartitionError::Form(text.to_owned());
        let (index, count) = text.split_once('/').ok_or_else(form)?;
        let index = index.parse().map_err(|_| form())?;
        let among: Partitions = count.parse()?;
        if index >= among.0 {
            return Err(PartitionError::Index { index, count: among.0 });
        }
        Ok(Self { index, among })
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.among)
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_its_authors_test_vectors() {
        for (text, hash) in [
            ("", 0x811c_9dc5),
            ("a", 0xe40c_292c),
            ("b", 0xe70c_2de5),
            ("foo", 0xa9f3_7ed7),
            ("foobar", 0xbf9c_f968),
            ("chongo was here!\n", 0xd499_30d5),
        ] {
            assert_eq!(fnv1a_32(0, text.bytes()), hash, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_and_written_the_same() {
        for text in ["0/1", "0/4", "3/4", "1023/1024"] {
            assert_eq!(text.parse::<Partition>().map(|partition| partition.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("0/1".parse(), Ok(Partition::default()));
        assert_eq!("1024".parse(), Ok(Partitions(1_024)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, told) in [
            ("", "\"\" is not a partition: write INDEX/COUNT, as in 0/4 for the first of four"),
            ("4", "\"4\" is not a partition: write INDEX/COUNT, as in 0/4 for the first of four"),
            ("x/4", "\"x/4\" is not a partition: write INDEX/COUNT, as in 0/4 for the first of four"),
            ("-1/4", "\"-1/4\" is not a partition: write INDEX/COUNT, as in 0/4 for the first of four"),
            ("0/0", "\"0\" is not a number of partitions (1 to 1024)"),
            ("0/1025", "\"1025\" is not a number of partitions (1 to 1024)"),
            ("0/4/4", "\"4/4\" is not a number of partitions (1 to 1024)"),
            ("4/4", "there is no partition 4 among 4: the last is 3/4"),
        ] {
            assert_eq!(text.parse::<Partition>().map_err(|error| error.to_string()), Err(told.to_owned()));
        }
        for text in ["", "0", "1025", "four", "-1", "70000"] {
            assert_eq!(text.parse::<Partitions>(), Err(PartitionError::Count(text.to_owned())));
        }
    }
}
