//! Both programs end with an error if they cannot serve. This test also makes `cargo test` build them, for the comparison.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_peer-axum")).args([&port, "--threads", "1"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("in use"), "{said}");
}

#[test]
fn a_database_that_cannot_be_opened_is_an_error() {
    let sqlite = env!("CARGO_BIN_EXE_peer-axum-sqlite");
    let output = Command::new(sqlite).args(["0", "/does/not/exist/levels.db"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("unable to open"), "{said}");
}
