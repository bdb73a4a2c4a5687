//! The wanted figures of the measures, on two cores.

use crate::measure::Kind;
use crate::report::{Bound, Wanted};

/// The rate of a hand on a fader, in changes a second. The echo and the first fan-out use it.
pub(crate) const HAND: u32 = 60;

/// The wanted figures of a measure, for one process or for a deployment that uses NATS.
pub(crate) fn wanted(kind: Kind, is_joined: bool) -> Vec<Wanted> {
    let want = |figure, over, bound, remark| Wanted { figure, over, bound, remark, measured: None, met: None };
    match kind {
        Kind::Memory { .. } => vec![want("rss_bytes_each", None, Bound::AtMost(10_000.0), "")],
        Kind::Http { connections: 1 } if is_joined => vec![],
        Kind::Http { connections: 1 } => {
            vec![want("p50_us", Some("bare"), Bound::AtMost(2.5), "with full, plus one fsync")]
        }
        // NATS is measured with own and with shared connections. Both bounds have to be met.
        Kind::Http { .. } if is_joined => vec![
            want("per_second", Some("kv"), Bound::AtLeast(5.0), ""),
            want("per_second", Some("kv shared"), Bound::AtLeast(5.0), ""),
        ],
        Kind::Http { .. } => vec![
            want("per_second", Some("bare"), Bound::AtLeast(0.75), "with relaxed"),
            want("per_second", Some("against"), Bound::AtLeast(0.6), "full against relaxed"),
        ],
        Kind::Lookup { .. } => {
            vec![want("per_second", Some("bare"), Bound::AtLeast(0.7), "the same JSON from a constant")]
        }
        Kind::Echo { .. } if is_joined => vec![
            want("p50_us", Some("hops"), Bound::AtMost(1.3), ""),
            want("p50_us", Some("kv"), Bound::AtMost(1.6), ""),
        ],
        Kind::Echo { .. } => vec![want("p50_us", Some("bare"), Bound::AtMost(1.6), "")],
        Kind::Fanout { rate: HAND, .. } => vec![want("cpu_us_each", Some("bare"), Bound::AtMost(1.25), "")],
        Kind::Fanout { .. } => vec![want("stale_p99_ms", None, Bound::AtMost(40.0), "")],
        Kind::Writers { .. } if is_joined => {
            vec![want(
                "per_second",
                None,
                Bound::AtLeast(10_000.0),
                "100 writers, one NATS server, sync_interval always",
            )]
        }
        Kind::Writers { .. } => vec![],
    }
}
