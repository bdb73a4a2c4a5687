//! Reading a message: the members of its envelope, which each message type defines, and the members of kinds.

use std::marker::PhantomData;

use ghostlight_rig::KindId;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::fault::{BadInput, refuse_array};
use crate::members::Members;

/// The members that a message has beside those of kinds. `envelope!` defines envelopes.
pub(crate) trait Envelope<'de>: Default {
    /// Whether an unknown member refuses the message. Otherwise unknown members are ignored: a newer version may add
    /// some.
    const IS_STRICT: bool;

    /// The names of the members, for the error about an unknown one.
    const NAMES: &'static [&'static str];

    /// Reads the value of a member; false if the envelope has no member of this name.
    fn read<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error>;
}

/// A message: its envelope, and its members of kinds.
pub(crate) struct Message<'a, E> {
    pub(crate) envelope: E,
    pub(crate) members: Members<'a>,
}

impl<'a, E: Envelope<'a>> Message<'a, E> {
    /// Reads a message.
    pub(crate) fn read(json: &'a [u8]) -> Result<Self, BadInput> {
        refuse_array(json)?;
        Ok(serde_json::from_slice(json)?)
    }
}

impl<'de, E: Envelope<'de>> serde::Deserialize<'de> for Message<'de, E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MessageVisitor(PhantomData))
    }
}

struct MessageVisitor<E>(PhantomData<E>);

impl<'de, E: Envelope<'de>> Visitor<'de> for MessageVisitor<E> {
    type Value = Message<'de, E>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut message = Message { envelope: E::default(), members: Members::default() };
        while let Some(Name(name)) = map.next_key()? {
            if let Some(kind) = KindId::named(&name) {
                // The value is kept as text, so that numbers stay exact and nested values are skipped, not parsed.
                let value: &'de RawValue = map.next_value()?;
                if !message.members.add(kind, value) {
                    return Err(A::Error::duplicate_field(kind.name()));
                }
            } else if !message.envelope.read(&name, &mut map)? {
                if E::IS_STRICT {
                    return Err(unknown(&name, E::NAMES));
                }
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(message)
    }
}

fn unknown<E: Error>(name: &str, known: &[&str]) -> E {
    let kinds = KindId::ALL.iter().map(|kind| kind.name());
    let known: Vec<_> = known.iter().copied().chain(kinds).map(|name| format!("`{name}`")).collect();
    E::custom(format_args!("unknown field `{name}`, expected one of {}", known.join(", ")))
}

/// The name of a member.
struct Name<'a>(std::borrow::Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(name.into()))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(name.to_owned().into()))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Defines the envelope of a message. Its members are optional, and each may come once.
macro_rules! envelope {
    ($(#[$doc:meta])* $strict:ident $name:ident<$a:lifetime> { $($field:ident $text:literal: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Default)]
        struct $name<$a> {
            $($field: Option<$type>,)*
            _borrowed: std::marker::PhantomData<&$a ()>,
        }

        impl<$a> $crate::envelope::Envelope<$a> for $name<$a> {
            const IS_STRICT: bool = envelope!(@$strict);
            const NAMES: &'static [&'static str] = &[$($text),*];

            fn read<A: serde::de::MapAccess<$a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
                match name {
                    $($text => {
                        if self.$field.is_some() {
                            return Err(serde::de::Error::duplicate_field($text));
                        }
                        self.$field = Some(map.next_value()?);
                    })*
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
    (@strict) => { true };
    (@open) => { false };
}
