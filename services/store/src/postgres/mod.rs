//! The store in a PostgreSQL database, which many state services share.

mod connections;
mod failure;

use std::str::FromStr;
use std::sync::{LazyLock, Once};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use ghostlight_rig::{Image, LogPosition, Position, StoreId};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions, Connection, Row};

use crate::rows::{At, ItemRow, Loading, RigRow, Rows};
use crate::tables::{self, migrations};
use crate::{Durability, OpenError, Store, StoreError, rows};
use connections::Connections;
use failure::{ANSWER_TIMEOUT, Failure, within};

pub(crate) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    migrations!(
        "postgres":
        "0001_rigs.sql",
        "0002_labels_and_master.sql",
        "0003_many_services.sql",
        "0004_items.sql",
        "0005_store_id.sql",
        "0006_digests.sql",
        "0007_removed_rigs.sql",
    )
});

/// This many rows are saved well within [`ANSWER_TIMEOUT`]. More rows get more time, so that what gathered while the database was
/// away can be saved at all.
const QUICK_ROWS: usize = 10_000;

/// The time for each further row, several times what a row takes.
const LONGER_BY: Duration = Duration::from_micros(50);

/// How long bringing the tables up to date may take, including the wait for another service that does the same.
const MIGRATE_TIMEOUT: Duration = Duration::from_secs(15);

/// How long one table may take to load, as long as rows keep coming.
const LOAD_TIMEOUT: Duration = Duration::from_secs(120);

/// The save: a function, in the migrations, does all of it in one transaction. It is one statement, because other
/// services that save wait during each round trip to the database.
const SAVE: &str = "SELECT save($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, $9::jsonb, $10::jsonb)";

/// The save that also makes or removes rigs.
const SAVE_RIGS: &str =
    "SELECT save_rigs($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, $9::jsonb, $10::jsonb, $11::jsonb)";

/// The begin of an epoch: a compare-and-set of the position of the saved rigs.
const BEGIN: &str = "UPDATE position SET epoch = $1, revision = $2, stamp = $3 WHERE (epoch, revision) = ($4, $5)";

/// A PostgreSQL database.
pub(crate) struct PostgresStore {
    id: StoreId,
    connections: Connections,
    /// Whether rows of kinds that this version does not know have been logged: this is done once.
    unknown_logged: Once,
}

impl PostgresStore {
    pub(crate) async fn open(url: &str, durability: Durability) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url).map_err(|error| settings(url, error))?;
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("ghostlight"),
        };
        let path = place(&options);
        let connections = Connections::new(options.disable_statement_logging(), durability);
        let prepared = match prepare(&connections).await {
            Err(StoreError::ReadOnly) => {
                let id = prepare_to_read(&connections).await;
                if id.is_ok() {
                    tracing::error!(
                        "ALARM: {path}: {}. Levels are shown, and nothing is saved until it can be written",
                        StoreError::ReadOnly
                    );
                }
                id
            }
            prepared => prepared,
        };
        match prepared {
            Ok(id) => Ok(Self { id, connections, unknown_logged: Once::new() }),
            Err(cause) => Err(OpenError::Unusable { path, cause }),
        }
    }
}

/// What is wrong with a URL, without its password.
fn settings(url: &str, error: sqlx::Error) -> OpenError {
    let why = match error {
        sqlx::Error::Configuration(why) => why.to_string(),
        error => error.to_string(),
    };
    OpenError::Settings { url: ghostlight_url::redacted(url), why }
}

/// The URL of the database, without its password.
fn place(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let user = options.get_username();
    format!("postgres://{user}@{host}/{}", options.get_database().unwrap_or(user))
}

/// Brings the tables up to date, and writes nothing, which fails as any other write does. Whoever comes first holds a
/// lock meanwhile, which goes with his connection.
async fn prepare(connections: &Connections) -> Result<StoreId, StoreError> {
    let mut lent = connections.lend().await?;
    let preparing = async {
        // `run_direct`, because the future of `run` is not `Send`.
        MIGRATIONS.run_direct(None, &mut lent.connection, false).await?;
        tables::check(sqlx::query_scalar(tables::NEWEST).fetch_one(&mut lent.connection).await?, &MIGRATIONS)?;
        sqlx::query("UPDATE position SET epoch = epoch WHERE false").execute(&mut lent.connection).await?;
        Ok(sqlx::query_scalar::<_, String>(rows::STORE_ID).fetch_one(&mut lent.connection).await?)
    };
    let id = within(MIGRATE_TIMEOUT, preparing).await?;
    lent.give_back();
    rows::store_id(&id)
}

/// Makes sure that a database that cannot be written can be read: it needs the tables of this version, which cannot be made
/// now.
async fn prepare_to_read(connections: &Connections) -> Result<StoreId, StoreError> {
    const HAS_TABLES: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    let unprepared = |tables: &str| StoreError::Other(format!("it is read-only, and {tables}"));
    let mut lent = connections.lend().await?;
    let reading = async {
        if !sqlx::query_scalar::<_, bool>(HAS_TABLES).fetch_one(&mut lent.connection).await? {
            return Err(unprepared("has no tables yet").into());
        }
        let newest: i64 = sqlx::query_scalar(tables::NEWEST).fetch_one(&mut lent.connection).await?;
        tables::check(newest, &MIGRATIONS)?;
        if !tables::has_all(newest, &MIGRATIONS) {
            return Err(unprepared("its tables must be brought up to date first").into());
        }
        Ok(sqlx::query_scalar::<_, String>(rows::STORE_ID).fetch_one(&mut lent.connection).await?)
    };
    let id = within(ANSWER_TIMEOUT, reading).await?;
    lent.give_back();
    rows::store_id(&id)
}

