//! What is in `deploy` fits what Ghostlight is: dashboards and alerts ask for metrics that there are, alerts fire when they
//! must, and the local deployment is whole.

#![allow(clippy::print_stdout, reason = "a test that waits says for what")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alerts;
mod dashboard;
mod files;
mod known;
mod local;
mod names;
mod promql;
mod told;
mod watched;

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../joined/process.rs"]
mod process;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../joined/support.rs"]
mod support;
