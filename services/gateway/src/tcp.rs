//! Options of the connections to clients.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

/// Sets a connection up: it sends at once, and ends when its client acknowledges nothing of what was sent for the time
/// `stall`, or has no room for it (RFC 5482). Without that, the system would send to a client that has vanished for a
/// quarter of an hour. A client that only reads, as one of an event stream, answers nothing by which it could be missed.
pub(crate) fn set_up(stream: &TcpStream, stall: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    set_user_timeout(stream, stall)
}

#[cfg(any(target_os = "android", target_os = "linux"))]
fn set_user_timeout(stream: &TcpStream, timeout: Duration) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(timeout))
}

/// Other systems have no such option.
#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn set_user_timeout(_: &TcpStream, _: Duration) -> io::Result<()> {
    Ok(())
}
