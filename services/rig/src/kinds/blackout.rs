//! The kind `blackout`.

use super::{Form, Kind, NoKey, Scalar, Single};
use crate::Digest;

/// Whether every output is at 0 %, whatever its level. Initially false.
#[derive(Debug)]
pub struct Blackout;

impl Kind for Blackout {
    const NAME: &'static str = "blackout";
    const FORM: Form = Form::Flag;
    const IS_NAMED: bool = false;
    type Shape = Single;
    type Value = bool;

    fn initial() -> Option<bool> {
        Some(false)
    }

    fn write(is_out: &bool) -> Scalar<'_> {
        Scalar::Flag(*is_out)
    }

    fn read(scalar: Scalar<'_>) -> Result<bool, String> {
        match scalar {
            Scalar::Flag(is_out) => Ok(is_out),
            _ => Err("blackout is true or false".to_owned()),
        }
    }

    fn digest(_: &NoKey, is_out: &bool) -> Digest {
        Digest::of_word(u32::from(*is_out))
    }
}
