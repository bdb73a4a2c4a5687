//! The kind `labels`.

use super::{Form, Keyed, Kind, Scalar};
use crate::{Digest, Dimmer, Label};

/// What each dimmer lights, in an operator's words. A rig begins without labels.
#[derive(Debug)]
pub struct Labels;

impl Kind for Labels {
    const NAME: &'static str = "labels";
    const FORM: Form = Form::Text;
    const IS_NAMED: bool = false;
    type Shape = Keyed<Dimmer>;
    type Value = Label;

    fn write(label: &Label) -> Scalar<'_> {
        Scalar::Text(label.as_str().into())
    }

    fn read(scalar: Scalar<'_>) -> Result<Label, String> {
        match scalar {
            Scalar::Text(text) => Label::new(&text).map_err(|error| error.to_string()),
            _ => Err("a label is a string".to_owned()),
        }
    }

    fn digest(dimmer: &Dimmer, label: &Label) -> Digest {
        Digest::of_bytes(dimmer.get().to_le_bytes().into_iter().chain(label.as_str().bytes()))
    }
}
