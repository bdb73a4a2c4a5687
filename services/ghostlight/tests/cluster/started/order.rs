//! Starting: in any order, and each says what it waits for.

use super::deployment::Deployment;
use super::pod::Pod;
use crate::support::until;

/// Waits until a pod says that it waits for something.
async fn says(pod: &Pod, words: &str) {
    let said = until(&format!("{} to say {words:?}", pod.name()), async || {
        let said = pod.asked().await.unwrap_err();
        said.contains(words).then_some(said)
    })
    .await;
    assert_eq!(said.matches(words).count(), 1, "once: {said}");
    println!("{}: {}", pod.name(), said.trim());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_before_what_it_needs_says_what_it_waits_for() {
    let mut deployment = Deployment::new().await;
    for workload in ["gateway", "gateway", "gateway", "state", "state"] {
        let name = deployment.start(workload);
        deployment.pod(&name).wait("started", |health| health.has_started).await;
    }
    for pod in deployment.pods(&["gateway"]) {
        says(pod, "NATS cannot be reached").await;
    }
    for pod in deployment.pods(&["state"]) {
        says(pod, "the database cannot be reached").await;
    }
    deployment.start("postgres");
    for pod in deployment.pods(&["state"]) {
        until("the database to be found", async || {
            let said = pod.asked().await.unwrap_err();
            (!said.contains("database")).then_some(())
        })
        .await;
        says(pod, "NATS cannot be reached").await;
    }
    for _ in deployment.names("nats") {
        deployment.start("nats");
    }
    deployment.all_ready().await;
    assert_eq!(deployment.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_become_ready_in_whatever_order_they_come() {
    let mut random = fastrand::Rng::with_seed(9);
    for _ in 0..2 {
        let mut deployment = Deployment::new().await;
        let mut order = deployment.to_start();
        assert_eq!(order.len(), 9, "{order:?}");
        random.shuffle(&mut order);
        println!("{}", order.join(", "));
        for workload in order {
            deployment.start(&workload);
        }
        deployment.all_ready().await;
        assert_eq!(deployment.faults(), [""; 0]);
    }
}
