//! The metrics that there are, as the processes tell them.

use std::collections::{BTreeMap, BTreeSet};

use ghostlight_telemetry::metrics::{BusNow, GatewayMetrics, Metrics, RigsNow, StateMetrics};

use crate::promql::named;

/// What a target has besides what it tells.
const OF_EVERY_TARGET: [&str; 2] = ["job", "instance"];

/// All metrics of all roles.
pub(crate) struct Known {
    /// For each name that can be asked for, the labels, and for each of these its values.
    series: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// What the names belong to: a histogram is one, of three names.
    families: BTreeSet<String>,
}

impl Known {
    /// Encodes what each role has. To be called within a runtime, since there are metrics of that too.
    pub(crate) fn read() -> Self {
        let metrics = Metrics::default();
        let _gateway = GatewayMetrics::new(&metrics);
        let _state = StateMetrics::new(&metrics);
        metrics.observe_rigs(RigsNow::default);
        metrics.observe_bus(BusNow::default);
        metrics.observe_log(u64::default);
        metrics.describe_process("0.0.0", "gateway");
        Self::parse(&metrics.prometheus())
    }

    fn parse(text: &str) -> Self {
        let mut known = Self { series: BTreeMap::new(), families: BTreeSet::new() };
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                known.families.extend(family.split(' ').next().map(str::to_owned));
            } else if !line.starts_with('#') {
                let (series, _) = line.rsplit_once(' ').unwrap();
                let (name, matchers) = named(series).metrics.remove(0);
                let labels = known.series.entry(name).or_default();
                for matcher in matchers {
                    labels.entry(matcher.label).or_default().extend(matcher.values);
                }
            }
        }
        known.series.insert("up".to_owned(), BTreeMap::new());
        known
    }

    /// What is wrong with the names in a query: metrics, labels or values of labels that there are not.
    pub(crate) fn unknown_in(&self, query: &str) -> Vec<String> {
        let named = named(query);
        let mut unknown = Vec::new();
        let mut possible: BTreeSet<&str> = OF_EVERY_TARGET.into();
        for (name, matchers) in &named.metrics {
            let Some(labels) = self.series.get(name) else {
                unknown.push(name.clone());
                continue;
            };
            possible.extend(labels.keys().map(String::as_str));
            for matcher in matchers.iter().filter(|matcher| !OF_EVERY_TARGET.contains(&matcher.label.as_str())) {
                match labels.get(&matcher.label) {
                    None => unknown.push(format!("{name}{{{}}}", matcher.label)),
                    // These may be anything.
                    Some(_) if ["le", "version", "role"].contains(&matcher.label.as_str()) => {}
                    Some(values) => unknown.extend(
                        matcher
                            .values
                            .iter()
                            .filter(|value| !values.contains(*value))
                            .map(|value| format!("{name}={value}")),
                    ),
                }
            }
        }
        unknown.extend(named.labels.into_iter().filter(|label| !possible.contains(label.as_str())));
        unknown
    }

    /// The labels that a query's answer may have.
    pub(crate) fn labels_of(&self, query: &str) -> BTreeSet<String> {
        let of = |name: &String| self.series.get(name).into_iter().flat_map(|labels| labels.keys().cloned());
        let named = named(query).metrics;
        let labels = named.iter().flat_map(|(name, _)| of(name));
        labels.chain(OF_EVERY_TARGET.map(str::to_owned)).collect()
    }

    /// Which of our own metrics none of these queries asks for.
    pub(crate) fn unused_by<'a>(&self, queries: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let asked: BTreeSet<String> =
            queries.into_iter().flat_map(|query| named(query).metrics).map(|(name, _)| name).collect();
        let of_histogram = |family: &str| ["_bucket", "_count", "_sum"].map(|part| format!("{family}{part}"));
        let is_asked =
            |family: &String| asked.contains(family) || of_histogram(family).iter().any(|name| asked.contains(name));
        let ours = self.families.iter().filter(|family| family.starts_with("ghostlight_"));
        ours.filter(|family| !is_asked(family)).cloned().collect()
    }
}

#[test]
fn what_there_is_not_is_found() {
    let known = Known::parse(
        "# TYPE a_seconds histogram\na_seconds_bucket{stage=\"fold\",le=\"1\"} 0\na_seconds_count{stage=\"fold\"} 0\n\
         # TYPE ghostlight_b gauge\nghostlight_b{by=\"x\"} 1\n# TYPE ghostlight_c histogram\nghostlight_c_sum 0\n",
    );
    let good =
        "sum by (stage, job, le) (a_seconds_bucket{job=\"a\", le=\"+Inf\"}) / on (by) ghostlight_b{by=~\"x\"} > up";
    assert_eq!(known.unknown_in(good), Vec::<String>::new());
    let bad = "sum by (cue) (a_seconds) / a_seconds_count{stage=~\"fold|echo\"} + ghostlight_b{stage=\"fold\"}";
    assert_eq!(known.unknown_in(bad), ["a_seconds", "a_seconds_count=echo", "ghostlight_b{stage}", "cue"]);
    assert_eq!(known.unused_by(["rate(a_seconds_sum[1m])", "ghostlight_c_sum"]), ["ghostlight_b"]);
}
