//! What follows from the list of kinds.

/// Makes the list: the types that hold something of each kind, and `each_kind!`, which does something for each.
///
/// The types are plain structs and enums, so that the compiler leads whoever adds a kind to each place that has to say
/// something about it.
macro_rules! kinds {
    (($d:tt) $(
        $(#[$cfg:meta])*
        $field:ident $doc:literal: $item:ident $(($key:ident: $key_type:ty))? => $module:ident::$kind:ident,
    )*) => {
        /// Does something for each kind of the list: `each_kind!(K => expression)`, in which `K` is the kind's type.
        macro_rules! each_kind {
            ($d K:ident => $d body:expr) => {
                $($(#[$cfg])* {
                    type $d K = $crate::kinds::$module::$kind;
                    $d body;
                })*
            };
        }

        /// Which kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum KindId {
            $(
                $(#[$cfg])*
                #[doc = $doc]
                $item,
            )*
        }

        impl KindId {
            /// Every kind of the list.
            pub const ALL: &[Self] = &[$($(#[$cfg])* Self::$item),*];

            /// Its name: its member in every message, and the kind of its rows in a store.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(#[$cfg])* Self::$item => <$module::$kind as Kind>::NAME,)*
                }
            }

            /// Does something for this kind.
            pub fn visit(self, visitor: &mut impl KindVisitor) {
                match self {
                    $($(#[$cfg])* Self::$item => visitor.visit::<$module::$kind>(),)*
                }
            }
        }

        /// One thing that can be set. Each has its own place in the order: who sets one never undoes another.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Item {
            $(
                $(#[$cfg])*
                #[doc = $doc]
                $item $(($key_type))?,
            )*
        }

        impl Item {
            /// Which kind of thing it is.
            pub const fn kind(&self) -> KindId {
                match self {
                    $($(#[$cfg])* Self::$item { .. } => KindId::$item,)*
                }
            }

            /// Its key's text; empty for what a rig has one of.
            pub fn key(&self) -> String {
                match self {
                    $($(#[$cfg])* Self::$item $(($key))? => kinds!(@key $($key)?).to_string(),)*
                }
            }
        }

        /// Absolute values of some items: what a change asks for, and what a delta tells.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Update {
            $(
                $(#[$cfg])*
                #[doc = $doc]
                pub $field: UpdateOf<$module::$kind>,
            )*
        }

        /// All that a rig holds.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct State {
            $(
                $(#[$cfg])*
                #[doc = $doc]
                pub $field: StateOf<$module::$kind>,
            )*
        }

        /// What a rig begins with.
        impl Default for State {
            fn default() -> Self {
                Self { $($(#[$cfg])* $field: <<$module::$kind as Kind>::Shape as Shape<$module::$kind>>::empty()),* }
            }
        }

        /// What is known of all items, or of those that changed.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Slots {
            $(
                $(#[$cfg])*
                #[doc = $doc]
                pub $field: SlotsOf<$module::$kind>,
            )*
        }

        $(
            $(#[$cfg])*
            impl Listed for $module::$kind {
                const ID: KindId = KindId::$item;

                fn in_update(update: &Update) -> &UpdateOf<Self> {
                    &update.$field
                }

                fn in_update_mut(update: &mut Update) -> &mut UpdateOf<Self> {
                    &mut update.$field
                }

                fn in_state(state: &State) -> &StateOf<Self> {
                    &state.$field
                }

                fn in_state_mut(state: &mut State) -> &mut StateOf<Self> {
                    &mut state.$field
                }

                fn in_slots(slots: &Slots) -> &SlotsOf<Self> {
                    &slots.$field
                }

                fn in_slots_mut(slots: &mut Slots) -> &mut SlotsOf<Self> {
                    &mut slots.$field
                }

                fn item(kinds!(@pattern $($key)?): KeyOf<Self>) -> Item {
                    Item::$item $(($key))?
                }
            }
        )*

        /// Does something with one item: its kind's type is `K` and its key `key`.
        macro_rules! with_item {
            ($d of:expr, $d K:ident, $d with:ident => $d body:expr) => {
                match $d of {
                    $($(#[$cfg])* $crate::Item::$item $(($key))? => {
                        type $d K = $crate::kinds::$module::$kind;
                        let $d with = kinds!(@key $($key)?);
                        $d body
                    })*
                }
            };
        }
    };
    (@key) => { &$crate::NoKey };
    (@key $key:ident) => { $key };
    (@pattern) => { _ };
    (@pattern $key:ident) => { $key };
}
