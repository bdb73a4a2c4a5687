//! The kind `levels`.

use super::{Form, Keyed, Kind, Scalar};
use crate::{Digest, Dimmer, Level};

/// The level of each dimmer. A rig begins without levels.
#[derive(Debug)]
pub struct Levels;

impl Kind for Levels {
    const NAME: &'static str = "levels";
    const FORM: Form = Form::Number;
    const IS_NAMED: bool = false;
    type Shape = Keyed<Dimmer>;
    type Value = Level;

    fn write(level: &Level) -> Scalar<'_> {
        Scalar::Percent(*level)
    }

    fn read(scalar: Scalar<'_>) -> Result<Level, String> {
        scalar.level().map_err(|error| error.to_string())
    }

    /// Cheaper than the default digest, because a rig may have 65,535 levels.
    fn digest(dimmer: &Dimmer, level: &Level) -> Digest {
        Digest::of_word(u32::from(dimmer.get()) << 14 | u32::from(level.hundredths()))
    }
}
