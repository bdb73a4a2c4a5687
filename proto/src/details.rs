//! Levels with who last changed them, and when.

use chrono::{DateTime, SecondsFormat};
use ghostlight_rig::{ClientId, Dimmer, Level, LogTime, Scalar, Slot};
use serde::{Serialize, Serializer};

use crate::scalar::ScalarText;

/// Levels as text, each with who last changed it, and when: `{"1": {"level": 50, "client": "web-1", "time":
/// "2026-11-27T12:00:00.123456789Z"}}`. `client` is left out if the client gave no name, and `time` if it is not known.
#[derive(Clone, Debug)]
pub struct LevelDetails<'a>(pub Vec<(Dimmer, Level, &'a Slot<Level>)>);

impl Serialize for LevelDetails<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(dimmer, level, slot)| {
            let client = slot.changed.by.as_ref().map(ClientId::as_str);
            (
                dimmer.get(),
                DetailText { level: ScalarText(Scalar::Percent(*level)), client, time: time_text(slot.changed.at) },
            )
        }))
    }
}

#[derive(Serialize)]
struct DetailText<'a> {
    level: ScalarText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
}

/// A log time in RFC 3339 form, in UTC; `None` if it is not known.
fn time_text(time: LogTime) -> Option<String> {
    let nanoseconds = i64::try_from(time.0).ok().filter(|nanoseconds| *nanoseconds != 0)?;
    Some(DateTime::from_timestamp_nanos(nanoseconds).to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_to_the_nanosecond_and_an_unknown_one_not_at_all() {
        let written = |time| time_text(LogTime(time));
        assert_eq!(written(1_790_000_000_123_456_789).as_deref(), Some("2026-09-21T14:13:20.123456789Z"));
        assert_eq!(written(1_790_000_000_000_000_000).as_deref(), Some("2026-09-21T14:13:20Z"));
        assert_eq!(written(0), None);
    }
}
