//! A few connections to the database.
//!
//! Not the driver's own pool: that hides why it cannot connect behind how long it tried, asks before each use whether a
//! connection still works, and cleans up one that was given up half-way, which takes for ever with a server that hangs.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use parking_lot::Mutex;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout};

use super::failure::within;
use super::{ANSWER_TIMEOUT, Failure};
use crate::{Durability, StoreError};

/// A state service does one thing at a time with its store; more would only wait for each other's locks.
const MAX: usize = 3;

/// How long to wait for one that is free, and for a new one.
const LEND_TIMEOUT: Duration = Duration::from_secs(3);

/// One that was used so lately is taken to work. Others are asked.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How long one that is asked may take.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// The pauses between attempts to connect: 50 to 100 ms, in the end 1 to 2 s. Jitter adds up to as much again.
const RETRY: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(1))
    .with_jitter()
    .without_max_times();

/// Connections to one database, lent to one user each.
pub(super) struct Connections {
    options: PgConnectOptions,
    /// What each is told first.
    settings: String,
    permits: Semaphore,
    /// Those that nobody uses, and since when.
    idle: Mutex<Vec<(PgConnection, Instant)>>,
    retry: Mutex<Retry>,
}

/// A connection that nobody else uses. Whoever gives up half-way gives it up, and what it had begun with it.
pub(super) struct Lent<'a> {
    pub(super) connection: PgConnection,
    home: &'a Connections,
    _permit: SemaphorePermit<'a>,
}

impl Lent<'_> {
    /// Keeps it for the next. One that failed is not given back.
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
        // A save sees what others have committed while it waited for them: that takes this isolation.
        let settings = format!(
            "SET synchronous_commit = {synchronous}; SET statement_timeout = {limit}; \
             SET idle_in_transaction_session_timeout = {limit}; SET client_min_messages = warning; \
             SET default_transaction_isolation = 'read committed'"
        );
        Self { options, settings, permits: Semaphore::new(MAX), idle: Mutex::default(), retry: Mutex::default() }
    }

    /// One that works, old or new.
    pub(super) async fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let permit = timeout(LEND_TIMEOUT, self.permits.acquire()).await;
        let permit = permit.map_err(|_| StoreError::Late(LEND_TIMEOUT))?;
        let permit = permit.map_err(|_| StoreError::Other("it is closed".to_owned()))?;
        let connection = match self.idle().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lent { connection, home: self, _permit: permit })
    }

    /// Ends those that nobody uses, and lends none any more.
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
        // What ended one, such as a restart of the server, has ended the others.
        drop(self.all_idle());
        None
    }

    fn all_idle(&self) -> Vec<(PgConnection, Instant)> {
        std::mem::take(&mut *self.idle.lock())
    }

    /// A new one. An attempt that comes too soon after one that failed waits.
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

/// When to try again.
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
