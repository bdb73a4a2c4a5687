//! Redis, RESP3: a hash has the levels, and a channel of the same name tells changes. With RESP3 one connection both
//! subscribes and sets. A transaction sets and publishes.

use std::io::Write as _;

use super::levels::{dimmer, level, write_level, write_number};
use super::role::Role;
use super::stage::{Phase, Stage};
use super::{Event, Protocol, ProtocolError};

/// A client of Redis.
#[derive(Debug)]
pub struct Redis {
    role: Role,
}

impl Redis {
    /// One connection.
    pub fn new(role: Role) -> Self {
        Self { role }
    }
}

impl Protocol for Redis {
    fn open(&self, out: &mut Vec<u8>) -> bool {
        command(&[b"HELLO", b"3"], out);
        if self.role == Role::Listener {
            // In this order: a change between the two is in the map, and told too.
            command(&[b"SUBSCRIBE", b"dimmers"], out);
            command(&[b"HGETALL", b"dimmers"], out);
        }
        false
    }

    fn set(&self, dimmer: u16, level: u16, out: &mut Vec<u8>) {
        let (mut key, mut value) = (Vec::with_capacity(16), Vec::with_capacity(8));
        write_number(dimmer, &mut key);
        write_level(level, &mut value);
        command(&[b"MULTI"], out);
        command(&[b"HSET", b"dimmers", &key, &value], out);
        key.push(b' ');
        key.extend(value);
        command(&[b"PUBLISH", b"dimmers", &key], out);
        command(&[b"EXEC"], out);
    }

    fn read(
        &self,
        stage: &mut Stage,
        bytes: &[u8],
        _: &mut Vec<u8>,
        on: &mut dyn FnMut(Event),
    ) -> Result<usize, ProtocolError> {
        let mut used = 0;
        while let Some(length) = length(&bytes[used..])? {
            self.understand(stage, &bytes[used..used + length], on)?;
            used += length;
        }
        Ok(used)
    }
}

impl Redis {
    fn understand(&self, stage: &mut Stage, value: &[u8], on: &mut dyn FnMut(Event)) -> Result<(), ProtocolError> {
        let wrong = || ProtocolError::new("an unexpected answer of Redis", value);
        match (value[0], stage.phase) {
            // The server's greeting.
            (b'%', Phase::Opening) if self.role == Role::Listener => stage.phase = Phase::Subscribing,
            (b'%', Phase::Opening) => live(stage, on),
            (b'%', Phase::Subscribing) => {
                let mut items = items(value);
                while let Some((key, value)) = items.next().zip(items.next()) {
                    let (dimmer, level) = dimmer(key).zip(level(value)).ok_or_else(wrong)?;
                    on(Event::Level { dimmer, level });
                }
                live(stage, on);
            }
            (b'>', _) => told(value, on)?,
            // What the transaction returned. The server may write a message to this client in between.
            (b'*', Phase::Live) if value.starts_with(b"*2\r\n:") => {
                let mut rest = &value[4..];
                while let Some(length) = length(rest)?.filter(|_| !rest.is_empty()) {
                    if rest[0] == b'>' {
                        told(&rest[..length], on)?;
                    }
                    rest = &rest[length..];
                }
                on(Event::Answered);
            }
            (b'+', Phase::Live) => {}
            _ => return Err(wrong()),
        }
        Ok(())
    }
}

fn live(stage: &mut Stage, on: &mut dyn FnMut(Event)) {
    stage.phase = Phase::Live;
    on(Event::Ready);
}

