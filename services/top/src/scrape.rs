//! One scrape: the text of `/metrics`, parsed.
//!
//! [`prometheus_parse`] does not support commas and quotes in the values of labels, and ignores lines that it does not
//! understand. That is enough here: our labels are a few fixed words, and a text without them is not Ghostlight's.

use std::collections::BTreeMap;
use std::io;

use prometheus_parse::{Sample, Value};

use crate::buckets::Buckets;

/// The samples of one text.
#[derive(Clone, Debug)]
pub struct Scrape(Vec<Sample>);

/// The answer does not come from a process of Ghostlight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer does not come from Ghostlight's admin listener")]
pub struct NotGhostlight;

impl Scrape {
    /// Reads a text in the format of Prometheus.
    ///
    /// # Errors
    /// If the text does not name the version and the role of a process.
    pub fn parse(text: &str) -> Result<Self, NotGhostlight> {
        let lines = text.lines().map(|line| io::Result::Ok(line.to_owned()));
        let scrape = Self(prometheus_parse::Scrape::parse(lines).map_err(|_| NotGhostlight)?.samples);
        if scrape.label("ghostlight_build_info", "role").is_some() { Ok(scrape) } else { Err(NotGhostlight) }
    }

    /// The value of a counter or a gauge.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.named(name).find_map(number)
    }

    /// The values of a counter or a gauge, by a label.
    pub fn by(&self, name: &str, label: &str) -> BTreeMap<&str, f64> {
        self.named(name).filter_map(|sample| Some((sample.labels.get(label)?, number(sample)?))).collect()
    }

    /// A label of a metric that has one set of labels only.
    pub fn label(&self, name: &str, label: &str) -> Option<&str> {
        self.named(name).find_map(|sample| sample.labels.get(label))
    }

    /// The buckets of a histogram.
    pub fn buckets(&self, name: &str) -> Option<Buckets> {
        self.named(name).find_map(buckets)
    }

    /// The buckets of a histogram, for one value of a label.
    pub fn buckets_of(&self, name: &str, label: &str, value: &str) -> Option<Buckets> {
        self.named(name).filter(|sample| sample.labels.get(label) == Some(value)).find_map(buckets)
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Sample> {
        self.0.iter().filter(move |sample| sample.metric == name)
    }
}

fn number(sample: &Sample) -> Option<f64> {
    match sample.value {
        Value::Counter(value) | Value::Gauge(value) | Value::Untyped(value) => Some(value).filter(|v| v.is_finite()),
        Value::Histogram(_) | Value::Summary(_) => None,
    }
}

fn buckets(sample: &Sample) -> Option<Buckets> {
    match &sample.value {
        Value::Histogram(counts) => Buckets::new(counts.iter().map(|count| (count.less_than, count.count))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# TYPE ghostlight_build_info gauge
ghostlight_build_info{version=\"0.1.0\",role=\"gateway\"} 1
# TYPE ghostlight_changes_total counter
ghostlight_changes_total 12
# TYPE ghostlight_connections gauge
ghostlight_connections{protocol=\"plain\"} 3
ghostlight_connections{protocol=\"full\"} NaN
# TYPE ghostlight_echo_seconds histogram
ghostlight_echo_seconds_bucket{le=\"5e-05\"} 1
ghostlight_echo_seconds_bucket{le=\"+Inf\"} 2
ghostlight_echo_seconds_sum 0.5
ghostlight_echo_seconds_count 2
";

    #[test]
    fn what_stands_there_is_found() {
        let scrape = Scrape::parse(TEXT).unwrap();
        assert_eq!(scrape.label("ghostlight_build_info", "version"), Some("0.1.0"));
        assert_eq!(scrape.value("ghostlight_changes_total"), Some(12.0));
        assert_eq!(scrape.by("ghostlight_connections", "protocol"), BTreeMap::from([("plain", 3.0)]));
        assert_eq!(scrape.buckets("ghostlight_echo_seconds"), Buckets::new([(0.000_05, 1.0), (f64::INFINITY, 2.0)]));
    }

    #[test]
    fn what_is_missing_is_missing() {
        let scrape = Scrape::parse(TEXT).unwrap();
        assert_eq!((scrape.value("ghostlight_rigs"), scrape.buckets("ghostlight_changes_total")), (None, None));
        assert!(scrape.by("ghostlight_saves_total", "outcome").is_empty());
        assert_eq!(scrape.buckets_of("ghostlight_stage_seconds", "stage", "fold"), None);
    }

    #[test]
    fn other_texts_are_not_ours() {
        for text in ["", "<!doctype html>", "process_cpu_seconds_total 1", "{}", "\u{0}"] {
            assert_eq!(Scrape::parse(text).unwrap_err(), NotGhostlight, "{text}");
        }
    }
}
