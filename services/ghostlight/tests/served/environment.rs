//! Settings from the environment.

use crate::asking::ask;
use crate::cli::{program, run};
use crate::support::{Served, command, folder};

/// Compose files and unit files often name variables without a value.
#[tokio::test]
async fn a_variable_that_is_empty_is_not_set() {
    let help = run(program(&["serve", "--help"])).await.out;
    let names: Vec<_> =
        help.split("[env:").skip(1).filter_map(|rest| rest.trim_start().split(['=', ']']).next()).collect();
    assert!(names.contains(&"GHOSTLIGHT_LOG") && names.contains(&"GHOSTLIGHT_BUS") && names.len() > 20, "{names:?}");
    let (_folder, path) = folder();
    let mut command = command(&path);
    command.args(["--listen", "127.0.0.1:0"]).envs(names.iter().map(|name| (name, "")));
    let served = Served::spawn(command).await;
    let filter = ask(reqwest::Client::new().get(format!("{}/log", served.admin().await))).await;
    assert_eq!(filter.body, "info,async_nats=off\n");
}
