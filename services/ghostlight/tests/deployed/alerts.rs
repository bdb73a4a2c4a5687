//! The alerts, and what to do about them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::files::{deploy, list, promtool_accepts, said, text, yaml};

/// Every alert.
pub(crate) fn alerts() -> Vec<Value> {
    let rules = yaml("dashboards/alerts.yaml");
    let groups = list(&rules, "groups").iter();
    let alerts: Vec<_> = groups.flat_map(|group| list(group, "rules")).cloned().collect();
    assert!(!alerts.is_empty(), "the alerts are found");
    alerts
}

/// The series and queries in the alerts' tests.
pub(crate) fn queries_of_tests() -> Vec<String> {
    let tests = yaml("dashboards/alerts_test.yaml");
    let mut queries = Vec::new();
    for test in list(&tests, "tests") {
        queries.extend(list(test, "input_series").iter().map(|series| said(series, "series").to_owned()));
    }
    queries
}

#[test]
fn prometheus_understands_them() {
    promtool_accepts(&["check", "rules"], &deploy("dashboards/alerts.yaml"));
}

#[test]
fn each_fires_when_it_must_and_is_silent_when_it_must_not() {
    promtool_accepts(&["test", "rules"], &deploy("dashboards/alerts_test.yaml"));
}

#[test]
fn each_is_tested_while_it_fires_and_while_it_does_not() {
    let tests = yaml("dashboards/alerts_test.yaml");
    let mut tested: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for check in list(&tests, "tests").iter().flat_map(|test| list(test, "alert_rule_test")) {
        tested.entry(said(check, "alertname")).or_default().insert(list(check, "exp_alerts").is_empty());
    }
    for alert in alerts() {
        let name = said(&alert, "alert");
        assert_eq!(tested.get(name).map_or(0, BTreeSet::len), 2, "{name} is not tested both ways");
    }
}

#[test]
fn each_says_how_bad_it_is_what_it_is_and_what_to_do() {
    const RUNBOOK: &str = "deploy/dashboards/RUNBOOK.md#";
    let runbook = text("dashboards/RUNBOOK.md");
    let mut sections: BTreeSet<_> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    for alert in alerts() {
        let name = said(&alert, "alert");
        let severity = said(&alert["labels"], "severity");
        assert!(["critical", "warning"].contains(&severity), "{name}: {severity}");
        for text in ["summary", "description"] {
            assert!(!said(&alert["annotations"], text).is_empty(), "{name}");
        }
        // As GitHub makes the anchor of a heading.
        let anchor = said(&alert["annotations"], "runbook").strip_prefix(RUNBOOK).unwrap();
        assert_eq!(anchor, name.to_lowercase());
        assert!(sections.remove(name), "the runbook has no section {name}");
    }
    assert!(sections.is_empty(), "the runbook knows alerts that there are not: {sections:?}");
    for link in runbook.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        let is_there =
            runbook.lines().filter_map(|line| line.strip_prefix("## ")).any(|name| name.to_lowercase() == link);
        assert!(is_there, "#{link}");
    }
}

#[test]
fn the_runbook_names_panels_that_there_are() {
    let dashboard = crate::dashboard::dashboard();
    let titles: BTreeSet<_> = list(&dashboard, "panels").iter().map(|panel| said(panel, "title")).collect();
    let runbook = text("dashboards/RUNBOOK.md");
    // In this page only panels and alerts are in italics.
    let prose = runbook.split('`').step_by(2).collect::<String>().replace("**", "");
    let named = prose.split('*').skip(1).step_by(2).map(|name| name.replace('\n', " "));
    let alerts: BTreeSet<_> = alerts().iter().map(|alert| said(alert, "alert").to_owned()).collect();
    let mut count = 0;
    for name in named {
        count += 1;
        assert!(titles.contains(name.as_str()) || alerts.contains(&name), "{name}");
    }
    assert!(count > 10, "they are found");
}
