//! The kind `master`.

use super::{Form, Kind, NoKey, Scalar, Single};
use crate::{Digest, Level};

/// The grand master, which scales the output of every level. Initially 100 %.
#[derive(Debug)]
pub struct Master;

impl Kind for Master {
    const NAME: &'static str = "master";
    const FORM: Form = Form::Number;
    const IS_NAMED: bool = false;
    type Shape = Single;
    type Value = Level;

    fn initial() -> Option<Level> {
        Some(Level::FULL)
    }

    fn write(level: &Level) -> Scalar<'_> {
        Scalar::Percent(*level)
    }

    fn read(scalar: Scalar<'_>) -> Result<Level, String> {
        scalar.level().map_err(|error| error.to_string())
    }

    fn digest(_: &NoKey, level: &Level) -> Digest {
        Digest::of_word(u32::from(level.hundredths()))
    }
}
