//! Dimmers on axum, which commits each change to SQLite before it answers and before it tells anybody.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Parser;
use ghostlight_peer_axum::{Change, Store};
use serde_json::Number;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

#[derive(Parser)]
struct Arguments {
    /// The port of the loopback to listen at
    port: u16,
    /// The file of the database
    database: PathBuf,
    /// How many threads serve
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// A level is kept as its JSON.
struct Sqlite(SqliteConnection);

impl Sqlite {
    async fn open(file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let mut connection = options.connect().await?;
        let table = "CREATE TABLE IF NOT EXISTS levels (dimmer INTEGER PRIMARY KEY, level TEXT NOT NULL)";
        sqlx::query(table).execute(&mut connection).await?;
        Ok(Self(connection))
    }

    async fn read(&mut self) -> anyhow::Result<BTreeMap<u16, Number>> {
        let rows =
            sqlx::query_as::<_, (u16, String)>("SELECT dimmer, level FROM levels").fetch_all(&mut self.0).await?;
        rows.into_iter().map(|(dimmer, level)| Ok((dimmer, serde_json::from_str(&level)?))).collect()
    }
}

impl Store for Sqlite {
    async fn save(&mut self, change: &Change) -> anyhow::Result<()> {
        let mut transaction = self.0.begin().await?;
        for (dimmer, level) in change.levels() {
            let upsert = "INSERT INTO levels VALUES (?, ?) ON CONFLICT (dimmer) DO UPDATE SET level = excluded.level";
            sqlx::query(upsert).bind(dimmer).bind(level.to_string()).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(arguments.threads).enable_all().build()?;
    runtime.block_on(async {
        let mut store = Sqlite::open(&arguments.database).await?;
        let levels = store.read().await?;
        ghostlight_peer_axum::serve(arguments.port, store, levels).await
    })
}
