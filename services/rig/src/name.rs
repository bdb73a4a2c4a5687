//! Names that people and clients choose: of rigs, clients, consoles, items, labels of dimmers, and idempotency keys.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Why a name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not `[a-z0-9][a-z0-9_-]{0,62}`.
    #[error("a rig's name is 1 to 63 of a-z, 0-9, _ and -, and starts with a letter or a digit")]
    Rig,
    /// Empty, too long, or with control characters, which would garble a log line.
    #[error("a client's name is 1 to 64 characters, none of them a control character")]
    Client,
    /// Empty, too long, or with control characters.
    #[error("a label is 1 to 40 characters, none of them a control character")]
    Label,
    /// Empty, too long, or with control characters.
    #[error("a console's name is 1 to 64 characters, none of them a control character")]
    Console,
    /// Not `[a-z][a-z0-9-]{0,15}`.
    #[error("a kind of console is 1 to 16 of a-z, 0-9 and -, and starts with a letter")]
    Kind,
    /// Empty, too long, or with control characters.
    #[error("the name of an item is 1 to 64 characters, none of them a control character")]
    Item,
    /// Not visible ASCII.
    #[error("an idempotency key is 1 to 128 visible ASCII characters")]
    Key,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $error:expr, $valid:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name, if it is valid.
            pub fn new(name: &str) -> Result<Self, NameError> {
                if $valid(name) { Ok(Self(name.into())) } else { Err($error) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

name!(
    /// A rig's name: `[a-z0-9][a-z0-9_-]{0,62}`, so that it fits into a URL and a subject.
    RigName,
    NameError::Rig,
    is_rig_name
);
name!(
    /// The name that a client gives itself, by which it recognises its own echo: 1 to 64 characters.
    ClientId,
    NameError::Client,
    is_client_id
);
name!(
    /// A dimmer's label, in an operator's words: 1 to 40 characters, kept with the rig for all consoles.
    Label,
    NameError::Label,
    is_label
);
name!(
    /// The name of a console, for people: 1 to 64 characters.
    ConsoleName,
    NameError::Console,
    is_client_id
);
name!(
    /// The kind of a console, in the client's own word: `[a-z][a-z0-9-]{0,15}`, as in `desk`, `phone`, `script`.
    ConsoleKind,
    NameError::Kind,
    is_console_kind
);
name!(
    /// The key of an item, for kinds whose items have names: 1 to 64 characters.
    ItemName,
    NameError::Item,
    is_client_id
);
name!(
    /// An idempotency key: 1 to 128 visible ASCII characters.
    Key,
    NameError::Key,
    is_key
);

/// `main`, the rig that always exists.
impl Default for RigName {
    fn default() -> Self {
        Self("main".into())
    }
}

/// `script`, the kind of a client that states none.
impl Default for ConsoleKind {
    fn default() -> Self {
        Self("script".into())
    }
}

fn is_rig_name(name: &str) -> bool {
    let letter_or_digit = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= 63
        && name.as_bytes().first().is_some_and(letter_or_digit)
        && name.bytes().all(|b| letter_or_digit(&b) || b == b'_' || b == b'-')
}

fn is_client_id(name: &str) -> bool {
    is_line_of(64, name)
}

fn is_label(name: &str) -> bool {
    is_line_of(40, name)
}

fn is_line_of(most: usize, name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= most && !name.chars().any(char::is_control)
}

fn is_console_kind(name: &str) -> bool {
    name.len() <= 16
        && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_key(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rig_name_fits_a_url_and_a_subject() {
        for good in ["main", "0", "stage-left_2", &"a".repeat(63)] {
            assert_eq!(RigName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "_a", "Main", "a.b", "a*", "a/b", "ä", &"a".repeat(64)] {
            assert_eq!(RigName::new(bad), Err(NameError::Rig), "{bad:?}");
        }
    }

    #[test]
    fn a_client_id_cannot_garble_a_log_line() {
        assert!(ClientId::new("Lichtpult Ω 1").is_ok());
        for bad in ["", "a\nb", &"a".repeat(65)] {
            assert_eq!(ClientId::new(bad), Err(NameError::Client), "{bad:?}");
        }
    }

    #[test]
    fn a_label_is_a_short_line() {
        for good in ["Front wash", "Ω", &"ä".repeat(40)] {
            assert_eq!(Label::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "a\tb", &"ä".repeat(41)] {
            assert_eq!(Label::new(bad), Err(NameError::Label), "{bad:?}");
        }
    }

    #[test]
    fn a_kind_of_console_is_one_plain_word() {
        for good in ["desk", "x", "web-page-2", &"a".repeat(16)] {
            assert_eq!(ConsoleKind::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "Desk", "2nd", "-a", "a b", "a_b", &"a".repeat(17)] {
            assert_eq!(ConsoleKind::new(bad), Err(NameError::Kind), "{bad:?}");
        }
    }

    #[test]
    fn a_key_is_visible_ascii() {
        assert!(Key::new("8e03978e-40d5-43e8-bc93-6894a57f9324").is_ok());
        for bad in ["", "a b", "é", &"k".repeat(129)] {
            assert_eq!(Key::new(bad), Err(NameError::Key), "{bad:?}");
        }
    }
}
