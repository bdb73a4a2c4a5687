//! The items of large saves, which are put into their table between other saves. In one process a change is answered once it
//! is saved: without this, every change would wait while the rows of a large one are written.
use sqlx::sqlite::SqliteConnection;

use crate::StoreError;
use crate::rows::Part;

/// The most items that are written into their table at once, in a save or in a part. This takes some milliseconds.
pub(super) const PART_ITEMS: usize = 512;

/// The most parts that may wait. A large save that finds more puts them into the table first.
const MAX_PARTS: i64 = 512;

/// Adds a part to the save that was just made. A save that was passed over, because it has nothing new, has none. A part with
/// the same items as an older one takes its place.
const ADD: &str = "INSERT INTO pending (rig, keys, epoch, items) SELECT ?1, ?2, ?3, ?4 \
                   WHERE EXISTS (SELECT 1 FROM position WHERE (epoch, revision) = (?3, ?5)) \
                   ON CONFLICT (rig, keys) DO UPDATE SET epoch = excluded.epoch, items = excluded.items";

const ANY: &str = "SELECT max(id) FROM pending";

const PUT: &str = "INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at) \
                   SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, part.epoch, value ->> 4, value ->> 5, \
                          value ->> 6 \
                   FROM pending AS part, jsonb_each(part.items) WHERE part.id = ?1 \
                   ON CONFLICT (rig, kind, key) DO UPDATE \
                   SET value = excluded.value, epoch = excluded.epoch, revision = excluded.revision, \
                       changed_by = excluded.changed_by, changed_at = excluded.changed_at \
                   WHERE (excluded.epoch, excluded.revision) > (item.epoch, item.revision)";

/// Adds the parts of a large save, in its transaction.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    (epoch, revision): (i64, i64),
    parts: Vec<Part<'_>>,
) -> Result<(), StoreError> {
    if sqlx::query_scalar::<_, i64>("SELECT count(*) FROM pending").fetch_one(&mut *connection).await? > MAX_PARTS {
        while put_one(connection).await? {}
    }
    for Part { rig, keys, items } in parts {
        let query = sqlx::query(ADD).bind(rig).bind(keys).bind(epoch).bind(items).bind(revision);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Puts all parts into the table, all of them or none.
pub(super) async fn put_all(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    // Without parts nothing is written: a database that is locked or read-only can still be read.
    if any(connection).await?.is_none() {
        return Ok(());
    }
    transaction(connection, async |connection| {
        while put_one(connection).await? {}
        Ok(())
    })
    .await
}

/// The number of a part that waits.
async fn any(connection: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar(ANY).fetch_one(connection).await?)
}

/// Puts a part into the table; `false` if none waits.
pub(super) async fn put_one(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let Some(part) = any(connection).await? else { return Ok(false) };
    sqlx::query(PUT).bind(part).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM pending WHERE id = ?1").bind(part).execute(&mut *connection).await?;
    Ok(true)
}

/// Does `work` in one transaction. If SQLite has ended a transaction by itself, as it does if the disk is full, sqlx's
/// own transactions lose count of it.
pub(super) async fn transaction<T>(
    connection: &mut SqliteConnection,
    work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let done = match work(connection).await {
        Ok(done) => sqlx::query("COMMIT").execute(&mut *connection).await.map(|_| done).map_err(StoreError::from),
        Err(error) => Err(error),
    };
    if done.is_err() {
        // It fails if the transaction is over.
        let _ = sqlx::query("ROLLBACK").execute(connection).await;
    }
    done
}
