//! The program in a process of its own, and what it says.

use std::cell::Cell;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::support::within;

/// A running process. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    out: watch::Receiver<Vec<String>>,
    err: watch::Receiver<Vec<String>>,
    /// How many lines of its log were read by [`Self::news`].
    read: Cell<usize>,
}

impl Process {
    /// Starts the program.
    pub(crate) fn start(args: &[String]) -> Self {
        Self::start_with(args, &[])
    }

    /// Starts the program with these variables in its environment.
    pub(crate) fn start_with(args: &[String], environment: &[(&str, String)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ghostlight"));
        command.envs(environment.iter().cloned()).args(args);
        Self::spawn(command)
    }

    /// Starts what becomes the program.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        Self { child, out, err, read: Cell::new(0) }
    }

    /// Waits until it has written a line with this in it to its standard output, and answers the line.
    pub(crate) async fn says(&self, words: &str) -> String {
        within(&format!("{words:?} of {:?}", self.err), find(self.out.clone(), words)).await
    }

    /// Waits until it has logged a line with this in it, and answers the line.
    pub(crate) async fn logs(&self, words: &str) -> String {
        within(&format!("{words:?} in {:?}", self.err), find(self.err.clone(), words)).await
    }

    /// All that it has logged so far with this in it.
    pub(crate) fn logged(&self, words: &str) -> Vec<String> {
        self.err.borrow().iter().filter(|line| line.contains(words)).cloned().collect()
    }

    /// What it has logged since this was last asked.
    pub(crate) fn news(&self) -> Vec<String> {
        let lines = self.err.borrow();
        let news = lines.get(self.read.replace(lines.len())..).unwrap_or_default();
        news.to_vec()
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Kills it, and waits for its end.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for its end, and answers its exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        within("the end of the process", self.child.wait()).await.unwrap().code()
    }

    /// All that it has written to its standard output, once that has ended.
    pub(crate) async fn said(&self) -> String {
        let mut out = self.out.clone();
        within("the end of what it says", async { while out.changed().await.is_ok() {} }).await;
        out.borrow().join("\n")
    }

    /// Where its admin listener is.
    #[allow(dead_code, reason = "not all tests that share this look there")]
    pub(crate) async fn admin(&self) -> String {
        let line = self.says("/metrics").await;
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap();
        format!("http://{address}")
    }

    /// The address that its first line names.
    pub(crate) async fn address(&self) -> SocketAddr {
        let line = self.says("http://").await;
        line.split("http://").nth(1).unwrap().trim_end_matches('/').parse().unwrap()
    }
}

/// Reads lines for as long as there are any.
fn lines(from: impl AsyncRead + Send + Unpin + 'static) -> watch::Receiver<Vec<String>> {
    let (sender, lines) = watch::channel(Vec::new());
    let sender = Arc::new(sender);
    tokio::spawn(async move {
        let mut reader = BufReader::new(from).lines();
        while let Ok(Some(line)) = reader.next_line().await {
            sender.send_modify(|lines| lines.push(line));
        }
    });
    lines
}

async fn find(mut lines: watch::Receiver<Vec<String>>, words: &str) -> String {
    let found = |lines: &Vec<String>| lines.iter().any(|line| line.contains(words));
    let Ok(lines) = lines.wait_for(found).await else { panic!("it has ended without {words:?}") };
    lines.iter().find(|line| line.contains(words)).unwrap().clone()
}
