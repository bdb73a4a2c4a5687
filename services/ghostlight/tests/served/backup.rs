//! `ghostlight backup` and `ghostlight restore`, as the README has them.

use std::path::Path;
use std::process::{Command, Output};

use reqwest::Client;
use serde_json::json;

use crate::support::{Served, folder};

/// Runs a command of the README in the folder of the server.
fn run(folder: &Path, command: &str) -> Output {
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains(&format!("\n{command}\n")), "{command}");
    let mut words = command.split(' ');
    assert_eq!(words.next(), Some("ghostlight"));
    let mut process = Command::new(env!("CARGO_BIN_EXE_ghostlight"));
    let store = format!("sqlite:{}", folder.join("rigs.db").display());
    process.args(words).current_dir(folder).env("GHOSTLIGHT_STORE", store).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_backed_up_is_had_back() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let post = async |served: &Served, level: u8| {
        let body = json!({"1": level, "2": 20});
        Client::new().post(served.url("/")).json(&body).send().await.unwrap().error_for_status().unwrap();
    };
    post(&served, 10).await;
    let backup = run(&path, "ghostlight backup show.db");
    assert!(
        backup.status.success() && said(&backup).contains("show.db has 2 dimmers in 1 rig, at"),
        "{}",
        said(&backup)
    );
    let again = run(&path, "ghostlight backup show.db");
    assert_eq!((again.status.code(), said(&again).contains("show.db is there already")), (Some(1), true));
    post(&served, 90).await;
    let refused = run(&path, "ghostlight restore show.db");
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("in use by another Ghostlight"), "{}", said(&refused));
    served.kill().await;

    let restored = run(&path, "ghostlight restore show.db");
    assert!(restored.status.success(), "{}", said(&restored));
    assert!(said(&restored).contains("the store that was there is"), "{}", said(&restored));
    let served = Served::start(&path, &[]).await;
    assert_eq!(json!(served.map().await), json!({"1": 10, "2": 20}));
    post(&served, 11).await;
}
