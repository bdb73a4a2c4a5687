//! Which tables this version works with: its own, and those that a newer one has only added to.
//!
//! Migrations are numbered. One that only adds takes the next number, and an older service works on beside newer ones.
//! One that older services could not work with takes the next thousand (1000, 2000, ...): they leave such a database to
//! newer ones.

use sqlx::migrate::Migrator;

use crate::StoreError;

/// The highest migration that a database has had.
pub(crate) const NEWEST: &str = "SELECT max(version) FROM _sqlx_migrations";

/// So many migrations may only add to what the first of them made.
const GENERATION: i64 = 1_000;

/// Migrations that are applied to a database which may have had newer ones.
pub(crate) fn tolerant(mut migrations: Migrator) -> Migrator {
    migrations.set_ignore_missing(true);
    migrations
}

/// Decides whether a database that has had this migration can be used, and says so if it is newer.
pub(crate) fn check(newest: i64, known: &Migrator) -> Result<(), StoreError> {
    let known = known.iter().map(|migration| migration.version).max().unwrap_or_default();
    if newest / GENERATION > known / GENERATION {
        return Err(StoreError::Other(format!(
            "it was changed by a newer Ghostlight (its tables are at version {newest}), and this one cannot use it"
        )));
    }
    if newest > known {
        tracing::info!(newest, known, "a newer Ghostlight has added to the database's tables; they are used as known");
    }
    Ok(())
}
