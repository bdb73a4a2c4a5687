//! Who may do what at the NATS servers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectOptions, Event};
use ghostlight_proto::subjects;
use ghostlight_rig::Partition;
use ghostlight_store::Durability;

use super::deployment::Deployment;
use super::pod::REFUSALS;
use crate::support::until;

/// Far longer than a server takes to answer, and not what a refusal has to be waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// What NATS has refused a client.
type Refused = Arc<Mutex<Vec<String>>>;

/// A client with a user's login, and what it is refused.
async fn login(deployment: &Deployment, user: &str) -> (Client, Refused) {
    let (urls, password) = deployment.nats(user);
    let refused = Refused::default();
    let noting = refused.clone();
    let options = ConnectOptions::with_user_and_password(user.to_owned(), password).event_callback(move |event| {
        let noting = noting.clone();
        async move {
            if let Event::ServerError(error) = event {
                noting.lock().unwrap().push(error.to_string());
            }
        }
    });
    (options.connect(urls).await.unwrap(), refused)
}

fn jetstream(client: Client) -> jetstream::Context {
    ContextBuilder::new().timeout(ANSWER_TIMEOUT).build(client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateways_login_neither_reads_the_log_nor_takes_anything_out_of_it() {
    let mut deployment = Deployment::new().await;
    for workload in ["nats", "nats", "nats", "postgres", "state"] {
        deployment.start(workload);
    }
    deployment.all_ready().await;
    let (gateway, refused) = login(&deployment, "gateway").await;
    let log = jetstream(gateway.clone());
    assert!(log.get_stream(subjects::stream(Partition::default())).await.is_err());
    assert!(log.delete_stream(subjects::stream(Partition::default())).await.is_err());
    let changes = subjects::all_changes(Partition::default());
    let _others = gateway.subscribe(changes.clone()).await.unwrap();
    for what in ["$JS.API.STREAM.INFO", "$JS.API.STREAM.DELETE", &changes] {
        let is_it = |error: &String| error.contains("ermissions") && error.contains(what);
        until(&format!("{what} to be refused, of {refused:?}"), async || {
            refused.lock().unwrap().iter().any(is_it).then_some(())
        })
        .await;
    }
    let logged = deployment.pods(&["nats"]).flat_map(|server| server.logged(REFUSALS[0]));
    assert!(logged.count() >= 3, "other tests look for that");
    let (state, refused) = login(&deployment, "state").await;
    jetstream(state).get_stream(subjects::stream(Partition::default())).await.unwrap();
    assert_eq!(*refused.lock().unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_in_without_the_right_password() {
    let mut deployment = Deployment::new().await;
    for _ in 0..3 {
        deployment.start("nats");
    }
    deployment.all_ready().await;
    let (urls, password) = deployment.nats("gateway");
    let as_who = |user: &str, password: &str| ConnectOptions::with_user_and_password(user.into(), password.into());
    as_who("gateway", &password).connect(&urls).await.unwrap();
    let routes = deployment.nats("routes").1;
    for options in [
        as_who("gateway", "wrong"),
        as_who("gateway", ""),
        as_who("state", &password),
        as_who("routes", &routes),
        ConnectOptions::new(),
    ] {
        let error = options.connect(&urls).await.unwrap_err().to_string();
        assert!(error.contains("authorization violation"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_s_password_is_changed_as_the_documentation_says() {
    const CHANGE: [&str; 5] = ["psql", "-U", "ghostlight", "-c", "ALTER ROLE ghostlight PASSWORD 'the new one'"];
    let documented = crate::files::text("README.md").replace('"', "");
    assert!(documented.contains(&CHANGE.join(" ")));
    let mut deployment = Deployment::new().await;
    let pod = deployment.start("postgres");
    deployment.all_ready().await;
    let address = deployment.pod(&pod).plan.places.address(5432);
    let opens = async |password: &str| {
        let url = format!("postgres://ghostlight:{password}@{address}/ghostlight");
        ghostlight_store::open(&url, Durability::Full).await.map(drop).map_err(|error| error.to_string())
    };
    opens("change-me-database").await.unwrap();
    deployment.pod(&pod).exec(&CHANGE).run().await.unwrap();
    opens("the%20new%20one").await.unwrap();
    let refused = opens("change-me-database").await.unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");
}
