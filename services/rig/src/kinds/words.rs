//! The kind `words`.

use std::borrow::Cow;

use super::{Bound, Form, ItemKey as _, Keyed, Kind, Scalar};
use crate::{Digest, Dimmer, Look, Word};

/// What each word stands for: levels of dimmers. A rig begins without words. Only readers that ask for this kind get it,
/// because a dictionary can be large.
#[derive(Debug)]
pub struct Words;

impl Kind for Words {
    const NAME: &'static str = "words";
    const FORM: Form = Form::Levels;
    const IS_DEFAULT: bool = false;
    const BOUND: Option<Bound> = Some(Bound { items: 100_000, bytes: 16 << 20 });
    type Shape = Keyed<Word>;
    type Value = Look;

    fn write(look: &Look) -> Scalar<'_> {
        let member = |(dimmer, level): (Dimmer, _)| (Cow::from(dimmer.to_string()), Scalar::Percent(level));
        Scalar::Object(look.iter().map(member).collect())
    }

    fn read(scalar: Scalar<'_>) -> Result<Look, String> {
        let Scalar::Object(members) = scalar else {
            return Err(format!("a look is an object of dimmers and levels, not {}", scalar.what()));
        };
        let mut levels = members.iter().map(|(dimmer, level)| {
            let bad = |problem: &dyn std::fmt::Display| format!("dimmer {dimmer:?} of the look: {problem}");
            let key = Dimmer::read(dimmer).map_err(|problem| bad(&problem))?;
            level.level().map(|level| (key, level)).map_err(|problem| bad(&problem))
        });
        let look = levels.by_ref().collect::<Result<Look, String>>()?;
        if look.len() < members.len() { Err("a dimmer comes twice in the look".to_owned()) } else { Ok(look) }
    }

    /// Cheaper than the default digest, because a rig may have 100,000 words: the bytes are the word's UTF-8, a zero byte, and
    /// for each dimmer its two, the lower first, and the two of its level in hundredths of a percent, the lower first.
    fn digest(word: &Word, look: &Look) -> Digest {
        let numbers = look.iter().flat_map(|(dimmer, level)| [dimmer.get(), level.hundredths()]);
        let levels: Vec<u8> = numbers.flat_map(u16::to_le_bytes).collect();
        Digest::of_bytes(word.as_str().bytes().chain([0]).chain(levels.iter().copied()))
    }

    /// The dimmers of a look, because each takes room in a message.
    fn weight(look: &Look) -> usize {
        1 + look.len()
    }

    /// The bytes of the word and its look as a member of a JSON object without spaces.
    fn bytes(word: &Word, look: &Look) -> usize {
        r#""":,"#.len() + word.as_str().len() + look.json_len()
    }
}
