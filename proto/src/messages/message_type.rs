//! The type of a message.

use std::borrow::Cow;

use serde::Deserialize;

use crate::fault::BadInput;

/// The type of a message. In Ghostlight's messages it comes first; in others, the whole message has to be read.
pub(super) fn type_of(json: &[u8]) -> Result<Cow<'_, str>, BadInput> {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        message: Cow<'a, str>,
    }
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'_';
    let first = json.strip_prefix(br#"{"type":""#).unwrap_or_default();
    let length = first.iter().take_while(|byte| is_plain(byte)).count();
    if length > 0 && first.get(length) == Some(&b'"') {
        return std::str::from_utf8(&first[..length]).map(Cow::from).map_err(BadInput::form);
    }
    let Typed { message } = serde_json::from_slice(json)?;
    Ok(message)
}
