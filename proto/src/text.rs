//! Positions, log times and identities of stores as text.

use ghostlight_rig::{LogTime, Position, StoreId};
use serde::{Serialize, Serializer};

use crate::fault::BadInput;

/// Whether a member of a message is left out, because readers take its absence for `false`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

/// Reads a position in its only spelling, `epoch-revision`; `None` if the text is not one.
pub fn parse_position(text: &str) -> Option<Position> {
    let (epoch, revision) = text.split_once('-')?;
    let position = Position::new(epoch.parse().ok()?, revision.parse().ok()?);
    (position.to_string() == text).then_some(position)
}

/// Reads a log time in its only spelling, nanoseconds since 1970; `None` if the text is not one. JSON has it as a
/// string, because a browser's number cannot hold it.
fn parse_time(text: &str) -> Option<LogTime> {
    let is_canonical = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    text.parse().ok().filter(|_| is_canonical).map(LogTime)
}

/// The log time of a message. Every version writes it, also if it is 0; a message that lacks it is read as one of time 0,
/// because a replica can follow without it.
pub(crate) fn read_time(time: Option<&str>) -> Result<LogTime, BadInput> {
    time.map_or(Ok(LogTime::default()), |time| need(parse_time(time), "time"))
}

/// The store of a message; the default if the message names none.
pub(crate) fn read_store(store: Option<&str>) -> Result<StoreId, BadInput> {
    store.map_or(Ok(StoreId::default()), |store| need(StoreId::parse(store), "store"))
}

/// The identity of a store in a message. A message leaves it out if it is not known.
pub(crate) struct StoreText(pub(crate) StoreId);

impl StoreText {
    pub(crate) fn is_unknown(&self) -> bool {
        self.0 == StoreId::default()
    }
}

impl Serialize for StoreText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A text without a byte order mark. RFC 8259, section 8.1, allows a reader to ignore one; editors and PowerShell write it.
pub fn without_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

/// The value of a member that a message must have.
pub(crate) fn need<T>(member: Option<T>, name: &str) -> Result<T, BadInput> {
    member.ok_or_else(|| BadInput::Form(format!("{name} is missing or not well formed")))
}

/// A position as an entity tag (RFC 9110, section 8.8.3).
pub fn etag(position: Position) -> String {
    format!("\"{position}\"")
}

/// Reads a strong entity tag with a position; `None` if the text is not one.
pub fn parse_etag(text: &str) -> Option<Position> {
    parse_position(text.trim().strip_prefix('"')?.strip_suffix('"')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_has_one_spelling() {
        let position = Position::new(1_790_000_000, 42);
        assert_eq!(parse_position("1790000000-42"), Some(position));
        assert_eq!(parse_etag(&etag(position)), Some(position));
        for bad in ["", "-", "1-", "-1", "1-2-3", "01-2", "+1-2", "1- 2", "1-18446744073709551616"] {
            assert_eq!(parse_position(bad), None, "{bad:?}");
        }
        for bad in ["1-2", "W/\"1-2\"", "\"1-2", "*"] {
            assert_eq!(parse_etag(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_time_has_one_spelling_and_may_be_missing() {
        for time in [0, 1, 1_790_000_000_123_456_789, u64::MAX] {
            assert_eq!(read_time(Some(&time.to_string())), Ok(LogTime(time)));
        }
        for bad in ["", "00", "01", "+1", "-1", "1.5", "1 ", "18446744073709551616"] {
            assert!(read_time(Some(bad)).unwrap_err().to_string().contains("time"), "{bad:?}");
        }
        assert_eq!(read_time(None), Ok(LogTime(0)));
    }
}
