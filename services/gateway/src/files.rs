//! The files that the binary carries, as the build made them (`build/main.rs`).

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// A file that is served as it is.
#[derive(Debug)]
pub(crate) struct File {
    /// With the folders it is in.
    pub(crate) name: &'static str,
    media_type: &'static str,
    /// An entity tag, quoted: another content has another one.
    pub(crate) tag: &'static str,
    bytes: &'static [u8],
}

/// The file of that name.
pub(crate) fn find(files: &'static [File], name: &str) -> Option<&'static File> {
    files.iter().find(|file| file.name == name)
}

impl IntoResponse for &File {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type))], self.bytes).into_response()
    }
}
