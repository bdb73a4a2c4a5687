//! Updates in the body of an HTTP request: members of kinds alone.

use ghostlight_rig::{Interest, Update};
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
    read::<Bare>(json)?.members.read()
}

/// Reads what a rig is to be, as [`StateText`](crate::StateText) writes it: the values, and the kinds that have a member. What
/// the rig puts out (`output`) follows from them and is ignored.
///
/// # Errors
/// [`BadInput`], which names every bad key.
pub fn parse_state(json: &[u8]) -> Result<(Update, Interest), BadInput> {
    let members = read::<WithOutput<'_>>(json)?.members;
    Ok((members.read()?, members.kinds()))
}

fn read<'a, E: Envelope<'a>>(json: &'a [u8]) -> Result<Message<'a, E>, BadInput> {
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(BadInput::form(format_args!("a change is an object of {}", kind_names())));
    }
    Message::read(json)
}

envelope! {
    /// The member of a rig beside those of kinds.
    strict WithOutput<'a> {
        _output "output": serde::de::IgnoredAny,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_rig_is_to_be_may_have_its_output_and_nothing_else() {
        let read = |text: &str| parse_state(text.as_bytes());
        let levels = parse_update(br#"{"levels":{"1":50}}"#).unwrap();
        let only_levels = Interest::named(["levels"]);
        assert_eq!(read(r#"{"levels":{"1":50},"output":{"1":40}}"#), Ok((levels, only_levels)));
        assert_eq!(read("{}"), Ok((Update::default(), Interest::NONE)));
        assert_eq!(read(r#"{"levels":{}}"#), Ok((Update::default(), only_levels)));
        for bad in ["", "[]", r#"{"outputs":{}}"#, r#"{"levels":{"0":1}}"#, r#"{"output":{},"output":{}}"#, "{} {}"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(parse_update(br#"{"output":{}}"#).is_err(), "a change does not have it");
    }
}
