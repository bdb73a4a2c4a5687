//! Reads a file from a trusted ZIP archive, which a dependency carries.
//!
//! The format: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, 4.3.7 (local header) and 4.3.12 (central
//! directory). All numbers are little-endian.

use miniz_oxide::inflate::decompress_to_vec_with_limit;

const CENTRAL_HEADER: &[u8] = b"PK\x01\x02";
const CENTRAL_HEADER_BYTES: usize = 46;
const LOCAL_HEADER_BYTES: usize = 30;
const END_OF_DIRECTORY: &[u8] = b"PK\x05\x06";
const STORED: usize = 0;
const DEFLATED: usize = 8;

/// The content of the file whose name in the archive ends with `name_end`.
pub(crate) fn unpacked(archive: &[u8], name_end: &str) -> Result<Vec<u8>, String> {
    find(archive, name_end.as_bytes()).ok_or_else(|| format!("the archive of Swagger UI has no readable {name_end}"))
}

fn find(archive: &[u8], name_end: &[u8]) -> Option<Vec<u8>> {
    // The end record of the directory is the last thing in the archive, except for a comment.
    let end = archive.windows(END_OF_DIRECTORY.len()).rposition(|window| window == END_OF_DIRECTORY)?;
    let mut at = number::<4>(archive, end + 16)?;
    while archive.get(at..)?.starts_with(CENTRAL_HEADER) {
        let lengths = [28, 30, 32].map(|field| number::<2>(archive, at + field));
        let [name_len, extra_len, comment_len] = [lengths[0]?, lengths[1]?, lengths[2]?];
        let name = archive.get(at + CENTRAL_HEADER_BYTES..)?.get(..name_len)?;
        if name.ends_with(name_end) {
            return content(archive, at);
        }
        at += CENTRAL_HEADER_BYTES + name_len + extra_len + comment_len;
    }
    None
}

/// The content of the file whose entry in the central directory begins at `entry`.
fn content(archive: &[u8], entry: usize) -> Option<Vec<u8>> {
    let method = number::<2>(archive, entry + 10)?;
    let (packed_len, len) = (number::<4>(archive, entry + 20)?, number::<4>(archive, entry + 24)?);
    let local = number::<4>(archive, entry + 42)?;
    // The extra fields of the two headers may differ in length.
    let begin = local + LOCAL_HEADER_BYTES + number::<2>(archive, local + 26)? + number::<2>(archive, local + 28)?;
    let packed = archive.get(begin..)?.get(..packed_len)?;
    let content = match method {
        STORED => packed.to_vec(),
        DEFLATED => decompress_to_vec_with_limit(packed, len).ok()?,
        _ => return None,
    };
    Some(content).filter(|content| content.len() == len)
}

fn number<const BYTES: usize>(archive: &[u8], at: usize) -> Option<usize> {
    let bytes = archive.get(at..)?.get(..BYTES)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}
