//! A key-value bucket of NATS: a key `dimmer.N` for each dimmer. Puts are published to its stream, which acknowledges
//! them. A watcher is a push consumer that begins with the last value of each key.

use std::io::Write as _;

use serde_json::{Value, json};

use super::levels::{dimmer, level, write_level, write_number};
use super::role::Role;
use super::stage::{Phase, Stage};
use super::{Event, Protocol, ProtocolError};

const KEYS: &str = "$KV.dimmers.dimmer.";

/// A client of NATS.
#[derive(Debug)]
pub struct NatsKv {
    role: Role,
    /// Where a consumer tells this connection changes, and with a further word, where answers go. A consumer delivers
    /// nothing to a subscription with a wildcard, so there are two subscriptions.
    inbox: String,
}

impl NatsKv {
    /// The client with a number that no other connection to the server has.
    pub fn new(role: Role, connection: u64) -> Self {
        Self { role, inbox: format!("_INBOX.compare{connection}") }
    }

    fn ask(&self, subject: &str, reply: &str, question: &Value, out: &mut Vec<u8>) {
        let text = question.to_string();
        // Writing to memory cannot fail.
        let _ = write!(out, "PUB {subject} {}.{reply} {}\r\n{text}\r\n", self.inbox, text.len());
    }

    fn watch(&self, out: &mut Vec<u8>) {
        let consumer = json!({ "stream_name": "KV_dimmers", "config": {
            "deliver_subject": &self.inbox, "deliver_policy": "last_per_subject", "ack_policy": "none",
            "filter_subject": "$KV.dimmers.dimmer.*",
            "max_deliver": 1, "mem_storage": true, "num_replicas": 1, "flow_control": true,
            "idle_heartbeat": 5_000_000_000_u64,
        } });
        self.ask("$JS.API.CONSUMER.CREATE.KV_dimmers", "consumer", &consumer, out);
    }
}

impl Protocol for NatsKv {
    fn open(&self, out: &mut Vec<u8>) -> bool {
        let _ = write!(
            out,
            "CONNECT {{\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,\"echo\":true,\
             \"lang\":\"rust\",\"version\":\"0\"}}\r\nSUB {inbox}.* 1\r\nSUB {inbox} 2\r\n",
            inbox = self.inbox
        );
        // Does nothing if the bucket is there already. These are the settings of a bucket with a history of one.
        let bucket = json!({
            "name": "KV_dimmers", "subjects": ["$KV.dimmers.>"], "max_msgs_per_subject": 1, "discard": "new",
            "allow_rollup_hdrs": true, "deny_delete": true, "allow_direct": true, "storage": "file", "num_replicas": 1,
        });
        self.ask("$JS.API.STREAM.CREATE.KV_dimmers", "bucket", &bucket, out);
        false
    }

    fn set(&self, dimmer: u16, level: u16, out: &mut Vec<u8>) {
        let mut text = Vec::with_capacity(8);
        write_level(level, &mut text);
        out.extend(b"PUB ");
        out.extend(KEYS.as_bytes());
        write_number(dimmer, out);
        let _ = write!(out, " {}.put {}\r\n", self.inbox, text.len());
        out.extend(text);
        out.extend(b"\r\n");
    }

    fn read(
        &self,
        stage: &mut Stage,
        bytes: &[u8],
        out: &mut Vec<u8>,
        on: &mut dyn FnMut(Event),
    ) -> Result<usize, ProtocolError> {
        let mut used = 0;
        while let Some((message, length)) = Message::parse(&bytes[used..])? {
            match message {
                Message::Ping => out.extend(b"PONG\r\n"),
                Message::Other => {}
                Message::Delivery { subject, reply, head, body } => {
                    if let Some(key) = subject.strip_prefix(KEYS.as_bytes()) {
                        let wrong = || ProtocolError::new("not a level", &bytes[used..used + length]);
                        let (dimmer, level) = dimmer(key).zip(level(body)).ok_or_else(wrong)?;
                        on(Event::Level { dimmer, level });
                        caught(stage, on);
                    } else if head.is_empty() {
                        self.answered(stage, subject, body, out, on)?;
                    } else if head.starts_with(b"NATS/1.0 503") {
                        return Err(ProtocolError::new("nobody answers", subject));
                    } else if let Some(reply) = stalled(head).or(reply) {
                        // Flow control: the consumer waits until this client has read so far.
                        out.extend([b"PUB ", reply, b" 0\r\n\r\n"].concat());
                    }
                }
            }
            used += length;
        }
        Ok(used)
    }
}

impl NatsKv {
    fn answered(
        &self,
        stage: &mut Stage,
        subject: &[u8],
        body: &[u8],
        out: &mut Vec<u8>,
        on: &mut dyn FnMut(Event),
    ) -> Result<(), ProtocolError> {
        let refused = body.windows(8).any(|text| text == b"\"error\":");
        if refused {
            return Err(ProtocolError::new("NATS refuses", body));
        }
        if subject.ends_with(b".put") {
            on(Event::Answered);
        } else if subject.ends_with(b".bucket") {
            if self.role == Role::Listener {
                stage.phase = Phase::Subscribing;
                self.watch(out);
            } else {
                live(stage, on);
            }
        } else {
            let answer: Option<Value> = serde_json::from_slice(body).ok();
            let pending = answer.as_ref().and_then(|answer| answer["num_pending"].as_u64());
            let pending = pending.ok_or_else(|| ProtocolError::new("not a consumer", body))?;
            // Until now the messages were counted that came before this answer.
            stage.phase = Phase::Catching;
            stage.awaited = pending.saturating_sub(stage.awaited);
            if stage.awaited == 0 {
                live(stage, on);
            }
        }
        Ok(())
    }
}

