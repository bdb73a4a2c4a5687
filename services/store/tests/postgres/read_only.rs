//! A database that can be read and not written: it is used as far as that goes, and wholly once it can be written.

use ghostlight_rig::{Image, Position};
use ghostlight_servers::Postgres;
use ghostlight_store::{Store, StoreError};

use crate::support::{soon, uniform};
use crate::{another, database, execute, opened};

/// It loads what was saved, and takes nothing.
async fn only_reads(store: &dyn Store, kept: &Image) {
    for _ in 0..2 {
        assert_eq!(soon("the load", store.load()).await.as_ref(), Ok(kept));
        let begun = store.begin(kept.position, Position::new(9, 0).into());
        assert_eq!(soon("the failure", begun).await, Err(StoreError::ReadOnly));
        assert_eq!(soon("the failure", store.save(&uniform(3, 100, 2))).await, Err(StoreError::ReadOnly));
    }
}

/// A save works, and is loaded.
async fn saves(store: &dyn Store) {
    let next = uniform(3, 100, 2);
    soon("the save", store.save(&next)).await.unwrap();
    assert_eq!(soon("the load", store.load()).await, Ok(next));
}

#[tokio::test]
async fn a_read_only_database_is_read_and_takes_saves_once_it_can_be_written() {
    let (_, url) = database("shown").await;
    let store = opened(&url).await;
    let (kept, id) = (uniform(3, 100, 1), store.id());
    soon("the save", store.save(&kept)).await.unwrap();
    soon("the end", store.close()).await;
    execute(&mut another(&url).await, "ALTER DATABASE shown SET default_transaction_read_only = on").await;

    let store = opened(&url).await;
    assert_eq!(store.id(), id);
    only_reads(&*store, &kept).await;
    let mut other = another(&url).await;
    execute(&mut other, "SET default_transaction_read_only = off").await;
    execute(&mut other, "ALTER DATABASE shown RESET default_transaction_read_only").await;
    saves(&*store).await;
}

#[tokio::test]
async fn a_standby_is_read_and_takes_saves_once_it_is_promoted() {
    let mut server = soon("PostgreSQL", Postgres::start()).await.unwrap();
    let url = soon("the database", server.database("show")).await.unwrap();
    let store = opened(&url).await;
    let (kept, id) = (uniform(3, 100, 1), store.id());
    soon("the save", store.save(&kept)).await.unwrap();
    soon("the end", store.close()).await;
    soon("the standby", server.restart_as_standby()).await.unwrap();

    let store = opened(&url).await;
    assert_eq!(store.id(), id);
    only_reads(&*store, &kept).await;
    soon("the promotion", server.promote()).await.unwrap();
    saves(&*store).await;
}
