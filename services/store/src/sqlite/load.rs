//! Reads all tables of a database.

use std::sync::Once;

use futures_util::StreamExt;
use ghostlight_rig::Image;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _};

use super::pending;
use crate::rows::{At, ItemRow, Loading, RigRow};
use crate::{StoreError, rows};

/// Everything that is saved.
pub(super) async fn load(connection: &mut SqliteConnection, unknown_logged: &Once) -> Result<Image, StoreError> {
    pending::put_all(connection).await?;
    let mut loading = Loading::default();
    // One transaction, so that all tables are read as of one moment.
    let mut reading = connection.begin().await?;
    each(&mut reading, rows::POSITION, |row| {
        loading.position(at(row, 0)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        Ok(())
    })
    .await?;
    each(&mut reading, rows::RIGS, |row| {
        loading.rig(&RigRow {
            name: row.try_get(0)?,
            at: at(row, 1)?,
            time: row.try_get(3)?,
            made: row.try_get(4)?,
            digests: row.try_get(5)?,
        })
    })
    .await?;
    each(&mut reading, rows::ITEMS, |row| {
        loading.item(&ItemRow {
            rig: row.try_get(0)?,
            kind: row.try_get(1)?,
            key: row.try_get(2)?,
            value: row.try_get(3)?,
            at: at(row, 4)?,
            changed_by: row.try_get(6)?,
            changed_at: row.try_get(7)?,
        })
    })
    .await?;
    each(&mut reading, rows::KEYED, |row| {
        loading.keyed(row.try_get(0)?, row.try_get(1)?, at(row, 2)?, row.try_get(4)?, row.try_get(5)?)
    })
    .await?;
    reading.commit().await?;
    Ok(loading.image(unknown_logged))
}

/// Calls `take` with each row of a query.
async fn each(
    connection: &mut SqliteConnection,
    query: &'static str,
    mut take: impl FnMut(&SqliteRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut rows = sqlx::query(query).fetch(connection);
    while let Some(row) = rows.next().await.transpose()? {
        take(&row)?;
    }
    Ok(())
}

fn at(row: &SqliteRow, first: usize) -> Result<At, sqlx::Error> {
    Ok((row.try_get(first)?, row.try_get(first + 1)?))
}
