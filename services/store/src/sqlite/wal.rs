//! SQLite's write-ahead log: whether all of it can be read.
//!
//! SQLite reads the log up to the first frame that is not valid, and says nothing about the rest. A damaged log so starts an
//! older map. The format is that of <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

const HEADER_SIZE: usize = 32;
const FRAME_HEADER_SIZE: usize = 24;

/// The magic number, without its last bit: that bit says whether checksums are computed over big-endian words.
const MAGIC: u32 = 0x377f_0682;

/// How far a write-ahead log can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WalState {
    /// To its end, or there is no log.
    Whole,
    /// This many frames can be read; what was written after them cannot.
    Broken {
        /// How many frames can be read. 0 also if the header of the log cannot be read.
        readable: u64,
    },
}

/// Reads the write-ahead log of the database at `path`, before SQLite does.
///
/// # Errors
/// If the log is there and cannot be read from the disk.
pub(crate) fn inspect(path: &str) -> io::Result<WalState> {
    match File::open(Path::new(&format!("{path}-wal"))) {
        Ok(file) => read(&mut BufReader::new(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(WalState::Whole),
        Err(error) => Err(error),
    }
}

fn read(log: &mut impl Read) -> io::Result<WalState> {
    let mut header = [0; HEADER_SIZE];
    if !fill(log, &mut header)? {
        return Ok(WalState::Whole);
    }
    let Some(mut checksum) = Checksum::of_header(&header) else { return Ok(WalState::Broken { readable: 0 }) };
    let (page_size, salts) = (word(&header, 8) as usize, &header[16..24]);
    let mut frame = vec![0; FRAME_HEADER_SIZE + page_size];
    let (mut readable, mut is_readable) = (0, true);
    while fill(log, &mut frame)? {
        // Frames from before SQLite began the log anew have other salts, and are not part of it.
        let is_of_this_log = frame[8..16] == *salts;
        is_readable &= is_of_this_log && checksum.takes(&frame);
        if is_readable {
            readable += 1;
        } else if is_of_this_log {
            return Ok(WalState::Broken { readable });
        }
    }
    Ok(WalState::Whole)
}

/// Reads as many bytes as the buffer has; false at the end of the log. SQLite writes a frame in two steps, so that a process
/// that is killed may leave a part of one, which belongs to a transaction that was not committed.
fn fill(log: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// The big-endian word at a place.
fn word(bytes: &[u8], place: usize) -> u32 {
    u32::from_be_bytes(bytes[place..place + 4].try_into().expect("four bytes are four bytes"))
}

/// The checksum of the log up to a frame: each frame has that of all before it, and of itself.
#[derive(Clone, Copy)]
struct Checksum {
    sums: [u32; 2],
    read_word: fn([u8; 4]) -> u32,
}

impl Checksum {
    /// The checksum of the log's header; `None` if the header is not valid.
    fn of_header(header: &[u8; HEADER_SIZE]) -> Option<Self> {
        let read_word = match word(header, 0) ^ MAGIC {
            0 => u32::from_le_bytes,
            1 => u32::from_be_bytes,
            _ => return None,
        };
        let page_size = word(header, 8);
        let is_page_size = page_size.is_power_of_two() && (512..=65_536).contains(&page_size);
        let mut checksum = Self { sums: [0, 0], read_word };
        checksum.add(&header[..24]);
        (is_page_size && checksum.sums == [word(header, 24), word(header, 28)]).then_some(checksum)
    }

    /// Goes on with a frame; false if the frame is not the next one.
    fn takes(&mut self, frame: &[u8]) -> bool {
        self.add(&frame[..8]);
        self.add(&frame[FRAME_HEADER_SIZE..]);
        self.sums == [word(frame, 16), word(frame, 20)]
    }

    /// Adds bytes, in pairs of words.
    fn add(&mut self, bytes: &[u8]) {
        let [mut first, mut second] = self.sums;
        for pair in bytes.chunks_exact(8) {
            let at = |place: usize| (self.read_word)(pair[place..place + 4].try_into().expect("a pair has two words"));
            first = first.wrapping_add(at(0)).wrapping_add(second);
            second = second.wrapping_add(at(4)).wrapping_add(first);
        }
        self.sums = [first, second];
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    use sqlx::{ConnectOptions as _, Connection as _};

    use super::*;

    /// The log of a database that SQLite has written, with so many rows written one by one.
    async fn log(rows: usize) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("show.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Wal).disable_statement_logging();
        let mut connection = options.connect().await.expect("the database opens");
        sqlx::query("CREATE TABLE row (text TEXT)").execute(&mut connection).await.expect("a table is made");
        for _ in 0..rows {
            sqlx::query("INSERT INTO row VALUES ('x')").execute(&mut connection).await.expect("a row is written");
        }
        let log = std::fs::read(folder.path().join("show.db-wal")).expect("there is a log");
        connection.close().await.expect("it closes");
        log
    }

    fn state(log: &[u8]) -> WalState {
        read(&mut &*log).expect("memory can be read")
    }

    #[tokio::test]
    async fn what_sqlite_wrote_is_whole_and_damage_anywhere_is_found() {
        let whole = log(20).await;
        assert_eq!(state(&whole), WalState::Whole);
        assert_eq!(state(&[]), WalState::Whole);
        let frame = FRAME_HEADER_SIZE + word(&whole, 8) as usize;
        let frames = (whole.len() - HEADER_SIZE) / frame;
        assert_eq!(whole.len(), HEADER_SIZE + frames * frame);
        assert!(frames > 20, "{frames} frames");

        for number in 0..frames {
            let mut damaged = whole.clone();
            damaged[HEADER_SIZE + number * frame + FRAME_HEADER_SIZE + 100] ^= 1;
            assert_eq!(state(&damaged), WalState::Broken { readable: number as u64 });
        }
        let mut salt = whole.clone();
        salt[HEADER_SIZE + 5 * frame + 9] ^= 1;
        assert_eq!(state(&salt), WalState::Broken { readable: 5 }, "the frames after it are of this log");
        for place in 0..HEADER_SIZE {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x10;
            assert_eq!(state(&damaged), WalState::Broken { readable: 0 }, "byte {place} of the header");
        }
    }

    #[tokio::test]
    async fn what_a_killed_process_and_an_older_log_leave_is_no_damage() {
        let whole = log(3).await;
        let frame = FRAME_HEADER_SIZE + word(&whole, 8) as usize;
        for missing in [1, frame - 1, frame] {
            assert_eq!(state(&whole[..whole.len() - missing]), WalState::Whole, "{missing} bytes are missing");
        }
        let mut older = whole.clone();
        older.extend_from_slice(&log(3).await[HEADER_SIZE..]);
        assert_eq!(state(&older), WalState::Whole);
    }
}
