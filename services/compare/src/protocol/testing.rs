//! What the tests of all codecs share.

use super::{Event, Protocol, Stage};

/// Reads a conversation in two pieces, cut at every byte, and byte by byte. The events and replies must be the same.
pub(super) fn cut_everywhere(protocol: &dyn Protocol, conversation: &[u8], events: &[Event], replies: &[u8]) {
    for cut in 0..=conversation.len() {
        let pieces = [&conversation[..cut], &conversation[cut..]];
        assert_eq!(hear(protocol, &pieces), (events.to_vec(), shown(replies)), "cut at {cut}");
    }
    let bytes: Vec<_> = conversation.chunks(1).collect();
    assert_eq!(hear(protocol, &bytes), (events.to_vec(), shown(replies)), "byte by byte");
}

/// The error of a wrong conversation.
pub(super) fn refused(protocol: &dyn Protocol, conversation: &[u8]) -> String {
    let read = protocol.read(&mut Stage::default(), conversation, &mut Vec::new(), &mut |_| {});
    read.unwrap_err().to_string()
}

fn hear(protocol: &dyn Protocol, pieces: &[&[u8]]) -> (Vec<Event>, String) {
    let (mut stage, mut waiting, mut out, mut events) = (Stage::default(), Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        waiting.extend(*piece);
        let used = protocol.read(&mut stage, &waiting, &mut out, &mut |event| events.push(event)).unwrap();
        waiting.drain(..used);
    }
    assert!(waiting.is_empty(), "not used: {}", shown(&waiting));
    (events, shown(&out))
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
