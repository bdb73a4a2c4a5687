//! Tests of the view that is computed from scrapes.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::buckets::Worst;
use crate::view::{Count, Gateway, Here};

fn here(view: &View, at: usize) -> &Here {
    view.processes[at].here().unwrap()
}

fn gateway(view: &View, at: usize) -> &Gateway {
    here(view, at).gateway.as_ref().unwrap()
}

fn alarms(view: &View) -> Vec<&str> {
    view.alarms.iter().map(|alarm| alarm.what.as_str()).collect()
}

#[test]
fn a_busy_rig_is_seen() {
    let view = seen(busy(), work);
    assert_eq!(alarms(&view), [""; 0]);
    assert_eq!((view.whole.changes_per_second, view.whole.deliveries_per_second), (Some(550.0), Some(6_600.0)));
    assert_eq!(view.whole.rejections["bad_input"], Count { total: 7.0, per_second: Some(3.5) });
    let connections: Vec<_> = view.whole.connections.iter().map(|(name, open)| (name.as_str(), *open)).collect();
    assert_eq!(connections, [("events", 6.0), ("full", 1_100.0), ("plain", 24.0)]);
    let echo = view.whole.echo.unwrap();
    assert_eq!((echo.per_second, echo.worst), (550.0, Some(Worst::WithinSeconds(0.01))));
    // Of 1,100 values, 1,060 are at most 5 ms: rank 1,089 is number 29 of the 40 above.
    assert!((echo.p99_seconds.unwrap() - (0.005 + 0.005 * 29.0 / 40.0)).abs() < 1e-9, "{echo:?}");
    let stages: Vec<_> = view.stages.iter().map(|stage| (stage.stage, stage.slowest_at.as_deref().unwrap())).collect();
    let (one, two, keeper) = ("one:9464", "two:9464", "keeper:9464");
    assert_eq!(stages[..3], [("append", two), ("fold", keeper), ("save", keeper)]);
    assert!(["echo", "deliver"] == [stages[3].0, stages[4].0] && stages.len() == 5);
    let slowest: Vec<_> = view.stages.iter().filter(|stage| stage.is_slowest).map(|stage| stage.stage).collect();
    assert_eq!(slowest, ["save"]);
    let at = here(&view, 2);
    assert_eq!((at.cpu_cores, at.uptime_seconds, at.memory_bytes), (Some(0.25), Some(3_602.0), Some(31_457_280.0)));
    assert_eq!(at.state.as_ref().unwrap().saves["saved"].per_second, Some(45.0));
    assert_eq!(view.processes.iter().map(|process| process.name.as_str()).collect::<Vec<_>>(), [one, two, keeper]);
}

