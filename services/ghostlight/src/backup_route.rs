//! `GET /v1/backup` of the admin listener: a copy of the store.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use ghostlight_store::BackupError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much of the copy is read at once.
const CHUNK: usize = 64 << 10;

/// The backups of a process.
#[derive(Clone)]
pub(crate) struct Backups {
    /// The URL of the store; `None` if the process keeps none.
    store: Option<String>,
    /// One backup is made at a time: each takes as much of the disk as the store.
    place: Arc<Semaphore>,
}

impl Backups {
    pub(crate) fn new(store: Option<String>) -> Self {
        Self { store, place: Arc::new(Semaphore::new(1)) }
    }
}

/// Answers with a whole database of one moment. It is copied into a file beside the store, which has no name any more while it
/// is sent. Changes go on meanwhile: SQLite reads beside its writer.
pub(crate) async fn backup(State(backups): State<Backups>) -> Response {
    let Some(url) = &backups.store else {
        return refused(StatusCode::NOT_FOUND, "this process keeps no store; ask a state service");
    };
    let Ok(place) = backups.place.clone().try_acquire_owned() else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "another backup is under way");
    };
    let url = url.clone();
    // A task of its own, so that no half copy is left if the client goes away.
    let copied = tokio::spawn(async move { ghostlight_store::copy_of(&url).await }).await;
    let Ok(copied) = copied else {
        return refused(StatusCode::INTERNAL_SERVER_ERROR, "the copy failed; the log says why");
    };
    match copied {
        Ok((file, image)) => {
            tracing::info!(position = %image.position, rigs = image.rigs.len(), "a backup is sent");
            let kind = [
                (header::CONTENT_TYPE, "application/vnd.sqlite3"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"ghostlight.db\""),
            ];
            (kind, Body::from_stream(chunks(file, place))).into_response()
        }
        Err(error @ BackupError::NotAFile) => refused(StatusCode::NOT_IMPLEMENTED, &error.to_string()),
        Err(error) => {
            tracing::error!(%error, "a backup failed");
            refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
        }
    }
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, format!("{why}\n")).into_response()
}

/// The content of a file. The place is kept until it is sent or the client is gone.
fn chunks(file: File, place: OwnedSemaphorePermit) -> impl stream::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, place), async |(file, place)| {
        let read = move || {
            let mut chunk = Vec::with_capacity(CHUNK);
            (&file).take(CHUNK as u64).read_to_end(&mut chunk)?;
            io::Result::Ok((file, chunk))
        };
        let (file, chunk) = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
        Ok((!chunk.is_empty()).then(|| (Bytes::from(chunk), (file, place))))
    })
}
