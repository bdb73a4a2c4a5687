//! A backup, and back to it.

use serde_json::{Value, json};

use super::deployment::Deployment;
use super::kubelet::Exec;
use crate::support::{Console, Map, map, until};

/// The commands of the documentation, without what leads into the pod.
const DUMP: [&str; 6] = ["pg_dump", "--clean", "--if-exists", "-U", "ghostlight", "ghostlight"];
const RESTORE: [&str; 8] =
    ["psql", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1", "-U", "ghostlight", "ghostlight"];

/// What stands behind the backup when it is to be gone back to: that everything in the log is known already. The state
/// services begin a new epoch after it.
const LEAVE_THE_LOG: &str = "UPDATE public.position SET revision = 9223372036854775807, stamp = 9223372036854775807;\n";

impl Deployment {
    fn in_postgres(&self, command: &[&str]) -> Exec {
        self.pod("postgres-0").exec(command)
    }

    /// Changes the rig `main`.
    async fn set(&self, levels: Value) {
        until("a change to be taken", async || {
            let answer = reqwest::Client::new().post(self.url()).json(&levels).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// What each gateway shows.
    async fn shown(&self) -> Vec<Option<Map>> {
        let mut shown = Vec::new();
        for gateway in self.pods(&["gateway"]) {
            let url = format!("http://{}/v1/rigs/main/levels", gateway.plan.places.address(8080));
            let answer = reqwest::get(url).await.unwrap();
            shown.push(if answer.status().is_success() { answer.json().await.ok() } else { None });
        }
        shown
    }

    async fn all_show(&self, levels: Value) {
        let wanted = map(levels);
        until(&format!("{wanted:?} everywhere"), async || {
            self.shown().await.iter().all(|shown| shown.as_ref() == Some(&wanted)).then_some(())
        })
        .await;
    }

    /// Waits until the database has a level.
    async fn saved(&self, dimmer: u16, percent: u16) {
        let query = format!("SELECT value FROM item WHERE rig = 'main' AND kind = 'levels' AND key = '{dimmer}'");
        let ask = self.in_postgres(&["psql", "-At", "-U", "ghostlight", "ghostlight", "-c", &query]);
        until("a level to be saved", async || (ask.run().await.ok()?.trim() == percent.to_string()).then_some(()))
            .await;
    }
}

#[test]
fn the_documentation_has_these_commands() {
    let documented = crate::files::text("README.md");
    for command in [DUMP.join(" "), RESTORE.join(" "), LEAVE_THE_LOG.trim().to_owned()] {
        assert!(documented.contains(&command), "{command}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_overtakes_a_backup_that_is_restored_under_it_and_is_left_behind_where_that_is_asked_for() {
    let mut deployment = Deployment::ready().await;
    deployment.set(json!({"1": 10, "2": 20})).await;
    deployment.saved(2, 20).await;
    let backup = deployment.in_postgres(&DUMP).run().await.unwrap();
    deployment.set(json!({"2": 99, "3": 30})).await;
    deployment.saved(3, 30).await;
    let mut console = Console::open(deployment.address("gateway", 80), None).await;

    deployment.in_postgres(&RESTORE).run_with(&backup).await.unwrap();
    // Whoever saves next notices, folds the log once more, and saves that; the other one may never know.
    let notices =
        async || deployment.pods(&["state"]).find_map(|state| state.logged("put back to an older state").pop());
    until("the backup to be noticed", notices).await;
    deployment.saved(2, 99).await;
    deployment.saved(3, 30).await;
    deployment.all_show(json!({"1": 10, "2": 99, "3": 30})).await;

    for state in deployment.names("state") {
        deployment.remove(&state).await;
    }
    deployment.in_postgres(&RESTORE).run_with(&(backup + LEAVE_THE_LOG)).await.unwrap();
    for _ in 0..2 {
        deployment.start("state");
    }
    deployment.all_show(json!({"1": 10, "2": 20})).await;
    while console.message("snapshot").await["levels"] != json!({"1": 10, "2": 20}) {}
    deployment.set(json!({"4": 40})).await;
    deployment.all_show(json!({"1": 10, "2": 20, "4": 40})).await;
    deployment.saved(4, 40).await;
    deployment.all_ready().await;
    assert_eq!(deployment.faults(), [""; 0]);
}