/// Every field of the view finds its metric among the services' own instruments.
#[test]
fn no_name_is_missed() {
    let rigs = RigsNow { followed: 1, ..RigsNow::default() };
    let view = seen(vec![Running::new("both", "serve").following(rigs).with_nats(true)], |running| {
        running[0].change(1, Duration::from_millis(1));
        for stage in Stage::ALL {
            running[0].stage(*stage, 1, Duration::from_millis(1));
        }
    });
    let json = serde_json::to_value(&view).unwrap();
    fn nothing(at: String, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Null => found.push(at),
            Value::Object(fields) if fields.is_empty() => found.push(at),
            Value::Object(fields) => {
                fields.iter().for_each(|(key, value)| nothing(format!("{at}.{key}"), value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| nothing(format!("{at}[]"), value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    nothing(String::new(), &json, &mut found);
    assert_eq!(found, [""; 0]);
    assert_eq!(json["processes"][0]["gateway"]["cursor_lag_revisions"]["0.99"], 0.0);
    assert_eq!(json["processes"][0]["state"]["saves"]["unreachable"]["total"], 0.0);
    assert_eq!(json["processes"][0]["nats"]["refusals"]["login"]["total"], 0.0);
}

#[test]
fn a_process_has_what_its_role_has() {
    let view = seen(vec![Running::new("edge", "gateway"), Running::new("keeper", "state")], |_| ());
    let (edge, keeper) = (here(&view, 0), here(&view, 1));
    assert!(edge.gateway.is_some() && edge.state.is_none() && keeper.gateway.is_none() && keeper.state.is_some());
    assert!(edge.nats.is_none() && keeper.nats.is_none(), "there is to be none");
    assert_eq!(alarms(&view), [""; 0]);
    let view = seen(vec![Running::new("keeper", "state")], |_| ());
    assert_eq!((view.whole.echo, view.whole.changes_per_second), (None, None));
    assert!(view.stages.iter().all(|stage| stage.spread.p99_seconds.is_none() && !stage.is_slowest));
}

#[test]
fn rates_come_with_the_second_reading() {
    let view = Followed::default().take(busy().iter().map(|process| process.at(1.0)).collect());
    assert_eq!((view.whole.changes_per_second, view.whole.echo, view.stages.len()), (None, None, 0));
    assert_eq!(here(&view, 0).uptime_seconds, Some(1.0));
    assert_eq!(Followed::default().take(Vec::new()).processes.len(), 0);
}

#[test]
fn who_was_away_is_compared_with_what_it_said_before() {
    let (process, mut followed) = (Running::new("edge", "gateway"), Followed::default());
    followed.take(vec![process.at(10.0)]);
    let view = followed.take(vec![away("edge", 12.0)]);
    assert_eq!(alarms(&view), ["away: Connection refused"]);
    assert!(view.processes[0].here().is_none());
    process.change(100, Duration::from_millis(1));
    let view = followed.take(vec![process.at(20.0)]);
    assert_eq!((gateway(&view, 0).changes_per_second, alarms(&view).len()), (Some(10.0), 0));
}

#[test]
fn another_process_begins_at_0() {
    let (old, mut new) = (Running::new("edge", "gateway"), Running::new("edge", "gateway"));
    old.change(50, Duration::from_millis(100));
    new.change(60, Duration::from_millis(3));
    // Whether the start time shows the restart, or only the numbers do: 10 more changes, and fewer slow ones.
    for (is_told, changes) in [(true, 30.0), (false, 5.0)] {
        new.started = STARTED + if is_told { 60.0 } else { 0.0 };
        let mut followed = Followed::default();
        followed.take(vec![old.at(100.0)]);
        let view = followed.take(vec![new.at(102.0)]);
        let edge = gateway(&view, 0);
        assert_eq!(edge.changes_per_second, Some(changes));
        let echo = edge.echo.unwrap();
        assert_eq!((echo.per_second, echo.worst), (30.0, Some(Worst::WithinSeconds(0.005))));
        assert_eq!(alarms(&view).contains(&"has restarted"), is_told);
    }
    let mut followed = Followed::default();
    followed.take(vec![new.at(100.0)]);
    let view = followed.take(vec![old.at(102.0)]);
    assert_eq!(gateway(&view, 0).changes_per_second, Some(25.0), "fewer than there were");
}

#[test]
fn what_is_wrong_is_said() {
    let rigs = RigsNow { followed: 3, stale: 2, silence: Duration::from_millis(4_250), ..RigsNow::default() };
    let running = vec![Running::new("one", "serve").following(rigs).with_nats(false)];
    let view = seen(running, |running| {
        let (gateway, state) = (running[0].gateway(), running[0].state());
        gateway.divergences.add_one();
        gateway.foreign_stores.add(4);
        gateway.rejected.of(Code::Unavailable).add(3);
        gateway.rejected.of(Code::BadInput).add(3);
        state.speaking.set(0);
        state.log_lag.set(5_000);
        state.saves.of(Saved::Refused).add(1);
        state.epochs.add_one();
        state.starts_over.add_one();
        state.passed_over.add(2);
    });
    assert_eq!(
        alarms(&view),
        [
            "replicas that diverged: 1",
            "messages of a state service with another store: 4",
            "stale rigs: 2; no message from a state service for 4.2 s",
            "changes are rejected (unavailable): 1.5 a second",
            "this state service announces and answers nothing",
            "entries of the log that are not folded: 5000",
            "saves fail (refused): 0.5 a second",
            "places of the log that were passed over: 2",
            "went back to what the store holds",
            "the log did not go on from the saved rigs: a new epoch has begun",
            "not connected to NATS",
        ]
    );
}

#[test]
fn a_store_that_is_behind_is_said() {
    let text = Running::new("keeper", "state").text();
    let lag = |seconds: &str, revisions: &str| {
        let text = text.replace("ghostlight_store_lag_seconds 0.0", &format!("ghostlight_store_lag_seconds {seconds}"));
        let text = text.replace("store_lag_revisions 0", &format!("store_lag_revisions {revisions}"));
        let answer = Ok(Scrape::parse(&text.replace("process_open_fds 50", "process_open_fds 950")).unwrap());
        let reading = Reading { name: "keeper".to_owned(), at_seconds: 1.0, unix_seconds: STARTED, answer };
        Followed::default().take(vec![reading])
    };
    assert_eq!(alarms(&lag("0.9", "90"))[..], ["95 % of the open files that are allowed are in use"]);
    assert_eq!(alarms(&lag("12.5", "120"))[0], "the store is behind for 12 s, by 120 entries");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_stands_there_makes_a_view(
        lines in proptest::collection::vec("(ghostlight_[a-z_]{0,12}|# TYPE a histogram|.{0,20})(\\{[a-z=\",0-9]{0,20}\\})? [0-9NaInf.e+-]{0,8}", 0..20),
        other in 0..4_u64,
    ) {
        let running = Running::new("one", "serve");
        running.gateway().changes.add(other);
        let text = format!("{}{}\n{}", running.text(), lines.join("\n"), running.text());
        let reading = |text: &str, at_seconds| Reading {
            name: "one".to_owned(),
            at_seconds,
            unix_seconds: 0.0,
            answer: Scrape::parse(text).map_err(|error| error.to_string()),
        };
        let mut followed = Followed::default();
        for (at, text) in [running.text(), text, lines.join("\n"), running.text()].iter().enumerate() {
            let view = followed.take(vec![reading(text, at as f64)]);
            let rate = view.whole.changes_per_second.unwrap_or(0.0);
            prop_assert!(rate.is_finite() && rate >= 0.0);
        }
    }
}
