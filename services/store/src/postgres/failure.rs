//! PostgreSQL's errors as [`StoreError`]s, with what to do about them.

use std::io;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

use crate::StoreError;
use crate::error::migration;

/// How long the database may take for anything small. So a database that hangs does not hold up the service.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// A [`StoreError`], to which the driver's errors convert.
pub(super) struct Failure(StoreError);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl From<MigrateError> for Failure {
    fn from(error: MigrateError) -> Self {
        Self(migration(error, |error| Self::from(error).0))
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self(match error {
            sqlx::Error::Database(error) => refused(&*error),
            sqlx::Error::Io(error) => unreachable(&error),
            sqlx::Error::Tls(error) => StoreError::Refused(format!("{error}; see `sslmode` in PostgreSQL's manual")),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
                StoreError::Corrupt(error.to_string())
            }
            error => StoreError::Other(error.to_string()),
        })
    }
}

fn unreachable(error: &io::Error) -> StoreError {
    StoreError::Unreachable(match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => format!("{error}; is the server running?"),
        io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
        _ => error.to_string(),
    })
}

/// An error of the server, by the codes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn refused(error: &dyn DatabaseError) -> StoreError {
    let said = error.message();
    let code = error.code().unwrap_or_default();
    match &*code {
        "28000" | "28P01" => {
            StoreError::Refused(format!("{said}; check the user and the password, and the server's pg_hba.conf"))
        }
        "3D000" => StoreError::Refused(format!("{said}; make it with `createdb`, or check its name")),
        "42501" => StoreError::Refused(format!("{said}; make the user the owner of the database")),
        "42P06" | "42P07" | "42710" | "42723" => {
            StoreError::Refused(format!("{said}, and is not Ghostlight's; give it a database of its own"))
        }
        "53300" => StoreError::Refused(format!("{said}; raise the server's or the user's limit of connections")),
        "25006" => StoreError::ReadOnly,
        "53100" => StoreError::Full,
        "40001" | "40P01" | "55P03" => StoreError::Locked,
        // The statement timeout, or an administrator who cancelled the statement.
        "57014" => StoreError::Late(ANSWER_TIMEOUT),
        "XX001" | "XX002" => StoreError::Corrupt(said.to_owned()),
        code if code.starts_with("08") || code.starts_with("57P") => StoreError::Unreachable(said.to_owned()),
        _ => StoreError::Other(said.to_owned()),
    }
}

/// Waits for an answer, at most for `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    asking: impl Future<Output = Result<T, Failure>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, asking).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_) => Err(StoreError::Late(limit)),
    }
}
