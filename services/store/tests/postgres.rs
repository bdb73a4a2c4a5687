//! What PostgreSQL promises beyond the contract: many services share one database, a server that goes away or hangs is
//! told clearly and used again when it is back, and no password is ever shown.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "postgres/outages.rs"]
mod outages;
#[path = "postgres/read_only.rs"]
mod read_only;
#[path = "postgres/refusals.rs"]
mod refusals;
#[path = "postgres/sharing.rs"]
mod sharing;
mod support;

use std::sync::Arc;

use ghostlight_servers::Postgres;
use ghostlight_store::{Durability, OpenError, Store, StoreError, open};
use sqlx::{Connection, PgConnection, Row};
use support::soon;

/// A database of the server that the tests share, and the server.
async fn database(name: &str) -> (&'static Postgres, String) {
    let server = soon("PostgreSQL", Postgres::shared()).await.unwrap();
    (server, soon("the database", server.database(name)).await.unwrap())
}

async fn opened(url: &str) -> Arc<dyn Store> {
    soon("the store", open(url, Durability::Full)).await.unwrap()
}

/// Why a database cannot be used. The answer names it.
async fn unusable(url: &str) -> StoreError {
    match soon("the refusal", open(url, Durability::Full)).await {
        Ok(_) => panic!("{url} opens"),
        Err(OpenError::Unusable { path, cause }) => {
            assert!(path.starts_with("postgres://") && url.ends_with(path.rsplit('@').next().unwrap()), "{path}");
            cause
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// Another program's connection to the database.
async fn another(url: &str) -> PgConnection {
    soon("the connection", PgConnection::connect(url)).await.unwrap()
}

async fn execute(connection: &mut PgConnection, sql: &'static str) {
    soon(sql, sqlx::raw_sql(sql).execute(connection)).await.unwrap();
}

/// The one value that a query gives, as text.
async fn asked(connection: &mut PgConnection, sql: &'static str) -> String {
    soon(sql, sqlx::query(sql).fetch_one(connection)).await.unwrap().get(0)
}
