//! A panic is a line of the log. Each process starts its log once, so the test runs itself again as another process.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

use ghostlight_telemetry::logs::{self, LogFormat};

const AS_CHILD: &str = "GHOSTLIGHT_TEST_PANICS";

#[test]
fn a_panic_is_a_line_of_the_log() {
    if std::env::var_os(AS_CHILD).is_some() {
        logs::start("info", LogFormat::Json).unwrap();
        let _ = std::thread::spawn(|| panic!("it fell")).join();
        // Without the line being written before that, it would be lost, as if the process had been aborted.
        std::process::exit(7);
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "a_panic_is_a_line_of_the_log", "--nocapture"]).env(AS_CHILD, "1");
    let ended = child.env_remove("RUST_BACKTRACE").output().unwrap();
    let log = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(7), "{log}");
    assert!(log.starts_with('{') && log.contains(r#""level":"ERROR""#) && log.contains(r"\nit fell"), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
}
