//! While NATS is away.

use super::deployment::Deployment;
use crate::support::until;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_nats_all_live_none_is_ready_and_none_has_to_be_restarted() {
    let mut deployment = Deployment::ready().await;
    for server in deployment.names("nats") {
        deployment.pod_mut(&server).terminate().await;
    }
    let ours = ["state", "gateway"];
    for pod in deployment.pods(&ours) {
        let why = until(&format!("{} to be unready", pod.name()), async || pod.asked().await.err()).await;
        println!("{}: {}", pod.name(), why.trim());
        let lived = pod.health().borrow().lived;
        pod.wait("alive", |health| health.lived > lived + 4).await;
    }
    for _ in deployment.names("nats") {
        deployment.start("nats");
    }
    for pod in deployment.pods(&ours) {
        until(&format!("{} to be ready again", pod.name()), async || pod.asked().await.ok()).await;
    }
    deployment.all_ready().await;
    assert_eq!(deployment.faults(), [""; 0]);
}
