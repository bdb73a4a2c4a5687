//! Each measure, briefly, with bare peers on both sides: the counts are right and the figures are there.

use ghostlight_bench::{Failure, Measure, Report, Yardstick};

use crate::support::{Wrong, answers, bare, brief, measure, run};

async fn beside_itself(measure: Measure, most: u64) -> Report {
    let (server, yardstick) = (bare().await, Yardstick::At(bare().await));
    let mut options = brief(measure, server, yardstick);
    options.effort.most = most;
    run(&options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_counts_each_answer() {
    let report = beside_itself(Measure::Http, 200).await;
    let [one, many] = &report.measures[..] else { panic!("{report:?}") };
    for measured in [one, many] {
        assert_eq!(answers(measured), [("ghostlight", 400), ("bare", 400)], "2 rounds of 200: {}", measured.name);
        let figures = &measured.sides[0].figures;
        assert!(figures["per_second"] > 0.0 && figures["p50_us"] <= figures["p999_us"], "{figures:?}");
        assert!(measured.ratios.iter().any(|ratio| ratio.figure == "per_second" && ratio.over == "bare"));
    }
    assert!(many.wanted.iter().all(|want| want.met.is_some()));
    assert_eq!(many.wanted.len(), 1, "there is nothing to hold `full against relaxed` to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lookup_counts_each_answer() {
    let report = beside_itself(Measure::Lookup, 200).await;
    let [lookup] = &report.measures[..] else { panic!("{report:?}") };
    assert_eq!(answers(lookup), [("ghostlight", 400), ("bare", 400)], "2 rounds of 200");
    assert!(lookup.wanted.iter().all(|want| want.met.is_some()) && report.notes.is_empty(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn echo_counts_each_echo() {
    let report = beside_itself(Measure::Echo, 30).await;
    let [quick, paced] = &report.measures[..] else { panic!("{report:?}") };
    assert_eq!(answers(quick), [("ghostlight", 60), ("bare", 60)]);
    assert_eq!(answers(paced), [("ghostlight", 60), ("bare", 60)]);
    let rate = paced.sides[0].figures["per_second"];
    assert!(rate < 65.0, "paced at 60 a second, it took {rate}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fanout_counts_each_delivery() {
    let report = beside_itself(Measure::Fanout, 30).await;
    let [hand, many_hands] = &report.measures[..] else { panic!("{report:?}") };
    assert_eq!(answers(hand), [("ghostlight", 1_200), ("bare", 1_200)], "2 rounds of 30 changes to 20 clients");
    let [(_, every), (_, newest)] = answers(many_hands)[..] else { panic!("{report:?}") };
    assert_eq!(every, 1_200);
    assert!((40..=1_200).contains(&newest), "at 500 a second the bare peer may skip, not the last one: {newest}");
    for measured in [hand, many_hands] {
        let figures = &measured.sides[0].figures;
        assert!(figures["stale_p99_ms"] <= figures["stale_max_ms"], "{figures:?}");
        assert!(figures["changes_per_second"] > 0.0, "{figures:?}");
        assert_eq!(figures.contains_key("cpu_us_each"), cfg!(target_os = "linux"), "{figures:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_counts_each_client() {
    let report = beside_itself(Measure::Memory, 200).await;
    let [memory] = &report.measures[..] else { panic!("{report:?}") };
    assert_eq!(answers(memory), [("ghostlight", 20), ("bare", 20)], "one round");
    // In the tests' own process memory may come from what other tests have freed.
    let told = ["rss_bytes_each", "reused_bytes_each"].iter().any(|&key| memory.sides[0].figures.contains_key(key));
    assert_eq!(told, cfg!(target_os = "linux"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_count_each_ack() {
    let report = measure(Measure::Writers, Wrong::Nothing).await.unwrap();
    assert_eq!(answers(&report.measures[0]), [("ghostlight", 20)], "2 of each of 10 writers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_reads_as_table_and_as_json() {
    let report = beside_itself(Measure::Http, 100).await;
    let table = report.to_string();
    for part in ["http, 1 connection", "over bare", "p99.9", "wanted at most 2.5 of bare", "figures are as wanted"] {
        assert!(table.contains(part), "{part:?} is missing in\n{table}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["measures"][1]["sides"][1]["name"], "bare");
    assert_eq!(json["measures"][1]["sides"][1]["answers"], 200);
    assert_eq!(json["measures"][0]["wanted"][0]["at_most"], 2.5);
}

#[tokio::test]
async fn a_load_stays_on_this_machine() {
    let mut options = brief(Measure::Http, bare().await, Yardstick::None);
    options.url = "http://192.0.2.1:8080".into();
    assert!(matches!(run(&options).await, Err(Failure::Remote(_))));
    for url in ["https://127.0.0.1", "127.0.0.1:8080", "http://127.0.0.1/path", ""] {
        options.url = url.into();
        assert!(matches!(run(&options).await, Err(Failure::Url(_))), "{url}");
    }
}

#[tokio::test]
async fn a_yardstick_that_does_not_start_is_told() {
    let server = bare().await;
    for executable in ["echo", "/no/such/executable"] {
        let options = brief(Measure::Http, server, Yardstick::Spawn(executable.into()));
        let failure = run(&options).await.unwrap_err();
        assert!(matches!(failure, Failure::Yardstick(_)), "{executable}: {failure}");
    }
}
