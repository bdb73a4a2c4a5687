//! The real program, killed again and again under a run.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use ghostlight_check::Driver;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::server::{DEADLINE, acked, options};

const KILLS: u64 = 8;

/// Starts the program, and answers what it says where it listens.
async fn serve(listen: &str, folder: &Path) -> (Child, String) {
    let store = format!("sqlite:{}", folder.join("rigs.db").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_ghostlight"));
    command.args(["serve", "--listen", listen, "--store", &store]).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = tokio::time::timeout(DEADLINE, lines.next_line()).await.unwrap().unwrap().unwrap();
    // The rest is read on, so that the pipe stays open.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let url = first.strip_prefix("Ghostlight listens on ").unwrap().trim_end_matches('/').to_owned();
    (child, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_acknowledged_is_lost_with_a_process() {
    let folder = TempDir::new().unwrap();
    let (mut child, url) = serve("127.0.0.1:0", folder.path()).await;
    let listen = url.strip_prefix("http://").unwrap().to_owned();
    let running = Driver::start(options(vec![url.clone(), url], 1)).await.unwrap();
    for kill in 1..=KILLS {
        // Not always at the same place in the work.
        acked(&running, kill * 150 + 7 * (kill % 3)).await;
        child.kill().await.unwrap();
        (child, _) = serve(&listen, folder.path()).await;
        let back = async {
            while running.progress().live() < 6 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(DEADLINE, back).await.unwrap_or_else(|_| panic!("{:?}", running.progress()));
    }
    acked(&running, (KILLS + 1) * 150).await;
    let report = running.stop().await;
    assert!(report.is_good(), "{report}");
    assert!(report.counts.lost >= 6 * KILLS && report.counts.repeated > 0, "{report}");
}
