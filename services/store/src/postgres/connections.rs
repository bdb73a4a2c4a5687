//! A few connections to the database.
//!
//! The driver's own pool is not used: it reports a timeout in place of the reason why it cannot connect, tests a
//! connection before each use, and cleans up abandoned connections, which takes for ever with a server that hangs.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use parking_lot::Mutex;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout};

use super::failure::{ANSWER_TIMEOUT, Failure, within};
use crate::{Durability, StoreError};

/// A state service uses its store for one thing at a time. More connections would only wait for each other's locks.
const MAX: usize = 3;

/// How long to wait for a free connection, and for a new one to open.
const LEND_TIMEOUT: Duration = Duration::from_secs(3);

/// An idle connection that was used this recently is not tested before use.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How long the test of a connection may take.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// The pauses between attempts to connect: 50 to 100 ms, in the end 1 to 2 s. Jitter adds up to as much again.
const RETRY: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(1))
    .with_jitter()
    .without_max_times();

/// Connections to one database. Each is lent to one user at a time.
pub(super) struct Connections {
    options: PgConnectOptions,
    /// The statement that each new connection runs first.
    settings: String,
    permits: Semaphore,
    /// The idle connections, and since when each is idle.
    idle: Mutex<Vec<(PgConnection, Instant)>>,
    retry: Mutex<Retry>,
}

/// A connection with one user. If its user is dropped half-way, the connection is closed, and its transaction with it.
pub(super) struct Lent<'a> {
    pub(super) connection: PgConnection,
    home: &'a Connections,
    _permit: SemaphorePermit<'a>,
}

impl Lent<'_> {
    /// Keeps the connection for the next user. After an error it is not given back, but closed.
    pub(super) fn give_back(self) {
        let idle = (self.connection, Instant::now());
        self.home.idle.lock().push(idle);
    }
}

impl Connections {
    pub(super) fn new(options: PgConnectOptions, durability: Durability) -> Self {
        let synchronous = match durability {
            Durability::Full => "on",
            Durability::Relaxed => "off",
        };
        let limit = ANSWER_TIMEOUT.as_millis();
        // With this isolation, a save sees what others committed while it waited for their locks.
        let settings = format!(
            "SET synchronous_commit = {synchronous}; SET statement_timeout = {limit}; \
             SET idle_in_transaction_session_timeout = {limit}; SET client_min_messages = warning; \
             SET default_transaction_isolation = 'read committed'"
        );
        Self { options, settings, permits: Semaphore::new(MAX), idle: Mutex::default(), retry: Mutex::default() }
    }

    /// Lends a connection that works, idle or new.
    pub(super) async fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let permit = timeout(LEND_TIMEOUT, self.permits.acquire()).await;
        let permit = permit.map_err(|_| StoreError::Late(LEND_TIMEOUT))?;
        let permit = permit.map_err(|_| StoreError::Other("the store is closed".to_owned()))?;
        let connection = match self.idle().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lent { connection, home: self, _permit: permit })
    }

    /// Closes the idle connections, and lends no more.
    pub(super) async fn close(&self) {
        self.permits.close();
        for (connection, _) in self.all_idle() {
            let closing = async { Ok::<_, Failure>(connection.close().await?) };
            if let Err(error) = within(PING_TIMEOUT, closing).await {
                tracing::warn!(%error, "a connection did not close in good order; nothing is lost");
            }
        }
    }

    async fn idle(&self) -> Option<PgConnection> {
        let newest = self.idle.lock().pop();
        let (mut connection, since) = newest?;
        if since.elapsed() < TRUSTED_FOR {
            return Some(connection);
        }
        if let Ok(Ok(())) = timeout(PING_TIMEOUT, connection.ping()).await {
            return Some(connection);
        }
        // What closed this one, such as a restart of the server, has closed the others too.
        drop(self.all_idle());
        None
    }

    fn all_idle(&self) -> Vec<(PgConnection, Instant)> {
        std::mem::take(&mut *self.idle.lock())
    }

    /// Opens a connection. After a failed attempt, waits for the pause to end.
    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let not_before = self.retry.lock().not_before;
        if let Some(not_before) = not_before {
            sleep_until(not_before).await;
        }
        let connecting = async {
            let mut connection = self.options.connect().await?;
            sqlx::raw_sql(sqlx::AssertSqlSafe(self.settings.clone())).execute(&mut connection).await?;
            Ok(connection)
        };
        let connected = within(LEND_TIMEOUT, connecting).await;
        let mut retry = self.retry.lock();
        match &connected {
            Ok(_) => *retry = Retry::default(),
            Err(_) => retry.failed(),
        }
        connected
    }
}

/// The pauses between attempts to connect.
#[derive(Default)]
struct Retry {
    pauses: Option<ExponentialBackoff>,
    not_before: Option<Instant>,
}

impl Retry {
    fn failed(&mut self) {
        let pause = self.pauses.get_or_insert_with(|| RETRY.build()).next();
        self.not_before = pause.map(|pause| Instant::now() + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_differ() {
        let mut retry = Retry::default();
        let mut pauses = Vec::new();
        for failures in 0..200 {
            let least = Duration::from_millis(50 << failures.min(16)).min(Duration::from_secs(1));
            let before = Instant::now();
            retry.failed();
            let pause = retry.not_before.unwrap() - before;
            assert!(pause >= least && pause <= least * 2 + Duration::from_secs(1), "{pause:?} after {failures}");
            pauses.push(pause.as_millis() / 10);
        }
        let different: std::collections::BTreeSet<_> = pauses[100..].iter().collect();
        assert!(different.len() > 10, "{pauses:?}");
    }
}
