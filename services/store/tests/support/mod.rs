//! What the tests of the store are told with.

#![allow(dead_code, reason = "every test binary compiles this module and uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

pub(crate) mod disk;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ghostlight_rig::{
    Action, Change, ClientId, Digests, Dimmer, Entry, Image, ItemName, Key, Label, Level, Levels, Origin, Partition,
    Position, Revision, RigName, Rigs, Snapshot, Stamp, Update,
};
use ghostlight_store::Store;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;
use tokio::time::timeout;

/// How long a test waits for anything.
const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for something that must happen.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Asks again until the answer is yes.
pub(crate) async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    soon(what, async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// A folder with a place for a database.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// The database's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("ghostlight.db")
    }

    /// The database's URL.
    pub(crate) fn url(&self) -> String {
        url(&self.file())
    }
}

/// The URL of the database in this file.
pub(crate) fn url(file: &std::path::Path) -> String {
    format!("sqlite:{}", file.display())
}

/// Another program's connection to an SQLite file, which is made if it is not there.
pub(crate) async fn sqlite(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    soon("the connection", options.connect()).await.unwrap()
}

/// Another program's connection to a PostgreSQL database.
pub(crate) async fn postgres(url: &str) -> PgConnection {
    soon("the connection", PgConnection::connect(url)).await.unwrap()
}

/// A rig's name.
pub(crate) fn rig(name: &str) -> RigName {
    RigName::new(name).unwrap()
}

/// Levels in hundredths of a percent, by dimmer; `None` forgets.
pub(crate) fn levels(of: impl IntoIterator<Item = (u16, Option<u16>)>) -> Levels {
    let level = |hundredths| Level::from_hundredths(hundredths).unwrap();
    of.into_iter().map(|(dimmer, hundredths)| (Dimmer::new(dimmer).unwrap(), hundredths.map(level))).collect()
}

/// The rigs that a store is to keep: entries are folded in, images come out.
///
/// The log's stamp of each entry is three milliseconds later than the one of the entry before.
pub(crate) struct Show {
    rigs: Rigs,
    revision: u64,
    /// The stamp of the entry before the first.
    began: u64,
    /// Who asks for the changes to come.
    client: Option<ClientId>,
}

impl Show {
    /// Rigs in which nothing has happened yet.
    pub(crate) fn new(epoch: u64) -> Self {
        Self::after(Image::default(), epoch)
    }

    /// Rigs that go on from what a store holds, in a new epoch.
    pub(crate) fn after(image: Image, epoch: u64) -> Self {
        let began = 1_700_000_000_123_456_789 + epoch * 1_000_000_000;
        let rigs = Rigs::restore(image, Position::new(epoch, 0), 1_000, Partition::default());
        Self { rigs, revision: 0, began, client: None }
    }

    /// The same, for a log that gives no stamps: no time is known.
    pub(crate) fn without_time(self) -> Self {
        Self { began: 0, ..self }
    }

    /// The client that asks for the changes to come.
    pub(crate) fn by(&mut self, client: &str) -> &mut Self {
        self.client = Some(ClientId::new(client).unwrap());
        self
    }

    /// A change of one rig.
    pub(crate) fn change(&mut self, name: &str, of: impl IntoIterator<Item = (u16, Option<u16>)>) -> &mut Self {
        self.fold(name, Change::from(levels(of)))
    }

    /// A change of labels, the grand master and blackout of one rig.
    pub(crate) fn set<'a>(
        &mut self,
        name: &str,
        labels: impl IntoIterator<Item = (u16, Option<&'a str>)>,
        master: u16,
        blackout: bool,
    ) -> &mut Self {
        let label = |(number, label): (u16, Option<&str>)| {
            (Dimmer::new(number).unwrap(), label.map(|label| Label::new(label).unwrap()))
        };
        let update = Update {
            labels: labels.into_iter().map(label).collect(),
            master: Level::from_hundredths(master),
            blackout: Some(blackout),
            ..Update::default()
        };
        self.fold(name, update.into())
    }

    /// A change that happens once.
    pub(crate) fn keyed(&mut self, name: &str, key: &str, dimmer: u16, hundredths: u16) -> &mut Self {
        let idempotency_key = Some(Key::new(key).unwrap());
        self.fold(name, Change { idempotency_key, ..Change::from(levels([(dimmer, Some(hundredths))])) })
    }

    /// Removes a rig.
    pub(crate) fn remove(&mut self, name: &str) -> &mut Self {
        self.fold(name, Change { action: Action::Remove, ..Change::default() })
    }

