//! Updates in the body of an HTTP request: members of kinds alone.

use ghostlight_rig::Update;
use serde::de::MapAccess;

use crate::envelope::{Envelope, Message};
use crate::fault::BadInput;
use crate::members::kind_names;

/// Reads an update: a member for each kind that it sets, and no others. It is a merge patch (RFC 7396) to a rig's
/// [`StateText`](crate::StateText), in which `null` is allowed only for items with a key: it removes the item.
///
/// # Errors
/// [`BadInput`], which names every bad key.
pub fn parse_update(json: &[u8]) -> Result<Update, BadInput> {
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(BadInput::form(format_args!("a change is an object of {}", kind_names())));
    }
    Message::<Bare>::read(json)?.members.read()
}

/// The envelope of a change that has no members beside those of kinds.
#[derive(Default)]
struct Bare;

impl<'de> Envelope<'de> for Bare {
    const IS_STRICT: bool = true;
    const NAMES: &'static [&'static str] = &[];

    fn read<A: MapAccess<'de>>(&mut self, _: &str, _: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}
