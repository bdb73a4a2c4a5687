//! A kind for tests alone: it shows that a new kind takes one file and one line.

use super::{Form, Keyed, Kind, Scalar};
use crate::{ItemName, Label};

/// Texts by name. Only readers that ask for this kind get it.
#[derive(Debug)]
pub struct MadeUp;

impl Kind for MadeUp {
    const NAME: &'static str = "made_up";
    const FORM: Form = Form::Text;
    const IS_DEFAULT: bool = false;
    type Shape = Keyed<ItemName>;
    type Value = Label;

    fn write(value: &Label) -> Scalar<'_> {
        Scalar::Text(value.as_str().into())
    }

    fn read(scalar: Scalar<'_>) -> Result<Label, String> {
        match scalar {
            Scalar::Text(text) => Label::new(&text).map_err(|error| error.to_string()),
            other => Err(format!("a made-up value is a string, not {}", other.what())),
        }
    }
}