    /// A change of items of the made-up kind.
    pub(crate) fn make_up<'a>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> &mut Self {
        let item = |(name, text): (&str, Option<&str>)| {
            (ItemName::new(name).unwrap(), text.map(|text| Label::new(text).unwrap()))
        };
        let made_up = items.into_iter().map(item).collect();
        self.fold(name, Update { made_up, ..Update::default() }.into())
    }

    pub(crate) fn fold(&mut self, name: &str, change: Change) -> &mut Self {
        self.revision += 1;
        let stamp = Stamp(if self.began == 0 { 0 } else { self.began + self.revision * 3_000_000 });
        let origin = self.client.clone().map(|client| Origin { client, seq: self.revision });
        let change = Change { origin, ..change };
        self.rigs.apply(Revision(self.revision), stamp, &rig(name), &Entry::new(change));
        self
    }

    /// All rigs, as they are told.
    pub(crate) fn told(&self) -> Vec<(RigName, Snapshot)> {
        self.rigs.iter().map(|(name, rig)| (name.clone(), rig.snapshot())).collect()
    }

    /// How far it has got.
    pub(crate) fn revision(&self) -> Revision {
        Revision(self.revision)
    }

    /// All that has happened in its epoch.
    pub(crate) fn whole(&self) -> Image {
        Image { since: Position::default(), ..self.rigs.image_since(Revision(0)) }
    }

    /// What has happened after a revision.
    pub(crate) fn since(&self, cursor: Revision) -> Image {
        if cursor == Revision(0) { self.whole() } else { self.rigs.image_since(cursor) }
    }
}

/// The image as a version saved it that knew no digests, and not which revision made a rig.
pub(crate) fn without_digests(mut image: Image) -> Image {
    image.rigs.values_mut().for_each(|rig| (rig.digests, rig.made) = (Digests::default(), Revision(0)));
    image
}

/// An image of `rigs` rigs with `dimmers` dimmers each, all of them at as many hundredths as `revision` says.
pub(crate) fn uniform(rigs: usize, dimmers: u16, revision: u16) -> Image {
    let mut show = Show::new(1);
    show.revision = u64::from(revision) * 1_000;
    for number in 0..rigs {
        show.change(&format!("rig-{number}"), (1..=dimmers).map(|dimmer| (dimmer, Some(revision))));
    }
    show.whole()
}

/// What a newer version may do to the tables.
const ADDED: &str = "
    ALTER TABLE item ADD COLUMN fade_ms INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE position ADD COLUMN site TEXT;
    CREATE TABLE cue (name TEXT PRIMARY KEY, level INTEGER NOT NULL);
    CREATE INDEX item_by_value ON item (kind, value);
";

/// How a migration of PostgreSQL begins: it waits for saves where they begin, so that neither waits for the other.
pub(crate) const LOCKS: &str = "LOCK TABLE position;";

/// The migrations of a newer version, which adds one under this number.
pub(crate) async fn newer_migrations(database: &str, number: u32) -> Migrator {
    let begins = if database == "postgres" { LOCKS } else { "" };
    let added = (format!("{number:04}_added.sql"), format!("{begins}{ADDED}"));
    migrations(database, u32::MAX, Some(added)).await
}

/// The migrations up to this number, which an older version had.
pub(crate) async fn older_migrations(database: &str, number: u32) -> Migrator {
    migrations(database, number, None).await
}

async fn migrations(database: &str, most: u32, added: Option<(String, String)>) -> Migrator {
    let folder = TempDir::new().unwrap();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
    for file in std::fs::read_dir(ours).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        if name[..4].parse::<u32>().unwrap() <= most {
            std::fs::copy(file.path(), folder.path().join(name)).unwrap();
        }
    }
    if let Some((name, text)) = added {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    Migrator::new(folder.path()).await.unwrap()
}

/// Goes on with a show on a store whose tables somebody has added to: it begins, saves and loads as ever.
pub(crate) async fn goes_on(store: &dyn Store, show: &Show) {
    let found = soon("the load", store.load()).await.unwrap();
    assert_eq!(found, show.whole());
    goes_on_from(store, found).await;
}

/// Goes on with what a store has been found to hold.
pub(crate) async fn goes_on_from(store: &dyn Store, found: Image) {
    let epoch = found.position.epoch.0 + 1;
    soon("the beginning", store.begin(found.position, Position::new(epoch, 0).into())).await.unwrap();
    let mut next = Show::after(found, epoch);
    next.by("desk").change("main", [(1, Some(11)), (2, None), (7, Some(77))]).keyed("main", "key", 9, 90);
    next.set("main", [(1, Some("Front wash"))], 8_000, true);
    soon("the save", store.save(&next.since(Revision(0)))).await.unwrap();
    let loaded = soon("the load", store.load()).await.unwrap();
    let rigs = |image: Image| Rigs::restore(image, Position::new(epoch, 3), 1_000, Partition::default());
    assert_eq!(rigs(loaded).iter().map(|(name, rig)| (name.clone(), rig.snapshot())).collect::<Vec<_>>(), next.told());
}
