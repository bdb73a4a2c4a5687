//! Waiting, and looking at processes.

use std::time::Duration;

/// Every wait ends here: far beyond what anything takes, even on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for something, but not for ever.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// Asks again until the answer is yes.
pub(crate) async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    within(what, async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// Whether a future is still waiting after a time that is ample for what it waits for. It can only pass by mistake on a
/// machine that is too slow, never fail by mistake.
pub(crate) async fn hangs(future: impl Future) -> bool {
    tokio::time::timeout(Duration::from_millis(300), future).await.is_err()
}

/// The state of a process as Linux tells it, such as `S`, `T` for stopped or `Z` for a zombie.
pub(crate) fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// Whether a process runs, or could.
pub(crate) fn is_alive(pid: u32) -> bool {
    !matches!(state(pid), None | Some('Z' | 'X'))
}

/// The processes that a process has started.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let listed = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    listed.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}
