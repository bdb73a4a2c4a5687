//! The trace that a change belongs to.

/// A span of a trace in the W3C's Trace Context, the parent of the spans that follow. Only traced changes have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace's number, not 0.
    pub trace_id: u128,
    /// The span's number, not 0.
    pub span_id: u64,
    /// Whether the trace is recorded.
    pub is_sampled: bool,
}

impl TraceContext {
    /// The trace's number as written: 32 hexadecimal digits.
    pub fn trace_id_text(self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The span's number as written: 16 hexadecimal digits.
    pub fn span_id_text(self) -> String {
        format!("{:016x}", self.span_id)
    }
}
