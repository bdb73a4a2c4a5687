//! The dashboard.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::files::{list, promtool_accepts, said, text};
use crate::known::Known;

/// What stands in the way of a dashboard's being read by promtool: Grafana's own variables.
const VARIABLES: [(&str, &str); 3] = [("$__rate_interval", "1m"), ("$instance", ".*"), ("$job", ".*")];

/// A query of the dashboard.
pub(crate) struct Query {
    /// Where it stands.
    pub(crate) place: String,
    /// As Grafana has it, with variables.
    pub(crate) expression: String,
    /// How its series are called.
    pub(crate) legend: String,
}

impl Query {
    /// As Prometheus understands it: of every job and instance.
    pub(crate) fn for_prometheus(&self) -> String {
        VARIABLES.iter().fold(self.expression.clone(), |query, (name, value)| query.replace(name, value))
    }
}

pub(crate) fn dashboard() -> Value {
    serde_json::from_str(&text("dashboards/ghostlight.json")).unwrap()
}

/// Every query of the dashboard that is for Prometheus.
pub(crate) fn queries() -> Vec<Query> {
    let dashboard = dashboard();
    let mut queries = Vec::new();
    for panel in list(&dashboard, "panels") {
        let targets =
            list(panel, "targets").iter().filter(|target| said(&target["datasource"], "type") == "prometheus");
        queries.extend(targets.map(|target| Query {
            place: format!("panel {} {}", said(panel, "title"), said(target, "refId")),
            expression: said(target, "expr").to_owned(),
            legend: said(target, "legendFormat").to_owned(),
        }));
    }
    for variable in list(&dashboard["templating"], "list").iter().filter(|variable| variable["type"] == "query") {
        let call = said(&variable["query"], "query");
        let (series, _) = call.strip_prefix("label_values(").unwrap().rsplit_once(',').unwrap();
        let place = format!("variable {}", said(variable, "name"));
        queries.push(Query { place, expression: series.to_owned(), legend: String::new() });
    }
    assert!(queries.len() > 50, "the queries are found");
    queries
}

#[test]
fn prometheus_understands_every_query() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    let mut text = "groups:\n- name: dashboard\n  rules:\n".to_owned();
    for (number, query) in queries().iter().enumerate() {
        let _ = writeln!(text, "  - record: query_{number}\n    expr: {:?}", query.for_prometheus());
    }
    std::fs::write(&rules, text).unwrap();
    promtool_accepts(&["check", "rules"], &rules);
}

#[test]
fn every_query_is_of_the_jobs_and_instances_that_are_chosen_and_rates_fit_the_scrapes() {
    for Query { place, expression, .. } in queries() {
        for (name, matchers) in crate::promql::named(&expression).metrics {
            let wanted: &[&str] = if place.starts_with("variable") { &[] } else { &["job", "instance"] };
            let has = |label: &&str| matchers.iter().any(|matcher| matcher.label == *label);
            assert!(wanted.iter().all(has), "{place}: {name} of any job");
        }
        let windows = expression.split("rate(").skip(1).map(|rate| &rate[rate.find('[').unwrap()..]);
        for window in windows {
            assert!(window.starts_with("[$__rate_interval]"), "{place}: {expression}");
        }
    }
}

#[tokio::test]
async fn every_legend_names_labels_that_the_answer_has() {
    let known = Known::read();
    for Query { place, expression, legend } in queries() {
        let labels = known.labels_of(&expression);
        for label in legend.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap()) {
            assert!(labels.contains(label), "{place}: {legend}");
        }
    }
}

#[test]
fn a_click_leads_from_a_slow_change_to_its_trace() {
    let dashboard = dashboard();
    for title in ["Echo, end to end", "99 of 100, by stage"] {
        let panel = list(&dashboard, "panels").iter().find(|panel| said(panel, "title") == title).unwrap();
        assert!(list(panel, "targets").iter().any(|target| target["exemplar"] == true), "{title}");
        assert_eq!(said(panel, "type"), "timeseries", "which shows exemplars");
    }
}

#[test]
fn every_panel_has_its_own_place_an_explanation_and_a_source_that_can_be_chosen() {
    let dashboard = dashboard();
    let variables: BTreeSet<_> = list(&dashboard["templating"], "list")
        .iter()
        .map(|variable| format!("${{{}}}", said(variable, "name")))
        .collect();
    let mut ids = BTreeSet::new();
    let mut cells = BTreeSet::new();
    for panel in list(&dashboard, "panels") {
        let title = said(panel, "title");
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: another panel has its number");
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for cell in (0..place("w")).flat_map(|x| (0..place("h")).map(move |y| (x, y))) {
            let cell = (place("x") + cell.0, place("y") + cell.1);
            assert!(cell.0 < 24 && cells.insert(cell), "{title}: another panel is at {cell:?}");
        }
        if said(panel, "type") == "row" {
            continue;
        }
        assert!(!said(panel, "description").is_empty(), "{title}");
        for source in list(panel, "targets").iter().chain([panel]).map(|of| &of["datasource"]) {
            assert!(variables.contains(said(source, "uid")), "{title}: {source}");
        }
    }
}
