//! The macro that generates code from the list of kinds.

/// Defines the types that hold something of each kind, and `each_kind!`, which runs an expression for each.
///
/// The types are plain structs and enums: when a kind is added, compiler errors lead to each place that must handle it.
macro_rules! kinds {
    (($d:tt) $(
        $(#[$cfg:meta])*
        $field:ident $doc:literal: $item:ident $(($key:ident: $key_type:ty))? => $module:ident::$kind:ident,
    )*) => {
        /// Runs an expression for each kind of the list: `each_kind!(K => expression)`, where `K` is the kind's type.
        macro_rules! each_kind {
            ($d K:ident => $d body:expr) => {
                $($(#[$cfg])* {
                    type $d K = $crate::kinds::$module::$kind;
                    $d body;
                })*
            };
        }

        /// The identifier of a kind.
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

            /// The kind's name: its member in every message, and the kind of its rows in a store.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(#[$cfg])* Self::$item => <$module::$kind as Kind>::NAME,)*
                }
            }

            /// Calls the visitor with this kind's type.
            pub fn visit(self, visitor: &mut impl KindVisitor) {
                match self {
                    $($(#[$cfg])* Self::$item => visitor.visit::<$module::$kind>(),)*
                }
            }
        }

        /// One thing that can be set. Each item has its own place in the order: setting one item never undoes another.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Item {
            $(
                $(#[$cfg])*
                #[doc = $doc]
                $item $(($key_type))?,
            )*
        }

        impl Item {
            /// The kind of the item.
            pub const fn kind(&self) -> KindId {
                match self {
                    $($(#[$cfg])* Self::$item { .. } => KindId::$item,)*
                }
            }

            /// The text of the item's key; empty if the kind has one item.
            pub fn key(&self) -> String {
                match self {
                    $($(#[$cfg])* Self::$item $(($key))? => kinds!(@key $($key)?).to_string(),)*
                }
            }
        }

        /// Absolute values of some items, as in a change and a delta.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Update {
            $(
                $(#[$cfg])*
                #[doc = $doc]
                pub $field: UpdateOf<$module::$kind>,
            )*
        }

        /// The values of all items of a rig.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct State {
            $(
                $(#[$cfg])*
                #[doc = $doc]
                pub $field: StateOf<$module::$kind>,
            )*
        }

        /// The initial values of a rig.
        impl Default for State {
            fn default() -> Self {
                Self { $($(#[$cfg])* $field: <<$module::$kind as Kind>::Shape as Shape<$module::$kind>>::empty()),* }
            }
        }

        /// The slots of all items, or of the items that changed.
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

        /// Runs an expression for one item: `K` is the type of its kind, and `key` its key.
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
