//! Dashboards and alerts ask for what there is, and what there is can be seen.

use crate::alerts::{alerts, queries_of_tests};
use crate::dashboard::queries;
use crate::files::said;
use crate::known::Known;

/// Every query, with where it stands.
fn asked() -> Vec<(String, String)> {
    let panels = queries().into_iter().map(|query| (query.place, query.expression));
    let alerts = alerts().into_iter().map(|alert| (said(&alert, "alert").to_owned(), said(&alert, "expr").to_owned()));
    panels.chain(alerts).collect()
}

#[tokio::test]
async fn every_metric_label_and_value_that_is_asked_for_is_there() {
    let known = Known::read();
    let tests = queries_of_tests().into_iter().map(|series| ("a test of the alerts".to_owned(), series));
    for (place, query) in asked().into_iter().chain(tests) {
        let unknown = known.unknown_in(&query);
        assert!(unknown.is_empty(), "{place}: there is no {unknown:?}: {query}");
    }
}

#[tokio::test]
async fn every_metric_of_ours_is_shown_or_watched() {
    let asked = asked();
    let unused = Known::read().unused_by(asked.iter().map(|(_, query)| query.as_str()));
    assert!(unused.is_empty(), "nobody sees {unused:?}");
}
