//! HTTP/1.1 on one kept connection, one request at a time.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::failure::Fault;
use crate::target::Target;

/// The largest answer that is read, in bytes: above the largest map.
const LARGEST: usize = 4 << 20;
/// More headers than any answer has.
const MAX_HEADERS: usize = 64;

/// A kept connection.
pub(crate) struct Http {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
pub(crate) struct Answer<'a> {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: &'a [u8],
}

/// Writes a POST of JSON into `text`, which is reused.
pub(crate) fn post(text: &mut String, target: &Target, path: &str, body: &str) {
    request(text, target, "POST", path, body);
}

/// Writes a request of JSON into `text`, which is reused.
pub(crate) fn request(text: &mut String, target: &Target, method: &str, path: &str, body: &str) {
    use std::fmt::Write;

    text.clear();
    let (host, length) = (&target.authority, body.len());
    let written = write!(
        text,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    debug_assert!(written.is_ok(), "a string takes everything");
}

/// A GET of JSON.
pub(crate) fn get(target: &Target, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\n\r\n", target.authority)
}

impl Http {
    pub(crate) async fn connect(target: &Target) -> Result<Self, Fault> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4_096) })
    }

    /// Sends a request and waits for the answer.
    pub(crate) async fn exchange(&mut self, request: &str) -> Result<Answer<'_>, Fault> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            self.buffer.reserve(1_024);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(Fault::wrong("the connection ended before the answer did", &self.buffer));
            }
            if let Some((status, from, to)) = frame(&self.buffer)? {
                return match to.cmp(&self.buffer.len()) {
                    std::cmp::Ordering::Less => Err(Fault::wrong("more came than the answer", &self.buffer[to..])),
                    _ => Ok(Answer { status, body: &self.buffer[from..to] }),
                };
            }
            if self.buffer.len() > LARGEST {
                return Err(Fault::wrong("an answer of over 4 MiB", &self.buffer));
            }
        }
    }
}

/// The status of an answer, and where its body starts and ends; `None` while it is incomplete.
fn frame(bytes: &[u8]) -> Result<Option<(u16, usize, usize)>, Fault> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let head = response.parse(bytes).map_err(|error| Fault::wrong(&format!("no HTTP answer ({error})"), bytes))?;
    let httparse::Status::Complete(head) = head else { return Ok(None) };
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
    let length = if response.code == Some(204) { Some(0) } else { length };
    // An answer without a length is refused, because its end is not known. No measured answer is streamed.
    let length = length.ok_or_else(|| Fault::wrong("an answer without content-length", bytes))?;
    let end = head.saturating_add(length);
    Ok((bytes.len() >= end).then_some((response.code.unwrap_or_default(), head, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_when_its_body_is() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"1\":50}";
        for cut in 0..answer.len() {
            assert!(matches!(frame(&answer[..cut]), Ok(None)), "{cut}");
        }
        assert!(matches!(frame(answer), Ok(Some((200, from, to))) if &answer[from..to] == b"{\"1\":50}"));
    }

    #[test]
    fn what_is_no_answer_is_wrong() {
        assert!(frame(b"SSH-2.0-OpenSSH\r\n\r\n").is_err());
        assert!(frame(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
