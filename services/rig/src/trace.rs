//! Which trace a change belongs to.

/// A place in a trace of the W3C's Trace Context: what follows is a child of it. There is none for what nobody traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace, not 0.
    pub trace_id: u128,
    /// The span in it, not 0.
    pub span_id: u64,
    /// Whether the trace is recorded.
    pub is_sampled: bool,
}

impl TraceContext {
    /// The trace as it is written: 32 hexadecimal digits.
    pub fn trace_id_text(self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The span as it is written: 16 hexadecimal digits.
    pub fn span_id_text(self) -> String {
        format!("{:016x}", self.span_id)
    }
}
