//! How rigs divide over several logs, so that there may be more of them than one log carries.

use std::fmt;
use std::str::FromStr;

use crate::fnv::fnv1a_32;
use crate::{Epoch, RigName};

/// How many partitions the rigs divide over: 1 to 1,024.
///
/// Its law, which `tests/partitions.rs` holds: each rig is held by exactly one of [`all`](Self::all), and by its name
/// alone, so that whoever knows how many there are knows which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions(u16);

/// One of the partitions: an index, and how many there are. Written `2/4`; the first of four is `0/4`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    index: u16,
    among: Partitions,
}

/// Why a partition, or a number of them, was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartitionError {
    /// Not a number of partitions.
    #[error("{0:?} is no number of partitions: 1 to {most} are possible", most = Partitions::MAX)]
    Count(String),
    /// Not an index and a number of partitions.
    #[error("{0:?} is no partition: write INDEX/COUNT, as in 0/4 for the first of four")]
    Form(String),
    /// More than the last one.
    #[error("there is no partition {index} among {count}: the last is {last}/{count}", last = count - 1)]
    Index {
        /// Which was asked for.
        index: u16,
        /// How many there are.
        count: u16,
    },
}

impl Partitions {
    /// No more are possible.
    pub const MAX: u16 = 1_024;

    /// So many; `None` if that is not 1 to 1,024.
    pub fn new(count: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&count).then_some(Self(count))
    }

    /// How many.
    pub fn count(self) -> u16 {
        self.0
    }

    /// The first of them, which there always is.
    pub fn first(self) -> Partition {
        Partition { index: 0, among: self }
    }

    /// All of them, in order.
    pub fn all(self) -> impl Iterator<Item = Partition> {
        (0..self.0).map(move |index| Partition { index, among: self })
    }

    /// The one that holds a rig: what NATS computes for its name with the subject mapping `{{partition(COUNT,1)}}`.
    pub fn of(self, rig: &RigName) -> Partition {
        let index = fnv1a_32(0, rig.as_str().bytes()) % u32::from(self.0);
        Partition { index: u16::try_from(index).unwrap_or_default(), among: self }
    }
}

/// One: nothing is divided.
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
    /// Which one, from 0.
    pub fn index(self) -> u16 {
        self.index
    }

    /// Among how many.
    pub fn among(self) -> Partitions {
        self.among
    }

    /// Whether a rig is in it.
    pub fn holds(self, rig: &RigName) -> bool {
        self.among.of(rig) == self
    }

    /// Whether an epoch is one of its orders: partitions take turns, so that a store knows whose it is before it has rigs.
    pub fn begins(self, epoch: Epoch) -> bool {
        epoch.0 % u64::from(self.among.0) == u64::from(self.index)
    }

    /// The first epoch from this one on that is one of its orders.
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
            ("", "\"\" is no partition: write INDEX/COUNT, as in 0/4 for the first of four"),
            ("4", "\"4\" is no partition: write INDEX/COUNT, as in 0/4 for the first of four"),
            ("x/4", "\"x/4\" is no partition: write INDEX/COUNT, as in 0/4 for the first of four"),
            ("-1/4", "\"-1/4\" is no partition: write INDEX/COUNT, as in 0/4 for the first of four"),
            ("0/0", "\"0\" is no number of partitions: 1 to 1024 are possible"),
            ("0/1025", "\"1025\" is no number of partitions: 1 to 1024 are possible"),
            ("0/4/4", "\"4/4\" is no number of partitions: 1 to 1024 are possible"),
            ("4/4", "there is no partition 4 among 4: the last is 3/4"),
        ] {
            assert_eq!(text.parse::<Partition>().map_err(|error| error.to_string()), Err(told.to_owned()));
        }
        for text in ["", "0", "1025", "four", "-1", "70000"] {
            assert_eq!(text.parse::<Partitions>(), Err(PartitionError::Count(text.to_owned())));
        }
    }
}