#[async_trait]
impl Store for PostgresStore {
    fn id(&self) -> StoreId {
        self.id
    }

    async fn load(&self) -> Result<Image, StoreError> {
        let mut lent = self.connections.lend().await?;
        let image = load(&mut lent.connection, &self.unknown_logged).await?;
        lent.give_back();
        Ok(image)
    }

    async fn begin(&self, stored: Position, start: LogPosition) -> Result<(), StoreError> {
        let query = sqlx::query(BEGIN)
            .bind(start.position.epoch.0 as i64)
            .bind(start.position.revision.0 as i64)
            .bind(start.stamp.0 as i64)
            .bind(stored.epoch.0 as i64)
            .bind(stored.revision.0 as i64);
        let mut lent = self.connections.lend().await?;
        let done = within(ANSWER_TIMEOUT, async { Ok(query.execute(&mut lent.connection).await?) }).await?;
        lent.give_back();
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Superseded) }
    }

    async fn save(&self, image: &Image) -> Result<(), StoreError> {
        let rows = Rows::of(image, usize::MAX);
        let limit = limit(rows.count);
        let query = sqlx::query_scalar::<_, String>(if rows.has_other_rigs { SAVE_RIGS } else { SAVE })
            .bind(image.position.epoch.0 as i64)
            .bind(image.position.revision.0 as i64)
            .bind(image.stamp.0 as i64)
            .bind(image.time.0 as i64)
            .bind(image.since.epoch.0 as i64)
            .bind(image.since.revision.0 as i64)
            .bind(rows.rigs)
            .bind(rows.items)
            .bind(rows.keyed)
            .bind(rows.oldest_keys);
        let query = if rows.has_other_rigs { query.bind(rows.removed) } else { query };
        let mut lent = self.connections.lend().await?;
        let saving = async {
            if limit == ANSWER_TIMEOUT {
                return Ok(query.fetch_one(&mut lent.connection).await?);
            }
            let mut transaction = lent.connection.begin().await?;
            allow(&mut transaction, limit).await?;
            let answer = query.fetch_one(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(answer)
        };
        let answer = within(limit, saving).await?;
        lent.give_back();
        match answer.as_str() {
            "saved" => Ok(()),
            "superseded" => Err(StoreError::Superseded),
            "behind" => Err(StoreError::Behind),
            other => Err(StoreError::Other(format!("a save was answered {other:?}"))),
        }
    }

    async fn close(&self) {
        self.connections.close().await;
    }
}

/// How long a save of this many rows may take.
fn limit(rows: usize) -> Duration {
    ANSWER_TIMEOUT + LONGER_BY * u32::try_from(rows.saturating_sub(QUICK_ROWS)).unwrap_or(u32::MAX)
}

/// Sets the time limit of each statement in a transaction.
async fn allow(transaction: &mut PgConnection, limit: Duration) -> Result<(), sqlx::Error> {
    let setting = format!("SET LOCAL statement_timeout = {}", limit.as_millis());
    sqlx::raw_sql(sqlx::AssertSqlSafe(setting)).execute(transaction).await?;
    Ok(())
}

async fn load(connection: &mut PgConnection, unknown_logged: &Once) -> Result<Image, StoreError> {
    let mut loading = Loading::default();
    // One transaction, so that all tables are read as of one moment.
    let beginning = async {
        let mut reading = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        allow(&mut reading, LOAD_TIMEOUT).await?;
        Ok(reading)
    };
    let mut reading = within(ANSWER_TIMEOUT, beginning).await?;
    each(&mut reading, rows::POSITION, |row| {
        loading.position(at(row, 0)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        Ok(())
    })
    .await?;
    each(&mut reading, rows::RIGS, |row| {
        let row = RigRow {
            name: row.try_get(0)?,
            at: at(row, 1)?,
            time: row.try_get(3)?,
            made: row.try_get(4)?,
            digests: row.try_get(5)?,
        };
        Ok(loading.rig(&row)?)
    })
    .await?;
    each(&mut reading, rows::ITEMS, |row| {
        let row = ItemRow {
            rig: row.try_get(0)?,
            kind: row.try_get(1)?,
            key: row.try_get(2)?,
            value: row.try_get(3)?,
            at: at(row, 4)?,
            changed_by: row.try_get(6)?,
            changed_at: row.try_get(7)?,
        };
        Ok(loading.item(&row)?)
    })
    .await?;
    each(&mut reading, rows::KEYED, |row| {
        Ok(loading.keyed(row.try_get(0)?, row.try_get(1)?, at(row, 2)?, row.try_get(4)?, row.try_get(5)?)?)
    })
    .await?;
    within(ANSWER_TIMEOUT, async { Ok(reading.commit().await?) }).await?;
    Ok(loading.image(unknown_logged))
}

/// Calls `take` with each row of a query. A large table may take long, but each row must come within the time limit.
async fn each(
    connection: &mut PgConnection,
    query: &'static str,
    mut take: impl FnMut(&PgRow) -> Result<(), Failure>,
) -> Result<(), StoreError> {
    let mut rows = sqlx::query(query).fetch(connection);
    while let Some(row) = within(ANSWER_TIMEOUT, async { Ok(rows.next().await.transpose()?) }).await? {
        take(&row)?;
    }
    Ok(())
}

fn at(row: &PgRow, first: usize) -> Result<At, sqlx::Error> {
    Ok((row.try_get(first)?, row.try_get(first + 1)?))
}
