//! Every way in which a database can be unusable has its own clear answer.

use ghostlight_store::{Durability, OpenError, StoreError, open};

use crate::support::{Show, newer_migrations, older_migrations, soon, uniform, without_digests};
use crate::{another, asked, database, execute, opened, unusable};

/// The URL for a role with a password, in place of the one that needs none.
fn as_guest(url: &str, password: &str) -> String {
    url.replacen("ghostlight@", &format!("guest:{password}@"), 1)
}

fn says(cause: &StoreError, words: &[&str]) {
    let text = cause.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{words:?} are not all in {text:?}");
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let (_, url) = database("guarded").await;
    execute(&mut another(&url).await, "CREATE ROLE guest LOGIN PASSWORD 'curtain'").await;
    let error = soon("the refusal", open(&as_guest(&url, "s3cret%20w%40rd"), Durability::Full)).await.err().unwrap();
    let OpenError::Unusable { cause, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(cause, StoreError::Refused(_)), "{cause:?}");
    says(cause, &["\"guest\"", "check the user and the password"]);
    for told in [error.to_string(), format!("{error:?}")] {
        assert!(!told.contains("s3cret") && !told.contains("w@rd"), "{told}");
    }

    // The right one lets in a role that may not make tables.
    let cause = unusable_as_guest(&as_guest(&url, "curtain")).await;
    says(&cause, &["permission denied", "make the user the owner"]);
    execute(&mut another(&url).await, "ALTER DATABASE guarded OWNER TO guest; GRANT ALL ON SCHEMA public TO guest")
        .await;
    let store = opened(&as_guest(&url, "curtain")).await;
    soon("the save", store.save(&uniform(1, 1, 1))).await.unwrap();

    execute(&mut another(&url).await, "ALTER ROLE guest CONNECTION LIMIT 0").await;
    let cause = unusable_as_guest(&as_guest(&url, "curtain")).await;
    says(&cause, &["too many connections", "limit of connections"]);
}

async fn unusable_as_guest(url: &str) -> StoreError {
    match soon("the refusal", open(url, Durability::Full)).await {
        Err(OpenError::Unusable { path, cause }) => {
            assert!(path.starts_with("postgres://guest@") && !path.contains("curtain"), "{path}");
            cause
        }
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test]
async fn what_a_url_has_wrong_is_told_without_its_password() {
    for (bad, shown) in [
        ("postgres://u:s3cret@localhost:notaport/show", "postgres://u@localhost:notaport/show"),
        ("postgres://u:s3cret@localhost/show?sslmode=maybe", "postgres://u@localhost/show?sslmode=maybe"),
        ("postgresql://localhost/show?password=s3cret&port=x", "postgresql://localhost/show?password&port=x"),
    ] {
        let error = open(bad, Durability::Full).await.err().unwrap();
        assert!(matches!(&error, OpenError::Settings { url, .. } if url == shown), "{error:?}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    let error = open("mysql://u:s3cret@localhost/show", Durability::Full).await.err();
    assert_eq!(error, Some(OpenError::Url("mysql://u@localhost/show".to_owned())));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_made() {
    let (server, _) = database("there").await;
    let cause = unusable(&server.url("elsewhere")).await;
    assert!(matches!(cause, StoreError::Refused(_)), "{cause:?}");
    says(&cause, &["\"elsewhere\" does not exist", "createdb"]);
}

#[tokio::test]
async fn nobody_there_is_told_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let cause = unusable(&format!("postgres://ghostlight@{address}/show")).await;
    assert!(matches!(cause, StoreError::Unreachable(_)), "{cause:?}");
    says(&cause, &["is the server running?"]);
}

#[tokio::test]
async fn a_read_only_database_without_the_tables_of_this_version_is_refused() {
    let (_, url) = database("empty").await;
    execute(&mut another(&url).await, "ALTER DATABASE empty SET default_transaction_read_only = on").await;
    says(&unusable(&url).await, &["read-only", "no tables yet"]);

    let (_, url) = database("museum").await;
    let mut old = another(&url).await;
    soon("the tables", older_migrations("postgres", 5).await.run(&mut old)).await.unwrap();
    execute(&mut old, "ALTER DATABASE museum SET default_transaction_read_only = on").await;
    says(&unusable(&url).await, &["read-only", "brought up to date"]);

    let (_, url) = database("museum_of_tomorrow").await;
    opened(&url).await.close().await;
    let mut newer = another(&url).await;
    soon("the tables", newer_migrations("postgres", 1_000).await.run(&mut newer)).await.unwrap();
    execute(&mut newer, "ALTER DATABASE museum_of_tomorrow SET default_transaction_read_only = on").await;
    says(&unusable(&url).await, &["newer Ghostlight", "version 1000"]);
}

#[tokio::test]
async fn a_database_that_only_newer_versions_can_use_is_left_to_them() {
    let (_, url) = database("newer").await;
    opened(&url).await.close().await;
    let mut newer = another(&url).await;
    soon("the tables", newer_migrations("postgres", 1_000).await.run(&mut newer)).await.unwrap();
    says(&unusable(&url).await, &["newer Ghostlight", "version 1000"]);
}

#[tokio::test]
async fn somebody_elses_tables_are_left_alone() {
    let (_, url) = database("strange").await;
    let mut other = another(&url).await;
    execute(&mut other, "CREATE TABLE level (water int); INSERT INTO level VALUES (7)").await;
    let cause = unusable(&url).await;
    assert!(matches!(cause, StoreError::Refused(_)), "{cause:?}");
    says(&cause, &["\"level\"", "a database of its own"]);
    assert_eq!(asked(&mut other, "SELECT water::text FROM level").await, "7");
    assert_eq!(
        asked(&mut other, "SELECT coalesce(to_regclass('rig')::text, 'none')").await,
        "none",
        "half of it is there"
    );
}

#[tokio::test]
async fn what_cannot_be_ours_is_said_to_be_damaged() {
    let (_, url) = database("damaged").await;
    let store = opened(&url).await;
    execute(&mut another(&url).await, "INSERT INTO rig VALUES ('No Rig', 1, 1)").await;
    let answer = soon("the failure", store.load()).await;
    assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{answer:?}");
}

/// Levels of a version that knew nothing else are there after the upgrade.
#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date() {
    let (_, url) = database("first").await;
    let mut old = another(&url).await;
    soon("the tables", older_migrations("postgres", 1).await.run(&mut old)).await.unwrap();
    let rows = "UPDATE position SET epoch = 1, revision = 2;
                INSERT INTO rig VALUES ('main', 1, 2);
                INSERT INTO level VALUES ('main', 1, 5000, 1, 1), ('main', 2, NULL, 1, 2)";
    execute(&mut old, rows).await;

    let store = opened(&url).await;
    let mut show = Show::new(1).without_time();
    show.change("main", [(1, Some(5_000))]).change("main", [(2, None)]);
    assert_eq!(soon("the load", store.load()).await.unwrap(), without_digests(show.whole()));
    show.set("main", [(1, Some("Front wash"))], 8_000, true);
    soon("the save", store.save(&show.whole())).await.unwrap();
    assert_eq!(soon("the load", store.load()).await.unwrap(), show.whole());
}
