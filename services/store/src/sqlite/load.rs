//! Reads all tables of a database.

use std::borrow::Cow;
use std::sync::Once;

use futures_util::StreamExt;
use ghostlight_rig::Image;
use serde::Deserialize;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _};

use super::pending;
use crate::rows::{At, ItemRow, Loading, RigRow};
use crate::{StoreError, rows};

/// The most items that are read at once. They come as one JSON text: as rows, each would cost the way from the connection's
/// thread to the loading task, and a copy of each column, which is several times what reading it costs.
const PART_ITEMS: i64 = 2_048;

/// The query for the next items after one, in the order of their keys.
const ITEMS_AFTER: &str = "SELECT json_group_array(json_array(rig, kind, key, value, epoch, revision, changed_by, changed_at)) \
                           FROM (SELECT rig, kind, key, value, epoch, revision, changed_by, changed_at \
                                 FROM item WHERE (rig, kind, key) > (?1, ?2, ?3) \
                                 ORDER BY rig, kind, key LIMIT ?4)";

/// An item as that query gives it.
#[derive(Deserialize)]
struct ItemText<'a> {
    #[serde(borrow)]
    rig: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    value: Option<String>,
    epoch: i64,
    revision: i64,
    changed_by: Option<String>,
    changed_at: i64,
}

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
    items(&mut reading, &mut loading).await?;
    each(&mut reading, rows::KEYED, |row| {
        loading.keyed(row.try_get(0)?, row.try_get(1)?, at(row, 2)?, row.try_get(4)?, row.try_get(5)?)
    })
    .await?;
    reading.commit().await?;
    Ok(loading.image(unknown_logged))
}

/// Loads all items, part by part.
async fn items(connection: &mut SqliteConnection, loading: &mut Loading) -> Result<(), StoreError> {
    let mut last = (String::new(), String::new(), String::new());
    loop {
        let query = sqlx::query_scalar(ITEMS_AFTER).bind(last.0).bind(last.1).bind(last.2).bind(PART_ITEMS);
        let text: String = query.fetch_one(&mut *connection).await?;
        let part: Vec<ItemText<'_>> =
            serde_json::from_str(&text).map_err(|error| StoreError::Corrupt(format!("the table of items: {error}")))?;
        for item in &part {
            loading.item(&ItemRow {
                rig: &item.rig,
                kind: &item.kind,
                key: &item.key,
                value: item.value.as_deref(),
                at: (item.epoch, item.revision),
                changed_by: item.changed_by.as_deref(),
                changed_at: item.changed_at,
            })?;
        }
        match part.last() {
            Some(item) if part.len() as i64 == PART_ITEMS => {
                last = (item.rig.to_string(), item.kind.to_string(), item.key.to_string());
            }
            _ => return Ok(()),
        }
    }
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
