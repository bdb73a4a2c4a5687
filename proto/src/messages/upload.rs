//! An upload that is made the words of a rig: `{"upload": "0123456789abcdef", "parts": 3}`.

use std::borrow::Cow;

use ghostlight_rig::{Digest, PartNumber, Upload};
use serde::{Deserialize, Serialize};

use crate::fault::BadInput;

/// An upload as text.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UploadText<'a> {
    #[serde(borrow)]
    upload: Cow<'a, str>,
    parts: u8,
}

impl UploadText<'_> {
    pub(crate) fn of(Upload { digest, parts }: Upload) -> Self {
        Self { upload: digest.to_string().into(), parts }
    }

    pub(crate) fn read(&self) -> Result<Upload, BadInput> {
        let digest = Digest::parse(&self.upload).filter(|_| self.parts <= PartNumber::COUNT);
        let digest =
            digest.ok_or_else(|| BadInput::Form("a dictionary has an upload and a number of parts".to_owned()))?;
        Ok(Upload { digest, parts: self.parts })
    }
}
