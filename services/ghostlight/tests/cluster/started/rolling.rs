//! An update under load: every pod is replaced, one at a time, and consoles lose nothing.

use std::time::Duration;

use ghostlight_check::{Driver, Options, Report, Running};

use super::deployment::Deployment;
use crate::support::{until, within};

/// A deployment, and consoles at it.
struct Show {
    deployment: Deployment,
    running: Running,
}

impl Show {
    async fn start(seed: u64) -> Self {
        let deployment = Deployment::ready().await;
        let options = Options { urls: vec![deployment.url()], clients: 12, rate: 10.0, seed, ..Options::default() };
        let running = Driver::start(options).await.unwrap();
        Self { deployment, running }
    }

    /// Replaces a pod, and waits until the show goes on.
    async fn replace(&mut self, pod: &str) {
        let mark = self.running.mark();
        self.deployment.replace(pod).await;
        let before = self.running.progress();
        until(&format!("the show to go on after {pod}"), async || {
            let now = self.running.progress();
            let moved = now.newest > before.newest && now.counts.acked > before.counts.acked + 50;
            (moved && now.live() == now.live_at.len()).then_some(())
        })
        .await;
        let longest = |of: Vec<Duration>| of.into_iter().max().unwrap_or_default();
        let (gap, away) = (longest(self.running.gaps_since(mark)), longest(self.running.away_since(mark)));
        println!("{pod} was replaced: longest gap {gap:.2?}, longest away {away:.2?}");
    }

    async fn end(mut self) -> Report {
        let report = within("the end of the run", self.running.stop()).await;
        println!("{report}");
        assert_eq!(self.deployment.faults(), [""; 0]);
        for pod in self.deployment.pods(&["state", "gateway"]) {
            let (examples, others): (Vec<_>, Vec<_>) =
                pod.logged("ALARM").into_iter().partition(|alarm| alarm.contains("is the example's"));
            assert!(!examples.is_empty(), "{} uses the manifests' passwords, and says so", pod.name());
            assert_eq!(others, [""; 0], "{}", pod.name());
        }
        report
    }
}

fn assert_nothing_was_lost(report: &Report) {
    assert!(report.is_good(), "{report}");
    assert!(report.converged_within.is_some_and(|within| within < Duration::from_secs(20)), "{report}");
    assert_eq!((report.counts.refused, report.counts.unknown), (0, 0), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_of_gateways_state_services_and_the_database_loses_nothing() {
    let mut show = Show::start(1).await;
    for workload in ["state", "gateway", "postgres"] {
        for pod in show.deployment.names(workload) {
            show.replace(&pod).await;
        }
    }
    assert_nothing_was_lost(&show.end().await);
}

/// Each hands over what it has, as its hook asks for, and sends its clients to the others. The fewer they are, the sooner it
/// is over: a quarter of a minute here, half a minute at most.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_of_the_nats_servers_loses_nothing() {
    let mut show = Show::start(2).await;
    for pod in show.deployment.names("nats") {
        show.replace(&pod).await;
    }
    assert_nothing_was_lost(&show.end().await);
}
