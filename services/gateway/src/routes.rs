//! The routes of the interface.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::guard::Guarded;
use crate::method::method_not_allowed;
use crate::{
    Gateway, dictionary_routes, docs, health, levels_routes, lookup_routes, page, rig_routes, say_routes, sse,
    words_routes, ws,
};

/// A method in lower case and a path.
pub type Route = (&'static str, &'static str);

/// Every method and path of the interface, as in the OpenAPI document; a test compares the two.
pub const ROUTES: &[Route] = &[
    ("get", "/"),
    ("post", "/"),
    ("get", "/ws"),
    ("get", "/v1/rigs"),
    ("get", "/v1/rigs/{rig}"),
    ("put", "/v1/rigs/{rig}"),
    ("patch", "/v1/rigs/{rig}"),
    ("delete", "/v1/rigs/{rig}"),
    ("get", "/v1/rigs/{rig}/levels"),
    ("post", "/v1/rigs/{rig}/levels"),
    ("get", "/v1/rigs/{rig}/words"),
    ("put", "/v1/rigs/{rig}/words"),
    ("get", "/v1/rigs/{rig}/words/{word}"),
    ("put", "/v1/rigs/{rig}/words/{word}"),
    ("delete", "/v1/rigs/{rig}/words/{word}"),
    ("post", "/v1/rigs/{rig}/lookup"),
    ("post", "/v1/rigs/{rig}/say"),
    ("post", "/v1/rigs/{rig}/undo"),
    ("post", "/v1/rigs/{rig}/redo"),
    ("get", "/get_topics"),
    ("post", "/get_topics"),
    ("get", "/v1/rigs/{rig}/consoles"),
    ("get", "/v1/rigs/{rig}/events"),
    ("get", "/v1/rigs/{rig}/ws"),
    ("get", "/v1/openapi.json"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/docs"),
];

/// The path of a rig.
const RIG: &str = "/v1/rigs/{rig}";

impl Gateway {
    /// The routes of the whole interface.
    pub(crate) fn routes(&self) -> Guarded {
        let routes = Router::new()
            .route("/", get(page::index).post(levels_routes::post_main))
            .route("/ws", get(ws::plain))
            .route("/v1/rigs", get(levels_routes::list_rigs))
            .route(RIG, get(rig_routes::get).put(rig_routes::put).patch(rig_routes::patch).delete(rig_routes::delete))
            .route("/v1/rigs/{rig}/levels", get(levels_routes::get_levels).post(levels_routes::post_levels))
            .route("/v1/rigs/{rig}/words", get(words_routes::list).put(dictionary_routes::put))
            .route(
                "/v1/rigs/{rig}/words/{word}",
                get(words_routes::get).put(words_routes::put).delete(words_routes::delete),
            )
            .route("/v1/rigs/{rig}/lookup", post(lookup_routes::post))
            .route("/v1/rigs/{rig}/say", post(say_routes::post))
            .route("/v1/rigs/{rig}/undo", post(say_routes::undo))
            .route("/v1/rigs/{rig}/redo", post(say_routes::redo))
            .route("/get_topics", get(lookup_routes::topics).post(lookup_routes::topics))
            .route("/v1/rigs/{rig}/consoles", get(rig_routes::consoles))
            .route("/v1/rigs/{rig}/events", get(sse::events))
            .route("/v1/rigs/{rig}/ws", get(ws::full))
            .route("/v1/openapi.json", get(docs::openapi))
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .route("/docs", get(docs::docs))
            .route("/docs/", get(docs::docs_index))
            .route("/docs/{file}", get(docs::docs_file))
            .fallback(page::file)
            .method_not_allowed_fallback(method_not_allowed)
            .with_state(Arc::new(self.clone()));
        self.access.clone().guard(routes)
    }
}
