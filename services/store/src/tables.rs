//! Which tables this version can use: its own, and those that a newer version has only added to.
//!
//! Migrations are numbered. A migration that only adds takes the next number, and older services keep working beside
//! newer ones. A migration that older services cannot work with takes the next thousand (1000, 2000, ...), and older
//! services refuse such a database.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::StoreError;

/// The migrations of a folder of `migrations`, by file name. sqlx has a macro that finds the files itself, but it
/// compiles sqlx, both drivers and SQLite a second time, for the compiler.
macro_rules! migrations {
    ($folder:literal: $($file:literal),+ $(,)?) => {
        $crate::tables::migrator(&[$((
            $file,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/", $folder, "/", $file)),
        )),+])
    };
}
pub(crate) use migrations;

/// The highest migration that a database has.
pub(crate) const NEWEST: &str = "SELECT max(version) FROM _sqlx_migrations";

/// Migrations with the same number of thousands only add to each other's tables.
const GENERATION: i64 = 1_000;

/// The migrations in these files, to be applied to a database which may have newer ones.
pub(crate) fn migrator(files: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = files.iter().map(|&(file, sql)| {
        let (version, description) = parts(file).expect("a migration is called 0001_what_it_does.sql");
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_ignore_missing(true);
    migrator
}

/// The number and the description of a migration, from the name of its file.
fn parts(file: &str) -> Option<(i64, String)> {
    let (version, description) = file.strip_suffix(".sql")?.split_once('_')?;
    Some((version.parse().ok()?, description.replace('_', " ")))
}

/// Refuses a database if an older service cannot work with its newest migration; logs if it is newer than this version.
pub(crate) fn check(newest: i64, known: &Migrator) -> Result<(), StoreError> {
    let known = newest_of(known);
    if newest / GENERATION > known / GENERATION {
        return Err(StoreError::Other(format!(
            "it was changed by a newer Ghostlight (its tables are at version {newest}), and this version cannot use it"
        )));
    }
    if newest > known {
        tracing::info!(newest, known, "a newer Ghostlight has added to the tables; this version ignores the additions");
    }
    Ok(())
}

/// Whether a database whose newest migration is this one has all that this version knows.
pub(crate) fn has_all(newest: i64, known: &Migrator) -> bool {
    newest >= newest_of(known)
}

fn newest_of(known: &Migrator) -> i64 {
    known.iter().map(|migration| migration.version).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{postgres, sqlite};

    /// Compares the lists with what sqlx's own macro would find.
    #[tokio::test]
    async fn every_migration_is_listed() {
        for (folder, listed) in [("sqlite", &sqlite::MIGRATIONS), ("postgres", &postgres::MIGRATIONS)] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(folder);
            let found = sqlx::migrate::Migrator::new(folder.as_path()).await.unwrap();
            let told = |migrator: &sqlx::migrate::Migrator| -> Vec<_> {
                let told = |of: &sqlx::migrate::Migration| (of.version, of.description.clone(), of.checksum.clone());
                migrator.iter().map(told).collect()
            };
            assert!(!told(&found).is_empty());
            assert_eq!(told(listed), told(&found), "{}", folder.display());
        }
    }
}
