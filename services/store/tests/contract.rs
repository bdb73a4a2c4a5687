//! The contract of the store, run on every adapter.
//!
//! The laws stand in `laws/`, each a function over a place where no store has been yet. What only one adapter promises
//! is in a file of its own, such as `sqlite.rs` and `postgres.rs`.

mod laws;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ghostlight_servers::Postgres;
use ghostlight_store::{Durability, Store, open};
use laws::Place;
use sqlx::AssertSqlSafe;
use support::{Folder, postgres, soon, sqlite};

/// Runs every law of [`Store`] on an adapter: one test for each, each at a place of its own.
macro_rules! store_contract {
    ($adapter:ident, at $place:expr) => {
        store_contract! { $adapter, at $place =>
            a_new_store_is_empty,
            what_was_saved_is_loaded,
            a_store_that_was_dropped_has_lost_nothing,
            a_forgotten_dimmer_stays_known_as_forgotten,
            increments_add_up_to_the_whole,
            an_older_image_saved_again_changes_nothing,
            a_removed_rig_is_gone_and_may_be_made_anew,
            rigs_of_before_are_not_brought_back,
            two_services_saving_at_once_get_in_nobodys_way,
            a_new_epoch_wins_over_a_higher_revision,
            an_epoch_begins_once,
            an_increment_to_more_than_is_there_is_refused,
            keyed_changes_come_back_in_order_and_are_forgotten_in_order,
            a_load_never_shows_half_a_save,
            a_dropped_save_saved_all_or_nothing,
            an_item_is_one_row_of_text,
            who_changed_an_item_and_when_outlives_a_restart,
            items_of_an_unknown_kind_are_left_alone,
            items_that_somebody_else_changed_are_noticed,
            a_row_that_cannot_be_read_is_named,
        }
    };
    ($adapter:ident, at $place:expr => $($law:ident),+ $(,)?) => {
        mod $adapter {
            use super::*;

            $(
                #[tokio::test]
                async fn $law() {
                    laws::$law(&$place).await;
                }
            )+
        }
    };
}

/// An SQLite file.
struct SqliteFile(Folder, Durability);

impl Place for SqliteFile {
    async fn open(&self) -> Arc<dyn Store> {
        soon("the store", open(&self.0.url(), self.1)).await.expect("it opens")
    }

    async fn execute(&self, sql: &str) {
        let mut beside = sqlite(&self.0.file()).await;
        soon(sql, sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut beside)).await.expect("it is executed");
    }

    async fn asked(&self, sql: &str) -> Vec<String> {
        let mut beside = sqlite(&self.0.file()).await;
        soon(sql, sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut beside)).await.expect("it is answered")
    }
}

/// A database of the PostgreSQL that the tests share.
struct PostgresDatabase(String, Durability);

impl PostgresDatabase {
    /// A new one, which a law has to itself.
    async fn new(durability: Durability) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("law_{}", MADE.fetch_add(1, Ordering::Relaxed));
        let server = soon("PostgreSQL", Postgres::shared()).await.expect("it starts");
        Self(soon("the database", server.database(&name)).await.expect("it is made"), durability)
    }
}

impl Place for PostgresDatabase {
    async fn open(&self) -> Arc<dyn Store> {
        soon("the store", open(&self.0, self.1)).await.expect("it opens")
    }

    async fn execute(&self, sql: &str) {
        let mut beside = postgres(&self.0).await;
        soon(sql, sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut beside)).await.expect("it is executed");
    }

    async fn asked(&self, sql: &str) -> Vec<String> {
        let mut beside = postgres(&self.0).await;
        soon(sql, sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut beside)).await.expect("it is answered")
    }
}

store_contract!(sqlite_full, at SqliteFile(Folder::new(), Durability::Full));
store_contract!(sqlite_relaxed, at SqliteFile(Folder::new(), Durability::Relaxed));
store_contract!(postgres_full, at PostgresDatabase::new(Durability::Full).await);
store_contract!(postgres_relaxed, at PostgresDatabase::new(Durability::Relaxed).await);
