//! Labels: each has few values, known beforehand, so that every series is there from the start and none is ever made up.

use ghostlight_proto::Code;

/// The values of one label.
pub trait Label: Copy + 'static {
    /// What the label is called.
    const NAME: &'static str;
    /// Every value, in the order of the enum.
    const ALL: &'static [Self];

    /// The value's name.
    fn value(self) -> &'static str;

    /// Its place in [`ALL`](Self::ALL).
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
    /// A stage of the way of a change.
    Stage = "stage" {
        /// From when a change came to when the log has it.
        Append = "append",
        /// In the state service: from when an entry was read to when it is announced.
        Fold = "fold",
        /// One transaction of the store.
        Save = "save",
        /// From when the log has an entry to when the gateway that appended it hears what it did; 0 if it heard that first.
        Echo = "echo",
        /// From when a gateway hears of an entry to when one of its clients was sent it.
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
    /// What became of an entry that was appended.
    Appended = "outcome" {
        /// The log has it.
        Durable = "durable",
        /// It did not happen.
        Unavailable = "unavailable",
        /// It is larger than the log takes.
        TooLarge = "too_large",
        /// It may have happened.
        Unknown = "unknown",
    }
}

label! {
    /// What became of a save.
    Saved = "outcome" {
        /// The store has it.
        Saved = "saved",
        /// The store could not be reached, or did not answer in time.
        Unreachable = "unreachable",
        /// The store does not let us in, or not do what we must.
        Refused = "refused",
        /// Anything else.
        Failed = "failed",
    }
}

label! {
    /// What a connection speaks.
    Spoken = "protocol" {
        /// A WebSocket of the plain protocol.
        Plain = "plain",
        /// A WebSocket of the full protocol.
        Full = "full",
        /// Server-sent events.
        Events = "events",
    }
}