/// Reads a message of the channel.
fn told(push: &[u8], on: &mut dyn FnMut(Event)) -> Result<(), ProtocolError> {
    let wrong = || ProtocolError::new("an unexpected message of Redis", push);
    let mut items = items(push);
    match (items.next(), items.next(), items.next()) {
        (Some(b"subscribe"), ..) => {}
        (Some(b"message"), Some(_), Some(text)) => {
            let (dimmer, level) = message(text).ok_or_else(wrong)?;
            on(Event::Level { dimmer, level });
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

fn message(text: &[u8]) -> Option<(u16, u16)> {
    let space = text.iter().position(|byte| *byte == b' ')?;
    dimmer(&text[..space]).zip(level(&text[space + 1..]))
}

fn command(words: &[&[u8]], out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _ = write!(out, "*{}\r\n", words.len());
    for word in words {
        let _ = write!(out, "${}\r\n", word.len());
        out.extend(*word);
        out.extend(b"\r\n");
    }
}

/// The length of the value at the start of `bytes`, if it is whole. A push inside another value is not one of its items.
fn length(bytes: &[u8]) -> Result<Option<usize>, ProtocolError> {
    let (mut at, mut missing) = (0, 1_u64);
    while missing > 0 {
        let Some(rest) = bytes.get(at..) else { return Ok(None) };
        let Some((line, count)) = head(rest)? else { return Ok(None) };
        let is_item = rest[0] != b'>' || at == 0;
        missing -= u64::from(is_item);
        match rest[0] {
            b'$' | b'=' | b'!' => at += count as usize + 2,
            b'*' | b'~' | b'>' => missing += count,
            b'%' => missing += 2 * count,
            _ => {}
        }
        at += line;
    }
    Ok((at <= bytes.len()).then_some(at))
}

/// The length of the first line with its end, and the number in it, where its type has one.
fn head(bytes: &[u8]) -> Result<Option<(usize, u64)>, ProtocolError> {
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let wrong = || ProtocolError::new("not a value of Redis", bytes);
    let counted = match bytes[0] {
        b'$' | b'=' | b'!' | b'*' | b'~' | b'>' | b'%' => true,
        b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => false,
        _ => return Err(wrong()),
    };
    if !counted {
        return Ok(Some((end + 2, 0)));
    }
    let number = std::str::from_utf8(&bytes[1..end]).ok().and_then(|number| number.parse::<u32>().ok());
    Ok(Some((end + 2, u64::from(number.ok_or_else(wrong)?))))
}

/// The texts directly inside an array, map or push whose values are texts or numbers.
fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = match head(value) {
        Ok(Some((line, _))) => &value[line..],
        _ => &[],
    };
    std::iter::from_fn(move || {
        let (line, count) = head(rest).ok().flatten()?;
        let (text, length) = match rest[0] {
            b'$' => (rest.get(line..line + count as usize)?, line + count as usize + 2),
            _ => (&rest[1..line - 2], line),
        };
        rest = rest.get(length..)?;
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cut_everywhere, refused};
    use super::*;

    const GREETING: &[u8] = b"%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nmodules\r\n*0\r\n";

    #[test]
    fn the_map_and_changes_are_read_wherever_they_are_cut() {
        let said = [
            GREETING,
            b">3\r\n$9\r\nsubscribe\r\n$7\r\ndimmers\r\n:1\r\n",
            b">3\r\n$7\r\nmessage\r\n$7\r\ndimmers\r\n$5\r\n7 100\r\n",
            b"%1\r\n$1\r\n7\r\n$3\r\n100\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:0\r\n:1\r\n",
            b">3\r\n$7\r\nmessage\r\n$7\r\ndimmers\r\n$5\r\n8 0.5\r\n",
        ];
        let seven = Event::Level { dimmer: 7, level: 10_000 };
        let events = [seven, seven, Event::Ready, Event::Answered, Event::Level { dimmer: 8, level: 50 }];
        cut_everywhere(&Redis::new(Role::Listener), &said.concat(), &events, b"");
    }

    #[test]
    fn a_message_inside_an_answer_is_read() {
        let message = b">3\r\n$7\r\nmessage\r\n$7\r\ndimmers\r\n$4\r\n7 50\r\n";
        let said = [GREETING, b"%0\r\n*2\r\n:1\r\n", message, b":3\r\n"].concat();
        let events = [Event::Ready, Event::Level { dimmer: 7, level: 5_000 }, Event::Answered];
        cut_everywhere(&Redis::new(Role::Listener), &said, &events, b"");
    }

    #[test]
    fn who_only_writes_is_ready_at_once() {
        let said = [GREETING, b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:0\r\n:1\r\n"].concat();
        cut_everywhere(&Redis::new(Role::Writer), &said, &[Event::Ready, Event::Answered], b"");
    }

    #[test]
    fn a_change_is_a_transaction() {
        let mut out = Vec::new();
        Redis::new(Role::Writer).set(12, 5_000, &mut out);
        let text = "*1\r\n$5\r\nMULTI\r\n*4\r\n$4\r\nHSET\r\n$7\r\ndimmers\r\n$2\r\n12\r\n$2\r\n50\r\n\
                    *3\r\n$7\r\nPUBLISH\r\n$7\r\ndimmers\r\n$5\r\n12 50\r\n*1\r\n$4\r\nEXEC\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    #[test]
    fn what_is_wrong_is_shown() {
        let refused = |said: &[u8]| refused(&Redis::new(Role::Writer), &[GREETING, said].concat());
        assert!(refused(b"-EXECABORT\r\n").contains("an unexpected answer of Redis: \"-EXECABORT"));
        assert!(refused(b"_\r\n").contains("an unexpected answer of Redis"), "a transaction that did nothing");
        assert!(refused(b"HTTP\r\n").contains("not a value of Redis"));
        assert!(refused(b"$x\r\n").contains("not a value of Redis"));
    }
}
