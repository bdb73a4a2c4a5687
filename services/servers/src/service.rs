//! What all servers have in common: they are started, stopped, killed, paused and resumed.

use std::io;

use crate::probe::until;
use crate::process::{Launch, Process, is_gone};

/// A server, running or not.
pub(crate) struct Service {
    launch: Launch,
    /// The signal that asks the server to end.
    stop_signal: &'static str,
    process: Option<Process>,
}

impl Service {
    pub(crate) fn new(launch: Launch, stop_signal: &'static str) -> Self {
        Self { launch, stop_signal, process: None }
    }

    /// Starts the server, and waits until it is ready.
    pub(crate) async fn start(&mut self, mut is_ready: impl AsyncFnMut() -> bool) -> io::Result<()> {
        if self.process.is_some() {
            return Err(io::Error::other("it is running already"));
        }
        let process = self.process.insert(self.launch.start()?);
        let ready = until("the server is ready", async || {
            if let Some(status) = process.ended()? {
                return Err(io::Error::other(format!("the server ended ({status})")));
            }
            Ok(is_ready().await.then_some(()))
        });
        let failed = ready.await.err();
        failed.map_or(Ok(()), |error| {
            let error = io::Error::new(error.kind(), format!("{error}; it said:\n{}", self.launch.last_words()));
            self.process = None;
            Err(error)
        })
    }

    /// The running process.
    pub(crate) fn process(&self) -> io::Result<&Process> {
        self.process.as_ref().ok_or_else(|| io::Error::other("the server is not running"))
    }

    /// Whether the server was started, and not stopped or killed since.
    pub(crate) fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// Asks the server to end, and waits until it has.
    pub(crate) async fn stop(&mut self) -> io::Result<()> {
        self.process()?.signal(self.stop_signal)?;
        // A paused server would not receive the signal. One that was not paused may have ended already.
        let _ = self.process()?.resume();
        self.ended().await
    }

    /// Kills the server as a crash would, with its children.
    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        let children = self.process()?.kill()?;
        self.ended().await?;
        until("the server's children are gone", async || Ok(children.iter().all(|pid| is_gone(*pid)).then_some(())))
            .await
    }

    async fn ended(&mut self) -> io::Result<()> {
        if let Some(process) = &mut self.process {
            until("the server has ended", async || process.ended()).await?;
        }
        self.process = None;
        Ok(())
    }
}
