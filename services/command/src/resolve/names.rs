//! What a name stands for: the look of a word, or the dimmers with a label.

use std::borrow::Cow;

use ghostlight_rig::Dimmer;

use super::labels::{phrase_of, reads_as};
use super::resolver::Resolver;
use crate::error::AN_ACTION;
use crate::foreign;
use crate::keyword::Keyword;
use crate::lexer::{Lexer, TokenKind};
use crate::nearest::nearest;
use crate::selection::Member;
use crate::{Error, ErrorKind, Look, Span, Spanned, Word};

impl Resolver<'_> {
    /// The dimmers that a name stands for: of a word, in the order of their numbers, with their levels in it; or all
    /// dimmers with a label that reads so. A word comes before a label.
    pub(super) fn named(&mut self, name: &Spanned<Word>) -> Result<Vec<Member>, Error> {
        let words = self.words_named(&name.value);
        if let [first, second, ..] = &words[..] {
            let error = self.error(ErrorKind::AmbiguousName, name.span);
            let quoted = |word: &Word| format!("\"{word}\" in quotes");
            return Err(error.expected(quoted(first)).expected(quoted(second)));
        }
        if let Some(word) = words.first() {
            return Ok(self.members_of(word));
        }
        self.count(self.context.view.labels_len() + self.draft.labels_len(), name.span)?;
        let labelled = self.labelled(&name.value.phrase());
        if labelled.is_empty() { Err(self.unknown(name)) } else { Ok(labelled.into_iter().map(Member::full).collect()) }
    }

    /// Whether the rig has a word of exactly this name.
    pub(super) fn has_word(&self, word: &Word) -> bool {
        self.look(word).is_some()
    }

    /// The error for a word that the rig does not have.
    pub(super) fn unknown_word(&self, name: &Spanned<Word>) -> Error {
        let near = nearest(name.value.as_str(), self.words().map(Word::as_str)).map(str::to_owned);
        self.error(ErrorKind::UnknownName, name.span).expected("a word of the rig").nearest(near)
    }

    /// The word of exactly this name; or else the words that are the same apart from punctuation.
    fn words_named(&self, name: &Word) -> Vec<Word> {
        if self.has_word(name) {
            return vec![name.clone()];
        }
        let phrase = name.phrase();
        let before = self.context.words.with_phrase(&phrase);
        let before = before.filter(|word| self.draft.word(word).is_none());
        before.chain(self.draft.recorded(&phrase)).cloned().collect()
    }

    fn look(&self, word: &Word) -> Option<&Look> {
        self.draft.word(word).unwrap_or_else(|| self.context.words.look(word))
    }

    fn members_of(&self, word: &Word) -> Vec<Member> {
        self.look(word).into_iter().flat_map(Look::iter).map(|(dimmer, share)| Member { dimmer, share }).collect()
    }

    /// The dimmers with a label of this phrase, in the order of their numbers.
    fn labelled(&self, phrase: &str) -> Vec<Dimmer> {
        let before = self.context.view.labels().filter(|(_, label)| reads_as(label, phrase));
        let kept = before.map(|(dimmer, _)| dimmer).filter(|dimmer| !self.draft.has_label(*dimmer));
        let mut dimmers: Vec<_> = kept.chain(self.draft.labelled(phrase)).collect();
        dimmers.sort_unstable();
        dimmers
    }

    /// The error for a name that nothing has. If it begins with a known name, the error is at the rest.
    fn unknown(&self, name: &Spanned<Word>) -> Error {
        if let Some(rest) = self.after_known_name(name.span) {
            return self.misplaced(rest);
        }
        let near = nearest(name.value.as_str(), self.names()).map(Cow::into_owned);
        let error = self.error(ErrorKind::UnknownName, name.span).expected("a word").expected("the label of a dimmer");
        error.nearest(near).hint(foreign::hint(first_word(name.span.of(self.text))))
    }

    /// The error for what follows a known name.
    fn misplaced(&self, rest: Span) -> Error {
        let text = rest.of(self.text);
        let keywords = || Keyword::SPELLINGS.iter().map(|(spelling, _)| Cow::from(*spelling));
        let near = nearest(text, keywords().chain(self.names())).or_else(|| nearest(first_word(text), keywords()));
        let error = self.error(ErrorKind::UnknownName, rest).expected("`+`").expected("`-`").expected("`by`");
        error.expected(AN_ACTION).nearest(near.map(Cow::into_owned)).hint(foreign::hint(first_word(text)))
    }

    /// The part of a name without quotes that follows the longest known name in it.
    fn after_known_name(&self, name: Span) -> Option<Span> {
        let text = name.of(self.text);
        let mut lexer = Lexer::new(text);
        let tokens = std::iter::from_fn(|| Some(lexer.next_token()).filter(|token| token.kind != TokenKind::End));
        let parts: Vec<_> = tokens.filter(|token| token.kind != TokenKind::Minus).map(|token| token.span).collect();
        let known = (1..parts.len()).rev().find(|&count| {
            let words: Vec<_> = parts[..count].iter().map(|part| part.of(text)).collect();
            Word::new(&words.join(" ")).is_ok_and(|word| self.is_known(&word))
        })?;
        Some(Span::new(name.start + parts[known].start, name.end))
    }

    fn is_known(&self, name: &Word) -> bool {
        !self.words_named(name).is_empty() || !self.labelled(&name.phrase()).is_empty()
    }

    fn words(&self) -> impl Iterator<Item = &Word> {
        let before = self.context.words.words().filter(|word| self.draft.word(word).is_none());
        before.chain(self.draft.all_recorded())
    }

    fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let labels = self.context.view.labels().map(|(_, label)| phrase_of(label).into());
        self.words().map(|word| word.as_str().into()).chain(labels)
    }
}

/// The first word of a name without quotes.
fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}
