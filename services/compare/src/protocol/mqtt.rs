//! MQTT 3.1.1: a retained message for each dimmer. Changes are published with QoS 1, which the server answers, and
//! received with QoS 0. A ping after the subscription marks the end of the retained messages.

use std::sync::atomic::{AtomicU16, Ordering};

use super::levels::{dimmer, level, write_level, write_number};
use super::role::Role;
use super::stage::{Phase, Stage};
use super::{Event, Protocol, ProtocolError};

const TOPICS: &[u8] = b"dimmers/";
const CONNACK: u8 = 0x20;
const PUBACK: u8 = 0x40;
const SUBACK: u8 = 0x90;
const PINGRESP: u8 = 0xd0;
const PINGREQ: [u8; 2] = [0xc0, 0];
/// PUBLISH with QoS 1 and the flag RETAIN.
const PUBLISH_RETAINED: u8 = 0x33;
/// Asks for all topics of dimmers with QoS 0, as packet 1.
const SUBSCRIBE: &[u8] = b"\x82\x0e\x00\x01\x00\x09dimmers/+\x00";

/// A client of an MQTT server.
#[derive(Debug)]
pub struct Mqtt {
    role: Role,
    connection: u64,
    /// The packets sent, for their identifiers.
    sent: AtomicU16,
}

impl Mqtt {
    /// The client with a number that no other connection to the server has.
    pub fn new(role: Role, connection: u64) -> Self {
        Self { role, connection, sent: AtomicU16::new(0) }
    }
}

impl Protocol for Mqtt {
    fn open(&self, out: &mut Vec<u8>) -> bool {
        let client = format!("compare-{}", self.connection);
        out.extend([0x10, (12 + client.len()) as u8]);
        // The protocol's name, its level 4, a clean session, and no keep-alive.
        out.extend(b"\x00\x04MQTT\x04\x02\x00\x00");
        out.extend([0, client.len() as u8]);
        out.extend(client.into_bytes());
        false
    }

    fn set(&self, dimmer: u16, level: u16, out: &mut Vec<u8>) {
        let packet = self.sent.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        let start = out.len();
        out.extend([PUBLISH_RETAINED, 0, 0, 0]);
        out.extend(TOPICS);
        write_number(dimmer, out);
        let topic = out.len() - start - 4;
        out.extend(packet.to_be_bytes());
        write_level(level, out);
        // Both are below 128, so that a byte holds each.
        out[start + 3] = topic as u8;
        out[start + 1] = (out.len() - start - 2) as u8;
    }

    fn read(
        &self,
        stage: &mut Stage,
        bytes: &[u8],
        out: &mut Vec<u8>,
        on: &mut dyn FnMut(Event),
    ) -> Result<usize, ProtocolError> {
        let mut used = 0;
        while let Some((body, length)) = packet(&bytes[used..])? {
            let whole = &bytes[used..used + length];
            let wrong = || ProtocolError::new("an unexpected packet of MQTT", whole);
            match (whole[0], body) {
                (CONNACK, [_, 0]) if stage.phase == Phase::Opening => match self.role {
                    Role::Listener => {
                        stage.phase = Phase::Subscribing;
                        out.extend(SUBSCRIBE);
                    }
                    Role::Writer | Role::Once => live(stage, on),
                },
                (SUBACK, [_, _, 0]) if stage.phase == Phase::Subscribing => {
                    stage.phase = Phase::Catching;
                    out.extend(PINGREQ);
                }
                (PINGRESP, []) if stage.phase == Phase::Catching => live(stage, on),
                (PUBACK, [_, _]) => on(Event::Answered),
                // QoS 0, whatever the flags RETAIN and DUP are.
                (first, body) if first & 0xf6 == 0x30 => {
                    let (dimmer, level) = published(body).ok_or_else(wrong)?;
                    on(Event::Level { dimmer, level });
                }
                _ => return Err(wrong()),
            }
            used += length;
        }
        Ok(used)
    }
}

fn live(stage: &mut Stage, on: &mut dyn FnMut(Event)) {
    stage.phase = Phase::Live;
    on(Event::Ready);
}

/// The body and the length of the packet at the start of `bytes`, if it is whole.
fn packet(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, ProtocolError> {
    let mut remaining = 0;
    for (place, byte) in bytes.iter().skip(1).take(4).enumerate() {
        remaining |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            let head = place + 2;
            return Ok(bytes.get(head..head + remaining).map(|body| (body, head + remaining)));
        }
    }
    if bytes.len() < 5 { Ok(None) } else { Err(ProtocolError::new("not a length of MQTT", bytes)) }
}

fn published(body: &[u8]) -> Option<(u16, u16)> {
    let [high, low, rest @ ..] = body else { return None };
    let (topic, payload) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
    dimmer(topic.strip_prefix(TOPICS)?).zip(level(payload))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cut_everywhere, refused};
    use super::*;

    fn listener() -> Mqtt {
        Mqtt::new(Role::Listener, 7)
    }

    #[test]
    fn the_map_and_changes_are_read_wherever_they_are_cut() {
        let said = b"\x20\x02\x00\x00\x90\x03\x00\x01\x00\x31\x0d\x00\x09dimmers/510\xd0\x00\x40\x02\x00\x01";
        let events = [Event::Level { dimmer: 5, level: 1_000 }, Event::Ready, Event::Answered];
        cut_everywhere(&listener(), said, &events, &[SUBSCRIBE, &PINGREQ].concat());
    }

    #[test]
    fn who_only_writes_is_ready_at_once() {
        let writer = Mqtt::new(Role::Writer, 7);
        cut_everywhere(&writer, b"\x20\x02\x00\x00\x40\x02\x00\x01", &[Event::Ready, Event::Answered], b"");
    }

    #[test]
    fn each_change_has_a_number_of_its_own() {
        let (client, mut out) = (listener(), Vec::new());
        client.set(12, 50, &mut out);
        client.set(12, 10_000, &mut out);
        let both = b"\x33\x11\x00\x0adimmers/12\x00\x010.5\x33\x11\x00\x0adimmers/12\x00\x02100";
        assert_eq!(out.escape_ascii().to_string(), both.escape_ascii().to_string());
    }

    #[test]
    fn what_is_wrong_is_shown() {
        assert!(
            refused(&listener(), b"\x20\x02\x00\x05").contains("an unexpected packet of MQTT: \" \\u{2}\\0\\u{5}\"")
        );
        assert!(refused(&listener(), b"\x30\x04\x00\x01a1").contains("an unexpected packet of MQTT"));
        assert!(refused(&listener(), b"\x30\xff\xff\xff\xff").contains("not a length of MQTT"));
    }
}
