//! Each work is done by a real peer, for a short time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use ghostlight_compare::peer::{Peer, Places, Recipe};
use ghostlight_compare::work::{Outcome, Work};

const LASTING: Duration = Duration::from_millis(300);

fn start(name: &str) -> Peer {
    let places = Places::of_this_workspace().unwrap();
    Peer::start(&Recipe::read(&places, name).unwrap(), &places).unwrap_or_else(|error| panic!("{error}"))
}

fn check(work: Work, outcome: &Outcome) {
    let Outcome { answers, figures, latencies_us } = outcome;
    assert!(*answers > 0, "{}: {outcome:?}", work.name());
    assert!(latencies_us.is_sorted() && latencies_us.len() == Outcome::PERCENTILES.len(), "{latencies_us:?}");
    let figure = |name: &str| figures[name];
    assert!(figure("p50_us") > 0.0 && figure("p50_us") <= figure("p99_us") && figure("p99_us") <= figure("max_us"));
    assert!(figure("generator_cpu_us_each") > 0.0 && figure("memory_mb") > 0.5, "{figures:?}");
}

#[test]
fn each_work_is_done_and_every_answer_is_counted() {
    for name in ["axum", "ghostlight-relaxed", "nats-kv"] {
        let peer = start(name);
        for work in [
            Work::Posts { connections: 1 },
            Work::Posts { connections: 20 },
            Work::Echo,
            Work::Writers { writers: 10 },
            Work::Fanout { clients: 20, rate: 60 },
            // Again: the dimmer begins at another level than the first time.
            Work::Fanout { clients: 20, rate: 60 },
        ] {
            let outcome = work.round(&peer, LASTING).unwrap_or_else(|error| panic!("{name}, {}: {error}", work.name()));
            check(work, &outcome);
        }
    }
}
