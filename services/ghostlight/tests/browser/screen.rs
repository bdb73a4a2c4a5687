//! The screens that a console is used on.

/// A screen, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    pub(crate) name: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) touch: bool,
}

/// The smallest there is.
pub(crate) const TINY: Screen = Screen { name: "tiny", width: 320, height: 640, touch: true };
pub(crate) const PHONE: Screen = Screen { name: "phone", width: 390, height: 844, touch: true };
pub(crate) const TABLET: Screen = Screen { name: "tablet", width: 1024, height: 768, touch: true };
pub(crate) const DESK: Screen = Screen { name: "desk", width: 1440, height: 900, touch: false };
pub(crate) const WALL: Screen = Screen { name: "4k", width: 3840, height: 2160, touch: false };
