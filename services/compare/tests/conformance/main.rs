//! Each peer keeps what its `peer.toml` promises. The same test runs on all of them, with real servers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod crowd;
mod http;
mod promises;
mod slow;

use ghostlight_compare::peer::{Places, Recipe};

/// A test for each peer.
macro_rules! peers {
    ($($test:ident: $name:literal),* $(,)?) => {
        const TESTED: &[&str] = &[$($name),*];
        $(
            #[test]
            fn $test() {
                promises::keeps($name);
            }
        )*
    };
}

peers! {
    axum: "axum",
    axum_sqlite: "axum-sqlite",
    falcon: "falcon",
    fastapi: "fastapi",
    flask: "flask",
    ghostlight: "ghostlight",
    ghostlight_relaxed: "ghostlight-relaxed",
    mosquitto: "mosquitto",
    nats_kv: "nats-kv",
    node_ws: "node-ws",
    redis_always: "redis-always",
    redis_everysec: "redis-everysec",
    socketio: "socketio",
}

#[test]
fn no_peer_is_forgotten() {
    let recipes = Recipe::all(&Places::of_this_workspace().unwrap()).unwrap();
    let names: Vec<_> = recipes.iter().map(|recipe| recipe.name.as_str()).collect();
    assert_eq!(names, TESTED);
}
