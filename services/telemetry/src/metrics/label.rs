//! Labels. Each has a few values, known beforehand, so that every series exists from the start and none is ever added.

use ghostlight_proto::Code;

/// The values of one label.
pub trait Label: Copy + 'static {
    /// The label's name.
    const NAME: &'static str;
    /// Every value, in the order of the enum.
    const ALL: &'static [Self];

    /// The value's name.
    fn value(self) -> &'static str;

    /// The value's place in [`ALL`](Self::ALL).
    fn index(self) -> usize;
}

macro_rules! label {
    ($(#[$doc:meta])* $label:ident = $name:literal { $($(#[$value_doc:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $label {
            $($(#[$value_doc])* $value,)+
        }

        impl Label for $label {
            const NAME: &'static str = $name;
            const ALL: &'static [Self] = &[$(Self::$value),+];

            fn value(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

label! {
    /// A stage of a change.
    Stage = "stage" {
        /// From the arrival of a change until the log has it.
        Append = "append",
        /// In the state service: from reading an entry until it is announced.
        Fold = "fold",
        /// One transaction of the store.
        Save = "save",
        /// From when the log has an entry until the gateway that appended it receives its delta; 0 if that came first.
        Echo = "echo",
        /// From when a gateway receives an entry's delta until it has sent it to one of its clients.
        Deliver = "deliver",
    }
}

/// Why a change was rejected.
impl Label for Code {
    const NAME: &'static str = "reason";
    const ALL: &'static [Self] = &Self::ALL;

    fn value(self) -> &'static str {
        self.name()
    }

    fn index(self) -> usize {
        self as usize
    }
}

label! {
    /// The outcome of appending an entry.
    Appended = "outcome" {
        /// The log has it.
        Durable = "durable",
        /// The entry did not happen.
        Unavailable = "unavailable",
        /// The entry is larger than the log's limit.
        TooLarge = "too_large",
        /// The entry may have happened.
        Unknown = "unknown",
    }
}

label! {
    /// The outcome of a save.
    Saved = "outcome" {
        /// The store has it.
        Saved = "saved",
        /// The store could not be reached, or did not answer in time.
        Unreachable = "unreachable",
        /// The store refuses the login or a statement.
        Refused = "refused",
        /// Any other error.
        Failed = "failed",
    }
}

label! {
    /// The protocol of a connection.
    Spoken = "protocol" {
        /// A WebSocket of the plain protocol.
        Plain = "plain",
        /// A WebSocket of the full protocol.
        Full = "full",
        /// Server-sent events.
        Events = "events",
    }
}
