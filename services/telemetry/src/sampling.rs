//! Which changes are traced, as `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` say.
//!
//! The decision is made here and not by the SDK, which makes a span before it decides. With one change in a hundred
//! traced, the spans of the other ninety-nine would reduce the number of changes a second by a tenth.

use ghostlight_rig::TraceContext;

/// The rule that decides whether a change is traced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sampling {
    /// The share of changes that are traced, from 0 to 1.
    ratio: f64,
    /// Whether the decision of a client for its own trace is followed.
    heeds_parent: bool,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { ratio: 1.0, heeds_parent: true }
    }
}

impl Sampling {
    /// The rule in the environment. A wrong rule is logged, and then everything is traced.
    pub(crate) fn from_environment() -> Self {
        let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (sampler, argument) = (given("OTEL_TRACES_SAMPLER"), given("OTEL_TRACES_SAMPLER_ARG"));
        Self::named(sampler.as_deref().unwrap_or("parentbased_always_on"), argument.as_deref()).unwrap_or_else(|why| {
            tracing::warn!("OTEL_TRACES_SAMPLER: {why}; every change is traced");
            Self::default()
        })
    }

    fn named(sampler: &str, argument: Option<&str>) -> Result<Self, String> {
        let (heeds_parent, kind) = match sampler.strip_prefix("parentbased_") {
            Some(kind) => (true, kind),
            None => (false, sampler),
        };
        let ratio = match (kind, argument.map_or(Ok(1.0), str::parse::<f64>)) {
            ("always_on", _) => 1.0,
            ("always_off", _) => 0.0,
            ("traceidratio", Ok(ratio)) if (0.0..=1.0).contains(&ratio) => ratio,
            ("traceidratio", _) => {
                return Err(format!("the ratio {:?} is not a number from 0 to 1", argument.unwrap_or("")));
            }
            _ => return Err(format!("the sampler {sampler:?} is not supported")),
        };
        Ok(Self { ratio, heeds_parent })
    }

    /// Whether a change is traced; `parent` is its client's trace, if any.
    pub(crate) fn takes(self, parent: Option<TraceContext>) -> bool {
        match parent {
            Some(parent) if self.heeds_parent => parent.is_sampled,
            // Depends on the trace alone, so that all services decide alike.
            Some(parent) => {
                self.ratio >= 1.0 || ((parent.trace_id as u64 >> 1) as f64) < self.ratio * (1_u64 << 63) as f64
            }
            None => self.ratio >= 1.0 || (self.ratio > 0.0 && fastrand::f64() < self.ratio),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(trace_id: u128, is_sampled: bool) -> Option<TraceContext> {
        Some(TraceContext { trace_id, span_id: 1, is_sampled })
    }

    #[test]
    fn the_standard_names_are_known_and_others_are_told() {
        let named = |sampler, argument| Sampling::named(sampler, argument);
        assert_eq!(named("parentbased_always_on", None), Ok(Sampling::default()));
        assert_eq!(named("parentbased_traceidratio", Some("0.25")), Ok(Sampling { ratio: 0.25, heeds_parent: true }));
        assert_eq!(named("traceidratio", None), Ok(Sampling { ratio: 1.0, heeds_parent: false }));
        assert_eq!(named("always_off", Some("1")), Ok(Sampling { ratio: 0.0, heeds_parent: false }));
        for (sampler, argument) in [("xray", None), ("traceidratio", Some("2")), ("traceidratio", Some("x"))] {
            assert!(named(sampler, argument).is_err(), "{sampler} {argument:?}");
        }
    }

    #[test]
    fn a_client_that_has_decided_is_heeded_or_all_decide_alike() {
        let never = Sampling { ratio: 0.0, heeds_parent: true };
        assert!(never.takes(trace(7, true)) && !never.takes(trace(7, false)) && !never.takes(None));
        let half = Sampling { ratio: 0.5, heeds_parent: false };
        assert!(half.takes(trace(1, false)) && !half.takes(trace(u128::MAX, true)));
        let always = Sampling { ratio: 1.0, heeds_parent: false };
        assert!(always.takes(trace(u128::MAX, false)) && always.takes(None));
    }

    #[test]
    fn chance_takes_the_share_that_is_asked_for() {
        let tenth = Sampling { ratio: 0.1, heeds_parent: true };
        let taken = (0..10_000).filter(|_| tenth.takes(None)).count();
        // Some thirty standard deviations on each side.
        assert!((100..1_900).contains(&taken), "{taken}");
    }
}
