//! Positions as text: `epoch-revision`, bare and as an entity tag.

use ghostlight_rig::Position;

/// Reads a position as it is written, `epoch-revision`; `None` if it is not one.
pub fn parse_position(text: &str) -> Option<Position> {
    let (epoch, revision) = text.split_once('-')?;
    let position = Position::new(epoch.parse().ok()?, revision.parse().ok()?);
    (position.to_string() == text).then_some(position)
}

/// The position as an entity tag (RFC 9110, section 8.8.3).
pub fn etag(position: Position) -> String {
    format!("\"{position}\"")
}

/// Reads a strong entity tag that is a position; `None` if it is not one.
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
}