/// Counts a level of the first map.
fn caught(stage: &mut Stage, on: &mut dyn FnMut(Event)) {
    match stage.phase {
        Phase::Subscribing => stage.awaited += 1,
        Phase::Catching => {
            stage.awaited -= 1;
            if stage.awaited == 0 {
                live(stage, on);
            }
        }
        Phase::Opening | Phase::Live => {}
    }
}

fn live(stage: &mut Stage, on: &mut dyn FnMut(Event)) {
    stage.phase = Phase::Live;
    on(Event::Ready);
}

/// The subject to answer, if a heartbeat says that the consumer waits.
fn stalled(head: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"Nats-Consumer-Stalled:";
    let start = head.windows(NAME.len()).position(|text| text == NAME)? + NAME.len();
    head[start..].split(|byte| *byte == b'\r').next().map(<[u8]>::trim_ascii)
}

/// What a server sends.
enum Message<'a> {
    Ping,
    /// What needs no answer: `INFO`, `PONG`, `+OK`.
    Other,
    Delivery {
        subject: &'a [u8],
        reply: Option<&'a [u8]>,
        head: &'a [u8],
        body: &'a [u8],
    },
}

impl<'a> Message<'a> {
    /// The message at the start of `bytes` and its length, if it is whole.
    fn parse(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, ProtocolError> {
        let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
        let wrong = || ProtocolError::new("an unexpected message of NATS", bytes);
        let (line, start) = (&bytes[..end], end + 2);
        let mut words = line.split(|byte| *byte == b' ');
        let with_head = match words.next() {
            Some(b"MSG") => false,
            Some(b"HMSG") => true,
            Some(b"PING") => return Ok(Some((Self::Ping, start))),
            Some(b"INFO" | b"PONG" | b"+OK") => return Ok(Some((Self::Other, start))),
            _ => return Err(wrong()),
        };
        let subject = words.next().ok_or_else(wrong)?;
        let mut numbers = words.clone().rev().map(|word| std::str::from_utf8(word).ok()?.parse::<usize>().ok());
        let body = numbers.next().flatten().ok_or_else(wrong)?;
        let head = if with_head { numbers.next().flatten().ok_or_else(wrong)? } else { 0 };
        // A reply stands between the subscription and the lengths.
        let reply = (words.clone().count() == 3 + usize::from(with_head)).then(|| words.nth(1)).flatten();
        let whole = bytes.get(start..).and_then(|rest| rest.get(..body.checked_add(2)?));
        let Some(whole) = whole else { return Ok(None) };
        let (head, body) = whole[..body].split_at_checked(head).ok_or_else(wrong)?;
        Ok(Some((Self::Delivery { subject, reply, head, body }, start + whole.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cut_everywhere, refused};
    use super::*;

    const BUCKET: &[u8] = b"INFO {}\r\nMSG _INBOX.compare7.bucket 1 2\r\n{}\r\n";

    #[test]
    fn the_map_and_changes_are_read_wherever_they_are_cut() {
        let said = [
            BUCKET,
            b"MSG $KV.dimmers.dimmer.1 1 $JS.ACK.a 2\r\n50\r\n",
            b"MSG _INBOX.compare7.consumer 1 17\r\n{\"num_pending\":2}\r\n",
            b"MSG $KV.dimmers.dimmer.2 1 $JS.ACK.b 1\r\n0\r\nPING\r\n",
            b"HMSG _INBOX.compare7 1 $JS.FC.x 12 12\r\nNATS/1.0 100\r\n",
            b"HMSG _INBOX.compare7 1 40 40\r\nNATS/1.0 100\r\nNats-Consumer-Stalled: y\r\n\r\n",
            b"MSG _INBOX.compare7.put 1 9\r\n{\"seq\":3}\r\n",
        ];
        let client = NatsKv::new(Role::Listener, 7);
        let mut replies = Vec::new();
        client.watch(&mut replies);
        replies.extend(b"PONG\r\nPUB $JS.FC.x 0\r\n\r\nPUB y 0\r\n\r\n");
        let (first, second) = (Event::Level { dimmer: 1, level: 5_000 }, Event::Level { dimmer: 2, level: 0 });
        cut_everywhere(&client, &said.concat(), &[first, second, Event::Ready, Event::Answered], &replies);
    }

    #[test]
    fn who_only_writes_is_ready_with_the_bucket() {
        cut_everywhere(&NatsKv::new(Role::Writer, 7), BUCKET, &[Event::Ready], b"");
    }

    #[test]
    fn a_put_is_acknowledged_to_the_inbox() {
        let mut out = Vec::new();
        NatsKv::new(Role::Writer, 7).set(65_535, 50, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "PUB $KV.dimmers.dimmer.65535 _INBOX.compare7.put 3\r\n0.5\r\n");
    }

    #[test]
    fn what_is_wrong_is_shown() {
        let refused = |said: &[u8]| refused(&NatsKv::new(Role::Listener, 7), said);
        assert!(refused(b"-ERR 'Stale Connection'\r\n").contains("-ERR 'Stale Connection'"));
        assert!(refused(b"MSG _INBOX.compare7.put 1 14\r\n{\"error\":\"bad\"}\r\n").contains("NATS refuses"));
        assert!(refused(b"MSG $KV.dimmers.dimmer.0 1 2\r\n50\r\n").contains("not a level: \"MSG $KV.dimmers.dimmer.0"));
        assert!(refused(b"HMSG _INBOX.compare7.put 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n").contains("nobody answers"));
    }
}
