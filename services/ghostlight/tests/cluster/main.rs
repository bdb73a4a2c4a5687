//! What `kubectl apply -f deploy` applies: whether it is valid, whether its parts fit each other, and whether the pods'
//! commands, started as processes, are the deployment that they are meant to be.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod manifests;

mod network;
mod pods;
mod references;
mod schemas;
mod settings;

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../deployed/files.rs"]
mod files;

#[path = "../deployed/told.rs"]
mod told;
