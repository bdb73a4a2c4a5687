//! The plain protocol over WebSocket (RFC 6455): the first message is the whole map, then comes a map for each change.

use super::http::Answer;
use super::levels::{read_map, write_map};
use super::stage::{Phase, Stage};
use super::{Event, Protocol, ProtocolError};

/// Maps as text messages.
#[derive(Debug)]
pub struct WebSocket {
    host: String,
}

impl WebSocket {
    /// A client of the server at `host`, such as `127.0.0.1:8080`.
    pub fn new(host: &str) -> Self {
        Self { host: host.to_owned() }
    }
}

impl Protocol for WebSocket {
    fn open(&self, out: &mut Vec<u8>) -> bool {
        upgrade("/ws", &self.host, out);
        false
    }

    fn set(&self, dimmer: u16, level: u16, out: &mut Vec<u8>) {
        write_frame(TEXT, out, |out| write_map(dimmer, level, out));
    }

    fn read(
        &self,
        stage: &mut Stage,
        bytes: &[u8],
        out: &mut Vec<u8>,
        on: &mut dyn FnMut(Event),
    ) -> Result<usize, ProtocolError> {
        let Some(mut used) = upgraded(stage, bytes)? else { return Ok(0) };
        while let Some(text) = next_text(&bytes[used..], &mut used, out)? {
            read_map(text, |dimmer, level| on(Event::Level { dimmer, level }))?;
            if stage.phase != Phase::Live {
                stage.phase = Phase::Live;
                on(Event::Ready);
            }
        }
        Ok(used)
    }
}

pub(super) const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// Bit of the first byte: the last frame of a message.
const LAST: u8 = 0x80;

/// Bit of the second byte: the payload is masked.
const MASKED: u8 = 0x80;

/// Asks for a WebSocket. A key that all clients share proves less, and costs nothing.
pub(super) fn upgrade(path: &str, host: &str, out: &mut Vec<u8>) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    out.extend(request.into_bytes());
}

/// The number of bytes that the server's consent took, or none as long as it is not whole.
pub(super) fn upgraded(stage: &mut Stage, bytes: &[u8]) -> Result<Option<usize>, ProtocolError> {
    if stage.phase != Phase::Opening {
        return Ok(Some(0));
    }
    let Some(answer) = Answer::parse(bytes)? else { return Ok(None) };
    if answer.status != 101 {
        return Err(ProtocolError::new("no WebSocket", bytes));
    }
    stage.phase = Phase::Subscribing;
    Ok(Some(answer.length))
}

/// Writes a whole message, whose payload `write` appends. The mask is 0, which changes no byte.
pub(super) fn write_frame(opcode: u8, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([LAST | opcode, MASKED, 0, 0, 0, 0]);
    write(out);
    let length = out.len() - start - 6;
    match u8::try_from(length) {
        Ok(length @ ..=125) => out[start + 1] |= length,
        _ => {
            // Longer ones are rare: the payload moves.
            let (flag, bytes) = match u16::try_from(length) {
                Ok(length) => (126, length.to_be_bytes().to_vec()),
                Err(_) => (127, (length as u64).to_be_bytes().to_vec()),
            };
            out[start + 1] |= flag;
            out.splice(start + 2..start + 2, bytes);
        }
    }
}

/// The next text message, if it is whole. Answers pings on the way, and counts what it uses.
pub(super) fn next_text<'a>(
    mut bytes: &'a [u8],
    used: &mut usize,
    out: &mut Vec<u8>,
) -> Result<Option<&'a [u8]>, ProtocolError> {
    while let Some(Frame { opcode, payload, length }) = frame(bytes)? {
        *used += length;
        match opcode {
            TEXT => return Ok(Some(payload)),
            PING => write_frame(PONG, out, |out| out.extend(payload)),
            PONG => {}
            CLOSE => return Err(ProtocolError::new("the server closes", payload)),
            _ => return Err(ProtocolError::new("neither text nor control", bytes)),
        }
        bytes = &bytes[length..];
    }
    Ok(None)
}

/// A whole message.
struct Frame<'a> {
    opcode: u8,
    payload: &'a [u8],
    /// With the head.
    length: usize,
}

/// The frame at the start of `bytes`, if it is whole.
fn frame(bytes: &[u8]) -> Result<Option<Frame<'_>>, ProtocolError> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0xf0 != LAST || second & MASKED != 0 {
        return Err(ProtocolError::new("a frame that is masked, extended or a part", bytes));
    }
    let (length, head) = match (second, rest) {
        (126, [a, b, ..]) => (usize::from(u16::from_be_bytes([*a, *b])), 4),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            let length = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (usize::try_from(length).map_err(|_| ProtocolError::new("a frame that is too long", bytes))?, 10)
        }
        (126 | 127, _) => return Ok(None),
        (length, _) => (usize::from(*length), 2),
    };
    let end = length.checked_add(head).ok_or_else(|| ProtocolError::new("a frame that is too long", bytes))?;
    Ok(bytes.get(head..end).map(|payload| Frame { opcode: first & 0x0f, payload, length: end }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cut_everywhere, refused};
    use super::*;

    const CONSENT: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n";

    fn conversation(frames: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = CONSENT.to_vec();
        for (opcode, payload) in frames {
            bytes.push(LAST | opcode);
            match payload.len() {
                length @ ..=125 => bytes.push(length as u8),
                length => bytes.extend([126, (length >> 8) as u8, length as u8]),
            }
            bytes.extend(*payload);
        }
        bytes
    }

    #[test]
    fn the_map_and_changes_are_read_wherever_they_are_cut() {
        let padded = format!("{{{}\"9\":0.5}}", " ".repeat(200));
        let frames: &[(u8, &[u8])] = &[(TEXT, b"{\"1\":50}"), (PING, b"?"), (TEXT, padded.as_bytes()), (PONG, b"")];
        let (first, second) = (Event::Level { dimmer: 1, level: 5_000 }, Event::Level { dimmer: 9, level: 50 });
        let pong = [LAST | PONG, MASKED | 1, 0, 0, 0, 0, b'?'];
        cut_everywhere(&WebSocket::new("a"), &conversation(frames), &[first, Event::Ready, second], &pong);
    }

    #[test]
    fn what_is_wrong_is_shown() {
        let refused = |bytes: &[u8]| refused(&WebSocket::new("a"), bytes);
        assert!(refused(b"HTTP/1.1 404 Not Found\r\n\r\n").contains("no WebSocket: \"HTTP/1.1 404"));
        assert!(
            refused(&conversation(&[(CLOSE, b"\x03\xf0slow")])).contains("the server closes: \"\\u{3}\u{fffd}slow")
        );
        assert!(refused(&conversation(&[(TEXT, b"hello")])).contains("not a map of levels: \"hello\""));
        assert!(refused(&conversation(&[(2, b"{}")])).contains("neither text nor control"));
        let masked = [CONSENT, &[LAST | TEXT, MASKED]].concat();
        assert!(refused(&masked).contains("masked"));
    }

    #[test]
    fn frames_of_any_length_are_written() {
        let head = |length: usize| {
            let mut out = Vec::new();
            write_frame(TEXT, &mut out, |out| out.resize(out.len() + length, b' '));
            out.truncate(out.len() - length);
            out
        };
        assert_eq!(head(125), [0x81, 0x80 | 125, 0, 0, 0, 0]);
        assert_eq!(head(126), [0x81, 0x80 | 126, 0, 126, 0, 0, 0, 0]);
        assert_eq!(head(65_536), [0x81, 0x80 | 127, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
}
