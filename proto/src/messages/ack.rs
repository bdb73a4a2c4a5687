//! `ack`: a change is durable, and its gateway's replica has reached it.

use std::borrow::Cow;
use std::time::Duration;

use ghostlight_rig::{Position, TraceContext};
use serde::{Deserialize, Serialize};

use crate::fault::BadInput;
use crate::text::{need, parse_position};
use crate::trace::{parse_traceparent, traceparent};

/// The message that a change is durable and that its gateway's replica has reached it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The client's number for the change.
    pub seq: u64,
    /// The position of the change's entry.
    pub position: Position,
    /// How long the stages of the change took, for a client that wants timing.
    pub timing: Option<Timing>,
    /// The change's place in its trace, if it is traced.
    pub trace: Option<TraceContext>,
}

/// How long the stages of a change took, in microseconds. They overlap: all but the fold are counted from the arrival
/// of the change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// From arrival until the change was durable.
    pub log_us: u32,
    /// The fold in the state service.
    pub fold_us: u32,
    /// From arrival until the gateway's replica had reached the change.
    pub echo_us: u32,
}

impl Timing {
    /// The timing with these durations, each cut to what a `u32` of microseconds holds: 71 minutes.
    pub fn new(log: Duration, fold: Duration, echo: Duration) -> Self {
        let us = |stage: Duration| u32::try_from(stage.as_micros()).unwrap_or(u32::MAX);
        Self { log_us: us(log), fold_us: us(fold), echo_us: us(echo) }
    }

    /// The durations in milliseconds, to three decimals: durable, fold, echo.
    pub fn as_ms(self) -> [f64; 3] {
        [self.log_us, self.fold_us, self.echo_us].map(|us| f64::from(us) / 1_000.0)
    }
}

pub(super) fn encode(Ack { seq, position, timing, trace }: &Ack) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&AckOut {
        message: "ack",
        seq: *seq,
        position: position.to_string(),
        timing: timing.map(TimingText::from),
        traceparent: trace.map(traceparent),
    })
}

pub(super) fn decode(text: &[u8]) -> Result<Ack, BadInput> {
    let AckIn { seq, position, timing, traceparent } = serde_json::from_slice(text)?;
    Ok(Ack {
        seq: need(seq, "seq")?,
        position: need(position.as_deref().and_then(parse_position), "position")?,
        timing: timing.map(Timing::from),
        trace: traceparent.as_deref().and_then(parse_traceparent),
    })
}

#[derive(Serialize)]
struct AckOut {
    #[serde(rename = "type")]
    message: &'static str,
    seq: u64,
    position: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timing: Option<TimingText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

#[derive(Deserialize)]
struct AckIn<'a> {
    seq: Option<u64>,
    #[serde(borrow)]
    position: Option<Cow<'a, str>>,
    timing: Option<TimingText>,
    #[serde(borrow)]
    traceparent: Option<Cow<'a, str>>,
}

/// Durations in milliseconds, as in `Server-Timing`.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct TimingText {
    log: f64,
    fold: f64,
    echo: f64,
}

impl From<Timing> for TimingText {
    fn from(timing: Timing) -> Self {
        let [log, fold, echo] = timing.as_ms();
        Self { log, fold, echo }
    }
}

impl From<TimingText> for Timing {
    fn from(TimingText { log, fold, echo }: TimingText) -> Self {
        // An impossible duration counts as zero.
        let stage = |ms: f64| Duration::try_from_secs_f64((ms * 1_000.0).round() / 1_000_000.0).unwrap_or_default();
        Self::new(stage(log), stage(fold), stage(echo))
    }
}
