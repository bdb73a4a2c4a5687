//! Trace contexts in the text form of `traceparent` (W3C Trace Context, level 2).

use ghostlight_rig::TraceContext;

/// The header of requests, answers and messages that carries a trace context.
pub const TRACEPARENT: &str = "traceparent";

/// The flag of a recorded trace.
const SAMPLED: u8 = 1;

/// Reads a `traceparent`; `None` if it is not valid. The caller then begins a new trace and reports no error.
pub fn parse_traceparent(text: &str) -> Option<TraceContext> {
    let mut fields = text.trim().split('-');
    let (version, trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let version = hexadecimal(version, 2)?;
    // A later version may add fields.
    if version == 0xff || (version == 0 && fields.next().is_some()) {
        return None;
    }
    let (trace_id, span_id) = (hexadecimal(trace, 32)?, u64::try_from(hexadecimal(span, 16)?).ok()?);
    let is_sampled = u8::try_from(hexadecimal(flags, 2)?).ok()? & SAMPLED != 0;
    (trace_id != 0 && span_id != 0).then_some(TraceContext { trace_id, span_id, is_sampled })
}

/// Writes a `traceparent`.
pub fn traceparent(TraceContext { trace_id, span_id, is_sampled }: TraceContext) -> String {
    format!("00-{trace_id:032x}-{span_id:016x}-{:02x}", u8::from(is_sampled))
}

/// A hexadecimal number with this many digits. Capital letters are not allowed.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let is_well_formed = text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    u128::from_str_radix(text, 16).ok().filter(|_| is_well_formed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn it_is_read_and_written_alike() {
        let read = parse_traceparent(EXAMPLE).unwrap_or_else(|| panic!("{EXAMPLE} is one"));
        assert_eq!(read.trace_id_text(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(read.span_id_text(), "00f067aa0ba902b7");
        assert!(read.is_sampled);
        assert_eq!(traceparent(read), EXAMPLE);
        let unsampled = EXAMPLE.replace("-01", "-00");
        assert_eq!(parse_traceparent(&unsampled).map(|read| read.is_sampled), Some(false));
    }

    #[test]
    fn later_versions_may_say_more_and_this_one_may_not() {
        let later = format!("{}-more", EXAMPLE.replacen("00", "01", 1));
        assert_eq!(parse_traceparent(&later), parse_traceparent(EXAMPLE));
        assert_eq!(parse_traceparent(&format!("{EXAMPLE}-more")), None);
    }

    #[test]
    fn what_is_none_is_passed_over() {
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse_traceparent(bad), None, "{bad:?}");
        }
    }
}
