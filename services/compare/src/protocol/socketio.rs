//! Socket.IO 5 in Engine.IO 4, over WebSocket alone. The event `levels` has a map.

use super::levels::{read_map, write_map};
use super::stage::{Phase, Stage};
use super::websocket::{TEXT, next_text, upgrade, upgraded, write_frame};
use super::{Event, Protocol, ProtocolError};

/// Maps as events of the main namespace.
#[derive(Debug)]
pub struct SocketIo {
    host: String,
}

impl SocketIo {
    /// A client of the server at `host`, such as `127.0.0.1:8080`.
    pub fn new(host: &str) -> Self {
        Self { host: host.to_owned() }
    }
}

impl Protocol for SocketIo {
    fn open(&self, out: &mut Vec<u8>) -> bool {
        upgrade("/socket.io/?EIO=4&transport=websocket", &self.host, out);
        false
    }

    fn set(&self, dimmer: u16, level: u16, out: &mut Vec<u8>) {
        write_frame(TEXT, out, |out| {
            out.extend(b"42[\"levels\",");
            write_map(dimmer, level, out);
            out.push(b']');
        });
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
            match text {
                // Engine.IO is open: connect to the main namespace.
                [b'0', ..] => write_frame(TEXT, out, |out| out.extend(b"40")),
                b"2" => write_frame(TEXT, out, |out| out.push(b'3')),
                [b'4', b'0', ..] => {}
                [b'4', b'2', event @ ..] => {
                    let map = event.strip_prefix(b"[\"levels\",").and_then(|event| event.strip_suffix(b"]"));
                    let map = map.ok_or_else(|| ProtocolError::new("not the event of levels", text))?;
                    read_map(map, |dimmer, level| on(Event::Level { dimmer, level }))?;
                    if stage.phase != Phase::Live {
                        stage.phase = Phase::Live;
                        on(Event::Ready);
                    }
                }
                _ => return Err(ProtocolError::new("an unexpected packet of Socket.IO", text)),
            }
        }
        Ok(used)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cut_everywhere, refused};
    use super::*;

    fn conversation(texts: &[&str]) -> Vec<u8> {
        let mut bytes = b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec();
        for text in texts {
            bytes.extend([0x81, text.len() as u8]);
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    #[test]
    fn the_map_and_changes_are_read_wherever_they_are_cut() {
        let texts = [r#"0{"sid":"a"}"#, r#"40{"sid":"b"}"#, r#"42["levels",{}]"#, "2", r#"42["levels",{"3":1}]"#];
        let mut replies = Vec::new();
        write_frame(TEXT, &mut replies, |out| out.extend(b"40"));
        write_frame(TEXT, &mut replies, |out| out.extend(b"3"));
        let events = [Event::Ready, Event::Level { dimmer: 3, level: 100 }];
        cut_everywhere(&SocketIo::new("a"), &conversation(&texts), &events, &replies);
    }

    #[test]
    fn what_is_wrong_is_shown() {
        let refused = |text| refused(&SocketIo::new("a"), &conversation(&[text]));
        assert!(refused("41").contains("an unexpected packet of Socket.IO: \"41\""));
        assert!(refused(r#"42["other",1]"#).contains("not the event of levels"));
        assert!(refused(r#"42["levels",1]"#).contains("not a map of levels: \"1\""));
    }
}
