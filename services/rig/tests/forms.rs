//! Numbers, positions and identities as text.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use ghostlight_rig::{Digest, Dimmer, Level, LogPosition, LogTime, Position, Stamp, StoreId, TraceContext};
use support::dimmer;

#[test]
fn a_dimmer_has_one_spelling() {
    for number in [1, 9, 10, 65_535] {
        assert_eq!(Dimmer::parse(&number.to_string()), Some(dimmer(number)));
        assert_eq!(dimmer(number).to_string(), number.to_string());
    }
    for bad in ["", "0", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "1e1", "0x1", "65536", "١"] {
        assert_eq!(Dimmer::parse(bad), None, "{bad:?}");
    }
}

#[test]
fn positions_and_times_are_written_as_numbers() {
    let position = Position::new(1_790_000_000, 42);
    assert_eq!(position.to_string(), "1790000000-42");
    assert_eq!((position.epoch.to_string(), position.revision.to_string()), ("1790000000".into(), "42".into()));
    assert_eq!((Stamp(7).to_string(), LogTime(8).to_string()), ("7".into(), "8".into()));
    assert_eq!(LogPosition::from(position), LogPosition { position, stamp: Stamp(0) }, "of an unknown entry");
}

#[test]
fn log_time_never_goes_back() {
    assert_eq!(LogTime(5).next(Stamp(9)), LogTime(9));
    assert_eq!(LogTime(9).next(Stamp(5)), LogTime(9));
}

/// As in the W3C's Trace Context, where each number has a fixed number of digits.
#[test]
fn a_trace_is_written_in_hexadecimal() {
    let trace = TraceContext { trace_id: 0x4bf9_2f35_77b3, span_id: 0xf067_aa0b, is_sampled: true };
    assert_eq!(trace.trace_id_text(), "000000000000000000004bf92f3577b3");
    assert_eq!(trace.span_id_text(), "00000000f067aa0b");
}

/// What log lines and failed tests show.
#[test]
fn the_debug_form_is_short() {
    assert_eq!(format!("{:?}", dimmer(7)), "dimmer 7");
    assert_eq!(format!("{:?}", Level::from_hundredths(1_250).unwrap()), "12.5 %");
    assert_eq!(format!("{:?}", Digest::from_lanes([1, 0xabc])), "0000000100000abc");
    assert_eq!(format!("{:?}", StoreId(255)), "StoreId(000000000000000000000000000000ff)");
    assert_eq!(format!("{:?}", Position::new(1, 2)), "1-2");
}
