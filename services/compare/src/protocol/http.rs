//! Changes by `POST /`, each answered. A client of this protocol is told nothing.

use super::levels::{write_map, write_number};
use super::stage::Stage;
use super::{Event, Protocol, ProtocolError};

/// Whether the connection is kept after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Further requests may follow.
    Kept,
    /// The server closes it.
    Closed,
}

/// HTTP/1.1.
#[derive(Debug)]
pub struct Http {
    head: Vec<u8>,
}

impl Http {
    /// A client of the server at `host`, such as `127.0.0.1:8080`.
    pub fn new(host: &str, connection: Connection) -> Self {
        let connection = match connection {
            Connection::Kept => "keep-alive",
            Connection::Closed => "close",
        };
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\nContent-Type: application/json\r\n\
             Content-Length: "
        );
        Self { head: head.into_bytes() }
    }
}

impl Protocol for Http {
    fn open(&self, _: &mut Vec<u8>) -> bool {
        true
    }

    fn set(&self, dimmer: u16, level: u16, out: &mut Vec<u8>) {
        let mut digits = Vec::with_capacity(16);
        write_map(dimmer, level, &mut digits);
        out.extend(&self.head);
        write_number(digits.len() as u16, out);
        out.extend(b"\r\n\r\n");
        out.extend(digits);
    }

    fn read(
        &self,
        _: &mut Stage,
        bytes: &[u8],
        _: &mut Vec<u8>,
        on: &mut dyn FnMut(Event),
    ) -> Result<usize, ProtocolError> {
        let mut used = 0;
        while let Some(answer) = Answer::parse(&bytes[used..])? {
            if answer.status != 200 {
                return Err(ProtocolError::new("the server refuses", &bytes[used..]));
            }
            used += answer.length;
            on(Event::Answered);
        }
        Ok(used)
    }
}

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Its bytes, head and body.
    pub(super) length: usize,
}

impl Answer {
    /// The answer at the start of `bytes`, or none as long as it is not whole. One without a length or in chunks ends as
    /// that says; one with status 101 has no body.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, ProtocolError> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(bytes).map_err(|_| ProtocolError::new("not an answer of HTTP", bytes))?;
        let (httparse::Status::Complete(head), Some(status)) = (parsed, response.code) else { return Ok(None) };
        let value = |name: &str| {
            let mut found = response.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
            found.next().map(|header| header.value)
        };
        if value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked")) {
            let body = chunks(&bytes[head..])?;
            return Ok(body.map(|body| Self { status, length: head + body }));
        }
        let length = match value("content-length") {
            Some(length) => std::str::from_utf8(length).ok().and_then(|length| length.parse::<usize>().ok()),
            None => Some(0),
        };
        let length = length.and_then(|length| head.checked_add(length));
        let length = length.ok_or_else(|| ProtocolError::new("a wrong Content-Length", bytes))?;
        Ok((bytes.len() >= length).then_some(Self { status, length }))
    }
}

/// The length of a body in chunks, if it is whole.
fn chunks(body: &[u8]) -> Result<Option<usize>, ProtocolError> {
    let wrong = || ProtocolError::new("not chunks", body);
    let mut at = 0;
    loop {
        let parsed = httparse::parse_chunk_size(&body[at..]).map_err(|_| wrong())?;
        let httparse::Status::Complete((line, length)) = parsed else { return Ok(None) };
        let length = usize::try_from(length).map_err(|_| wrong())?;
        at = length.checked_add(at + line + 2).ok_or_else(wrong)?;
        if at > body.len() {
            return Ok(None);
        }
        if length == 0 {
            return Ok(Some(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cut_everywhere, refused};
    use super::*;

    fn http() -> Http {
        Http::new("127.0.0.1:80", Connection::Kept)
    }

    #[test]
    fn a_change_is_posted() {
        let mut out = Vec::new();
        assert!(http().open(&mut out));
        http().set(7, 5_000, &mut out);
        let text = "POST / HTTP/1.1\r\nHost: 127.0.0.1:80\r\nConnection: keep-alive\r\n\
                    Content-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"7\":50}";
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    #[test]
    fn answers_are_read_wherever_they_are_cut() {
        let answers = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"7\":50}\
                        HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"7\":50}\r\n0\r\n\r\n";
        cut_everywhere(&http(), answers, &[Event::Answered, Event::Answered], b"");
    }

    #[test]
    fn a_refusal_is_shown() {
        let error = refused(&http(), b"HTTP/1.1 400 Bad Request\r\ncontent-length: 3\r\n\r\nbad");
        assert!(
            error.contains("the server refuses") && error.contains("400 Bad Request") && error.contains("bad"),
            "{error}"
        );
        assert!(refused(&http(), b"SMTP 1").contains("not an answer of HTTP"));
        assert!(refused(&http(), b"HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\n").contains("a wrong Content-Length"));
        assert!(refused(&http(), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n").contains("not chunks"));
    }
}
