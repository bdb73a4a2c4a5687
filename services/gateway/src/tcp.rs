//! Options of the connections to clients.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

/// The most bytes of one connection that wait in the system for their turn to be sent. More would make a slow client's pings
/// late, and cost memory for each slow client.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNSENT_BYTES: u32 = 128 << 10;

/// Sets a connection up: it sends at once, and ends when its client acknowledges nothing of what was sent for the time
/// `stall`, or has no room for it (RFC 5482). Without that, the system would send to a client that has vanished for a
/// quarter of an hour. A client that only reads, as one of an event stream, answers nothing by which it could be missed.
pub(crate) fn set_up(stream: &TcpStream, stall: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    set_system_options(stream, stall)
}

#[cfg(any(target_os = "android", target_os = "linux"))]
fn set_system_options(stream: &TcpStream, stall: Duration) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    socket.set_tcp_user_timeout(Some(stall))
}

/// Other systems do not have all of these options.
#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn set_system_options(_: &TcpStream, _: Duration) -> io::Result<()> {
    Ok(())
}
