//! What `kubectl apply -f deploy` applies: whether it is valid, whether its parts fit each other, and whether the pods'
//! commands, started as processes, are the deployment that they are meant to be.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "a run tells what it did")]

mod manifests;

mod applied_again;
mod collector;
mod commands;
mod dockerfile;
mod names;
mod network;
mod pods;
mod references;
mod rooted;
mod schemas;
mod settings;
mod spread;
mod started;

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../deployed/files.rs"]
mod files;

#[path = "../deployed/told.rs"]
mod told;

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../joined/process.rs"]
mod process;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../joined/support.rs"]
mod support;
