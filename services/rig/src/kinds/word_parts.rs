//! The kind `word_parts`.

use std::borrow::Cow;

use super::words::Words;
use super::{Bound, Form, ItemKey as _, Keyed, Kind, Scalar};
use crate::{Digest, PartNumber, Word, WordPart};

/// The parts of a dictionary that is being uploaded: see [`Upload`](crate::Upload). A rig begins without them.
#[derive(Debug)]
pub struct WordParts;

impl Kind for WordParts {
    const NAME: &'static str = "word_parts";
    const FORM: Form = Form::Text;
    const IS_DEFAULT: bool = false;
    const BOUND: Option<Bound> = Some(Bound { items: PartNumber::COUNT as usize, bytes: 32 << 20 });
    type Shape = Keyed<PartNumber>;
    type Value = WordPart;

    fn write(part: &WordPart) -> Scalar<'_> {
        let words = part.words.iter().map(|(word, look)| (Cow::from(word.as_str()), Words::write(look))).collect();
        let upload = Scalar::Text(part.upload.to_string().into());
        Scalar::Object(vec![("upload".into(), upload), ("words".into(), Scalar::Object(words))])
    }

    fn read(scalar: Scalar<'_>) -> Result<WordPart, String> {
        const FORM: &str = "a part of a dictionary is an object of upload and words";
        let Scalar::Object(members) = scalar else { return Err(FORM.to_owned()) };
        let (mut upload, mut words) = (None, None);
        for member in members {
            match (&*member.0, member.1) {
                ("upload", Scalar::Text(text)) => upload = Digest::parse(&text),
                ("words", Scalar::Object(looks)) => words = Some(looks),
                _ => return Err(FORM.to_owned()),
            }
        }
        let (upload, words) = upload.zip(words).ok_or(FORM)?;
        let read = |(word, look): (Cow<'_, str>, Scalar<'_>)| Ok((Word::read(&word)?, Words::read(look)?));
        Ok(WordPart { upload, words: words.into_iter().map(read).collect::<Result<_, String>>()? })
    }

    /// The bytes are those of the digest of the upload, and then those of each word's digest, all with the lower first.
    fn digest(place: &PartNumber, part: &WordPart) -> Digest {
        let words = part.words.iter().map(|(word, look)| Words::digest(word, look));
        let digests = std::iter::once(part.upload).chain(words);
        let bytes: Vec<u8> = digests.flat_map(Digest::lanes).flat_map(u32::to_le_bytes).collect();
        Digest::of_bytes(place.to_string().bytes().chain(bytes.iter().copied()))
    }

    /// A part fills a message.
    fn weight(_: &WordPart) -> usize {
        usize::from(u16::MAX)
    }

    fn bytes(_: &PartNumber, part: &WordPart) -> usize {
        part.words.iter().map(|(word, look)| Words::bytes(word, look)).sum()
    }
}
