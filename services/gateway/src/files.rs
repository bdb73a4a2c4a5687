//! The files that the build embeds in the binary (`build/main.rs`).

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// An embedded file, served unchanged.
#[derive(Debug)]
pub(crate) struct File {
    /// The path of the file, with its folders.
    pub(crate) name: &'static str,
    media_type: &'static str,
    /// A quoted entity tag, which differs for each content.
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
